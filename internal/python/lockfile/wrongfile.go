package lockfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// notALockFile says of a file that was given as a lock file, and whose name is
// that of none, what to write instead: a clause.
func notALockFile(name string) string {
	title := filepath.Base(name)
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return "it is a folder: name the lock file in it, " + lockIn(name)
	}
	switch {
	case title == "pyproject.toml":
		command, writes := pep508.LockCommand(name)
		return fmt.Sprintf("it is not a lock: run %s and name the %s that this writes", command, writes)
	case title == "Pipfile":
		return "it is not a lock: run pipenv lock and name the Pipfile.lock that this writes"
	case title == "pdm.lock":
		return "locks of PDM are read in the form of PEP 751: run pdm export -f pylock -o pylock.toml and name that"
	case title == "environment.yml" || title == "conda-lock.yml" || title == "pixi.lock":
		return "packages of conda are not wheels: write the distributions in python.requirements, or lock them with uv"
	case strings.HasSuffix(title, ".txt") || strings.HasSuffix(title, ".in"):
		return "it is not a lock file: a file in pip's requirements format is named in python.requirements_file"
	case pep508.IsNodeLock(title):
		return "it is a lock of Node.js packages: write it in nodejs.lock_file"
	}
	return "its name is none of " + names
}

const names = "uv.lock, pylock.toml, pylock.<name>.toml, poetry.lock and Pipfile.lock"

// lockIn names the lock file in a folder, else what it may be called.
func lockIn(folder string) string {
	for _, title := range []string{"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"} {
		if info, err := os.Stat(filepath.Join(folder, title)); err == nil && info.Mode().IsRegular() {
			return title
		}
	}
	return "one of " + names
}
