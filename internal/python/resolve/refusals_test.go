package resolve

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestRefusals has what is said of one distribution that cannot be had: which
// version was asked for, what the index has, and what to write instead.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const other = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	native := "a 1.0\n  sdist\n  file: setup.py: x\\n\n  file: a.c: x\\n\n"
	newer := "a 1.1\na 2.0\n"
	for _, c := range []struct {
		name, universe string
		require, limit []string
		change         func(*Spec)
		want           []string
		unwanted       string
	}{{
		name: "a pin without a wheel, beside newer versions that have one", universe: native + newer, require: []string{"a==1.0"},
		change: func(s *Spec) { s.Sdists = true },
		want: []string{`no wheel of "a" 1.0 runs on python3.12 x86_64: it has only a source distribution`, `it holds native code, "a.c"`, "It is asked for in req:1 (\"a==1.0\").",
			"Allow a 1.1 or newer. Make the wheel once by \"pip wheel --no-deps a==1.0\""},
		unwanted: "conflict",
	}, {
		name: "without sdist", universe: native + newer, require: []string{"a==1.0"},
		want: []string{`no wheel of "a" 1.0 runs`, `Allow a 1.1 or newer. Set python.sdist = "pure"`},
	}, {
		name: "pinned by a constraint", universe: native + newer, require: []string{"a"}, limit: []string{"a==1.0"}, change: func(s *Spec) { s.Sdists = true },
		want: []string{`no wheel of "a" 1.0 runs`, `It is asked for in req:1 ("a"), and con:1 limits a==1.0.`},
	}, {
		name: "pinned by a constraint, without sdist", universe: native + newer, require: []string{"a"}, limit: []string{"a==1.0"},
		want: []string{`no wheel of "a" 1.0 runs`, `and con:1 limits a==1.0.`, `Set python.sdist = "pure"`},
	}, {
		name: "asked for twice", universe: native + newer + "b 1.0\n  requires: a<1.1\n", require: []string{"a>=1.0", "b"},
		want: []string{`no wheel of "a" 1.0 runs`, `It is needed by b 1.0 ("a<1.1"), which is asked for in req:2 ("b").`},
	}, {
		name: "a true conflict", universe: newer + "b 1.0\n  requires: a<2\n", require: []string{"a>=2", "b"},
		want: []string{"no set of versions satisfies all requirements", "req:1 asks for a>=2", "b 1.0 needs a<2"},
	}, {
		name: "a hash in a constraint that no wheel has", universe: "a 1.0\n  requires: c\na 0.1\nc 2.0\n", require: []string{"a"}, limit: []string{"c==2.0 --hash=" + other},
		want: []string{"con:1 gives " + other + ` for "c", which no wheel of c 2.0 for python3.12 x86_64 has. On the index c-2.0-py3-none-any.whl has --hash=sha256:`},
	}, {
		name: "a hash in a constraint without a version", universe: "a 1.0\n  requires: c\na 0.1\nc 2.0\nc 1.0\n", require: []string{"a"}, limit: []string{"c --hash=" + other},
		want: []string{`which no wheel of c 2.0`},
	}, {
		name: "a hash of another dependency's requirement", universe: "a 1.0\n  requires: c\na 0.1\nc 2.0\n", require: []string{"a", "c>=1 --hash=" + other},
		want: []string{"req:2 gives " + other}, unwanted: "runtime",
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, c.universe)
			client, st := pythontest.Client(t, nil)
			s := Spec{
				Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}},
				Requirements: pythontest.Inputs(t, "req", c.require...), Constraints: pythontest.Inputs(t, "con", c.limit...),
			}
			if c.change != nil {
				c.change(&s)
			}
			_, err := Resolve(t.Context(), client, s)
			if err == nil {
				t.Fatal("Resolve() is not an error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Resolve() = %v\nwant %s", err, want)
				}
			}
			if c.unwanted != "" && strings.Contains(err.Error(), c.unwanted) {
				t.Errorf("Resolve() = %v\nwant nothing of %q", err, c.unwanted)
			}
		})
	}
}

// TestAnotherIndexWasNotAsked names the index that has a distribution, and how to
// take it from the next one.
func TestAnotherIndexWasNotAsked(t *testing.T) {
	t.Parallel()
	first, second := indextest.New(t, "a 1.0\n"), indextest.New(t, "a 2.0\n")
	client, st := pythontest.Client(t, nil)
	_, err := Resolve(t.Context(), client, Spec{
		Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: first.URL()}, {URL: second.URL()}}, Requirements: pythontest.Inputs(t, "req", "a>=2"),
	})
	want := "That is " + first.URL() + ", so " + second.URL() + ` was not asked. To take a from there, write python.index = [{ url = "` + second.URL() + `", packages = ["a"] }].`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Resolve() = %v\nwant %s", err, want)
	}
}

// TestLeftOutNeedsNoWheel resolves with what is left out, which has a source
// distribution alone.
func TestLeftOutNeedsNoWheel(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n  requires: b\nb 1.0\n  sdist\n  file: b.c: x\\n\nc 1.0\n  requires: b>=1\n")
	client, st := pythontest.Client(t, nil)
	s := Spec{Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", "a", "c")}
	if _, err := Resolve(t.Context(), client, s); err == nil {
		t.Error("Resolve() without leaving out is not an error")
	}
	s.LeftOut = []string{"b"}
	lock, err := Resolve(t.Context(), client, s)
	if err != nil || len(lock.Wheels) != 3 {
		t.Errorf("Resolve() = %+v, %v", lock, err)
	}
}
