package pep508

import (
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// IsNodeLock reports whether a name is that of a lock file of Node.js packages.
func IsNodeLock(base string) bool {
	switch base {
	case "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml":
		return true
	}
	return false
}

// LockCommand returns the command that locks the project of a pyproject.toml, and
// the file that it writes, by the tables of the file.
func LockCommand(name string) (command, writes string) {
	text, _ := filetree.ReadDocument(name) // one that cannot be read has no tables
	has := func(tool string) bool { return strings.Contains(string(text), "[tool."+tool) }
	switch {
	case has("poetry") && !has("uv"):
		return "poetry lock", "poetry.lock"
	case has("pdm") && !has("uv"):
		return "pdm export -f pylock -o pylock.toml", "pylock.toml"
	}
	return "uv lock", "uv.lock"
}
