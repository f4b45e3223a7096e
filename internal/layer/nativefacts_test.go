package layer

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// elfStub is the header of a shared object for a machine (62 is x86_64, 183
// arm64), which asks for nothing.
func elfStub(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00" + string([]byte{machine}) + strings.Repeat("\x00", 45)
}

// TestNativeFactsAreNotedOnTheWayIn looks for the record of each archive of a layer
// before anything is judged: the pass that inflates or deflates it made it.
func TestNativeFactsAreNotedOnTheWayIn(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe, indextest.WithFiles("app 1.0", map[string][]byte{"app/_c.abi3.so": []byte(elfStub(62)), "app/__init__.py": []byte("import app._c\n")}))
	b := newBuilder(t, index)
	s := appSpec(t)
	writeFile(t, filepath.Join(s.Files[0].Source, "libown.so"), elfStub(62))
	content := "#!/bin/sh\n"
	s.Files = append(s.Files, FileSpec{Content: &content, Target: "bin/tool"})
	local := filepath.Join(t.TempDir(), "a.zip")
	writeFile(t, local, string(zipOf("lib/libzip.so", elfStub(62))))
	web := serve(t, map[string]string{"/b.zip": string(zipOf("lib/libweb.so", elfStub(62)))})
	s.Downloads = []DownloadSpec{{URL: local}, {URL: web.URL + "/b.zip"}}
	l := resolve(t, b, s, nil)
	c := opened(t, b)
	tree, _, err := c.tree(t.Context(), l, Output{}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tree {
		digest, err := store.ParseDigest(filepath.Base(e.Archive.Path))
		if err != nil {
			t.Fatalf("%s lies in %q, which is not a blob of the store", e.Path, e.Archive.Path)
		}
		if _, _, err := c.store.GetRecord("native", fmt.Sprintf("%d %s", native.Format, digest.Hex())); err != nil {
			t.Errorf("nothing is noted of the archive of %s: %v", e.Path, err)
		}
	}
	known, err := c.segments.Facts(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]native.Kind{"python/app/_c.abi3.so": native.ELF, "python/own/libown.so": native.ELF, "bin/tool": native.Script, "lib/libzip.so": native.ELF, "lib/libweb.so": native.ELF} {
		if got := known.Native[path].Kind; got != kind {
			t.Errorf("%s is noted as %q, want %q", path, got, kind)
		}
	}
}

