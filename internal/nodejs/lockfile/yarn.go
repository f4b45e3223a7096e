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
)

func newYarnWorld(r *lockReader, by locked.Tool, format string) *yarnWorld {
	return &yarnWorld{
		lockReader: r, answers: map[string]string{}, byName: map[string][]string{}, members: map[string]string{}, located: map[string][]located{},
		lock: &locked.Graph{Format: format, Tool: by, Packages: map[string]*locked.Package{}},
	}
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
	name := w.options.PackageJSON
	if name == "" {
		name = "package.json"
	}
	top, err := w.manifestOnDisk(name)
	if errors.Is(err, fs.ErrNotExist) {
		return w.fault("", "it does not say which packages are for production only: put package.json beside it")
	}
	if err != nil {
		return err
	}
	w.top = top
	if folders == nil {
		if folders, err = w.memberFolders(); err != nil {
			return err
		}
	}
	root := &locked.Package{Name: string(top.Name), Version: string(top.Version), Edges: top.edges(w.lock.Tool, true)}
	w.lock.Packages[""] = root
	for _, folder := range folders {
		e, err := w.manifestOnDisk(path.Join(folder, "package.json"))
		if err != nil {
			return &locked.Error{File: w.title, Entry: folder, Reason: "this member of the workspace has no readable package.json, which tells what is for production", Err: err}
		}
		p := &locked.Package{Name: string(e.Name), Version: string(e.Version), Local: folder, Edges: e.edges(w.lock.Tool, true)}
		if p.Name == "" {
			p.Name = path.Base(folder)
		}
		key := "workspace:" + folder
		w.members[p.Name], w.lock.Packages[key] = key, p
	}
	return w.choose(root)
}

// memberFolders returns the folders that the patterns of "workspaces" name.
func (w *yarnWorld) memberFolders() ([]string, error) {
	folders, err := w.files.Members(w.top.Workspaces)
	if err != nil {
		return nil, fmt.Errorf("reading the members of the workspace of lock file %q: %w", w.title, err)
	}
	return folders, nil
}

// choose makes the member that was asked for the root, or else all members
// parts of what the project wants.
func (w *yarnWorld) choose(root *locked.Package) error {
	want := w.options.Workspace
	if w.topAlone() {
		return nil
	}
	if want != "" {
		for _, name := range slices.Sorted(maps.Keys(w.members)) {
			key := w.members[name]
			folder := w.lock.Packages[key].Local
			if name == want || folder == path.Clean(strings.ReplaceAll(want, "\\", "/")) {
				w.lock.Root = key
				// What the top wants is no orphan of the lock file.
				w.lock.Packages[topMember] = root
				delete(w.lock.Packages, "")
				w.lock.Packages[key].Local = ""
				return nil
			}
		}
		return w.noMember(slices.Collect(maps.Keys(w.members)))
	}
	for name, key := range w.members {
		root.Edges = slices.DeleteFunc(root.Edges, func(e locked.Edge) bool { return e.Name == name })
		root.Edges = append(root.Edges, locked.Edge{Name: name, Spec: key})
	}
	locked.SortEdges(root.Edges)
	return nil
}

// topMember is the key of the project at the top where a member is wanted.
const topMember = "workspace:."

// connect answers every wish. What a project wants and the lock file lacks makes
// it out of date; a package that lacks something counts where production needs it.
func (w *yarnWorld) connect() error {
	var faults []string
	for _, key := range slices.Sorted(maps.Keys(w.lock.Packages)) {
		p := w.lock.Packages[key]
		project := key == w.lock.Root || strings.HasPrefix(key, "workspace:")
		for i := range p.Edges {
			e := &p.Edges[i]
			if e.Kind == locked.Peer || e.Kind == locked.PeerOptional || p.Linked {
				continue
			}
			if w.answerWish(key, p, e, project) || e.Kind == locked.Optional || e.Kind == locked.Dev {
				continue
			}
			if key == topMember {
				continue
			}
			if project {
				faults = append(faults, fmt.Sprintf("the project wants %s %q and the lock file has none", e.Name, e.Spec))
			} else if p.Fault == "" {
				p.Fault = fmt.Sprintf("it wants %s %q, which the lock file does not hold: run yarn install", e.Name, e.Spec)
			}
		}
	}
	return w.outOfDate(faults)
}

// answerWish sets what answers a wish, and reports whether there is an answer.
func (w *yarnWorld) answerWish(key string, p *locked.Package, e *locked.Edge, project bool) bool {
	if to := w.resolution(key, p, *e); to != "" {
		if q := w.lock.Packages[to]; q.Linked && !w.files.IsFolder(q.Local) {
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
	return w.members[e.Name]
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
		for _, own := range []string{key, p.Name + "@workspace:" + cmp.Or(p.Local, strings.TrimPrefix(w.lock.Root, "workspace:"), "."), string(w.top.Name) + "@workspace:."} {
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
		parent, last := "", strings.TrimPrefix(pattern, "**/")
		if i := strings.LastIndex(last, "/"); i >= 0 && !strings.HasPrefix(last[strings.LastIndex(last[:i], "/")+1:], "@") {
			parent, last = last[:i], last[i+1:]
		} else if i >= 0 {
			if j := strings.LastIndex(last[:i], "/"); j >= 0 {
				parent, last = last[:j], last[j+1:]
			}
		}
		name, of := cutPattern(last)
		parent, _ = cutPattern(strings.TrimSuffix(parent, "/**"))
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
			w.readLinked(w.lock.Packages[key], "yarn")
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
