package locked

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// atOnce is how many manifests are asked for at a time.
const atOnce = 24

// completion asks a registry what a lock file is silent about.
type completion struct {
	*Graph   // a copy, changed on the way
	settled  // what the target gets of it
	registry registry.Registry
	target   manifest.Target
	asked    map[string]bool // questions, answered or not
	notes    map[string]bool
	added    []string // packages that the lock file lacks
	sealed   []string // packages whose digest is the registry's
}

// question is a manifest that is wanted, and what for.
type question struct {
	id            string // in asked
	name, version string
	// key is of the package that is described; edge, with the key of the
	// package that wants it, of one that the lock file lacks.
	key  string
	edge *Edge
}

// run answers questions until there are none.
func (c *completion) run(ctx context.Context) error {
	for {
		var err error
		if c.settled, err = c.settle(c.target); err != nil {
			return err
		}
		questions, err := c.questions(ctx)
		if err != nil {
			return err
		}
		if len(questions) == 0 {
			return errors.Join(c.faults(), c.refuseUnsupported())
		}
		manifests, err := c.ask(ctx, questions)
		if err != nil {
			return err
		}
		for i, q := range questions {
			c.asked[q.id] = true
			if err := c.take(q, manifests[i]); err != nil {
				return err
			}
		}
		if c.Bare && c.Placed {
			c.MarkExtraneous()
		}
	}
}

// faults returns what is wrong with the packages that a target gets.
func (c *completion) faults() error {
	var all []error
	for _, key := range slices.Sorted(maps.Keys(c.live)) {
		if p := c.Packages[key]; p.Fault != "" {
			all = append(all, &Error{File: c.File, Entry: p.String(), Reason: p.Fault})
		}
	}
	return errors.Join(all...)
}

// questions returns what is to be asked next, in a settled order: first what
// the packages are, then what they lack.
func (c *completion) questions(ctx context.Context) ([]question, error) {
	var open []question
	for _, key := range slices.Sorted(maps.Keys(c.scope)) {
		if p := c.Packages[key]; key != c.Root && c.silent(key, p) && !c.asked[key] {
			open = append(open, question{id: key, key: key, name: p.Name, version: p.Version})
		}
	}
	if len(open) > 0 {
		return open, nil
	}
	for _, key := range slices.Sorted(maps.Keys(c.live)) {
		p := c.Packages[key]
		if p.Bundled || p.Linked || p.Fault != "" {
			continue
		}
		for _, e := range p.Edges {
			id := key + " " + e.Name
			if e.To != "" || e.Kind.IsPeer() || c.asked[id] {
				continue // peers are answered by the user of the package
			}
			spec, err := manifest.ParseSpec(e.Name, e.Spec)
			if err != nil {
				return nil, err
			}
			if spec = spec.Resolved(); spec.Kind != manifest.VersionSpec {
				c.asked[id] = true
				if err := c.refuseRange(ctx, p, e, spec); err != nil {
					return nil, err
				}
				continue
			}
			open = append(open, question{id: id, key: key, edge: &e, name: spec.Name, version: strings.TrimLeft(spec.Fetch, "v= ")})
		}
	}
	return open, nil
}

// silent reports whether the lock file leaves open whether a package fits.
func (c *completion) silent(key string, p *Package) bool {
	switch {
	case !p.Fetched() || p.Remote || p.Fault != "":
		return false
	case c.Bare || p.unsealed():
		return true
	}
	return !c.required[key] && len(p.Libc) == 0 && len(p.OS)+len(p.CPU) > 0
}

// unsealed reports whether the integrity of a package is for the registry to tell.
func (p *Package) unsealed() bool {
	return p.Integrity == "" && UnsupportedSource(p.URL) == ""
}

// ask gets the manifests; that of what a registry does not have is nil.
func (c *completion) ask(ctx context.Context, questions []question) ([]*manifest.Manifest, error) {
	manifests := make([]*manifest.Manifest, len(questions))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, q := range questions {
		g.Go(func() error {
			m, err := c.registry.Manifest(ctx, q.name, q.version)
			if refused, ok := manifest.AsRefusal(err); ok && (refused.Code == "E404" || refused.Code == "ETARGET") {
				return nil
			}
			if err != nil {
				return fmt.Errorf("completing the lock file %q: %w", c.File, err)
			}
			manifests[i] = m
			return nil
		})
	}
	return manifests, g.Wait()
}

