package lockfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// yarnWorld is what a yarn.lock holds: for each "name@range" one package.
type yarnWorld struct {
	*lockReader
	answers map[string]string // keys by "name@range"
	byName  map[string][]string
	members map[string][]string // keys by name
	// located are the answers to wishes that count for one project or package only,
	// by the "name@spec" of the wish.
	located  map[string][]located
	settings yarnSettings
}

// located is the answer to a wish of one project or package, which yarn berry calls
// by its locator, such as "app@workspace:.".
type located struct{ locator, key string }

func newYarnWorld(r *lockReader) *yarnWorld {
	return &yarnWorld{lockReader: r, answers: map[string]string{}, byName: map[string][]string{}, members: map[string][]string{}, located: map[string][]located{}}
}

// enter adds a package that answers some patterns.
func (w *yarnWorld) enter(key string, p *locked.Package, patterns []string) {
	// What yarn patches itself has two entries; one may tell no dependencies.
	if known := w.lock.Packages[key]; known == nil || len(known.Edges) == 0 {
		w.lock.Packages[key] = p
	}
	for _, pattern := range patterns {
		w.answers[pattern] = key
		if base, locator := cutLocator(pattern); locator != "" {
			w.located[base] = append(w.located[base], located{locator, key})
		}
		if name, _ := cutPattern(pattern); !slices.Contains(w.byName[name], key) {
			w.byName[name] = append(w.byName[name], key)
		}
	}
}

// projects adds the project and its members, whose package.json files tell
// what is for production. folders are those of the members, nil where the
// patterns of "workspaces" tell.
func (w *yarnWorld) projects(folders []string) error {
	top, err := w.manifest(".")
	if errors.Is(err, fs.ErrNotExist) {
		return w.fault("", "it does not say which packages are for production only: put package.json beside it")
	}
	if err != nil {
		return err
	}
	w.top = top
	if folders == nil {
		// Yarn 1 takes no member away: a pattern with "!" names nothing.
		patterns := slices.DeleteFunc(slices.Clone(top.Workspaces), func(p string) bool { return strings.HasPrefix(p, "!") })
		var notes []string
		folders, notes, err = manifest.FindMembers(w.dir, patterns)
		w.lock.Notes = append(w.lock.Notes, notes...)
		if err != nil {
			return fmt.Errorf("reading the members of the workspace of lock file %q: %w", w.title, err)
		}
	}
	w.lock.Packages[""] = &locked.Package{Name: top.Name, Version: top.Version, Edges: w.lock.Tool.ProjectEdges(&top.Manifest)}
	for _, folder := range folders {
		e, err := w.manifest(folder)
		if err != nil {
			return &locked.Error{File: w.title, Entry: folder, Reason: "this member of the workspace has no readable package.json, which tells what is for production", Err: err}
		}
		key, name := "workspace:"+folder, cmp.Or(e.Name, path.Base(folder))
		w.members[name] = []string{key}
		w.lock.Packages[key] = &locked.Package{Name: name, Version: e.Version, Local: folder, Edges: w.lock.Tool.ProjectEdges(&e.Manifest)}
	}
	return w.choose(w.members)
}

// connect answers every wish. What a project wants and the lock file lacks makes
// it out of date; a package that lacks something counts where production needs it.
func (w *yarnWorld) connect() error {
	var faults []string
	for _, key := range slices.Sorted(maps.Keys(w.lock.Packages)) {
		p := w.lock.Packages[key]
		project := key == w.lock.Root || strings.HasPrefix(key, "workspace:")
		for i := range p.Edges {
			e := &p.Edges[i]
			switch {
			case e.Kind.IsPeer() || p.Linked || w.answerWish(key, p, e, project):
			case e.Kind == locked.Optional || e.Kind == locked.Dev || key == topMember:
			case project:
				faults = append(faults, fmt.Sprintf("the project wants %s %q and the lock file has none", e.Name, e.Spec))
			case p.Fault == "":
				p.Fault = fmt.Sprintf("it wants %s %q, which the lock file does not hold: run yarn install", e.Name, e.Spec)
			}
		}
	}
	return w.outOfDate(faults)
}

