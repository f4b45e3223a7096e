package locked

import (
	"cmp"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Package is a package as a lock file knows it.
type Package struct {
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

	OS      []string `json:"os,omitempty"`
	CPU     []string `json:"cpu,omitempty"`
	Libc    []string `json:"libc,omitempty"`
	Node    string   `json:"node,omitempty"` // range of engines.node
	Bundled bool     `json:"bundled,omitempty"`
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

	// Fault is a clause that says why the package cannot be packed. It counts only
	// where production on the target needs the package.
	Fault string `json:"fault,omitempty"`
	// Linked is set for a folder whose dependencies its package manager leaves to
	// the folder itself.
	Linked bool `json:"linked,omitempty"`
	// Dev is set for what production does not want, and which may yet decide what
	// production gets.
	Dev bool `json:"dev,omitempty"`

	Edges []Edge `json:"edges,omitempty"` // sorted by name
}

// FromManifest returns the package that a manifest describes. Its wishes have no answers
// yet.
func FromManifest(m *manifest.Manifest) *Package {
	return &Package{
		Name: m.Name, Version: m.Version, URL: m.Tarball, Integrity: m.TarballIntegrity(),
		OS: m.OS, CPU: m.CPU, Libc: m.Libc, Node: m.Engine("node"), Edges: EdgesOf(m),
	}
}

// EdgesOf returns what a package wants by its manifest. Of two wishes with one name that
// of the later kind counts here: peer, production, optional.
func EdgesOf(m *manifest.Manifest) []Edge { return edgesOf(m, Peer, Prod, Optional) }

func edgesOf(m *manifest.Manifest, kinds ...Kind) []Edge {
	lists := map[Kind][]manifest.Dependency{Peer: m.PeerDependencies, Prod: m.Dependencies, Optional: m.OptionalDependencies, Dev: m.DevDependencies}
	all := map[string]Edge{}
	for _, kind := range kinds {
		for _, d := range lists[kind] {
			e := Edge{Name: d.Name, Spec: d.Spec, Kind: kind}
			if kind == Peer && m.OptionalPeers[d.Name] {
				e.Kind = PeerOptional
			}
			all[d.Name] = e
		}
	}
	return SortEdges(slices.Collect(maps.Values(all)))
}

// Edge is a wish of a package.
type Edge struct {
	Name string `json:"name"` // of the folder
	Spec string `json:"spec"`
	Kind Kind   `json:"kind,omitempty"`
	// To is the key of what the lock file answers; "" where it has nothing.
	To string `json:"to,omitempty"`
}

// Kind says how a package wants another.
type Kind string

// The kinds of edges.
const (
	Prod         Kind = ""
	Optional     Kind = "optional"
	Peer         Kind = "peer"
	PeerOptional Kind = "peerOptional"
	Dev          Kind = "dev"
)

// Bends reports whether what wants can do without.
func (k Kind) Bends() bool { return k == Optional || k == PeerOptional }

// IsPeer reports whether the user of what wants is to have it.
func (k Kind) IsPeer() bool { return k == Peer || k == PeerOptional }

// String names the package as messages do.
func (p *Package) String() string { return p.Name + "@" + p.Version }

// Fetched reports whether the package has a tarball of its own.
func (p *Package) Fetched() bool { return !p.Bundled && p.Local == "" }

// EdgeTo returns what the package wants under a name, nil where it wants nothing.
func (p *Package) EdgeTo(name string) *Edge {
	i, ok := slices.BinarySearchFunc(p.Edges, name, func(e Edge, name string) int { return cmp.Compare(e.Name, name) })
	if !ok {
		return nil
	}
	return &p.Edges[i]
}

// SortEdges sorts edges by name, as a package has them.
func SortEdges(edges []Edge) []Edge {
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Compare(a.Name, b.Name) })
	return edges
}
