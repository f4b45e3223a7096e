package filetree

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files that Terraform and OpenTofu write, in their own forms.
const (
	stateJSON = `{"version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "6b1f", "outputs": {}, "resources": []}`
	sorted    = `{"check_results":null,"lineage":"6b1f","outputs":{},"resources":[],"serial":3,"terraform_version":"1.11.4","version":4}`
	encrypted = `{"serial":1,"lineage":"6b1f","meta":{},"encrypted_data":"aGk=","encryption_version":"v0"}`
	shown     = `{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{}}`
	planTofu  = `{"meta":{},"encrypted_data":"aGk=","encryption_version":"v0"}`
)

// planFile is a zip with the members of a plan.
func planFile(t *testing.T) string {
	t.Helper()
	return string(makeZip(t, raw{name: "tfplan", data: "plan"}, raw{name: "tfstate", data: stateJSON}, raw{name: "tfstate-prev", data: stateJSON}))
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func pathsOf(files []File) []string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return paths
}

// TestOwnFilesAreNeverTaken: by name, and by content under any name.
func TestOwnFilesAreNeverTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"terraform.tfstate.1733000000.backup": "x", "prod.tfvars": "password = 1", "a/b.auto.tfvars.json": "{}", "crash.log": "panic", "crash.20261130.log": "panic",
		".terraform.tfstate.lock.info": "{}", ".states.lock.info": "{}", "errored.tfstate": "x", "terraform.tfstate.d/dev/terraform.tfstate": "x", ".terragrunt-cache/x/main.tf": "x",
		"dev.tfrc": "token", ".layer-123.tmp": "x",
		"state.json": stateJSON, "backup/old": sorted, "secret.json": encrypted, "show.json": shown, "bom.json": "\ufeff" + stateJSON, "p.out": planFile(t), "deep/plan.zip": planFile(t), "tofu": planTofu,
		// These are nobody's but the user's.
		"data.json": `{"lineage": "of the Tudors"}`, "format.json": `{"format_version": "1"}`, "half.json": stateJSON[:40] + `"lineage"`, "list.json": "[" + stateJSON + "]",
		"code.zip": string(makeZip(t, raw{name: "tfplan", data: "x"})), "lock.info": "x", "crash.txt": "x", "handler.py": "lineage, terraform_version = 1, 2",
	} {
		write(t, dir, name, content)
	}
	files, err := Scan(t.Context(), dir, ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"code.zip", "crash.txt", "data.json", "format.json", "half.json", "handler.py", "list.json", "lock.info"}
	if got := pathsOf(files); !slices.Equal(got, want) {
		t.Errorf("taken are %q, want %q", got, want)
	}
}

// TestOwnFilesByNameAreRefused: an explicit wish for such a file names it.
func TestOwnFilesByNameAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"a.py": "x", "conf/prod.tfvars": "x", "state.json": stateJSON, "p.out": planFile(t)} {
		write(t, dir, name, content)
	}
	for _, c := range []struct {
		include []string
		names   string // the file that the error names; "" for none
	}{
		{[]string{"conf/prod.tfvars"}, "prod.tfvars"},
		{[]string{"**/*.tfvars"}, "prod.tfvars"},
		{[]string{"a.py", "state.json"}, "state.json"},
		{[]string{"*.out"}, "p.out"},
		{[]string{"**"}, ""},
		{[]string{"*.py", "*"}, ""},
	} {
		files, err := Scan(t.Context(), dir, ScanOptions{Include: c.include})
		switch {
		case c.names == "" && (err != nil || !slices.Equal(pathsOf(files), []string{"a.py"})):
			t.Errorf("%q: %v, %v", c.include, pathsOf(files), err)
		case c.names != "" && (err == nil || !strings.Contains(err.Error(), c.names) || !strings.Contains(err.Error(), "Terraform's own")):
			t.Errorf("%q: %v, want an error that names %s", c.include, err, c.names)
		}
	}
	for _, name := range []string{"state.json", "p.out", "conf/prod.tfvars"} {
		if _, err := Scan(t.Context(), filepath.Join(dir, name), ScanOptions{}); err == nil || !strings.Contains(err.Error(), "Terraform's own") {
			t.Errorf("%s as a source: %v", name, err)
		}
	}
}

// TestSkippedPlaces asks for files and folders by their path on the host.
func TestSkippedPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a.py", "cache/blob", "out.zip"} {
		write(t, dir, name, "x")
	}
	bare, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	skip := func(host string) bool {
		return host == filepath.Join(bare, "cache") || host == filepath.Join(bare, "out.zip")
	}
	files, err := Scan(t.Context(), dir, ScanOptions{Skip: skip})
	if err != nil || !slices.Equal(pathsOf(files), []string{"a.py"}) {
		t.Errorf("taken are %q, %v", pathsOf(files), err)
	}
}
