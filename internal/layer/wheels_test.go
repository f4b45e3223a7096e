package layer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// TestIndexesOfARequirementsFile obeys what the file says of indexes and links,
// and resolves anew where that changes.
func TestIndexesOfARequirementsFile(t *testing.T) {
	t.Parallel()
	environment, other := indextest.New(t, "lib 1.0\nonly-here 1.0\n"), indextest.New(t, "lib 2.0\nlinked 1.0\n")
	b := newBuilder(t, environment)
	dir := t.TempDir()
	wheel, _ := other.Wheel("linked-1.0-py3-none-any.whl")
	if err := os.Mkdir(filepath.Join(dir, "wheels"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "wheels", "linked-1.0-py3-none-any.whl"), string(wheel))
	name := filepath.Join(dir, "requirements.txt")
	s := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{RequirementsFile: name},
	}
	var l *Lock
	for _, c := range []struct{ text, want, wantErr string }{
		{"lib\nonly-here\n", "lib 1.0, only-here 1.0", ""},
		{"--extra-index-url " + other.URL() + "\nlib\nonly-here\n", "lib 2.0, only-here 1.0", ""}, // a further index goes before
		{"--index-url " + other.URL() + "\nlib\n", "lib 2.0", ""},
		{"--index-url " + other.URL() + "\nonly-here\n", "", `There is no distribution "only-here"`},
		{"--find-links wheels\nlinked\nlib\n", "lib 1.0, linked 1.0", ""},
		{"--no-index\n-f wheels\nlinked\n", "linked 1.0", ""},
		{"--no-index\n-f wheels\nlib\n", "", `There is no distribution "lib"`},
		{"--find-links absent\nlib\n", "", `There is no directory "absent"`},
	} {
		writeFile(t, name, c.text)
		next, err := b.Resolve(t.Context(), s, l)
		if c.wantErr != "" {
			input, ok := errors.AsType[*fault.Error](err)
			if !ok || !strings.Contains(input.Error(), c.wantErr) {
				t.Errorf("%q: error %v, want %q", c.text, err, c.wantErr)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		var got []string
		for _, w := range next.Python.Chosen.Wheels {
			got = append(got, w.Name+" "+w.Version)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
		l = next
	}
}

// TestAddressesOfGivenWheels has addresses that are written in another form, and such
// as no lock holds.
func TestAddressesOfGivenWheels(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "lib 1.0\n")
	const name = "lib-1.0-py3-none-any.whl"
	wheel, sum := index.Wheel(name)
	web := serve(t, map[string]string{"/a b/" + name: string(wheel)})
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"lib"}}}
	s.Python.Wheels = []python.WheelSpec{{URL: web.URL + "/a b/" + name, SHA256: sum}}
	b := newBuilder(t, index)
	text, err := resolve(t, b, s, nil).Encode()
	if err != nil {
		t.Fatal(err)
	}
	l, err := DecodeLock(text)
	if err != nil {
		t.Fatalf("the lock cannot be read: %v", err)
	}
	if got := l.Python.Chosen.Wheels[0].URL; got != web.URL+"/a%20b/"+name {
		t.Errorf("the lock has the address %q", got)
	}
	build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
	if again := resolve(t, newBuilder(t, index), s, l); again.Python.Request != l.Python.Request {
		t.Error("the lock is not kept")
	}
	for address, want := range map[string]string{
		"https://host/" + strings.Repeat("a", 2048) + "/" + name: "The address of the wheel is too long",
		"https://host/https://me:secret@other/" + name:           `Credentials in the address of the wheel at "host"`,
		"https://host/" + name + "?part=1":                       `A query or fragment in the address of the wheel at "host"`,
		"https://host/" + name + "#sha256=" + sum:                `A query or fragment in the address of the wheel at "host"`,
		"ftp://host/" + name:                                     "Malformed address of the wheel",
	} {
		s.Python.Wheels = []python.WheelSpec{{URL: address, SHA256: sum}}
		_, err := b.Resolve(t.Context(), s, nil)
		wantInput(t, err, "python.wheels[0]")
		if fault, ok := errors.AsType[*fault.Error](err); !ok || fault.Summary != want {
			t.Errorf("%.60s: got %v, want %q", address, err, want)
		}
	}
}

// TestLinksOfTheEnvironment searches the folders that pip's variable names.
func TestLinksOfTheEnvironment(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "lib 1.0\n")
	wheel, _ := index.Wheel("lib-1.0-py3-none-any.whl")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "lib-1.0-py3-none-any.whl"), string(wheel))
	environment := map[string]string{"PIP_INDEX_URL": index.URL(), "PIP_FIND_LINKS": dir, "PIP_NO_INDEX": "1"}
	b := NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(name string) string { return environment[name] }})
	l := resolve(t, b, Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"lib"}}}, nil)
	if got, want := l.Python.Chosen.Wheels[0].Path, filepath.ToSlash(filepath.Join(dir, "lib-1.0-py3-none-any.whl")); got != want {
		t.Errorf("the lock has lib from %q, want %q", got, want)
	}
	if asked := index.Requests(); len(asked) != 0 {
		t.Errorf("the index was asked for %v", asked)
	}
}

// TestWarningsOfWheels tells of what Python will not find, and keeps an
// excluded file out of it.
func TestWarningsOfWheels(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "a 1.0\n  file: hook.pth: import a\\n\n  file: ns/__init__.py: \\n\nb 1.0\n  file: ns/b.py: \\n\n")
	b := newBuilder(t, index)
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"a", "b"}}}
	warned := func() string {
		a := build(t, b, resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
		var texts []string
		for _, w := range a.Warnings {
			texts = append(texts, w.Summary+": "+w.Detail)
		}
		return strings.Join(texts, "\n")
	}
	for _, want := range []string{`"hook.pth" of a 1.0 runs code at every cold start`, `"ns/__init__.py" is of a 1.0, and b 1.0`} {
		if got := warned(); !strings.Contains(got, want) {
			t.Errorf("the warnings are %q, want %q", got, want)
		}
	}
	s.Exclude = []string{"python/*.pth", "python/ns"}
	if got := warned(); got != "" {
		t.Errorf("the warnings are %q, want none", got)
	}
}

// TestAnotherFileIsNamed tells of a file whose bytes are not those of its digest
// who gave it and what to do.
func TestAnotherFileIsNamed(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "lib 1.0\n")
	b := newBuilder(t, index)
	zeros := strings.Repeat("0", 63) + "1"
	_, err := b.Resolve(t.Context(), Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Python: &PythonSpec{
			Requirements: []string{"lib"},
			Wheels:       []python.WheelSpec{{URL: index.FileURL("lib-1.0-py3-none-any.whl"), SHA256: zeros}},
		},
	}, nil)
	input, ok := errors.AsType[*fault.Error](err)
	if !ok || input.At.String() != "python.requirements" {
		t.Fatalf("Resolve = %v, want a *fault.Error on python.requirements", err)
	}
	for _, want := range []string{"A file is not the one that its digest names", "python.wheels[0]", zeros, "put the right one back"} {
		if !strings.Contains(input.Summary+" "+input.Detail, want) {
			t.Errorf("the error is %q, want %q in it", input.Summary+": "+input.Detail, want)
		}
	}
}