// take uses the answer to a question.
func (c *completion) take(q question, m *manifest.Manifest) error {
	p := c.Packages[q.key]
	switch {
	case q.edge != nil:
		return c.add(p, q, m)
	case m != nil:
		return c.describe(p, m)
	case c.required[q.key] || len(p.OS)+len(p.CPU) > 0 && !c.target.ForeignName(p.Name):
		return &Error{File: c.File, Entry: q.name + "@" + q.version, Reason: "the registry does not have it"}
	}
	if !c.target.ForeignName(p.Name) {
		c.note("the registry does not have %s, an optional dependency that the lock file names: it is left out", p)
	}
	p.OS = []string{"none"}
	return nil
}

// describe adds to a package what its manifest says.
func (c *completion) describe(p *Package, m *manifest.Manifest) error {
	p.OS, p.CPU, p.Libc, p.Node = m.OS, m.CPU, m.Libc, m.Engine("node")
	if c.Bare || p.unsealed() {
		if err := c.seal(p, m); err != nil {
			return err
		}
	}
	if !c.Bare {
		return nil
	}
	p.URL = cmp.Or(p.URL, m.Tarball)
	edges := EdgesOf(m)
	if c.Placed { // package-lock 1 tells no kinds
		for i := range edges {
			edges[i].To = c.Find(p.Path, edges[i].Name)
		}
		p.Edges = edges
		return nil
	}
	if gyp := p.EdgeTo("node-gyp"); gyp != nil && !slices.ContainsFunc(edges, func(e Edge) bool { return e.Name == "node-gyp" }) {
		*gyp = Edge{Name: gyp.Name, Kind: PeerOptional} // yarn adds it to what has a script
	}
	p.Brings = len(m.Bundled) > 0
	p.Edges = slices.DeleteFunc(p.Edges, func(e Edge) bool { return slices.Contains(m.Bundled, e.Name) })
	for _, e := range edges {
		if p.EdgeTo(e.Name) == nil && (e.Kind.Bends() || e.Kind == Peer) && !slices.Contains(m.Bundled, e.Name) && !c.ignores(e.Name) {
			if e.Kind == Peer && c.Tool == Yarn1 {
				e.To = c.developed(e)
			}
			p.Edges = SortEdges(append(p.Edges, e))
		}
	}
	return nil
}

// developed returns the key of the project's own development dependency that
// answers a required peer: Yarn 1 installs it for production then.
func (c *completion) developed(peer Edge) string {
	own := c.Packages[c.Root].EdgeTo(peer.Name)
	if own == nil || own.Kind != Dev || own.To == "" || !Answers(c.Packages[own.To], peer.Name, peer.Spec) {
		return ""
	}
	return own.To
}

// ignores reports whether the lock file leaves out an optional dependency
// because the project says so.
func (c *completion) ignores(name string) bool { return ignored(c.Ignored, name) }

// ignored reports whether patterns of pnpm name a package. "*" stands for any text, with
// slashes, and nothing else is special; "!" takes names away from those of the patterns
// before it, or from all names where every pattern has it.
func ignored(patterns []string, name string) bool {
	negated := func(pattern string) bool { return strings.HasPrefix(pattern, "!") }
	found := len(patterns) > 0 && !slices.ContainsFunc(patterns, func(p string) bool { return !negated(p) })
	for _, pattern := range patterns {
		if matchesStars(strings.TrimPrefix(pattern, "!"), name) {
			found = !negated(pattern)
		}
	}
	return found
}

// matchesStars reports whether a pattern in which "*" stands for any text is a name.
func matchesStars(pattern, name string) bool {
	texts := strings.Split(pattern, "*")
	last := len(texts) - 1
	if last == 0 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, texts[0])
	if !ok {
		return false
	}
	for _, text := range texts[1:last] {
		if _, rest, ok = strings.Cut(rest, text); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, texts[last])
}

