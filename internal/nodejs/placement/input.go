package placement

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Source knows the packages. A placement calls it from one goroutine. It must
// answer alike whenever it is asked alike: what is in the tree already plays no
// part in the choice of a version.
type Source interface {
	// Choose returns the version that is taken for a range, a version, a tag or
	// an alias. It is asked once for each name and text, one after the other: what
	// the answers will ask for is for the source to foresee. It is asked for other
	// kinds too, such as git repositories, and says that they cannot be had.
	//
	// An error that [manifest.AsRefusal] knows says that there is no such
	// version: an optional dependency is then left out. Every other error ends
	// the placement.
	Choose(ctx context.Context, spec manifest.Spec) (*manifest.Manifest, error)

	// Open returns what the tarball of a version brings. It is asked for
	// versions that bundle dependencies or have an npm-shrinkwrap.json.
	Open(ctx context.Context, m *manifest.Manifest) (Contents, error)
}

// Contents is what the tarball of a package brings besides the package. The
// paths are below the package, such as "node_modules/a/node_modules/@scope/b".
type Contents struct {
	Packages map[string]*manifest.Manifest
	// Shrinkwrap is what npm-shrinkwrap.json lists; nil where there is none.
	Shrinkwrap map[string]*manifest.Manifest
}

// Options are choices of the user.
type Options struct {
	Target manifest.Target
	// LegacyPeers ignores all peers, as npm's --legacy-peer-deps.
	LegacyPeers bool
	// StrictPeers refuses conflicts below the project too, as npm's
	// --strict-peer-deps.
	StrictPeers bool
	// Force accepts conflicts between peers and foreign platforms, as npm's
	// --force. Only recorded answers of npm ask for it.
	Force bool
	// Whole refuses packages that do not run on the target where only development
	// wants them too, as npm does without --omit=dev. It is for recorded answers, too.
	Whole bool
}
