package placement

// Marks say for what a package is in the tree, in npm's words.
type Marks uint8

// The marks of npm's lock.
const (
	Dev         Marks = 1 << iota // only development wants it
	Optional                      // only optional dependencies want it
	DevOptional                   // only both together
	Peer                          // only peers want it
	// Extraneous: nothing but optional peers lead to it. npm lists it in its
	// lock and does not install it.
	Extraneous
	// Bundled: it counts as a part of another package's tarball for npm, be it
	// there or not: see Package.Tarball.
	Bundled
)

// Has reports whether one of some marks is among m.
func (m Marks) Has(some Marks) bool { return m&some != 0 }

// kind says how a package wants another.
type kind int

// The kinds of demands, in the order in which a manifest's are listed.
const (
	asMember kind = iota // the project's for each member of its workspace
	asPeer
	asOptionalPeer
	asPlain
	asOptional
	asDevelopment
)

func (k kind) isOptional() bool { return k == asOptional || k == asOptionalPeer }

// marks are those that a demand leaves to what it finds, besides those of its owner.
func (k kind) marks() Marks {
	switch k {
	case asPeer:
		return Peer
	case asOptionalPeer:
		return Peer | Optional | DevOptional | Extraneous
	case asOptional:
		return Optional | DevOptional
	case asDevelopment:
		return Dev | DevOptional
	}
	return 0
}
