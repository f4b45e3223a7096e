package resolve

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// pureSource makes a source distribution of setuptools with one module. more are
// the lines of its requires.txt, and requires its Requires-Python.
func pureSource(name, version, more, requires string) string {
	if requires != "" {
		requires = "Requires-Python: " + requires + "\\n"
	}
	info := "  file: " + name + ".egg-info/"
	return name + " " + version + "\n  sdist\n  file: setup.py: from setuptools import setup\\nsetup()\\n\n  file: " + name + ".py: x = 1\\n\n" +
		info + "SOURCES.txt: setup.py\\n" + name + ".py\\n\n" + info + "top_level.txt: " + name + "\\n\n" + info + "requires.txt: " + more + "\n" +
		info + "PKG-INFO: Metadata-Version: 2.1\\nName: " + name + "\\nVersion: " + version + "\\n" + requires + "\n"
}

// wildSource makes one with native code.
func wildSource(name, version string) string {
	return name + " " + version + "\n  sdist\n  file: setup.py: from distutils.core import setup\\nsetup()\\n\n  file: " + name + ".c: int x;\\n\n"
}

func TestResolveSdists(t *testing.T) {
	t.Parallel()
	const wild = `it has only a source distribution, and no wheel can be made from it without running its code: it holds native code, "%s.c"`
	for _, c := range []struct {
		name, universe string
		require        []string
		change         func(*Spec)
		want, notes    []string
		wantErr        string
	}{{
		name:     "in place of a wheel, with its requirements",
		universe: pureSource("a", "1.0", `b>=1\n\n[:python_version < "3"]\nc`, "") + "b 1.0\n",
		require:  []string{"a"},
		want:     []string{"a==1.0 from source", "b==1.0"},
	}, {
		name:     "the newest version, though an older one has a wheel",
		universe: "a 1.0\n" + pureSource("a", "2.0", "", ""),
		require:  []string{"a"},
		want:     []string{"a==2.0 from source"},
	}, {
		name:     "an older one on demand",
		universe: pureSource("a", "1.0", "", "") + "a 2.0\n",
		require:  []string{"a<2"},
		want:     []string{"a==1.0 from source"},
	}, {
		name:     "a wheel goes before the source of its version",
		universe: "a 1.0\n  sdist\n  wheel: py3-none-any\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
	}, {
		name:     "not where the version has wheels for platforms",
		universe: "a 1.0\na 2.0\n  sdist\n  wheel: cp312-cp312-win_amd64\n",
		require:  []string{"a"},
		want:     []string{"a==1.0"},
		notes:    []string{"a 1.0 is used on python3.12 x86_64, 1 release behind 2.0: its wheels are for Windows"},
	}, {
		name:     "extras",
		universe: pureSource("a", "1.0", `[x]\nb`, "") + "b 1.0\n",
		require:  []string{"a[x]"},
		want:     []string{"a==1.0 from source", "b==1.0"},
	}, {
		name:     "its own python_requires",
		universe: "a 1.0\n" + pureSource("a", "2.0", "", "<3"),
		require:  []string{"a"},
		want:     []string{"a==1.0"},
		notes:    []string{"a 1.0 is used on python3.12 x86_64, 1 release behind 2.0: it requires Python <3"},
	}, {
		name:     "one that is refused leaves the place to a wheel",
		universe: "a 1.0\n" + wildSource("a", "2.0"),
		require:  []string{"a"},
		want:     []string{"a==1.0"},
		notes:    []string{"a 1.0 is used on python3.12 x86_64, 1 release behind 2.0: " + fmt.Sprintf(wild, "a")},
	}, {
		name:     "none but refused ones",
		universe: "a 1.0\n  requires: b\n" + wildSource("b", "1.0") + wildSource("b", "2.0"),
		require:  []string{"a"},
		wantErr: `no wheel of "b" 2.0 runs on python3.12 x86_64: ` + fmt.Sprintf(wild, "b") + `. It is needed by a 1.0 ("b"), which is asked for in req:1 ("a"). ` +
			`Make the wheel once by "pip wheel --no-deps b==2.0", on Linux and on the layer's architecture if it holds native code, and give the file that this writes: python.wheels = [{ source = "${path.module}/….whl" }].`,
	}, {
		name:     "as old as the cut-off asks for",
		universe: "a 1.0\n" + pureSource("a", "2.0", "", "") + "  uploaded: 2024-06-01T00:00:00Z\n",
		require:  []string{"a"},
		change:   func(s *Spec) { s.ExcludeNewer = pythontest.Day(5, 1) },
		want:     []string{"a==1.0"},
	}, {
		name:     "not unless it is asked for",
		universe: "a 1.0\n" + pureSource("a", "2.0", "", ""),
		require:  []string{"a"},
		change:   func(s *Spec) { s.Sdists = false },
		want:     []string{"a==1.0"},
		notes:    []string{"a 1.0 is used on python3.12 x86_64, 1 release behind 2.0: it has only a source distribution, and nothing is built from source"},
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			idx := indextest.New(t, c.universe)
			client, st := pythontest.Client(t, nil)
			s := Spec{
				Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", c.require...), Sdists: true,
			}
			if c.change != nil {
				c.change(&s)
			}
			lock, err := Resolve(t.Context(), client, s)
			if err != nil || c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr {
					t.Errorf("Resolve() = %v\nwant %s", err, c.wantErr)
				}
				return
			}
			var got []string
			for _, w := range lock.Wheels {
				pin := w.Name + "==" + w.Version
				if w.FromSource() {
					pin += " from source"
				}
				got = append(got, pin)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Resolve() = %q, want %q", got, c.want)
			}
			if !slices.Equal(lock.Notes, c.notes) {
				t.Errorf("Resolve() notes %q, want %q", lock.Notes, c.notes)
			}
		})
	}
}