// answerWish sets what answers a wish, and reports whether there is an answer.
func (w *yarnWorld) answerWish(key string, p *locked.Package, e *locked.Edge, project bool) bool {
	if to := w.resolution(key, p, *e); to != "" {
		if q := w.lock.Packages[to]; q.Linked && !w.isFolder(q.Local) {
			// A link to nothing is how "resolutions" take a package away.
			e.Kind = locked.PeerOptional
			return true
		}
		e.To = to
		return true
	}
	e.To = w.answer(key, p, *e)
	if all := w.byName[e.Name]; e.To == "" && len(all) == 1 && !project {
		e.To = all[0] // an extension that the project has elsewhere
	}
	return e.To != ""
}

// answer returns the key of what answers a wish, or "".
func (w *yarnWorld) answer(key string, p *locked.Package, e locked.Edge) string {
	if w.lock.Packages[e.Spec] != nil && strings.HasPrefix(e.Spec, "workspace:") {
		return e.Spec
	}
	if to := w.lookUp(key, p, e.Name, w.settings.uncatalogued(e.Name, e.Spec)); to != "" {
		return to
	}
	if strings.HasPrefix(e.Spec, "link:") || strings.HasPrefix(e.Spec, "portal:") || strings.HasPrefix(e.Spec, "file:") {
		return w.folder(p, e)
	}
	if member := w.members[e.Name]; member != nil {
		return member[0]
	}
	return ""
}

// lookUp returns the key of the entry that answers a spec, or "". Of entries that
// count for one project or package alone, it is that of the package that asks, or
// else of the project at the top.
func (w *yarnWorld) lookUp(key string, p *locked.Package, name, spec string) string {
	for _, wanted := range []string{spec, "npm:" + spec} {
		pattern := name + "@" + wanted
		if to := w.answers[pattern]; to != "" {
			return to
		}
		all := w.located[pattern]
		for _, own := range []string{key, p.Name + "@workspace:" + cmp.Or(p.Local, strings.TrimPrefix(w.lock.Root, "workspace:"), "."), w.top.Name + "@workspace:."} {
			if at := slices.IndexFunc(all, func(l located) bool { return l.locator == own }); at >= 0 {
				return all[at].key
			}
		}
		if len(all) == 1 {
			return all[0].key
		}
	}
	return ""
}

// resolution answers a wish that "resolutions" of package.json override, such
// as "ms", "debug/ms", "**/ms" or "ms@npm:^2.0.0".
func (w *yarnWorld) resolution(key string, p *locked.Package, e locked.Edge) string {
	var found string
	for _, pattern := range slices.Sorted(maps.Keys(w.top.Resolutions)) {
		parts := strings.Split(strings.TrimPrefix(pattern, "**/"), "/")
		at := len(parts) - 1
		if at > 0 && strings.HasPrefix(parts[at-1], "@") {
			at--
		}
		name, of := cutPattern(strings.Join(parts[at:], "/"))
		parent, _ := cutPattern(strings.TrimSuffix(strings.Join(parts[:at], "/"), "/**"))
		if name != e.Name || of != "" && of != e.Spec && of != "npm:"+e.Spec || parent != "" && parent != p.Name {
			continue
		}
		value := w.settings.uncatalogued(e.Name, w.top.Resolutions[pattern])
		if to := w.lookUp(key, p, e.Name, value); to != "" && (found == "" || parent != "") {
			found = to
		}
	}
	return found
}

// folder returns the key of a folder or archive of the project that the lock file
// has no entry of.
func (w *yarnWorld) folder(p *locked.Package, e locked.Edge) string {
	from := p.Local
	if from == "" {
		from = strings.TrimPrefix(w.lock.Root, "workspace:")
	}
	local := lockPath(from, e.Spec)
	key := "file:" + local
	if member := "workspace:" + local; w.lock.Packages[member] != nil {
		return member
	}
	if w.lock.Packages[key] == nil {
		w.lock.Packages[key] = &locked.Package{Name: e.Name, Local: local}
		if strings.HasPrefix(e.Spec, "link:") {
			w.readLinked(w.lock.Packages[key])
		}
	}
	return key
}

// lockPath returns the slash path, from the lock file, of a "file:", "link:"
// or "portal:" wish of a project in a folder.
func lockPath(from, spec string) string {
	if i := strings.Index(spec, ":"); i >= 0 {
		spec = spec[i+1:]
	}
	spec, _, _ = strings.Cut(spec, "#")
	spec, _, _ = strings.Cut(spec, "::")
	if strings.HasPrefix(spec, "/") {
		return path.Clean(spec)
	}
	return path.Join(from, spec)
}
