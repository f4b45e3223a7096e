package python

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrongNames: import names and modules of Python tell what to write.
func TestWrongNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"PIL": `"pillow"`, "yaml": `"PyYAML"`, "cv2": `"opencv-python-headless"`, "sklearn": `"scikit-learn"`, "bs4": `"beautifulsoup4"`, "dotenv": `"python-dotenv"`,
		"Crypto": `"pycryptodome"`, "google.protobuf": `"protobuf"`, "ruamel": `"ruamel.yaml"`,
		"json": "It is part of Python: drop the requirement.", "concurrent": "part of Python", "zoneinfo": "part of Python", "distutils": "part of Python", "xml": "part of Python",
	} {
		missing := (&Missing{Name: NormalizeName(name), Chain: "main.tf asks for it", Indexes: []string{"https://pypi.org/simple"}}).Error()
		if !strings.Contains(missing, want) || strings.Contains(missing, "private") {
			t.Errorf("%s is missing: %s", name, missing)
		}
		sdist := (&NoWheel{Name: NormalizeName(name), Version: "1.0", Chain: "main.tf asks for it", Sdist: true, Advice: "Write python.sdist."}).Error()
		if !strings.Contains(sdist, want) || strings.Contains(sdist, "python.sdist") {
			t.Errorf("%s has no wheel: %s", name, sdist)
		}
	}
	private := (&Missing{Name: "acme-internal-billing", Chain: "main.tf asks for it"}).Error()
	if !strings.HasSuffix(private, `If it is private, name its index: index = [{ url = "https://…/simple/", packages = ["acme-internal-billing"] }].`) {
		t.Errorf("a private name: %s", private)
	}
}

// TestEveryImportedNameDiffers: a row that names itself would hide that a
// distribution is private.
func TestEveryImportedNameDiffers(t *testing.T) {
	t.Parallel()
	for name, brings := range importedFrom() {
		if NormalizeName(name) != name || NormalizeName(brings) == name {
			t.Errorf("%s is brought by %s", name, brings)
		}
	}
}

// TestRangesOfOtherTools: what other tools write behind a name is translated.
func TestRangesOfOtherTools(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"requests^2.31":       `"^" is Poetry's: write requests>=2.31,<3`,
		"requests ^2.31.4":    `write requests>=2.31.4,<3`,
		"a^0.2.3":             `write a>=0.2.3,<0.3`,
		"a^0.0.3":             `write a>=0.0.3,<0.0.4`,
		"a^0":                 `write a>=0,<1`,
		"a~1.4":               `"~" is Poetry's: write a>=1.4,<1.5`,
		"a~1":                 `write a>=1,<2`,
		"uvicorn[std]^0.30.1": `write uvicorn[std]>=0.30.1,<0.31`,
	} {
		if _, err := ParseRequirement(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	// What is advised can be read.
	for _, text := range []string{"requests>=2.31,<3", "a>=0.0.3,<0.0.4", "uvicorn[std]>=0.30.1,<0.31"} {
		if _, err := ParseRequirement(text); err != nil {
			t.Error(err)
		}
	}
}

// TestWrongKindsOfFiles: a file in the wrong argument tells where it belongs.
func TestWrongKindsOfFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"poetry/pyproject.toml": "[tool.poetry]\nname = \"a\"\n", "uv/pyproject.toml": "[project]\nname = \"a\"\n[tool.uv]\n", "pep/pyproject.toml": "[project]\nname = \"a\"\n",
		"pdm/pyproject.toml": "[tool.pdm]\n", "broken/pyproject.toml": "[", "requirements.txt": "a", "requirements.in": "a", "package-lock.json": "{}", "Pipfile": "", "poetry.lock": "",
		"pylock.dev.toml": "", "setup.py": "", "package.json": "{}", "environment.yml": "",
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
		{"environment.yml", "packages of conda are no wheels", ""},
	} {
		full := filepath.Join(dir, filepath.FromSlash(c.name))
		if c.asLock != "" {
			if _, err := ReadLockFile(full, LockFileOptions{}, nil); err == nil || !strings.Contains(err.Error(), c.asLock) {
				t.Errorf("%s as a lock file: %v, want %s", c.name, err, c.asLock)
			}
		}
		if c.asRequirements != "" {
			if _, err := ReadRequirementsFile(full, noVariables); err == nil || !strings.Contains(err.Error(), c.asRequirements) {
				t.Errorf("%s as a requirements file: %v, want %s", c.name, err, c.asRequirements)
			}
		}
	}
}

// TestAddressesOfSources: a repository in a requirements file tells how its
// wheel is made, and shows no password.
func TestAddressesOfSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "requirements.txt")
	for line, want := range map[string]string{
		"git+https://u:hunter2@example.com/a.git@v1": "make its wheel once with pip wheel --no-deps git+https://***@example.com/a.git@v1, give that in python.wheels, and write the name alone here",
		"git+ssh://git@example.com/a.git":            "make its wheel once with pip wheel --no-deps git+ssh://***@example.com/a.git",
		"hg+https://example.com/a":                   "pip wheel --no-deps hg+https://example.com/a",
	} {
		if err := os.WriteFile(file, []byte("six\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadRequirementsFile(file, noVariables)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
