package command

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDiffOfZips: a version that moved, one that was added, one that was removed,
// and a file that changed without its version.
func TestDiffOfZips(t *testing.T) {
	t.Parallel()
	before := maps.Clone(layerOfPip)
	after := maps.Clone(layerOfPip)
	before["python/six.py"], before["python/six-1.16.0.dist-info/METADATA"] = "", "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n"
	before["python/six-1.16.0.dist-info/RECORD"] = "six.py,,\nsix-1.16.0.dist-info/METADATA,,\nsix-1.16.0.dist-info/RECORD,,\n"
	delete(after, "python/idna-3.7.dist-info/METADATA")
	delete(after, "python/idna-3.7.dist-info/top_level.txt")
	after["python/idna-3.10.dist-info/METADATA"], after["python/idna-3.10.dist-info/top_level.txt"] = "Metadata-Version: 2.1\nName: idna\nVersion: 3.10\n", "idna\n"
	after["nodejs/node_modules/c/package.json"] = `{"version": "0.1.0"}`
	after["python/acme/__init__.py"] = "import acme._speed\nfrom . import more\n"
	after["python/mine.py"] = "A = 2\n"
	a, b := writeZip(t, before), writeZip(t, after)
	cache := t.TempDir()
	status, out, errs := run(t, "--json", "diff", a, b, "--cache-dir", cache)
	var d difference
	if err := json.Unmarshal([]byte(out), &d); err != nil || status != 1 || errs != "" {
		t.Fatalf("status %d: %v %s", status, err, errs)
	}
	var got []string
	for _, c := range d.Changes {
		text := c.Kind + " " + c.Name + " " + c.From + " " + c.To
		for _, f := range c.Files {
			text += " " + f.Kind + " " + f.Path
		}
		got = append(got, text)
	}
	slices.Sort(got)
	want := []string{
		"added nodejs:c  0.1.0", "files files:python/mine.py   changed python/mine.py", "files python:acme 2.1 2.1 changed python/acme/__init__.py",
		"removed python:six 1.16.0 ", "version python:idna 3.7 3.10",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range d.Changes {
		if c.Name == "python:acme" && c.Bytes != int64(len("from . import more\n")) {
			t.Errorf("acme grew by %d bytes", c.Bytes)
		}
	}
	_, out, _ = run(t, "diff", a, b, "--cache-dir", cache)
	for _, want := range []string{"python:idna", "3.7 → 3.10", "added 0.1.0", "removed 1.16.0", "2.1 other content", "changed python/acme/__init__.py", "+19 B"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
	if status, out, errs := run(t, "diff", a, a, "--cache-dir", cache); status != 0 || !strings.HasSuffix(out, "No difference.\n") {
		t.Errorf("with itself: status %d, %s%s", status, out, errs)
	}
	if status, _, errs := run(t, "diff", a, "absent.zip", "--cache-dir", cache); status != 2 || !strings.Contains(errs, "absent.zip") {
		t.Errorf("with what is absent: status %d, %s", status, errs)
	}
}

// TestDiffOfLocks compares what build wrote, with another lock and with the zip.
func TestDiffOfLocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := func(name, text string) string {
		spec, zip := filepath.Join(dir, name+".json"), filepath.Join(dir, name+".zip")
		if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, errs := run(t, "build", "-q", "-f", spec, "-o", zip, "--cache-dir", dir); status != 0 {
			t.Fatal(errs)
		}
		return zip
	}
	a := build("a", `{"runtimes": ["python3.12"], "files": [{"content": "A = 1", "target": "python/x.py"}]}`)
	b := build("b", `{"runtimes": ["python3.12"], "files": [{"content": "A = 2", "target": "python/x.py"}, {"content": "B = 1", "target": "python/y.py"}]}`)
	for _, c := range []struct {
		a, b   string
		status int
		want   string
	}{
		{a + ".lock.json", a + ".lock.json", 0, "No difference."},
		{a + ".lock.json", b + ".lock.json", 1, "files:python/y.py"},
		{a + ".lock.json", a, 0, "No difference."},
		{a, b, 1, "changed python/x.py"},
	} {
		if status, out, errs := run(t, "diff", c.a, c.b, "--cache-dir", dir); status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("%s, %s: status %d, want %d\n%s%s", c.a, c.b, status, c.status, out, errs)
		}
	}
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte(`{"format": 99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := run(t, "diff", broken, a, "--cache-dir", dir); status != 2 || !strings.Contains(errs, "format 99") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// TestDiffOfModes: what Lambda may run, and where links lead, is told apart.
func TestDiffOfModes(t *testing.T) {
	t.Parallel()
	type member struct {
		name, text string
		mode       os.FileMode
	}
	pack := func(members ...member) string {
		name := filepath.Join(t.TempDir(), "layer.zip")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := zip.NewWriter(f)
		for _, m := range members {
			header := &zip.FileHeader{Name: m.name}
			header.SetMode(m.mode)
			out, err := w.CreateHeader(header)
			if err == nil {
				_, err = out.Write([]byte(m.text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return name
	}
	cache := t.TempDir()
	tool, link := member{"bin/tool", "#!/bin/sh\n", 0o755}, member{"lib/l.so", "l.so.1", os.ModeSymlink | 0o777}
	plain, other := tool, link
	plain.mode, other.text = 0o644, "l.so.2"
	metadata := member{"python/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n", 0o644}
	record := member{"python/a-1.dist-info/RECORD", "../bin/tool,,\na-1.dist-info/METADATA,,\n", 0o644}
	for name, c := range map[string]struct {
		a, b  string
		texts []string
		same  bool
	}{
		"a program that runs no more":   {pack(tool), pack(plain), []string{"other run bits", "changed bin/tool (run bit)"}, false},
		"a program that runs":           {pack(plain, metadata), pack(tool, metadata), []string{"changed bin/tool (run bit)"}, false},
		"a program of a distribution":   {pack(tool, metadata, record), pack(plain, metadata, record), []string{"other run bits", "changed bin/tool (run bit)"}, false},
		"a program with another text":   {pack(tool), pack(member{"bin/tool", "#!/bin/bash\n", 0o644}), []string{"other content", "changed bin/tool"}, false},
		"a link that leads elsewhere":   {pack(tool, link), pack(tool, other), []string{"changed lib/l.so (link)"}, false},
		"a link that is new":            {pack(tool), pack(tool, link), []string{"added"}, false},
		"a link that is gone":           {pack(link), pack(tool), []string{"removed", "added"}, false},
		"other bits of who may read it": {pack(tool, link), pack(member{"bin/tool", "#!/bin/sh\n", 0o500}, link), []string{"Every file is the same"}, true},
	} {
		status, out, errs := run(t, "diff", c.a, c.b, "--cache-dir", cache)
		if status != 1 {
			t.Errorf("%s: status %d: %s", name, status, errs)
		}
		for _, want := range c.texts {
			if !strings.Contains(out, want) {
				t.Errorf("%s: nothing says %q:\n%s", name, want, out)
			}
		}
		if got := strings.Contains(out, "Every file is the same"); got != c.same {
			t.Errorf("%s: same is %v:\n%s", name, got, out)
		}
	}
}
