package resolve

import (
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Spec is what to resolve.
type Spec struct {
	// Targets are what the wheels must run on. Each is resolved by itself; the
	// versions agree where that is possible.
	Targets []wheel.Target
	// Requirements and Constraints are as pip and uv mean them: a constraint
	// limits a distribution that is needed, and does not ask for it.
	Requirements []pep508.Input
	Constraints  []pep508.Input
	// Indexes are asked in this order; the first that has a name serves all of
	// it. Empty: DefaultIndex, unless NoIndex is set.
	Indexes []index.Index
	NoIndex bool
	// Given are wheels that stand in for all other files of their projects, on
	// the targets that they run on. They ask for nothing by themselves.
	Given []wheel.GivenWheel
	// Linked are wheels, and LinkPages addresses of pages with links to wheels,
	// beside those of the indexes. A name that an index claims has none of them.
	Linked    []wheel.GivenWheel
	LinkPages []string
	// ExcludeNewer hides files uploaded at this moment or later; zero hides
	// nothing. Files without upload time are hidden too, unless PinsExempt.
	ExcludeNewer time.Time
	// PinsExempt shows exact pins, what they pin in turn, and the versions of
	// Prefer whatever their upload time.
	PinsExempt bool
	// Prefer maps names to versions that are tried first where they fit: those
	// of the lock that this resolution replaces.
	Prefer map[string]string
	// Store keeps metadata that was read out of wheels by ranges, for the next
	// resolution; nil keeps nothing.
	Store *store.Store
	// Prereleases makes pre-releases versions as any other. Otherwise they are
	// used only where nothing stable is left.
	Prereleases bool
	// LeftOut are normalised names of distributions that are not packed. They
	// bound the versions of others, and need no wheel that fits.
	LeftOut []string
	// Dropped are those of LeftOut that a requirement names by an address, which
	// TakeDirect takes out of Requirements.
	Dropped []string
	// Sdists makes wheels of source distributions, where a version has no wheel
	// at all and no code has to be run for it.
	Sdists bool
}

// sources are the indexes and wheels of the spec.
func (s *Spec) sources() *index.Sources {
	return &index.Sources{
		Targets: s.Targets, Indexes: s.Indexes, NoIndex: s.NoIndex, Given: s.Given, Linked: s.Linked, LinkPages: s.LinkPages, Store: s.Store,
	}
}

// given reports whether a wheel of the name is given. It stands in for whatever
// an address has: a checkout, a folder, a source distribution.
func (s *Spec) given(name string) bool {
	return slices.ContainsFunc(s.Given, func(g wheel.GivenWheel) bool {
		w, err := g.Name()
		return err == nil && w.Name == name
	})
}
