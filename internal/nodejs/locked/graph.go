// Package locked holds what a lock file of any tool says, as a [Graph]: the
// packages by a key, and for each wish of a package the key of the package that the
// lock file answers it with. [TreeFor] makes of it what node_modules holds for a
// target.
//
// On the way optional packages that do not fit the target go, with what they alone
// need; a registry is asked for what the lock file does not tell; and where the
// format tells of no folders, each package gets one as near to the top as Node.js
// still finds for every wish what the lock file answers.
package locked

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// Graph is what a lock file holds for production: after [Graph.Prune], what only
// devDependencies want is left out. It is a pure function of the lock file, the package.json files of
// the project and its members, and the options. Its JSON is fit for a digest: it
// changes where, and only where, something that TreeFor reads does.
type Graph struct {
	File string `json:"-"` // its name, without the folder

	Tool     Tool
	Root     string // key of the project, or of the member that was chosen
	Placed   bool   // packages have the paths that npm gave them
	Bare     bool   // the manifests of packages are for the registry to tell
	Packages map[string]*Package
	Notes    []string `json:",omitempty"` // sentences for the user, where the lock file is obeyed
	Ignored  []string `json:",omitempty"` // patterns of optional dependencies that are left out

	// Dir is the folder of the project, and AllowOutside are those that packages outside
	// of it may lie in; both are relative to the working directory.
	Dir          string   `json:"-"`
	AllowOutside []string `json:"-"`
}

// InProduction and isRequired are the edges that lead to what production gets, and
// to what it cannot do without.
func InProduction(e Edge) bool { return e.Kind != Dev }
func isRequired(e Edge) bool   { return e.Kind != Dev && !e.Kind.Bends() }
func isAny(Edge) bool          { return true }

// Prune drops what production does not want, but for packages that decide about it
// all the same: see [Graph.holders].
func (l *Graph) Prune() {
	all, production := l.Reach(isAny), l.Reach(InProduction)
	l.markHeld(all, production)
	holders := l.holders(all, production)
	stays := func(key string) bool { return production[key] || holders[key] }
	maps.DeleteFunc(l.Packages, func(key string, p *Package) bool {
		peersUnknown := l.Bare && l.Placed && p.Fetched()
		return !stays(key) && !peersUnknown
	})
	for key, p := range l.Packages {
		p.URL = withoutSecrets(p.URL)
		p.Dev = holders[key] && !production[key]
		p.Edges = slices.DeleteFunc(p.Edges, func(e Edge) bool { return e.Kind == Dev && !holders[e.To] })
		for i := range p.Edges {
			if e := &p.Edges[i]; !stays(key) || !stays(e.To) {
				e.To = ""
			}
		}
	}
}

// markHeld marks what development wants.
func (l *Graph) markHeld(all, production map[string]bool) {
	for key := range all {
		for _, e := range l.Packages[key].Edges {
			if to := l.Packages[e.To]; e.To != "" && to != nil && (e.Kind == Dev || !production[key]) {
				to.Held = true
			}
		}
	}
}

// holders returns the packages that development wants and that decide about
// production. For npm these hold an optional package in its place: where production
// wants x for an optional package alone, and a tool of development needs x too, npm
// keeps x when the optional package does not fit. For Yarn 1 they may be a peer that
// a production package requires.
func (l *Graph) holders(all, production map[string]bool) map[string]bool {
	switch l.Tool {
	case Yarn1:
		return all
	case NPM:
	default:
		return map[string]bool{}
	}
	in := l.dependents(all)
	byDevelopment := func(w wish) bool { return w.edge.Kind == Dev || !production[w.from] }
	// What production can do without, and what wants that in development.
	required := l.Reach(isRequired)
	holders := map[string]bool{}
	for key := range production {
		if !required[key] {
			holders[key] = true
		}
	}
	spread(holders, func(key string, add func(string)) {
		for _, w := range in[key] {
			if w.from != l.Root && !production[w.from] {
				add(w.from)
			}
		}
	})
	maps.DeleteFunc(holders, func(key string, _ bool) bool {
		return production[key] && !slices.ContainsFunc(in[key], byDevelopment)
	})
	// What a holder cannot do without decides whether the holder fits.
	spread(holders, func(key string, add func(string)) {
		for _, e := range l.Packages[key].Edges {
			if all[e.To] && !production[e.To] && !e.Kind.Bends() {
				add(e.To)
			}
		}
	})
	return holders
}

// Reach returns the keys that the root leads to over the edges that follow.
// Extraneous packages are never reached.
func (l *Graph) Reach(follow func(Edge) bool) map[string]bool {
	seen := map[string]bool{l.Root: true}
	spread(seen, func(key string, add func(string)) {
		for _, e := range l.Packages[key].Edges {
			if to := l.Packages[e.To]; to != nil && !to.Extraneous && follow(e) {
				add(e.To)
			}
		}
	})
	return seen
}

// spread adds to a set of keys what they lead to, and what that leads to in turn. next
// gives what one key leads to.
func spread(set map[string]bool, next func(key string, add func(string))) {
	queue := slices.Collect(maps.Keys(set))
	add := func(key string) {
		if !set[key] {
			set[key] = true
			queue = append(queue, key)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		next(queue[0], add)
	}
}

// MarkExtraneous finds out what only optional peers want, as npm 11 does.
func (l *Graph) MarkExtraneous() {
	for _, p := range l.Packages {
		p.Extraneous = false
	}
	wanted := l.Reach(func(e Edge) bool { return e.Kind != PeerOptional })
	for key, p := range l.Packages {
		p.Extraneous = !wanted[key] && !p.Held
	}
}

// Find returns the path at which Node finds name from a folder, or "".
func (l *Graph) Find(from, name string) string { return find(l.Packages, from, name) }

// find returns the path of the first of some folders in which Node looks for name from
// a path, or "".
func find[P any](folders map[string]P, from, name string) string {
	for dir := from; ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if path.Base(dir) != manifest.ModulesFolder {
			at := path.Join(dir, manifest.ModulesFolder, name)
			if _, there := folders[at]; there {
				return at
			}
		}
		if dir == "" || dir == ".." || strings.HasSuffix(dir, "/..") {
			return ""
		}
	}
}

// IsArchiveName reports whether a file name is that of a packed package.
func IsArchiveName(name string) bool {
	return strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tar")
}

// Answers reports whether a locked package is what a range or alias allows.
// Tags, addresses and folders have no versions to compare.
func Answers(p *Package, folder, wanted string) bool {
	spec, err := manifest.ParseSpec(folder, wanted)
	if err != nil {
		return true
	}
	if spec = spec.Resolved(); spec.Name != p.Name && spec.FromRegistry() && p.Fetched() && !p.Remote {
		return false
	}
	if spec.Kind != manifest.RangeSpec && spec.Kind != manifest.VersionSpec || spec.Fetch == "" || spec.Fetch == "*" {
		return true
	}
	version, err := semver.ParseLoose(p.Version)
	return err != nil || spec.Range.Match(version)
}