// TestResolveFetchesFewSdistsInVain counts the source distributions of a
// project whose versions all have a setup.py that is not understood.
func TestResolveFetchesFewSdistsInVain(t *testing.T) {
	t.Parallel()
	var universe strings.Builder
	for _, version := range []string{"1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"} {
		universe.WriteString(wildSource("a", version))
	}
	idx := indextest.New(t, universe.String())
	client, st := pythontest.Client(t, nil)
	_, err := Resolve(t.Context(), client, Spec{
		Targets: []wheel.Target{pythontest.Py312}, Store: st, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", "a"), Sdists: true,
	})
	if err == nil || !strings.Contains(err.Error(), `no wheel of "a" 7.0 runs`) {
		t.Errorf("Resolve() = %v, want a refusal of 7.0", err)
	}
	fetched := 0
	for _, r := range idx.Requests() {
		if strings.HasSuffix(r.Path, ".tar.gz") {
			fetched++
		}
	}
	if fetched != maxRefused {
		t.Errorf("%d source distributions were fetched, want %d", fetched, maxRefused)
	}
}

func TestLockOfASdistNamesItsForm(t *testing.T) {
	t.Parallel()
	line := "a==1.0 sha256:69f51477f05c46bfa5ff0027a1fcde274695311a38adfb85611ffeb93c8b146b 5 https://x/a-1.0.tar.gz"
	const form = " made:pure/1"
	var l wheel.Lock
	text := `{"wheels":{"python3.12 x86_64":["` + line + form + `"]}}`
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	w := l.Wheels[0]
	if !w.FromSource() || !w.Pure || w.Filename != "a-1.0.tar.gz" || w.Version != "1.0" {
		t.Errorf("got %+v", w)
	}
	if again, err := json.Marshal(l); err != nil || string(again) != text {
		t.Errorf("encoded again: %s, %v, want %s", again, err, text)
	}
	for _, other := range []string{"", " made:pure/0", " made:"} {
		if err := json.Unmarshal([]byte(`{"wheels":{"x":[`+strconv.Quote(line+other)+`]}}`), &wheel.Lock{}); err == nil {
			t.Errorf("the line %q is not an error", line+other)
		}
	}
}
