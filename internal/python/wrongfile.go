package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// notALockFile says of a file that was given as a lock file, and whose name is
// that of none, what to write instead: a clause.
func notALockFile(name string) string {
	title := filepath.Base(name)
	switch {
	case title == "pyproject.toml":
		command, writes := lockCommand(name)
		return fmt.Sprintf("it is no lock: run %s and name the %s that this writes", command, writes)
	case title == "Pipfile":
		return "it is no lock: run pipenv lock and name the Pipfile.lock that this writes"
	case title == "pdm.lock":
		return "locks of PDM are read in the form of PEP 751: run pdm export -f pylock -o pylock.toml and name that"
	case title == "environment.yml" || title == "conda-lock.yml" || title == "pixi.lock":
		return "packages of conda are no wheels: write the distributions in python.requirements, or lock them with uv"
	case strings.HasSuffix(title, ".txt") || strings.HasSuffix(title, ".in"):
		return "it is no lock file: a file in pip's requirements format is named in python.requirements_file"
	case isLockOfNode(title):
		return "it is a lock of Node.js packages: write it in nodejs.lock_file"
	}
	return "its name is none of uv.lock, pylock.toml, pylock.<name>.toml, poetry.lock and Pipfile.lock"
}

func isLockOfNode(title string) bool {
	switch title {
	case "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml":
		return true
	}
	return false
}

// lockCommand returns the command that locks a project, and the file that it
// writes, by the tables of its pyproject.toml.
func lockCommand(name string) (command, writes string) {
	var project struct {
		Tool map[string]any `toml:"tool"`
	}
	text, err := os.ReadFile(name)
	if err != nil || toml.Unmarshal(text, &project) != nil {
		return "uv lock", "uv.lock"
	}
	_, poetry := project.Tool["poetry"]
	_, pdm := project.Tool["pdm"]
	_, uv := project.Tool["uv"]
	switch {
	case poetry && !uv:
		return "poetry lock", "poetry.lock"
	case pdm && !uv:
		return "pdm export -f pylock -o pylock.toml", "pylock.toml"
	}
	return "uv lock", "uv.lock"
}
