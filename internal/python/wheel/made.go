package wheel

import (
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

// SourceKey names the content of a wheel that is made of the source distribution
// with this digest: by this release of the provider, and nothing else.
func SourceKey(digest store.Digest) string { return SdistForm + " " + digest.Hex() }

// SdistKind is what a wheel that is made of a source distribution runs on.
var SdistKind = NameTags{Pythons: []string{"py3"}, ABIs: []string{"none"}, Platforms: []string{"any"}}
