package lockfile

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pnpmLock is pnpm-lock.yaml of the versions 6 (pnpm 8) and 9 (pnpm 9, 10).
// See https://github.com/pnpm/spec/tree/master/lockfile.
type pnpmLock struct {
	Version   string                   `yaml:"lockfileVersion"`
	Overrides map[string]string        `yaml:"overrides"`
	Ignored   yamlList                 `yaml:"ignoredOptionalDependencies"`
	Importers map[string]*pnpmImporter `yaml:"importers"`
	// Single is the only importer, where version 6 has one.
	Single    pnpmImporter            `yaml:",inline"`
	Packages  map[string]*pnpmPackage `yaml:"packages"`
	Snapshots map[string]*pnpmPackage `yaml:"snapshots"` // of version 9: who has whom
}

type pnpmImporter struct {
	Dependencies         map[string]pnpmPin `yaml:"dependencies"`
	OptionalDependencies map[string]pnpmPin `yaml:"optionalDependencies"`
	DevDependencies      map[string]pnpmPin `yaml:"devDependencies"`
}

type pnpmPin struct {
	Specifier string `yaml:"specifier"`
	Version   string `yaml:"version"`
}

type pnpmPackage struct {
	Name       string `yaml:"name"`
	Version    string `yaml:"version"`
	Resolution struct {
		Integrity string `yaml:"integrity"`
		Tarball   string `yaml:"tarball"`
		Directory string `yaml:"directory"`
		Type      string `yaml:"type"`
		Repo      string `yaml:"repo"`
	} `yaml:"resolution"`
	OS                   yamlList                           `yaml:"os"`
	CPU                  yamlList                           `yaml:"cpu"`
	Libc                 yamlList                           `yaml:"libc"`
	Engines              map[string]string                  `yaml:"engines"`
	Dependencies         map[string]string                  `yaml:"dependencies"`
	OptionalDependencies map[string]string                  `yaml:"optionalDependencies"`
	PeerDependencies     map[string]string                  `yaml:"peerDependencies"`
	PeerDependenciesMeta map[string]struct{ Optional bool } `yaml:"peerDependenciesMeta"`
}

// yamlList is a list of words, or one word.
type yamlList []string

// UnmarshalYAML takes both forms.
func (l *yamlList) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*l = yamlList{node.Value}
		return nil
	}
	return node.Decode((*[]string)(l))
}

// pnpmReader turns a pnpm-lock into a graph.
type pnpmReader struct {
	*lockReader
	file    *pnpmLock
	old     bool // version 6: keys begin with a slash
	lock    *Lock
	members map[string]string // folders by name
}

func (r *lockReader) readPnpmLock(b []byte) (*Lock, error) {
	p := &pnpmReader{lockReader: r, file: &pnpmLock{}, members: map[string]string{}}
	if err := yaml.Unmarshal(b, p.file); err != nil {
		return nil, &Error{File: r.title, Reason: "it is no YAML that pnpm writes", Err: err}
	}
	major, _, _ := strings.Cut(p.file.Version, ".")
	number, err := strconv.Atoi(major)
	if err != nil || number < 6 || number > 9 {
		return nil, r.fault("", "its lockfileVersion is %q; 6.0 to 9.0 are known: run pnpm install with pnpm 8 or later", p.file.Version)
	}
	p.old = number < 7
	if p.file.Importers == nil {
		p.file.Importers = map[string]*pnpmImporter{".": &p.file.Single}
	}
	for folder, importer := range p.file.Importers {
		if importer == nil {
			p.file.Importers[folder] = &pnpmImporter{}
		}
		if folder != path.Clean(folder) {
			return nil, r.fault(strconv.Quote(folder), "it is no folder that pnpm writes")
		}
	}
	p.lock = &Lock{Format: "pnpm " + p.file.Version, packages: map[string]*lockPackage{}}
	p.lock.ignored = p.file.Ignored
	for name, version := range p.file.Overrides {
		if version == "-" {
			p.lock.ignored = append(p.lock.ignored, name)
		}
	}
	slices.Sort(p.lock.ignored)
	return p.lock, p.build()
}

