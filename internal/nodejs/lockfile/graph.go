package lockfile

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// lockPackage is a package as a lock file knows it.
type lockPackage struct {
	// Path is where npm put it, such as "node_modules/a"; "" where the format
	// tells of no folders, and for the project itself.
	Path    string `json:"path,omitempty"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	// URL and Integrity are of the tarball, as the lock file has them.
	URL       string `json:"url,omitempty"`
	Integrity string `json:"integrity,omitempty"`
	// Local is the folder or archive on disk, a slash path from the lock file.
	Local string `json:"local,omitempty"`

	OS      []string              `json:"os,omitempty"`
	CPU     []string              `json:"cpu,omitempty"`
	Libc    []string              `json:"libc,omitempty"`
	Node    string                `json:"node,omitempty"` // range of engines.node
	Bin     []manifest.Dependency `json:"bin,omitempty"`
	Script  bool                  `json:"script,omitempty"`
	Bundled bool                  `json:"bundled,omitempty"`
	Peer    bool                  `json:"peer,omitempty"` // only peers want it
	// Extraneous is set for what only optional peers want, or nothing.
	Extraneous bool `json:"-"`
	// Brings is set where the tarball holds a node_modules that the lock file
	// does not tell of.
	Brings bool `json:"-"`
	// Held is set where dev dependencies want it too: npm keeps it when the
	// optional packages that want it do not fit.
	Held bool `json:"held,omitempty"`
	// Remote is set where an address is wanted: no registry knows it.
	Remote bool `json:"remote,omitempty"`
	// Unsealed is set where the integrity is for the registry to tell.
	Unsealed bool `json:"unsealed,omitempty"`
	// Bare is set where the lock file leaves the manifest to the registry.
	Bare bool `json:"bare,omitempty"`

	// Fault is a clause that says why the package cannot be packed. It counts only
	// where production on the target needs the package.
	Fault string `json:"fault,omitempty"`
	// Linked is set for a folder whose dependencies its package manager leaves to
	// the folder itself.
	Linked bool `json:"linked,omitempty"`
	// Dev is set for what production does not want, and which may yet decide what
	// production gets.
	Dev bool `json:"dev,omitempty"`

	Edges []lockEdge `json:"edges,omitempty"` // sorted by name
}

// lockEdge is a wish of a package.
type lockEdge struct {
	Name string   `json:"name"` // of the folder
	Spec string   `json:"spec"`
	Kind edgeKind `json:"kind,omitempty"`
	// To is the key of what the lock file answers; "" where it has nothing.
	To string `json:"to,omitempty"`
}

type edgeKind string

const (
	edgeProd         edgeKind = ""
	edgeOptional     edgeKind = "optional"
	edgePeer         edgeKind = "peer"
	edgePeerOptional edgeKind = "peerOptional"
	edgeDev          edgeKind = "dev"
)

// bends reports whether what wants can do without.
func (k edgeKind) bends() bool { return k == edgeOptional || k == edgePeerOptional }

// String names the package as messages do.
func (p *lockPackage) String() string { return p.Name + "@" + p.Version }

// fetched reports whether the package has a tarball of its own.
func (p *lockPackage) fetched() bool { return !p.Bundled && p.Local == "" }

func (p *lockPackage) edge(name string) *lockEdge {
	i, ok := slices.BinarySearchFunc(p.Edges, name, func(e lockEdge, name string) int { return cmp.Compare(e.Name, name) })
	if !ok {
		return nil
	}
	return &p.Edges[i]
}

func sortEdges(edges []lockEdge) []lockEdge {
	slices.SortFunc(edges, func(a, b lockEdge) int { return cmp.Compare(a.Name, b.Name) })
	return edges
}

// inProduction and isRequired are the edges that lead to what production gets, and
// to what it cannot do without.
func inProduction(e lockEdge) bool { return e.Kind != edgeDev }
func isRequired(e lockEdge) bool   { return e.Kind != edgeDev && !e.Kind.bends() }
func isAny(lockEdge) bool          { return true }

// prune drops what production does not want, but for packages that decide about it
// all the same: see [Lock.holders].
func (l *Lock) prune() {
	for _, p := range l.packages {
		p.URL = withoutSecrets(p.URL)
	}
	all, keep := l.reach(isAny), l.reach(inProduction)
	for key := range all {
		for _, e := range l.packages[key].Edges {
			if to := l.packages[e.To]; e.To != "" && to != nil && (e.Kind == edgeDev || !keep[key]) {
				to.Held = true
			}
		}
	}
	holders := l.holders(all, keep)
	for key, p := range l.packages {
		if peersUnknown := p.Bare && l.placed; !keep[key] && !holders[key] && !peersUnknown {
			delete(l.packages, key)
			continue
		}
		p.Dev = holders[key] && !keep[key]
	}
	for key, p := range l.packages {
		p.Edges = slices.DeleteFunc(p.Edges, func(e lockEdge) bool { return e.Kind == edgeDev && !holders[e.To] })
		for i := range p.Edges {
			if e := &p.Edges[i]; !keep[key] && !p.Dev || !keep[e.To] && !holders[e.To] {
				e.To = ""
			}
		}
	}
}

// holders returns the packages that development wants and that decide about
// production. For npm these hold an optional package in its place when the other
// packages that want it do not fit: it keeps what development shares. For Yarn 1
// they may be a peer that a production package requires.
func (l *Lock) holders(all, keep map[string]bool) map[string]bool {
	switch l.tool {
	case toolYarn1:
		return all
	case toolNPM:
	default:
		return map[string]bool{}
	}
	required := l.reach(isRequired)
	in := l.dependents(all)
	holders := map[string]bool{}
	var queue []string
	for key := range keep {
		if !required[key] {
			queue = append(queue, key)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, w := range in[queue[0]] {
			if (w.edge.Kind == edgeDev || !keep[w.from]) && !holders[queue[0]] {
				holders[queue[0]] = true // wanted by development
			}
			if w.from != l.root && !keep[w.from] && !holders[w.from] {
				holders[w.from] = true
				queue = append(queue, w.from)
			}
		}
	}
	// What a holder cannot do without decides whether the holder fits.
	for key := range holders {
		queue = append(queue, key)
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, e := range l.packages[queue[0]].Edges {
			if all[e.To] && !keep[e.To] && !holders[e.To] && !e.Kind.bends() {
				holders[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	return holders
}

// reach returns the keys that the root leads to over the edges that follow.
// Extraneous packages are never reached.
func (l *Lock) reach(follow func(lockEdge) bool) map[string]bool {
	seen := map[string]bool{l.root: true}
	for queue := []string{l.root}; len(queue) > 0; {
		p := l.packages[queue[0]]
		queue = queue[1:]
		for _, e := range p.Edges {
			to := l.packages[e.To]
			if to == nil || e.To == l.root || seen[e.To] || to.Extraneous || !follow(e) {
				continue
			}
			seen[e.To] = true
			queue = append(queue, e.To)
		}
	}
	return seen
}

// markExtraneous finds out what only optional peers want, as npm 11 does.
func (l *Lock) markExtraneous() {
	for _, p := range l.packages {
		p.Extraneous = false
	}
	wanted := l.reach(func(e lockEdge) bool { return e.Kind != edgePeerOptional })
	for key, p := range l.packages {
		p.Extraneous = !wanted[key] && !p.Held
	}
}

// find returns the path at which Node finds name from a folder, or "".
func (l *Lock) find(from, name string) string {
	for dir := from; ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if path.Base(dir) != manifest.ModulesFolder {
			if at := path.Join(dir, manifest.ModulesFolder, name); l.packages[at] != nil {
				return at
			}
		}
		if dir == "" || dir == ".." || strings.HasSuffix(dir, "/..") {
			return ""
		}
	}
}
