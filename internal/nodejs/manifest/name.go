package manifest

import (
	"errors"
	"strings"
)

// maxNameBytes is how long a name may be: old packages have longer ones than npm
// admits today, and none comes near this.
const maxNameBytes = 512

var errNameBytes = errors.New("a name may hold what an address holds without escapes, and one scope before a slash")

// CheckName returns why npm refuses a name, or nil: the rules for packages that
// exist, of npm's documentation of package.json's "name".
func CheckName(name string) error {
	if len(name) > maxNameBytes {
		return errors.New("the name is too long")
	}
	own := name
	if scoped, ok := strings.CutPrefix(name, "@"); ok {
		scope, rest, ok := strings.Cut(scoped, "/")
		if !ok || !isTag(scope) {
			return errNameBytes
		}
		own = rest
	}
	switch {
	case own == "":
		return errors.New("a name is missing")
	case own[0] == '.', own[0] == '_' && own == name:
		return errors.New("a name cannot start with a dot or an underscore")
	case !isTag(own):
		return errNameBytes
	}
	switch strings.ToLower(name) {
	case ModulesFolder, "favicon.ico":
		return errors.New("npm keeps this name for itself")
	}
	return nil
}
