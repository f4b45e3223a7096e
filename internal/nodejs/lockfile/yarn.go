package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

func newYarnWorld(r *lockReader, format string) *yarnWorld {
	return &yarnWorld{
		lockReader: r, answers: map[string]string{}, byName: map[string][]string{}, members: map[string]string{},
		lock: &Lock{Format: format, packages: map[string]*lockPackage{}},
	}
}

// enter adds a package that answers some patterns.
func (w *yarnWorld) enter(key string, p *lockPackage, patterns []string) {
	if w.lock.packages[key] == nil {
		w.lock.packages[key] = p
	}
	for _, pattern := range patterns {
		w.answers[pattern] = key
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
	root := &lockPackage{Name: string(top.Name), Version: string(top.Version), Edges: top.edges(true)}
	w.lock.packages[""] = root
	for _, folder := range folders {
		e, err := w.manifestOnDisk(path.Join(folder, "package.json"))
		if err != nil {
			return &Error{File: w.title, Entry: folder, Reason: "this member of the workspace has no readable package.json, which tells what is for production", Err: err}
		}
		p := &lockPackage{Name: string(e.Name), Version: string(e.Version), Local: folder, Edges: e.edges(true)}
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
	if want != "" {
		for name, key := range w.members {
			folder := w.lock.packages[key].Local
			if name == want || folder == path.Clean(strings.ReplaceAll(want, "\\", "/")) {
				w.lock.root = key
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

// connect answers every wish.
func (w *yarnWorld) connect() error {
	for _, key := range slices.Sorted(maps.Keys(w.lock.packages)) {
		p := w.lock.packages[key]
		for i := range p.Edges {
			e := &p.Edges[i]
			if e.Kind == edgePeer || e.Kind == edgePeerOptional {
				continue
			}
			e.To = w.answer(p, *e)
			project := key == w.lock.root || p.Local != ""
			if all := w.byName[e.Name]; e.To == "" && len(all) == 1 && !project {
				e.To = all[0] // a resolution or an extension that the project has elsewhere
			}
			if e.To == "" && e.Kind != edgeOptional && e.Kind != edgeDev {
				who := p.String()
				if project {
					who = "the project"
				}
				return w.fault("", "it is out of date: %s wants %s %q and the lock file has none: run yarn install", who, e.Name, e.Spec)
			}
		}
	}
	return nil
}

// answer returns the key of what answers a wish, or "".
func (w *yarnWorld) answer(p *lockPackage, e lockEdge) string {
	if w.lock.packages[e.Spec] != nil && strings.HasPrefix(e.Spec, "workspace:") {
		return e.Spec
	}
	for _, spec := range []string{e.Spec, "npm:" + e.Spec} {
		if key := w.answers[e.Name+"@"+spec]; key != "" {
			return key
		}
	}
	if strings.HasPrefix(e.Spec, "link:") || strings.HasPrefix(e.Spec, "portal:") || strings.HasPrefix(e.Spec, "file:") {
		return w.linked(p, e)
	}
	if key := w.resolution(p, e); key != "" {
		return key
	}
	return w.members[e.Name]
}

// resolution answers a wish that "resolutions" of package.json override, such
// as "ms", "debug/ms", "**/ms" or "ms@npm:^2.0.0".
func (w *yarnWorld) resolution(p *lockPackage, e lockEdge) string {
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
		value := w.top.Resolutions[pattern]
		for _, spec := range []string{value, "npm:" + value} {
			if key := w.answers[e.Name+"@"+spec]; key != "" && (found == "" || parent != "") {
				found = key
			}
		}
	}
	return found
}

// linked returns the key of a folder or archive of the project.
func (w *yarnWorld) linked(p *lockPackage, e lockEdge) string {
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
