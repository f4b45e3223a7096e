package layer

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
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
	found := map[string]native.Kind{}
	for _, e := range tree {
		digest, err := store.ParseDigest(filepath.Base(e.Archive.Path))
		if err != nil {
			t.Fatalf("%s lies in %q, which is not a blob of the store", e.Path, e.Archive.Path)
		}
		body, _, err := c.store.GetRecord("native", fmt.Sprintf("%d %s", native.Format, digest.Hex()))
		if err != nil {
			t.Errorf("nothing is noted of the archive of %s: %v", e.Path, err)
			continue
		}
		var notes struct {
			Files []struct {
				H int64
				F native.Facts
			}
		}
		if err := json.Unmarshal(body, &notes); err != nil {
			t.Fatal(err)
		}
		for _, n := range notes.Files {
			if n.H == e.Header {
				found[e.Path] = n.F.Kind
			}
		}
	}
	for path, kind := range map[string]native.Kind{"python/app/_c.abi3.so": native.ELF, "python/own/libown.so": native.ELF, "bin/tool": native.Script, "lib/libzip.so": native.ELF, "lib/libweb.so": native.ELF} {
		if found[path] != kind {
			t.Errorf("%s is noted as %q, want %q", path, found[path], kind)
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
	noted, modules, err := c.segments.Facts(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tree {
		moved := *tree[i].Archive
		moved.Path = "" // not of the store: nothing is noted of it
		tree[i].Archive = &moved
	}
	read, again, err := c.segments.Facts(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	const name = "python/app/_c.abi3.so"
	if len(noted) != 1 || len(read) != 1 || noted[name].Machine != "arm64" || read[name].Machine != "arm64" {
		t.Errorf("noted are %v, read %v", noted, read)
	}
	for origin, names := range modules {
		if strings.Join(names.Modules, " ") != strings.Join(again[origin].Modules, " ") || len(names.Modules) == 0 {
			t.Errorf("%s has the modules %q, read %q", origin, names.Modules, again[origin])
		}
	}
}

// TestSeveritiesOfFindings turns checks: an error into a warning, a warning into an
// error, and off. Notes stay.
func TestSeveritiesOfFindings(t *testing.T) {
	t.Parallel()
	found := []Finding{{Check: audit.Native, Severity: audit.Error}, {Check: audit.Libraries, Severity: audit.Warning}, {Check: audit.Libraries, Severity: audit.Note}, {Check: audit.Layout, Severity: audit.Error}}
	got := Weigh(found, map[string]Severity{"native": SeverityWarning, "libraries": SeverityError, "layout": SeverityOff})
	var text []string
	for _, f := range got {
		text = append(text, string(f.Check)+" "+string(f.Severity))
	}
	if strings.Join(text, ", ") != "native warning, libraries error, libraries note" {
		t.Errorf("findings are %q", text)
	}
	warnings, err := told(got)
	if len(warnings) != 1 || err == nil {
		t.Errorf("told are %v, %v", warnings, err)
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
	a := build(t, b, l, Output{Path: out, Audits: map[string]Severity{"native": SeverityWarning}})
	if len(a.Findings) != 1 || a.Findings[0].Severity != audit.Warning {
		t.Errorf("findings are %+v", a.Findings)
	}
	if again := build(t, b, l, Output{Path: out, Want: a.SHA256}); len(again.Findings) != 0 {
		t.Errorf("what was planned is judged again: %+v", again.Findings)
	}
}