// TestFactsAreReadWhereNoneAreNoted drops the records, as a store that was pulled
// from elsewhere has none: the same is found.
func TestFactsAreReadWhereNoneAreNoted(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe, indextest.WithFiles("app 1.0", map[string][]byte{"app/_c.abi3.so": []byte(elfStub(183)), "app/__init__.py": []byte("")}))
	b := newBuilder(t, index)
	l := resolve(t, b, appSpec(t), nil)
	c := opened(t, b)
	tree, _, err := c.tree(t.Context(), l, Output{}, false)
	if err != nil {
		t.Fatal(err)
	}
	noted, err := c.segments.Facts(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tree {
		moved := *tree[i].Archive
		moved.Path = "" // not of the store: nothing is noted of it
		tree[i].Archive = &moved
	}
	read, err := c.segments.Facts(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	const name = "python/app/_c.abi3.so"
	if len(noted.Native) != 1 || len(read.Native) != 1 || noted.Native[name].Machine != "arm64" || read.Native[name].Machine != "arm64" {
		t.Errorf("noted are %v, read %v", noted, read)
	}
	for origin, names := range noted.Sources {
		if strings.Join(names.Modules, " ") != strings.Join(read.Sources[origin].Modules, " ") || len(names.Modules) == 0 {
			t.Errorf("%s has the modules %q, read %q", origin, names.Modules, read.Sources[origin])
		}
	}
}

// TestNeedsOfALockThatWasRead judges locks that were written and read, as Terraform
// keeps them: what distributions need follows from their METADATA.
func TestNeedsOfALockThatWasRead(t *testing.T) {
	t.Parallel()
	const text = `
app 1.0
  requires: lib[fast]>=1
  requires: old; python_version < "3.11"
  requires: boto3
  requires: win; sys_platform == "win32"
lib 1.0
  requires: base
  extra: fast: speed
  extra: slow: crawl
base 1.0
speed 1.0
boto3 1.0
`
	vendored := map[string]string{"python/base-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: Base\nVersion: 1\nRequires-Dist: ground\n"}
	for name, c := range map[string]struct {
		drop  []string
		left  []string
		files map[string]string
		want  string
	}{
		"whole":                     {want: ""},
		"without lib":               {drop: []string{"lib", "base", "speed"}, want: `"app" needs "lib", which is not there`},
		"excluded":                  {drop: []string{"lib", "base", "speed"}, left: []string{"Lib"}},
		"of the runtime":            {drop: []string{"boto3"}},
		"of a need":                 {drop: []string{"base"}, want: `"lib" needs "base", which is not there`},
		"of an extra":               {drop: []string{"speed"}, want: `"lib" needs "speed", which is not there`},
		"brought by files":          {drop: []string{"base"}, files: vendored, want: `"base" needs "ground", which is not there`},
		"what vendors needs nobody": {files: map[string]string{"python/app/_vendor/x-1.dist-info/METADATA": "Name: x\nVersion: 1\nRequires-Dist: ground\n"}},
	} {
		index := indextest.New(t, text)
		b := newBuilder(t, index)
		spec := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"app"}}}
		for path, content := range c.files {
			spec.Files = append(spec.Files, FileSpec{Content: &content, Target: path})
		}
		written, err := json.Marshal(resolve(t, b, spec, nil))
		if err != nil {
			t.Fatal(err)
		}
		var l Lock
		if err := json.Unmarshal(written, &l); err != nil {
			t.Fatal(err)
		}
		chosen := l.Python.Chosen
		kept := chosen.Wheels[:0]
		for _, w := range chosen.Wheels {
			if !slices.Contains(c.drop, w.Name) {
				kept = append(kept, w)
			}
		}
		chosen.Wheels = kept
		out := filepath.Join(t.TempDir(), "a.zip")
		a := build(t, b, &l, Output{Path: out, Shadow: fault.SeverityOff, LeftOut: c.left})
		var got []string
		for _, f := range a.Findings {
			if f.Check == audit.Imports && f.Severity != audit.Note {
				got = append(got, f.Summary)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
		inspected, err := b.Inspect(t.Context(), Zip{Path: out}, Question{Runtimes: l.Runtimes, Architectures: l.Architectures})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, f := range inspected.Findings {
			if f.Check == audit.Imports && f.Severity != audit.Note {
				said = append(said, f.Summary)
			}
		}
		if strings.Join(said, "; ") != c.want && c.left == nil {
			t.Errorf("%s: inspecting the zip found %q, want %q", name, said, c.want)
		}
	}
}

// TestBuildRefusesWhatCannotLoad leaves no zip where a module is for another
// machine, and builds what was planned without judging it again.
func TestBuildRefusesWhatCannotLoad(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, universe, indextest.WithFiles("app 1.0", map[string][]byte{"app/_c.abi3.so": []byte(elfStub(183)), "app/__init__.py": []byte("")}))
	b := newBuilder(t, index)
	l := resolve(t, b, appSpec(t), nil)
	out := filepath.Join(t.TempDir(), "layer.zip")
	_, err := b.Build(t.Context(), l, Output{Path: out})
	wantInput(t, err, "python", "python/app/_c.abi3.so", "is for arm64, and the layer is for x86_64", `checks = { native = "warning" }`)
	if left, _ := filepath.Glob(out); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	a := build(t, b, l, Output{Path: out, Audits: map[string]fault.Severity{"native": fault.SeverityWarning}})
	if len(a.Findings) != 1 || a.Findings[0].Severity != audit.Warning {
		t.Errorf("findings are %+v", a.Findings)
	}
	if again := build(t, b, l, Output{Path: out, Want: a.SHA256}); len(again.Findings) != 0 {
		t.Errorf("what was planned is judged again: %+v", again.Findings)
	}
}
