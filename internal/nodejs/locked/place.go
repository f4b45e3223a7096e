package locked

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// mostFolders and deepest bound what a lock file may unfold to: packages that
// want each other in turns of versions unfold forever.
const (
	mostFolders = 50_000
	deepest     = 32
)

// placer puts the packages of a lock into folders, for lock files that tell of
// none: each as near to the top as no other version is in the way, so that Node
// finds for every wish the package that the lock file answers it with. A peer is
// the one that the package's own dependent finds.
type placer struct {
	*Graph
	live    map[string]bool
	bundles map[string][]string // keys of what a package brings along, by its key
	folders map[string]*placed  // by path
	wishes  map[string][]*placed
	queue   []*placed
}

// placed is a package in a folder. One package may be in several.
type placed struct {
	key, path string
	pack      *Package
	peers     map[string]string // keys, where the lock file leaves them open
}

// anew places what is live, from the project down.
func (w *treeWriter) anew() error {
	p := &placer{Graph: w.Graph, live: w.live, folders: map[string]*placed{}, wishes: map[string][]*placed{}, bundles: map[string][]string{}}
	for _, key := range slices.Sorted(maps.Keys(w.live)) {
		if pack := w.Packages[key]; pack.Bundled {
			outer := pack.Path[:strings.LastIndex(pack.Path, "/"+manifest.ModulesFolder+"/")]
			for w.Packages[outer] != nil && w.Packages[outer].Bundled {
				outer = outer[:strings.LastIndex(outer, "/"+manifest.ModulesFolder+"/")]
			}
			p.bundles[outer] = append(p.bundles[outer], key)
		}
	}
	p.enter(&placed{key: w.Root, pack: w.Packages[w.Root]})
	for len(p.queue) > 0 {
		next := p.queue[0]
		p.queue = p.queue[1:]
		if err := p.satisfy(next); err != nil {
			return err
		}
	}
	for _, at := range slices.Sorted(maps.Keys(p.folders)) {
		if at == "" {
			continue
		}
		if err := w.put(p.folders[at].key, at); err != nil {
			return err
		}
	}
	return nil
}

// enter adds a folder, with what its package brings along.
func (p *placer) enter(n *placed) {
	p.folders[n.path] = n
	p.queue = append(p.queue, n)
	for _, e := range n.pack.Edges {
		p.wishes[e.Name] = append(p.wishes[e.Name], n)
	}
	for _, key := range p.bundles[n.key] {
		inner := p.Packages[key]
		p.enter(&placed{key: key, pack: inner, path: n.path + strings.TrimPrefix(inner.Path, n.pack.Path)})
	}
}

// satisfy places what a package wants: first what has no peers, so that those
// that have some find them.
func (p *placer) satisfy(n *placed) error {
	for _, withPeers := range []bool{false, true} {
		for _, e := range n.pack.Edges {
			key := p.wanted(n, e.Name)
			if key == "" || hasPeers(p.Packages[key]) != withPeers {
				continue
			}
			if err := p.place(n, e.Name, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted returns the key of what a package must find under a name, "" for
// whatever there is.
func (p *placer) wanted(n *placed, name string) string {
	e := n.pack.EdgeTo(name)
	switch {
	case e == nil:
		return ""
	case e.To == "" && n.peers[name] != "":
		return n.peers[name]
	case e.To == "" || e.To == p.Root || !p.live[e.To]:
		return ""
	}
	return e.To
}

// place puts a package where n finds it under the name.
func (p *placer) place(n *placed, name, key string) error {
	fresh := &placed{key: key, pack: p.Packages[key], peers: p.openPeers(n, key)}
	found := p.lookup(n.path, name)
	if found != nil && found.key == key && maps.Equal(found.peers, fresh.peers) {
		return nil
	}
	for _, level := range levels(n.path) {
		at := path.Join(level, manifest.ModulesFolder, name)
		if p.folders[level].pack.Brings && level != n.path {
			continue // its tarball may have one there
		}
		if p.folders[at] == nil && p.free(level, name, key) && p.meetsPeers(n, level, fresh) {
			fresh.path = at
			break
		}
	}
	if fresh.path == "" {
		fresh.path = path.Join(n.path, manifest.ModulesFolder, name)
	}
	if p.folders[fresh.path] != nil || len(p.folders) >= mostFolders || strings.Count(fresh.path, manifest.ModulesFolder) > deepest {
		return &Error{File: p.File, Entry: fresh.pack.String(), Reason: fmt.Sprintf("no folder can be found for it below %q: its dependencies want each other in different versions", n.path)}
	}
	p.enter(fresh)
	return nil
}

// free reports whether a package below a folder would still find what it must,
// were there another one of the name in that folder.
func (p *placer) free(level, name, key string) bool {
	for _, n := range p.wishes[name] {
		if n.path != level && level != "" && !strings.HasPrefix(n.path, level+"/") {
			continue
		}
		wanted := p.wanted(n, name)
		if wanted == "" || wanted == key {
			continue
		}
		if found := p.lookup(n.path, name); found != nil && found.key == wanted && len(found.path) < len(path.Join(level, manifest.ModulesFolder, name)) {
			return false
		}
	}
	return true
}

// meetsPeers reports whether a package finds in a folder the peers that its
// dependent finds.
func (p *placer) meetsPeers(n *placed, level string, fresh *placed) bool {
	for _, e := range fresh.pack.Edges {
		if !e.Kind.IsPeer() {
			continue
		}
		if theirs := p.lookup(n.path, e.Name); theirs != nil && p.lookup(level, e.Name) != theirs {
			return false
		}
	}
	return true
}

// openPeers returns what the peers are that a lock file leaves open: what the
// dependent itself wants, else what the project does, else the only one there is.
func (p *placer) openPeers(n *placed, key string) map[string]string {
	peers := map[string]string{}
	for _, e := range p.Packages[key].Edges {
		if e.To != "" || !e.Kind.IsPeer() {
			continue
		}
		switch {
		case n.pack.Name == e.Name && n.path != "":
			peers[e.Name] = n.key
		case p.wanted(n, e.Name) != "":
			peers[e.Name] = p.wanted(n, e.Name)
		case p.wanted(p.folders[""], e.Name) != "":
			peers[e.Name] = p.wanted(p.folders[""], e.Name)
		default:
			if only := p.onlyOne(e.Name); only != "" {
				peers[e.Name] = only
			}
		}
	}
	return peers
}

// onlyOne returns the key of the live package of a name, "" where there are
// none or several.
func (p *placer) onlyOne(name string) string {
	var only string
	for key := range p.live {
		if key == p.Root || p.Packages[key].Name != name || p.Packages[key].Bundled {
			continue
		}
		if only != "" {
			return ""
		}
		only = key
	}
	return only
}

// lookup returns what Node finds under a name from a folder, or nil.
func (p *placer) lookup(from, name string) *placed {
	if at := find(p.folders, from, name); at != "" {
		return p.folders[at]
	}
	return nil
}

// levels returns the package folders from the top down to a path.
func levels(at string) []string {
	all := []string{""}
	for i := 0; i < len(at); {
		next := strings.Index(at[i:], "/"+manifest.ModulesFolder+"/")
		if next < 0 {
			return append(all, at)
		}
		all = append(all, at[:i+next])
		i += next + 1
	}
	return all
}

func hasPeers(p *Package) bool {
	return slices.ContainsFunc(p.Edges, func(e Edge) bool { return e.Kind.IsPeer() })
}
