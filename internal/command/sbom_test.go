package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSbomOfAZipAndOfItsLock: both ways lead to one document, which knows the
// digest that Terraform showed for the same arguments.
func TestSbomOfAZipAndOfItsLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	spec, zip, cache := filepath.Join(dir, "p.json"), filepath.Join(dir, "layer.zip"), filepath.Join(dir, "cache")
	text := `{"runtimes": ["python3.12"], "files": [
		{"content": "A = 1", "target": "python/x.py"},
		{"content": "Name: my.app\nVersion: 1.0\nLicense: MIT\n", "target": "python/my_app-1.0.dist-info/METADATA"}]}`
	if err := os.WriteFile(spec, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := run(t, "build", "-q", "-f", spec, "-o", zip, "--cache-dir", cache); status != 0 {
		t.Fatal(errs)
	}
	status, ofZip, errs := run(t, "sbom", zip)
	if status != 0 {
		t.Fatal(errs)
	}
	status, ofLock, errs := run(t, "sbom", "-q", zip+".lock.json", "--cache-dir", cache)
	if status != 0 || ofLock != ofZip {
		t.Errorf("status %d, %s\n%s\n%s", status, errs, ofLock, ofZip)
	}
	var doc struct {
		SpecVersion string
		Components  []struct{ Name, Purl, Version string }
	}
	if err := json.Unmarshal([]byte(ofZip), &doc); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range doc.Components {
		names = append(names, c.Name+" "+c.Purl)
	}
	if got, want := strings.Join(names, ", "), "python/my_app-1.0.dist-info/METADATA , python/x.py , my.app pkg:pypi/my-app@1.0"; got != want || doc.SpecVersion != "1.6" {
		t.Errorf("version %s of the format has %q, want %q", doc.SpecVersion, got, want)
	}
	out := filepath.Join(dir, "bill.json")
	if status, printed, errs := run(t, "sbom", zip, "--format", "spdx", "-o", out); status != 0 || printed != "" {
		t.Fatalf("status %d: %q, %s", status, printed, errs)
	}
	written, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(written), `"spdxVersion":"SPDX-2.3"`) {
		t.Errorf("wrote %q, %v", written, err)
	}
}

// TestSbomOfAnotherLock: a lock beside a zip is used only if it is of that zip.
func TestSbomOfAnotherLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := func(name, content string) string {
		t.Helper()
		spec, zip := filepath.Join(dir, name+".json"), filepath.Join(dir, name+".zip")
		if err := os.WriteFile(spec, []byte(`{"runtimes": ["python3.12"], "files": [{"content": "`+content+`", "target": "python/x.py"}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, errs := run(t, "build", "-q", "-f", spec, "-o", zip, "--cache-dir", filepath.Join(dir, "cache")); status != 0 {
			t.Fatal(errs)
		}
		return zip
	}
	a, b := build("a", "A = 1"), build("b", "B = 1")
	own, err := os.ReadFile(a + ".lock.json")
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(b + ".lock.json")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndex(string(own), `,"zip":`)
	nameless := string(own[:at]) + "}"
	for name, c := range map[string]struct {
		lock, named string
		status      int
		used        bool
		want        string // on standard error
	}{
		"its own":          {string(own), "", 0, true, ""},
		"of another":       {string(other), "", 0, false, "is not used: using the lock: it is of another zip, with sha256 "},
		"of none":          {nameless, "", 0, false, "is not used: finding the zip of the lock: it names none."},
		"unreadable":       {"{", "", 0, false, "is not used: reading the lock: "},
		"named, its own":   {string(own), a + ".lock.json", 0, true, ""},
		"named, of none":   {nameless, a + ".lock.json", 0, true, ""},
		"named, another's": {string(own), b + ".lock.json", 2, false, "using the lock: it is of another zip, with sha256 "},
	} {
		if err := os.WriteFile(a+".lock.json", []byte(c.lock), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments := []string{"sbom", a}
		if c.named != "" {
			arguments = append(arguments, "--lock", c.named)
		}
		status, out, errs := run(t, arguments...)
		if used := strings.Contains(out, `"name":"python/x.py"`); status != c.status || used != c.used || !strings.Contains(errs, c.want) || c.want == "" && errs != "" {
			t.Errorf("%s: status %d, used %v, said %q", name, status, used, errs)
		}
	}
}

func TestSbomRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct{ file, text, want string }{
		"no zip":   {"a.zip", "text", "archive"},
		"no lock":  {"a.json", "text", "reading the lock"},
		"old lock": {"a.json", `{"format":0,"layout":0}`, "format 0"},
	} {
		file := filepath.Join(dir, c.file)
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errs := run(t, "sbom", file, "--cache-dir", dir)
		if status != 2 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
	}
}
