package wheel

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// CheckInside compares a wheel's own METADATA and the names of its .dist-info folders
// with its file name. A wheel that was renamed is another distribution or version than
// the lock says; pip and uv refuse it as well. Of a folder the name
// alone is compared, as they do.
func CheckInside(w Wheel, files filetree.Tree) error {
	name, err := ParseWheelName(w.Filename)
	if err != nil {
		return nil //nolint:nilerr // it is no wheel: see FromSource
	}
	for _, f := range files {
		folder, rest, _ := strings.Cut(f.Path, "/")
		says, ok := strings.CutSuffix(folder, ".dist-info")
		if !ok {
			continue
		}
		if of, version, _ := strings.Cut(says, "-"); pep508.NormalizeName(of) != name.Name && !strings.HasPrefix(pep508.NormalizeName(says), name.Name+"-") {
			return wrongWheel(w, of, version)
		}
		if rest != "METADATA" {
			continue
		}
		body, err := f.ReadContent()
		if err != nil {
			return fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		if m, err := ParseMetadata(body); err == nil && !m.Is(name.Name, name.Version) {
			return wrongWheel(w, m.Name, m.Version)
		}
	}
	return nil
}

func wrongWheel(w Wheel, name, version string) error {
	return fmt.Errorf("wheel %q holds %s %s by its own metadata: it was renamed, or made wrongly", w.Filename, name, version)
}
