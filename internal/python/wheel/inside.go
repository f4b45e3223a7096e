package wheel

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// CheckInside compares a wheel's own METADATA with its file name. A wheel that was
// renamed is another distribution or version than the lock says, a *WrongWheel;
// pip and uv refuse it as well.
func CheckInside(w Wheel, files filetree.Tree) error {
	name, err := ParseWheelName(w.Filename)
	if err != nil {
		return nil //nolint:nilerr // it is no wheel: see FromSource
	}
	for _, f := range files {
		folder, rest, _ := strings.Cut(f.Path, "/")
		if rest != "METADATA" || !strings.HasSuffix(folder, ".dist-info") {
			continue
		}
		body, err := f.ReadContent()
		if err != nil {
			return fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		if m, err := ParseMetadata(body); err == nil && !m.IsOf(name) {
			return &WrongWheel{Filename: w.Filename, Name: m.Name, Version: m.Version}
		}
	}
	return nil
}
