package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuildMakesTheBytesOfTheResource: the digests are those that Terraform
// showed for a layerbuild_package with the same arguments.
func TestBuildMakesTheBytesOfTheResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, specification, sha256 string }{
		{"content", "p.json", `{"runtimes": ["python3.12"], "files": [{"content": "A = 1", "target": "python/x.py"}]}`,
			"d916acbfbeb8e1a63b08a384a5b1f7f0ae8838812bb7b5408d8c2cfedfd68ee5"},
		{"hcl", "p.hcl", "runtimes = [\"python3.12\"]\nfiles = [{ content = \"A = 1\", target = \"python/x.py\" }]\n",
			"d916acbfbeb8e1a63b08a384a5b1f7f0ae8838812bb7b5408d8c2cfedfd68ee5"},
		{"folder", "p.hcl", "runtimes = [\"python3.12\"]\nfiles = [{ source = \"${path.module}/src\", target = \"python\" }]\n",
			"d916acbfbeb8e1a63b08a384a5b1f7f0ae8838812bb7b5408d8c2cfedfd68ee5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{c.file: c.specification, "src/x.py": "A = 1"} {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			zip := filepath.Join(dir, "layer.zip")
			status, out, errs := run(t, "--json", "build", "-f", filepath.Join(dir, c.file), "-o", zip, "--cache-dir", filepath.Join(dir, "cache"))
			if status != 0 || !strings.Contains(errs, "Packed "+zip) {
				t.Fatalf("status %d: %s", status, errs)
			}
			var built struct{ SHA256, Filename string }
			if err := json.Unmarshal([]byte(out), &built); err != nil || built.SHA256 != c.sha256 || built.Filename != zip {
				t.Errorf("got %+v, %v, want sha256 %s", built, err, c.sha256)
			}
			lock, err := os.ReadFile(zip + ".lock.json")
			if err != nil || !json.Valid(lock) {
				t.Errorf("lock: %q, %v", lock, err)
			}
			if _, err := os.Stat(zip); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBuildRefusesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"name":    {`{"runtimes": ["python3.12"], "fils": [], "python": {"requirement": []}}`, "there is no argument"},
		"type":    {`{"runtimes": "python3.12"}`, "runtimes is string, want a list"},
		"runtime": {`{}`, "no runtime is given"},
		"values":  {`{"runtimes": ["python3.21"], "files": [{"target": "x"}]}`, "It names neither source nor content"},
	} {
		file := filepath.Join(dir, name+".json")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		zip := filepath.Join(dir, name+".zip")
		status, out, errs := run(t, "build", "-q", "-f", file, "-o", zip, "--cache-dir", dir)
		if status != 2 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
		if _, err := os.Stat(zip); err == nil {
			t.Errorf("%s: a zip was written", name)
		}
	}
}
