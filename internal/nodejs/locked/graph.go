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
	"encoding/json"
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
	File   string // its name, without the folder
	Format string // "package-lock 3", "yarn 1", "yarn berry 8", "pnpm 9.0"

	Tool     Tool
	Root     string // key of the project, or of the member that was chosen
	Placed   bool   // packages have the paths that npm gave them
	Packages map[string]*Package
	Notes    []string // sentences for the user, where the lock file is obeyed
	Ignored  []string // patterns of optional dependencies that are left out

	// Dir is the folder of the project, and AllowOutside are those that packages outside
	// of it may lie in; both are relative to the working directory.
	Dir          string
	AllowOutside []string
}

// MarshalJSON writes all that TreeFor reads, in an order of its own.
func (l *Graph) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Tool     Tool                `json:"tool"`
		Root     string              `json:"root"`
		Placed   bool                `json:"placed"`
		Packages map[string]*Package `json:"packages"`
		Ignored  []string            `json:"ignored,omitempty"`
		Notes    []string            `json:"notes,omitempty"`
	}{l.Tool, l.Root, l.Placed, l.Packages, l.Ignored, l.Notes})
}

// InProduction and isRequired are the edges that lead to what production gets, and
// to what it cannot do without.
func InProduction(e Edge) bool { return e.Kind != Dev }
func isRequired(e Edge) bool   { return e.Kind != Dev && !e.Kind.Bends() }
func isAny(Edge) bool          { return true }

// Prune drops what production does not want, but for packages that decide about it
// all the same: see [Graph.holders].
func (l *Graph) Prune() {
	for _, p := range l.Packages {
		p.URL = withoutSecrets(p.URL)
	}
	all, keep := l.Reach(isAny), l.Reach(InProduction)
	for key := range all {
		for _, e := range l.Packages[key].Edges {
			if to := l.Packages[e.To]; e.To != "" && to != nil && (e.Kind == Dev || !keep[key]) {
				to.Held = true
			}
		}
	}
	holders := l.holders(all, keep)
	for key, p := range l.Packages {
		if peersUnknown := p.Bare && l.Placed; !keep[key] && !holders[key] && !peersUnknown {
			delete(l.Packages, key)
			continue
		}
		p.Dev = holders[key] && !keep[key]
	}
	for key, p := range l.Packages {
		p.Edges = slices.DeleteFunc(p.Edges, func(e Edge) bool { return e.Kind == Dev && !holders[e.To] })
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
func (l *Graph) holders(all, keep map[string]bool) map[string]bool {
	switch l.Tool {
	case Yarn1:
		return all
	case NPM:
	default:
		return map[string]bool{}
	}
	required := l.Reach(isRequired)
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
			if (w.edge.Kind == Dev || !keep[w.from]) && !holders[queue[0]] {
				holders[queue[0]] = true // wanted by development
			}
			if w.from != l.Root && !keep[w.from] && !holders[w.from] {
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
		for _, e := range l.Packages[queue[0]].Edges {
			if all[e.To] && !keep[e.To] && !holders[e.To] && !e.Kind.Bends() {
				holders[e.To] = true
				queue = append(queue, e.To)
			}
		}
	}
	return holders
}

// Reach returns the keys that the root leads to over the edges that follow.
// Extraneous packages are never reached.
func (l *Graph) Reach(follow func(Edge) bool) map[string]bool {
	seen := map[string]bool{l.Root: true}
	for queue := []string{l.Root}; len(queue) > 0; {
		p := l.Packages[queue[0]]
		queue = queue[1:]
		for _, e := range p.Edges {
			to := l.Packages[e.To]
			if to == nil || e.To == l.Root || seen[e.To] || to.Extraneous || !follow(e) {
				continue
			}
			seen[e.To] = true
			queue = append(queue, e.To)
		}
	}
	return seen
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
func (l *Graph) Find(from, name string) string {
	for dir := from; ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if path.Base(dir) != manifest.ModulesFolder {
			if at := path.Join(dir, manifest.ModulesFolder, name); l.Packages[at] != nil {
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
