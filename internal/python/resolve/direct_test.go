package resolve

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestDirectWheels resolves requirements that name the address of a wheel: it is
// the only candidate of its project, and its own requirements are followed.
func TestDirectWheels(t *testing.T) {
	t.Parallel()
	idx := indextest.New(t, "a 1.0\n  requires: b\na 2.0\nb 1.0\nb 1.1\nc 1.0\n  requires: a>=2\n")
	client, _ := pythontest.Client(t, nil)
	at := func(filename string) string {
		_, sum := idx.Wheel(filename)
		return idx.FileURL(filename) + "#sha256=" + sum
	}
	wheelA, wheelB := at("a-1.0-py3-none-any.whl"), at("b-1.0-py3-none-any.whl")
	plain, sum, _ := strings.Cut(wheelA, "#sha256=")
	for _, c := range []struct {
		name     string
		requires []string
		want     []string
		refused  string
	}{
		{"by the digest in its address", []string{"a @ " + wheelA}, []string{"a==1.0", "b==1.1"}, ""},
		{"by the digest behind it", []string{"A @ " + plain + " --hash=sha256:" + sum, "b==1.0"}, []string{"a==1.0", "b==1.0"}, ""},
		{"alone", []string{wheelA, "b @ " + wheelB}, []string{"a==1.0", "b==1.0"}, ""},
		{"where another needs it", []string{"a", "b @ " + wheelB}, []string{"a==2.0", "b==1.0"}, ""},
		{"for nobody", []string{"a @ " + wheelA + " ; python_version < '3'", "b"}, []string{"b==1.1"}, ""},
		{"against another's need", []string{"a @ " + wheelA, "c"}, nil, `no version of "a" fits "a>=2": req:1 gives 1.0 of it, which stands in for all other versions`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := Spec{Targets: []wheel.Target{pythontest.Py312, pythontest.Arm313}, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", c.requires...)}
			if err := spec.TakeDirect(); err != nil {
				t.Fatal(err)
			}
			lock, err := Resolve(t.Context(), client, spec)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("Resolve = %v, want an error with %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := pythontest.Pins(lock); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, w := range lock.Wheels {
				if w.Name == "a" && w.Version == "1.0" && (w.URL != plain || w.SHA256.Hex() != sum) {
					t.Errorf("a is %s with sha256 %s", w.URL, w.SHA256)
				}
			}
		})
	}
}

func TestDirectURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	zeros, sum := strings.Repeat("0", 64), strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		"a @ https://example.com/a-1.0-py3-none-any.whl":                                                     "every file is verified by its SHA-256: write #sha256=… behind the address",
		"a @ https://example.com/a-1.0-py3-none-any.whl#md5=00":                                              "every file is verified by its SHA-256: write #sha256=… behind the address",
		"a @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + zeros:                                     `"` + zeros + `" is a placeholder: write the SHA-256 of the file`,
		"a @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + sum + " --hash=sha256:" + zeros[1:] + "1": "it names several SHA-256, and its address has one file",
		"a @ https://example.com/a-1.0.tar.gz#sha256=" + sum:                                                 "its address is not that of a wheel, and nothing is built from source: make its wheel once by \"pip wheel --no-deps\" and give that in python.wheels, where it stands in for this requirement",
		"a @ git+https://u:hunter2@example.com/a@v1":                                                         "it comes from git+https, and nothing is built from source: make its wheel once by \"pip wheel --no-deps git+https://(hidden)@example.com/a@v1\" and give that in python.wheels, where it stands in for this requirement, or leave it out by python.exclude = [\"a\"]",
		"a @ file:///w/a-1.0-py3-none-any.whl":                                                               "an address on disk is that of one machine (conda writes such in place of versions): write name==version, as \"pip list --format=freeze\" prints it, or give the wheel by python.wheels = [{ source = … }]",
		"a @ https://u:hunter2@example.com/a-1.0-py3-none-any.whl#sha256=" + sum:                             "its address has a user, password or query, which may be a secret: write the address without them, and the credentials into netrc",
		"a @ https://example.com/" + strings.Repeat("x", 2048) + "/a-1.0-py3-none-any.whl#sha256=" + sum:     "its address cannot be kept: an address is longer than 2048 bytes",
		"a @ https://example.com/https://u:hunter2@b/a-1.0-py3-none-any.whl#sha256=" + sum:                   `its address cannot be kept: the path of the address at "example.com" holds another address with credentials`,
		"b @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + sum:                                       `"a-1.0-py3-none-any.whl" is a wheel of a`,
		"a @ https://example.com/a.whl#sha256=" + sum:                                                        `"a.whl" is not a wheel's name`,
		"a @ https://example.com/a-1.0-cp311-cp311-win_amd64.whl#sha256=" + sum:                              `the wheel "a-1.0-cp311-cp311-win_amd64.whl" is for Windows, so that it does not run on python3.12 x86_64: bound the requirement by a marker, and give another wheel there`,
	} {
		spec := Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", text)}
		err := spec.TakeDirect()
		direct, ok := errors.AsType[*wheel.DirectURL](err)
		if !ok || direct.Reason != want || direct.Source != "req:1" {
			t.Errorf("%q: %v\nwant %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error shows a password: %v", text, err)
		}
	}
	spec := Spec{Targets: []wheel.Target{pythontest.Py312}, Constraints: pythontest.Inputs(t, "limit", "a @ https://example.com/a-1.0-py3-none-any.whl")}
	if err := spec.TakeDirect(); err == nil || !strings.Contains(err.Error(), "a constraint names no address") {
		t.Errorf("a constraint with an address: %v", err)
	}
}

// TestGivenWheelsStandInForAddresses takes a given wheel in place of what a
// requirement names by an address, and drops one that is left out.
func TestGivenWheelsStandInForAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"git+https://example.com/a@v1", "file:///w/a", "https://example.com/a-1.0.tar.gz"} {
		given := wheel.GivenWheel{Path: "a-1.0-py3-none-any.whl", Source: "python.wheels[0]"}
		spec := Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a @ "+address, "b"), Given: []wheel.GivenWheel{given}}
		if err := spec.TakeDirect(); err != nil || len(spec.Requirements) != 2 || spec.Requirements[0].Requirement.String() != "a" {
			t.Errorf("%s: %v, %v", address, spec.Requirements, err)
		}
		spec = Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a @ "+address, "b"), LeftOut: []string{"a"}}
		if err := spec.TakeDirect(); err != nil || len(spec.Requirements) != 1 || !slices.Equal(spec.Dropped, []string{"a"}) {
			t.Errorf("left out, %s: %v, %v", address, spec.Requirements, err)
		}
	}
}

func FuzzTakeDirect(f *testing.F) {
	f.Add("a @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + strings.Repeat("ab", 32))
	f.Add("a @ git+https://example.com/a")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		in, err := pep508.ParseInput(text, "req:1")
		if err != nil {
			return
		}
		spec := Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: []pep508.Input{in}}
		if spec.TakeDirect() != nil {
			return
		}
		for _, g := range spec.Given {
			if name, err := g.Name(); err != nil || g.SHA256.IsZero() || name.Version == "" || strings.ContainsAny(g.URL, "#?") {
				t.Errorf("reading %q gives the wheel %+v", text, g)
			}
		}
		for _, in := range spec.Requirements {
			if in.Requirement.URL != "" {
				t.Errorf("reading %q leaves the address %q", text, in.Requirement.URL)
			}
		}
	})
}
