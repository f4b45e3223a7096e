package lockfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// TestWrongKindsOfFiles: a file in the wrong argument tells where it belongs.
func TestWrongKindsOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"poetry/pyproject.toml": "[tool.poetry]\nname = \"a\"\n", "uv/pyproject.toml": "[project]\nname = \"a\"\n[tool.uv]\n", "pep/pyproject.toml": "[project]\nname = \"a\"\n",
		"pdm/pyproject.toml": "[tool.pdm]\n", "broken/pyproject.toml": "[", "requirements.txt": "a", "requirements.in": "a", "package-lock.json": "{}", "Pipfile": "", "poetry.lock": "",
		"pylock.dev.toml": "", "setup.py": "", "locked.txt/poetry.lock": "", "package.json": "{}", "environment.yml": "",
	} {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, asLock, asRequirements string }{
		{"poetry/pyproject.toml", "run poetry lock and name the poetry.lock", "run poetry lock and name the poetry.lock that this writes in python.lock_file"},
		{"uv/pyproject.toml", "run uv lock and name the uv.lock", "run uv lock"},
		{"pep/pyproject.toml", "run uv lock", "run uv lock"},
		{"pdm/pyproject.toml", "run pdm export -f pylock -o pylock.toml", "pylock.toml"},
		{"broken/pyproject.toml", "run uv lock", "run uv lock"},
		{"requirements.txt", "is named in python.requirements_file", ""},
		{"requirements.in", "is named in python.requirements_file", ""},
		{"package-lock.json", "write it in nodejs.lock_file", "it belongs to Node.js"},
		{"Pipfile", "run pipenv lock", "run pipenv lock"},
		{"poetry.lock", "", "it is a lock file: name it in python.lock_file"},
		{"pylock.dev.toml", "", "it is a lock file: name it in python.lock_file"},
		{"setup.py", "its name is none of", "write its install_requires in python.requirements"},
		{"package.json", "its name is none of", "it belongs to Node.js"},
		{"environment.yml", "packages of conda are not wheels", ""},
		{"poetry", "it is a folder: name the lock file in it, one of uv.lock, pylock.toml", "it is a directory"},
		{"locked.txt", "it is a folder: name the lock file in it, poetry.lock", ""},
		{".", "it is a folder: name the lock file in it, poetry.lock", ""},
	} {
		full := filepath.Join(dir, filepath.FromSlash(c.name))
		if c.asLock != "" {
			if _, err := ReadLockFile(t.Context(), full, Options{}, nil); err == nil || !strings.Contains(err.Error(), c.asLock) {
				t.Errorf("%s as a lock file: %v, want %s", c.name, err, c.asLock)
			}
		}
		if c.asRequirements != "" {
			if _, err := pep508.ReadRequirementsFile(full, func(string) string { return "" }); err == nil || !strings.Contains(err.Error(), c.asRequirements) {
				t.Errorf("%s as a requirements file: %v, want %s", c.name, err, c.asRequirements)
			}
		}
	}
}
