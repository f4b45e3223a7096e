package manifest

import (
	"errors"
	"strings"
)

// maxNameBytes is how long a name may be: old packages have longer ones than npm
// admits today, and none comes near this.
const maxNameBytes = 512

var (
	errNoName    = errors.New("a name is missing")
	errLongName  = errors.New("the name is too long")
	errNameStart = errors.New("a name cannot start with a dot or an underscore")
	errNameBytes = errors.New("a name may hold what an address holds without escapes, and one scope before a slash")
	errTakenName = errors.New("npm keeps this name for itself")
)

// CheckName returns why npm refuses a name, or nil: the rules for packages that
// exist, of npm's documentation of package.json's "name".
func CheckName(name string) error {
	if len(name) > maxNameBytes {
		return errLongName
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
		return errNoName
	case own[0] == '.', own[0] == '_' && own == name:
		return errNameStart
	case !isTag(own):
		return errNameBytes
	}
	switch strings.ToLower(name) {
	case ModulesFolder, "favicon.ico":
		return errTakenName
	}
	return nil
}
