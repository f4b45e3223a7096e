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

// TestBuildAgainWithAnotherCache: a zip of ours is written over where the lock beside
// it tells that it is one, and no other file is.
func TestBuildAgainWithAnotherCache(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(zip string) error // between the builds
		status int
	}{
		"as it was":    {func(string) error { return nil }, 0},
		"no lock":      {func(zip string) error { return os.Remove(zip + ".lock.json") }, 2},
		"other bytes":  {func(zip string) error { return os.WriteFile(zip, []byte("mine"), 0o600) }, 2},
		"other lock":   {func(zip string) error { return os.WriteFile(zip+".lock.json", []byte(`{"zip":"no"}`), 0o600) }, 2},
		"lock of none": {func(zip string) error { return os.WriteFile(zip+".lock.json", []byte(`{}`), 0o600) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			zip := filepath.Join(dir, "layer.zip")
			build := func(content string) (int, string) {
				file := filepath.Join(dir, "p.json")
				text := `{"runtimes": ["python3.12"], "files": [{"content": "` + content + `", "target": "python/x.py"}]}`
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				status, _, errs := run(t, "build", "-q", "-f", file, "-o", zip, "--cache-dir", filepath.Join(dir, content))
				return status, errs
			}
			if status, errs := build("A"); status != 0 {
				t.Fatal(errs)
			}
			if err := c.change(zip); err != nil {
				t.Fatal(err)
			}
			status, errs := build("B")
			if status != c.status || status == 2 && !strings.Contains(errs, "is taken") {
				t.Errorf("status %d, want %d: %s", status, c.status, errs)
			}
		})
	}
}

func TestBuildRefusesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	null := filepath.Join(t.TempDir(), "null.json")
	if err := os.WriteFile(null, []byte("null"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := run(t, "build", "-f", null, "--runtime", "python3.12", "-o", null+".zip"); status != 2 || !strings.Contains(errs, "it is not a JSON object") {
		t.Errorf("null beside flags: status %d, %q", status, errs)
	}
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"name":    {`{"runtimes": ["python3.12"], "fils": [], "python": {"requirement": []}}`, "There is no argument \"python.requirement\". Did you mean \"requirements\"?\n\nThere is no argument \"fils\". Did you mean \"files\"?"},
		"far":     {`{"runtimes": ["python3.12"], "images": [{"zzzzzzzz": 1}]}`, "There is no argument \"images[0].zzzzzzzz\". It may be one of files, image"},
		"type":    {`{"runtimes": "python3.12", "python": {"requirements": {"six": "1"}}}`, "\"python.requirements\" is an object. Write a list, such as [\"…\"].\n\n\"runtimes\" is a string. Write a list, such as [\"…\"]."},
		"types":   {`{"runtimes": ["python3.12"], "python": [], "nodejs": {"dependencies": ["a"]}, "checks": true, "files": [5]}`, "\"checks\" is a boolean. Write an object, such as {…}.\n\n\"files[0]\" is a number. Write an object, such as {…}.\n\n\"nodejs.dependencies\" is a list. Write an object, such as {\"…\": \"…\"}.\n\n\"python\" is a list. Write an object, such as {…}."},
		"flag":    {`{"runtimes": ["python3.12"], "python": {"scripts": "yes"}}`, "\"python.scripts\" is a string. Write a boolean, such as true."},
		"list":    {`[]`, "it is not a JSON object: write the arguments of one layerbuild_package"},
		"null":    {`null`, "it is not a JSON object: write the arguments of one layerbuild_package"},
		"empty":   {``, "it ends before it is complete"},
		"cut":     {`{"runtimes": ["python3.12"]`, "it ends before it is complete"},
		"two":     {`{"runtimes": ["python3.12"]} {}`, "more follows the object with the arguments"},
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

// TestBuildConvertsAsTerraformDoes: a number or a boolean is taken for the string that
// it spells, and a string for what it spells.
func TestBuildConvertsAsTerraformDoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sums := map[string]bool{}
	for i, text := range []string{
		`{"runtimes": ["python3.12"], "files": [{"content": 5, "target": "python/x.py"}, {"content": true, "target": "python/y.py"}]}`,
		`{"runtimes": ["python3.12"], "files": [{"content": "5", "target": "python/x.py"}, {"content": "true", "target": "python/y.py"}]}`,
	} {
		file := filepath.Join(dir, "p.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errs := run(t, "--json", "build", "-q", "-f", file, "-o", filepath.Join(dir, string(rune('a'+i))+".zip"), "--cache-dir", filepath.Join(dir, "cache"))
		var built struct{ SHA256 string }
		if err := json.Unmarshal([]byte(out), &built); status != 0 || err != nil || built.SHA256 == "" {
			t.Fatalf("status %d, %v: %s", status, err, errs)
		}
		sums[built.SHA256] = true
	}
	if len(sums) != 1 {
		t.Errorf("got zips %v, want one", sums)
	}
}

// TestFlagsSetOneKeyOfTheSpecification: what is beside the key that a flag sets stays.
func TestFlagsSetOneKeyOfTheSpecification(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "p.json")
	for name, c := range map[string]struct {
		text string
		c    buildCommand
		want string
	}{
		"requirements": {
			`{"runtimes":["python3.12"],"python":{"require_hashes":true,"requirements":["a==1"],"constraints":["c==1"]}}`, buildCommand{Requirement: []string{"b==2"}},
			`{"python":{"constraints":["c==1"],"require_hashes":true,"requirements":["b==2"]},"runtimes":["python3.12"]}`,
		},
		"lock of Python": {
			`{"runtimes":["python3.12"],"python":{"exclude_newer":"2026-01-01"},"nodejs":{"production":true}}`, buildCommand{PythonLock: "uv.lock"},
			`{"nodejs":{"production":true},"python":{"exclude_newer":"2026-01-01","lock_file":"uv.lock"},"runtimes":["python3.12"]}`,
		},
		"lock of Node.js": {
			`{"runtimes":["nodejs22.x"],"nodejs":{"workspace":".","lock_file":"a.json"},"python":{}}`, buildCommand{NodeLock: "b.json", Runtime: []string{"nodejs24.x"}},
			`{"nodejs":{"lock_file":"b.json","workspace":"."},"python":{},"runtimes":["nodejs24.x"]}`,
		},
		"all, over nothing": {
			`{"python":null}`, buildCommand{NodeLock: "n", PythonLock: "p", Requirement: []string{"r"}, Runtime: []string{"python3.12"}, Architecture: []string{"arm64"}},
			`{"architectures":["arm64"],"nodejs":{"lock_file":"n"},"python":{"lock_file":"p","requirements":["r"]},"runtimes":["python3.12"]}`,
		},
		"not an object": {`{"runtimes":["python3.12"],"python":["a"],"nodejs":5}`, buildCommand{Requirement: []string{"r"}, NodeLock: "n"}, `"python" of the specification is no object`},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.c.File = file
		all, err := c.c.arguments()
		got, _ := json.Marshal(all)
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