func (r *pnpmReader) build() error {
	entries := r.file.Snapshots
	if entries == nil {
		entries = r.file.Packages
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := r.add(key, entries[key]); err != nil {
			return err
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(r.file.Importers)) {
		if err := r.addImporter(folder); err != nil {
			return err
		}
	}
	if err := r.choose(); err != nil {
		return err
	}
	return r.inSync()
}

// add makes the package of a key such as "a@1.0.0(b@2.0.0)".
func (r *pnpmReader) add(key string, wishes *pnpmPackage) error {
	base, peers, _ := strings.Cut(key, "(")
	about := r.file.Packages[base]
	if about == nil {
		about = r.file.Packages[key]
	}
	if about == nil || wishes == nil {
		return r.fault(key, "it is in one part of the file only: run pnpm install")
	}
	if strings.Contains(peers, "patch_hash=") {
		return r.fault(key, "pnpm patches it (patchedDependencies), and patches are not applied here: publish the patched package, or remove the patch")
	}
	name, version := cutPattern(strings.TrimPrefix(base, "/"))
	p := &lockPackage{
		Name: name, Version: version, URL: about.Resolution.Tarball, Integrity: about.Resolution.Integrity, Bare: true,
		OS: about.OS, CPU: about.CPU, Libc: about.Libc, Node: about.Engines["node"],
	}
	if about.Name != "" {
		p.Name = about.Name
	}
	if about.Version != "" {
		p.Version, p.Remote = about.Version, p.URL != "" // the key has an address for a version
	}
	switch local, ok := strings.CutPrefix(p.URL, "file:"); {
	case about.Resolution.Type == "git" || about.Resolution.Repo != "":
		p.URL, p.Remote = "git:"+about.Resolution.Repo, true
	case about.Resolution.Directory != "":
		p.Local, p.Bare = path.Clean(about.Resolution.Directory), false
	case ok:
		p.Local, p.URL, p.Bare = path.Clean(local), "", false
	}
	for _, list := range []struct {
		deps map[string]string
		kind edgeKind
	}{{wishes.Dependencies, edgeProd}, {wishes.OptionalDependencies, edgeOptional}} {
		for name, version := range list.deps {
			e := lockEdge{Name: name, Spec: version, Kind: list.kind, To: r.key(".", name, version)}
			if e.To == "" {
				return r.fault(key, "it wants %s %s, which the file does not hold: run pnpm install", name, version)
			}
			if _, peer := about.PeerDependencies[name]; peer && list.kind == edgeProd {
				e.Kind = edgePeer
			}
			p.Edges = append(p.Edges, e)
		}
	}
	sortEdges(p.Edges)
	r.lock.packages[key] = p
	return nil
}

// key returns the key of what is pinned for a name, "" for nothing. Links to
// folders are made packages here.
func (r *pnpmReader) key(folder, name, version string) string {
	if local, ok := strings.CutPrefix(version, "link:"); ok {
		return r.link(name, path.Join(folder, local))
	}
	entries := r.file.Snapshots
	candidates := []string{name + "@" + version, version}
	if entries == nil {
		entries = r.file.Packages
		candidates = []string{"/" + name + "@" + version, version, name + "@" + version}
	}
	for _, key := range candidates {
		if entries[key] != nil {
			return key
		}
	}
	return ""
}

// link returns the key of a folder that is linked to.
func (r *pnpmReader) link(name, folder string) string {
	key := "link:" + folder
	if r.lock.packages[key] == nil {
		r.lock.packages[key] = &lockPackage{Name: name, Local: folder}
	}
	return key
}

// addImporter makes the package of the project, or of a member.
func (r *pnpmReader) addImporter(folder string) error {
	e, err := r.manifestOnDisk(path.Join(folder, "package.json"))
	if errors.Is(err, fs.ErrNotExist) {
		e, err = &npmEntry{Name: jsonText(path.Base(folder))}, nil
	}
	if err != nil {
		return err
	}
	key, p := "", &lockPackage{}
	if folder != "." {
		key = r.link(string(e.Name), folder)
		p = r.lock.packages[key]
		r.members[string(e.Name)] = folder
	}
	p.Name, p.Version = string(e.Name), string(e.Version)
	all := map[string]lockEdge{}
	for _, list := range r.file.Importers[folder].lists() {
		for name, pin := range list.pins {
			to := r.key(folder, name, pin.Version)
			if to == "" {
				return r.fault(folder, "it wants %s %s, which the file does not hold: run pnpm install", name, pin.Version)
			}
			all[name] = lockEdge{Name: name, Spec: pin.Specifier, Kind: list.kind, To: to}
		}
	}
	p.Edges = sortEdges(slices.Collect(maps.Values(all)))
	r.lock.packages[key] = p
	return nil
}

type pnpmPins struct {
	kind edgeKind
	pins map[string]pnpmPin
}

// lists returns the wishes by kind, so that of two with one name the last one counts.
func (i *pnpmImporter) lists() []pnpmPins {
	return []pnpmPins{{edgeDev, i.DevDependencies}, {edgeProd, i.Dependencies}, {edgeOptional, i.OptionalDependencies}}
}

// choose makes the member that was asked for the root, or else all members
// parts of what the project wants.
func (r *pnpmReader) choose() error {
	if want := r.options.Workspace; want != "" {
		folder, ok := r.members[want]
		if clean := path.Clean(strings.ReplaceAll(want, "\\", "/")); !ok && r.file.Importers[clean] != nil && clean != "." {
			folder, ok = clean, true
		}
		if !ok {
			return r.noMember(slices.Collect(maps.Keys(r.members)))
		}
		r.lock.root = "link:" + folder
		r.lock.packages[r.lock.root].Local = ""
		delete(r.lock.packages, "")
		return nil
	}
	root := r.lock.packages[""]
	if root == nil {
		root = &lockPackage{}
		r.lock.packages[""] = root
	}
	for name, folder := range r.members {
		root.Edges = slices.DeleteFunc(root.Edges, func(e lockEdge) bool { return e.Name == name })
		root.Edges = append(root.Edges, lockEdge{Name: name, Spec: "link:" + folder, To: "link:" + folder})
	}
	sortEdges(root.Edges)
	return nil
}

// inSync holds the package.json files against the lock file, as "pnpm install
// --frozen-lockfile" does. Where there is none, the lock file is believed.
func (r *pnpmReader) inSync() error {
	for _, folder := range slices.Sorted(maps.Keys(r.file.Importers)) {
		name := path.Join(folder, "package.json")
		if folder == "." && r.options.PackageJSON != "" {
			name = r.options.PackageJSON
		}
		e, err := r.manifestOnDisk(name)
		if errors.Is(err, fs.ErrNotExist) && name != r.options.PackageJSON {
			continue
		}
		if err != nil {
			return err
		}
		locked := map[string]pnpmPin{}
		for _, list := range r.file.Importers[folder].lists() {
			maps.Copy(locked, list.pins)
		}
		for _, edge := range e.edges(true) {
			pin, ok := locked[edge.Name]
			switch {
			case edge.Kind == edgePeer || edge.Kind == edgePeerOptional || pin.Specifier == edge.Spec || r.overridden(edge.Name):
			case ok:
				return r.fault("", "it is out of date: %s wants %s %q and the lock file was written for %q: run pnpm install", name, edge.Name, edge.Spec, pin.Specifier)
			case edge.Kind != edgeOptional:
				return r.fault("", "it is out of date: %s wants %s %q and the lock file has none: run pnpm install", name, edge.Name, edge.Spec)
			}
		}
	}
	return nil
}

func (r *pnpmReader) overridden(name string) bool {
	for pattern := range r.file.Overrides {
		last, _ := cutPattern(pattern[strings.LastIndex(pattern, ">")+1:])
		if last == name {
			return true
		}
	}
	return false
}
