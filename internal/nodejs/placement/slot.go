package placement

import (
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/overrides"
)

// slot is a place in the tree: a folder of a node_modules, or a top, which is
// the project or a folder on disk. The seats of a bench are slots too.
type slot struct {
	*parcel

	name string // of the folder
	key  string // the name in small letters: some systems do not tell case apart
	path string
	sort string // the path, as it is sorted
	// holder has the slot in its node_modules; a top has none. above is where
	// what is not found here is looked for: the holder, or the package folder
	// around a top; the project has nothing above it.
	holder, above *slot
	depth         int // of node_modules between it and its top
	top, member   bool

	demands  []*demand
	inside   map[string]*slot // its node_modules by key
	contents []*slot          // the same in the order in which they came
	users    []*demand        // that find it
	rule     *overrides.Rule  // the override rules that it is under; nil is none

	tarball *slot // in whose tarball it came
	settled bool  // by an npm-shrinkwrap.json
	opened  bool  // its own tarball was looked into
	removed bool

	waiting, served bool // for a turn; had one
	hash            uint64

	marks   Marks // of the finished tree
	leftOut LeftOut

	mandatory bool  // of a seat: the project cannot do without it
	stands    *slot // of the base of a bench: the host that it stands for
}

// demand is an entry of a slot's manifest.
type demand struct {
	owner     *slot
	name, key string
	kind      kind
	own       *want           // what the text asks for as it is written
	want      *want           // what it asks for under the override rules
	rule      *overrides.Rule // that it is under

	found   *slot
	givenUp bool
}

func (d *demand) isPeer() bool { return d.kind == asPeer || d.kind == asOptionalPeer }

// accepts tells whether the demand would take a parcel from a registry.
func (d *demand) accepts(p *parcel) bool {
	if d.want.accepts(p) {
		return true
	}
	return d.want != d.own && p.versioned && d.rule.Exempts(p.version) && d.own.accepts(p)
}

// takes tells whether the demand accepts what lies in a slot.
func (d *demand) takes(s *slot) bool {
	if s.name != d.name {
		return false
	}
	if d.want != d.own && (s.settled || s.isBundled()) {
		return d.own.accepts(s.parcel)
	}
	return d.accepts(s.parcel)
}

// isPleased tells whether the demand has what it asks for. An optional one that
// finds nothing has.
func (d *demand) isPleased() bool {
	if d.found == nil {
		return d.kind.isOptional()
	}
	return d.isPleasedBy(d.found)
}

func (d *demand) isPleasedBy(s *slot) bool {
	if d.isPeer() && s.holder == d.owner && !d.owner.top {
		return false
	}
	return d.takes(s) && !(len(s.demands) > 0 && overrides.Excludes(s.rule, d.rule))
}

// isLeading tells whether the demand finds something and is pleased.
func (d *demand) isLeading() bool { return d.found != nil && d.isPleased() }

// isBelow tells whether s is f or gets to f by going up.
func (s *slot) isBelow(f *slot) bool {
	for ; s != nil; s = s.above {
		if s == f {
			return true
		}
	}
	return false
}

// find returns the slot that a package finds under a name.
func (s *slot) find(key string) *slot {
	for at := s; at != nil; at = at.above {
		if x := at.inside[key]; x != nil {
			return x
		}
	}
	return nil
}

// demandFor returns the package's own demand for a name.
func (s *slot) demandFor(key string) *demand {
	for _, d := range s.demands {
		if d.key == key {
			return d
		}
	}
	return nil
}

func (s *slot) hasPeer(key string) bool {
	d := s.demandFor(key)
	return d != nil && d.isPeer()
}

// lowest returns the lowest folder for a name, at or above s: a folder's owner
// that has the name for a peer shares it with what is above. What has nothing
// above it, and a top for what is not its own, always qualifies.
func (s *slot) lowest(key string) *slot {
	for s.above != nil && s.hasPeer(key) {
		s = s.above
	}
	return s
}

// isInstalled tells whether a slot of the finished tree is a part of production.
func (s *slot) isInstalled() bool {
	return s.leftOut == Installed && !s.marks.Has(Dev|Extraneous)
}

// isOurs tells whether a slot is the project or a member of its workspace.
func (s *slot) isOurs() bool { return s.above == nil || s.member }

// bundles tells whether a package says that a name comes in its tarball. What
// the project says of itself means nothing here.
func (s *slot) bundles(name string) bool {
	return s.holder != nil && s.target == nil && slices.Contains(s.m.Bundled, name)
}

// isBundled tells whether npm counts the slot as a part of the tarball of a
// package around it: because that names it, or because a bundled package there
// uses it.
func (s *slot) isBundled() bool { return s.isBundledBut(nil) }

func (s *slot) isBundledBut(asked []*slot) bool {
	for at := s.holder; at != nil; at = at.holder {
		if at.holder == nil || len(at.m.Bundled) == 0 {
			continue
		}
		if at.bundles(s.name) {
			return true
		}
		for _, u := range s.users {
			if o := u.owner; o != at && o.isBelow(at) && !slices.Contains(asked, o) && o.isBundledBut(append(asked, s)) {
				return true
			}
		}
	}
	return false
}
