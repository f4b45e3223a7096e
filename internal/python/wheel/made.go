package wheel

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// SdistForm names what is made of a source distribution. It moves when the
// bytes of any such wheel do.
const SdistForm = "pure/1"

// NotPure is the error of a source distribution of which no wheel can be made.
type NotPure = sdist.NotPure

// FromSource reports whether the wheel is made of a source distribution, which
// is what URL, SHA256 and Size are of then.
func (w Wheel) FromSource() bool { return sdist.Is(w.Filename) }

// KindWheel is what [FileKind] returns for a wheel.
const KindWheel = "wheel"

// FileKind returns the word for a file by its name: wheel, or source distribution.
func FileKind(name string) string {
	if sdist.Is(name) {
		return "source distribution"
	}
	return KindWheel
}

// SourceName returns what a wheel runs on that is made of the source distribution
// of that file name.
func SourceName(filename string) (w NameTags, ok bool) {
	w = SdistKind
	w.Name, w.Parsed, w.Version, ok = sdist.SplitName(filename)
	return w, ok
}

// OpenSource returns the source distribution on disk that a wheel is made of, of
// which the digest was checked. The error of other bytes, or of none, is a
// *ChangedWheelError.
func OpenSource(w Wheel) (io.ReadCloser, error) {
	body, err := filetree.ReadSmall(filepath.FromSlash(w.Path), sdist.MaxSize)
	if err != nil {
		return nil, &ChangedWheelError{Path: w.Path, Want: w.SHA256, Err: fmt.Errorf("reading the source distribution %q: %w", w.Path, Bare(err))}
	}
	if got := store.Sum(body); got != w.SHA256 {
		return nil, &ChangedWheelError{Path: w.Path, Want: w.SHA256, Got: got}
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// SourceKey names the content of a wheel that is made of the source distribution
// with this digest: by this release of the provider, and nothing else.
func SourceKey(digest store.Digest) string { return SdistForm + " " + digest.Hex() }

// SdistKind is what a wheel that is made of a source distribution runs on.
var SdistKind = NameTags{Pythons: []string{"py3"}, ABIs: []string{"none"}, Platforms: []string{"any"}}