// seal compares the lock file's integrity with the registry's, and takes the
// registry's where the lock file has none or a weaker one.
func (c *completion) seal(p *Package, m *manifest.Manifest) error {
	if p.unsealed() {
		p.Integrity = m.TarballIntegrity()
		if c.Tool != Berry { // which locks no digest of a tarball at all
			c.sealed = append(c.sealed, p.String())
		}
		return nil
	}
	if p.Integrity == "" {
		return nil
	}
	mine, err := fetch.ParseIntegrity(p.Integrity)
	if err != nil {
		return &Error{File: c.File, Entry: p.String(), Reason: "its integrity is unreadable", Err: err}
	}
	if mine.Weak() && m.Integrity != "" && m.Shasum != "" && mine.String() == manifest.ShasumIntegrity(m.Shasum) {
		p.Integrity = m.Integrity
		return nil
	}
	if theirs, err := fetch.ParseIntegrity(m.Integrity); err == nil && contradict(mine.String(), theirs.String()) {
		return &Error{File: c.File, Entry: p.String(), Reason: fmt.Sprintf("the lock file has the integrity %s, the registry %s: one of them was changed", mine, theirs)}
	}
	return nil
}

// add completes a package that the lock file lacks, if it fits the target.
func (c *completion) add(wanting *Package, q question, m *manifest.Manifest) error {
	if m == nil {
		if q.edge.Kind != Optional {
			return c.lacks(wanting, *q.edge, "the registry does not have it")
		}
		if !c.target.ForeignName(q.name) {
			c.note("neither the lock file nor the registry has %s, an optional dependency of %s: it is left out", q.name+"@"+q.version, c.title(wanting))
		}
		return nil
	}
	p := FromManifest(m)
	if q.edge.Kind == Optional && (p.platformFault(c.target) != "" || !p.admits(c.target)) {
		return nil
	}
	key := c.slot(wanting, q.edge.Name, p)
	if c.Packages[key] == nil {
		for i := range p.Edges {
			p.Edges[i].To = c.answer(p, p.Edges[i])
		}
		c.Packages[key], c.asked[key] = p, true
		c.added = append(c.added, p.String())
	}
	wanting.EdgeTo(q.edge.Name).To = key
	return nil
}

// slot returns the key for a package that the lock file lacks, and sets its
// path where packages have one: at the top, or where that is taken by another
// version below the package that wants it.
func (c *completion) slot(wanting *Package, folder string, p *Package) string {
	if !c.Placed {
		return p.String()
	}
	p.Path = manifest.ModulesFolder + "/" + folder
	from := wanting.Path // where Node begins to look
	if wanting.Local != "" && !IsArchiveName(wanting.Local) {
		from = wanting.Local
	}
	if at := c.Find(from, folder); at != "" {
		if c.Packages[at].Name == p.Name && c.Packages[at].Version == p.Version {
			return at
		}
		p.Path = path.Join(from, manifest.ModulesFolder, folder)
	}
	return p.Path
}

// answer returns what the lock file has for a wish of a package that it lacks.
func (c *completion) answer(p *Package, e Edge) string {
	if c.Placed {
		if at := c.Find(p.Path, e.Name); at != "" && Answers(c.Packages[at], e.Name, e.Spec) {
			return at
		}
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(c.Packages)) {
		if q := c.Packages[key]; key != c.Root && q.Fetched() && Answers(q, e.Name, e.Spec) {
			return key
		}
	}
	return ""
}

// refuseRange refuses to choose a version for what the lock file lacks, unless
// no version of it would do: what is for another platform is not missed.
func (c *completion) refuseRange(ctx context.Context, p *Package, e Edge, spec manifest.Spec) error {
	if !spec.FromRegistry() {
		if e.Kind == Optional {
			return nil
		}
		return c.lacks(p, e, "it is from outside of the registry")
	}
	if e.Kind == Optional {
		m, err := c.newest(ctx, spec)
		if err != nil || m == nil {
			return err
		}
		if q := FromManifest(m); q.platformFault(c.target) != "" || !q.admits(c.target) {
			return nil
		}
	}
	return c.lacks(p, e, "no exact version tells which is meant")
}

func (c *completion) lacks(p *Package, e Edge, why string) error {
	return &Error{File: c.File, Entry: e.Name + "@" + e.Spec, Reason: fmt.Sprintf("it lacks this dependency of %s, which %s needs, and %s: run the package manager's install, on that platform if need be", c.title(p), c.target, why)}
}

func (c *completion) title(p *Package) string {
	if p == c.Packages[c.Root] {
		return "the project"
	}
	return p.String()
}

func (c *completion) note(text string, args ...any) { c.notes[fmt.Sprintf(text, args...)] = true }
