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
)

func newYarnWorld(r *lockReader, by tool, format string) *yarnWorld {
	return &yarnWorld{
		lockReader: r, answers: map[string]string{}, byName: map[string][]string{}, members: map[string]string{}, located: map[string][]located{},
		lock: &Lock{Format: format, tool: by, packages: map[string]*lockPackage{}},
	}
}

// enter adds a package that answers some patterns.
func (w *yarnWorld) enter(key string, p *lockPackage, patterns []string) {
	// What yarn patches itself has two entries; one may tell no dependencies.
	if known := w.lock.packages[key]; known == nil || len(known.Edges) == 0 {
		w.lock.packages[key] = p
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
		return w.fault("", "it does not tell what is for production only: put package.json beside it")
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
	root := &lockPackage{Name: string(top.Name), Version: string(top.Version), Edges: top.edges(w.lock.tool, true)}
	w.lock.packages[""] = root
	for _, folder := range folders {
		e, err := w.manifestOnDisk(path.Join(folder, "package.json"))
		if err != nil {
			return &Error{File: w.title, Entry: folder, Reason: "this member of the workspace has no readable package.json, which tells what is for production", Err: err}
		}
		p := &lockPackage{Name: string(e.Name), Version: string(e.Version), Local: folder, Edges: e.edges(w.lock.tool, true)}
		if p.Name == "" {
			p.Name = path.Base(folder)
		}
		key := "workspace:" + folder
		w.members[p.Name], w.lock.packages[key] = key, p
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
func (w *yarnWorld) choose(root *lockPackage) error {
	want := w.options.Workspace
	if w.topAlone() {
		return nil
	}
	if want != "" {
		for name, key := range w.members {
			folder := w.lock.packages[key].Local
			if name == want || folder == path.Clean(strings.ReplaceAll(want, "\\", "/")) {
				w.lock.root = key
				// What the top wants is no orphan of the lock file.
				w.lock.packages[topMember] = root
				delete(w.lock.packages, "")
				w.lock.packages[key].Local = ""
				return nil
			}
		}
		return w.noMember(slices.Collect(maps.Keys(w.members)))
	}
	for name, key := range w.members {
		root.Edges = slices.DeleteFunc(root.Edges, func(e lockEdge) bool { return e.Name == name })
		root.Edges = append(root.Edges, lockEdge{Name: name, Spec: key})
	}
	sortEdges(root.Edges)
	return nil
}

// topMember is the key of the project at the top where a member is wanted.
const topMember = "workspace:."

// connect answers every wish. What a project wants and the lock file lacks makes
// it out of date; a package that lacks something counts where production needs it.
func (w *yarnWorld) connect() error {
	var faults []string
	for _, key := range slices.Sorted(maps.Keys(w.lock.packages)) {
		p := w.lock.packages[key]
		project := key == w.lock.root || strings.HasPrefix(key, "workspace:")
		for i := range p.Edges {
			e := &p.Edges[i]
			if e.Kind == edgePeer || e.Kind == edgePeerOptional || p.Linked {
				continue
			}
			if w.answerWish(key, p, e, project) || e.Kind == edgeOptional || e.Kind == edgeDev {
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
func (w *yarnWorld) answerWish(key string, p *lockPackage, e *lockEdge, project bool) bool {
	if to := w.resolution(key, p, *e); to != "" {
		if q := w.lock.packages[to]; q.Linked && !w.files.IsFolder(q.Local) {
			// A link to nothing is how "resolutions" take a package away.
			e.Kind = edgePeerOptional
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
func (w *yarnWorld) answer(key string, p *lockPackage, e lockEdge) string {
	if w.lock.packages[e.Spec] != nil && strings.HasPrefix(e.Spec, "workspace:") {
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
func (w *yarnWorld) lookUp(key string, p *lockPackage, name, spec string) string {
	for _, wanted := range []string{spec, "npm:" + spec} {
		pattern := name + "@" + wanted
		if to := w.answers[pattern]; to != "" {
			return to
		}
		all := w.located[pattern]
		for _, own := range []string{key, p.Name + "@workspace:" + cmp.Or(p.Local, strings.TrimPrefix(w.lock.root, "workspace:"), "."), string(w.top.Name) + "@workspace:."} {
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
func (w *yarnWorld) resolution(key string, p *lockPackage, e lockEdge) string {
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
func (w *yarnWorld) folder(p *lockPackage, e lockEdge) string {
	from := p.Local
	if from == "" {
		from = strings.TrimPrefix(w.lock.root, "workspace:")
	}
	local := lockPath(from, e.Spec)
	key := "file:" + local
	if member := "workspace:" + local; w.lock.packages[member] != nil {
		return member
	}
	if w.lock.packages[key] == nil {
		w.lock.packages[key] = &lockPackage{Name: e.Name, Local: local}
		if strings.HasPrefix(e.Spec, "link:") {
			w.readLinked(w.lock.packages[key], "yarn")
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
