// Package placement decides which folder of node_modules each package of a
// project lies in, as npm 11 does for a project without a lock. It does no I/O of
// its own: what it needs to know of packages it asks a [Source]. [Place] is the
// whole of it.
//
// # Words
//
// A slot is a package in a folder node_modules of another, its holder. The
// project, the members of its workspace and folders on disk are tops: they lie at
// paths of their own. A demand is an entry of a slot's package.json: a name, a
// text such as "^1.2.0", and a kind. It finds what Node.js would load: the slot of
// its name in its owner's node_modules, else in the holder's, and so on upwards.
// It is pleased if it accepts what it finds; a peer's owner must not bring that
// itself. The ground holds the slots and keeps what every demand finds true, so
// that all else can ask "who finds this?" and "what would be found from here?".
//
// # Turns
//
// Packages wait for a turn: the project first, then the shallowest, and of these
// the first by path, decided anew each time. In its turn a package's open demands
// (unmet or displeased) get a candidate each, all before the first is placed; then
// they are placed by name. A package that is displeased by what somebody else put
// has another turn. Members and folders come last.
//
// # Benches
//
// A version is chosen by the demand's text alone. Before it gets a place it sits
// down on a bench, one seat for each name, with what its peers ask for, and what
// theirs ask for. The demands of the host, whose turn it is, lie beside the bench
// as standing orders: what they ask for comes first. A peer may unseat what it
// does not accept, if everybody there would live with the other version. What
// cannot be settled on the bench of the project or a member is a conflict, and the
// answer is an error; below the project it is passed over.
//
// # The way up
//
// The candidate asks the folders from its dependent upwards, until one is closed,
// and goes into the highest that is not. A folder's verdict is one of four. Open: it
// has nothing of the name, and nobody at or below it looks through it to another
// version above. Stays: what lies there will do. Exchange: the candidate takes the
// place of what lies there, because everybody would live with it, or because what
// lies there can move aside. Closed: none of these. To ask changes nothing, so
// the same question can be put for every peer of the candidate first: it goes
// nowhere where its company cannot come.
//
// Moving aside is decided by parties. A demand that is no peer opens a party: what
// it finds, and all that peers lead to from there. A slot belongs to all parties
// that it is in, and it moves aside if each of them yields; the party of something
// the project asks for itself never does, as it could not lie deeper.
//
// # Afterwards
//
// What an exchange left without need falls: the retinue of what its predecessor
// alone had found. Copies further down that became spare go too. Then the peers of
// the newcomer are placed from the same bench. Demands that cannot be met without
// moving what must not move are given up: they stay as they are for as long as
// their owner does.
//
// Overrides are a tree of rules. Each slot and each demand is under one; a demand
// gets its rule from its owner's, and a slot from those of all who find it, as they
// come and go.
//
// # Where npm is not followed
//
//   - Some registries keep npm busy for ever: placing one package takes out
//     another, whose turn takes out the first. If a package has a turn while the
//     whole ground is as it was at an earlier turn of it, or if a bench is to be
//     made for the same unseating within itself, or if it goes on for more than
//     maxSteps steps, it is refused.
//   - npm lays out a circle of versions that need each other with a link. A layer
//     holds no such link: it is refused.
//   - In rare trees of npm a package that is needed is missing, because a newcomer
//     fell with its predecessor's retinue. Then all is placed again with newcomers
//     kept, and a note says so; or it is refused.
//   - What npm puts below a package that bundles others counts as bundled for it,
//     and is never fetched. Here Package.Tarball says what really comes in a
//     tarball; everything else has to be fetched.
//
// # What a caller has to do
//
// A Source picks versions by range, tag, engines and cut-off; see its comments. The
// caller leaves out what it does not install: for production that is what is
// marked Dev or Extraneous or has a LeftOut reason. A lock file of another tool is a
// closed world: a Source whose Choose knows the locked versions alone, with StrictPeers
// off.
package placement
