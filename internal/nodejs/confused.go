package nodejs

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
)

// checkIs refuses a tarball whose package.json names another package or version than
// the lock, as pnpm does: what was chosen, with its dependencies, is not what would be
// packed. What has no name or version of its own is any, and so is a name where the
// address does not tell it: a dependency on an archive may be called as one likes.
func (p Package) checkIs(f tarball.Facts) error {
	switch {
	case f.Name == "":
		return nil
	case f.Name != p.Name && !p.isAt(p.URL.String()):
		return nil
	case f.Name == p.Name && sameVersion(p.Version, f.Version):
		return nil
	}
	return &fault.Error{
		At: fault.At("nodejs"), Summary: fmt.Sprintf("The tarball of %q holds another package", p),
		Detail: fmt.Sprintf("Its own package.json says %s@%s. A lock file was changed by hand, or a registry mixes up packages, and the dependencies that were chosen may be those of another package. "+
			"Lock the project again with its own tool. If that changes nothing, use another version, and tell those who run the registry.", f.Name, f.Version),
	}
}

// isAt reports whether a registry has the package at the address:
// ".../name/-/name-1.0.0.tgz", ".../@scope%2fname/1.0.0".
func (p Package) isAt(address string) bool {
	u, err := url.Parse(address)
	return err == nil && strings.Contains(u.Path, "/"+p.Name+"/")
}

// sameVersion reports whether two versions are one, or one of them is none at all.
func sameVersion(a, b string) bool {
	v, err1 := semver.ParseLoose(a)
	w, err2 := semver.ParseLoose(b)
	return err1 != nil || err2 != nil || semver.Compare(v, w) == 0
}
