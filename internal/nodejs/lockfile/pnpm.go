package lockfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// pnpmLock is pnpm-lock.yaml of the versions 6 (pnpm 8) and 9 (pnpm 9 to 11).
// See https://github.com/pnpm/spec/tree/master/lockfile.
type pnpmLock struct {
	Version   string
	Overrides table[string]
	Ignored   yamlList // ignoredOptionalDependencies
	Importers table[*pnpmImporter]
	Packages  table[*pnpmPackage]
	Snapshots table[*pnpmPackage] // of version 9: who has whom
}

type pnpmImporter struct {
	Dependencies         table[pnpmPin] `yaml:"dependencies"`
	OptionalDependencies table[pnpmPin] `yaml:"optionalDependencies"`
	DevDependencies      table[pnpmPin] `yaml:"devDependencies"`
	// Config and Manager are of pnpm 11's own document: plugins and pnpm itself.
	Config  table[yaml.Node] `yaml:"configDependencies"`
	Manager table[yaml.Node] `yaml:"packageManagerDependencies"`
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
	OS                   yamlList                       `yaml:"os"`
	CPU                  yamlList                       `yaml:"cpu"`
	Libc                 yamlList                       `yaml:"libc"`
	Engines              table[string]                  `yaml:"engines"`
	Dependencies         table[string]                  `yaml:"dependencies"`
	OptionalDependencies table[string]                  `yaml:"optionalDependencies"`
	PeerDependencies     table[string]                  `yaml:"peerDependencies"`
	PeerDependenciesMeta table[struct{ Optional bool }] `yaml:"peerDependenciesMeta"`
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
	file  *pnpmLock
	lock  *locked.Graph
	names map[string][]string // folders of members by name
	top   *npmEntry           // what the project at the top says, nil where it is silent
}

func (r *lockReader) readPnpmLock(b []byte) (*locked.Graph, error) {
	file, err := r.decodePnpm(b)
	if err != nil {
		return nil, err
	}
	p := &pnpmReader{lockReader: r, file: file, names: map[string][]string{}}
	for _, folder := range slices.Sorted(maps.Keys(file.Importers)) {
		if file.Importers[folder] == nil {
			file.Importers[folder] = &pnpmImporter{}
		}
		if folder != path.Clean(folder) {
			return nil, r.fault(strconv.Quote(folder), "it is not a folder that pnpm writes")
		}
	}
	p.lock = &locked.Graph{Format: "pnpm " + file.Version, Tool: locked.Pnpm, Packages: map[string]*locked.Package{}}
	p.lock.Ignored = file.Ignored
	for name, version := range file.Overrides {
		if version == "-" {
			p.lock.Ignored = append(p.lock.Ignored, name)
		}
	}
	slices.Sort(p.lock.Ignored)
	return p.lock, p.build()
}

func (r *pnpmReader) build() error {
	entries := r.file.Snapshots
	if entries == nil {
		entries = r.file.Packages
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		r.add(key, entries[key])
	}
	for _, folder := range slices.Sorted(maps.Keys(r.file.Importers)) {
		if err := r.addImporter(folder); err != nil {
			return err
		}
	}
	if err := r.choose(); err != nil {
		return err
	}
	r.cutOptionalPeers()
	return r.inSync()
}

// add makes the package of a key such as "a@1.0.0(b@2.0.0)".
func (r *pnpmReader) add(key string, wishes *pnpmPackage) {
	base, peers, _ := strings.Cut(key, "(")
	about := r.file.Packages[base]
	if about == nil {
		about = r.file.Packages[key]
	}
	name, version := cutPattern(strings.TrimPrefix(base, "/"))
	if about == nil || wishes == nil {
		r.lock.Packages[key] = &locked.Package{Name: name, Version: version, Fault: "it is in one part of the file only: run pnpm install"}
		return
	}
	p := &locked.Package{
		Name: name, Version: version, URL: about.Resolution.Tarball, Integrity: about.Resolution.Integrity, Bare: true,
		OS: about.OS, CPU: about.CPU, Libc: about.Libc, Node: about.Engines["node"],
	}
	if strings.Contains(peers, "patch_hash=") {
		p.Fault = "pnpm patches it (patchedDependencies), and patches are not applied here: publish the patched package, or remove the patch"
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
	p.Unsealed = p.Fetched() && p.Integrity == "" && locked.UnsupportedSource(p.URL) == ""
	for _, list := range []struct {
		deps map[string]string
		kind locked.Kind
	}{{wishes.Dependencies, locked.Prod}, {wishes.OptionalDependencies, locked.Optional}} {
		for _, name := range slices.Sorted(maps.Keys(list.deps)) { // the fault names the first
			version := list.deps[name]
			e := locked.Edge{Name: name, Spec: version, Kind: list.kind, To: r.key(".", name, version)}
			if e.To == "" && p.Fault == "" {
				p.Fault = fmt.Sprintf("it wants %s %s, which the file does not hold: run pnpm install", name, version)
			}
			if _, peer := about.PeerDependencies[name]; peer && about.PeerDependenciesMeta[name].Optional {
				e.Kind = locked.PeerOptional
			} else if peer && list.kind == locked.Prod {
				e.Kind = locked.Peer
			}
			p.Edges = append(p.Edges, e)
		}
	}
	locked.SortEdges(p.Edges)
	r.lock.Packages[key] = p
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
	if r.lock.Packages[key] == nil {
		p := &locked.Package{Name: name, Local: folder}
		if r.file.Importers[folder] == nil {
			r.readLinked(p, "pnpm")
		}
		r.lock.Packages[key] = p
	}
	return key
}

// addImporter makes the package of the project, or of a member. A member without a
// name has that of its folder.
func (r *pnpmReader) addImporter(folder string) error {
	name := path.Join(folder, "package.json")
	if folder == "." && r.options.PackageJSON != "" {
		name = r.options.PackageJSON
	}
	e, err := r.manifestOnDisk(name)
	if errors.Is(err, fs.ErrNotExist) {
		e, err = &npmEntry{}, nil
	}
	if err != nil {
		return err
	}
	key, p := "", &locked.Package{}
	p.Name = string(e.Name)
	if folder != "." {
		p.Name = cmp.Or(p.Name, path.Base(folder))
		key = r.link(p.Name, folder)
		p.Local = folder
		r.names[p.Name] = append(r.names[p.Name], folder)
	} else {
		r.top = e
	}
	p.Version = string(e.Version)
	all := map[string]locked.Edge{}
	for _, list := range r.file.Importers[folder].lists() {
		for _, name := range slices.Sorted(maps.Keys(list.pins)) {
			pin := list.pins[name]
			to := r.key(folder, name, pin.Version)
			if to == "" && list.kind != locked.Dev {
				return r.fault(folder, "it wants %s %s, which the file does not hold: run pnpm install", name, pin.Version)
			}
			all[name] = locked.Edge{Name: name, Spec: pin.Specifier, Kind: list.kind, To: to}
		}
	}
	p.Edges = locked.SortEdges(slices.Collect(maps.Values(all)))
	r.lock.Packages[key] = p
	return nil
}

type pnpmPins struct {
	kind locked.Kind
	pins map[string]pnpmPin
}

// lists returns the wishes by kind, so that of two with one name the last one counts.
func (i *pnpmImporter) lists() []pnpmPins {
	return []pnpmPins{{locked.Dev, i.DevDependencies}, {locked.Prod, i.Dependencies}, {locked.Optional, i.OptionalDependencies}}
}

// choose makes the member that was asked for the root, or else all members
// parts of what the project wants.
func (r *pnpmReader) choose() error {
	if want := r.options.Workspace; want != "" && !r.topAlone() {
		folder, err := r.member(want)
		if err != nil {
			return err
		}
		r.lock.Root = "link:" + folder
		r.lock.Packages[r.lock.Root].Local = ""
		delete(r.lock.Packages, "")
		return nil
	}
	root := r.lock.Packages[""]
	if root == nil {
		root = &locked.Package{}
		r.lock.Packages[""] = root
	}
	if r.topAlone() {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.names)) {
		folders := r.names[name]
		if len(folders) > 1 {
			return r.fault("", "the members %s are all named %q, and node_modules has one folder of a name: choose one with workspace, by its folder", quoted(folders), name)
		}
		root.Edges = slices.DeleteFunc(root.Edges, func(e locked.Edge) bool { return e.Name == name })
		root.Edges = append(root.Edges, locked.Edge{Name: name, Spec: "link:" + folders[0], To: "link:" + folders[0]})
	}
	locked.SortEdges(root.Edges)
	return nil
}

// member returns the folder of the member with a name or a folder.
func (r *pnpmReader) member(want string) (string, error) {
	if folder := path.Clean(strings.ReplaceAll(want, "\\", "/")); r.file.Importers[folder] != nil && folder != "." {
		return folder, nil
	}
	switch folders := r.names[want]; len(folders) {
	case 0:
		return "", r.noMember(slices.Collect(maps.Keys(r.names)))
	case 1:
		return folders[0], nil
	default:
		return "", r.fault("", "the members %s are all named %q: write the folder of one", quoted(folders), want)
	}
}

// cutOptionalPeers cuts the optional peers that only development brings: pnpm 11
// leaves them out of production, where pnpm 10 and older took them along. A lock
// file does not tell which pnpm wrote it, but a package.json may.
func (r *pnpmReader) cutOptionalPeers() {
	if major := r.top.packageManager("pnpm"); major > 0 && major < 11 {
		return
	}
	wanted := r.lock.Reach(func(e locked.Edge) bool { return locked.InProduction(e) && e.Kind != locked.PeerOptional })
	for key := range wanted {
		p := r.lock.Packages[key]
		for i := range p.Edges {
			if e := &p.Edges[i]; e.Kind == locked.PeerOptional && !wanted[e.To] {
				e.To = ""
			}
		}
	}
}

// inSync compares the package.json files with the lock file, as "pnpm install
// --frozen-lockfile" does. Where there is none, the lock file is believed.
func (r *pnpmReader) inSync() error {
	var faults []string
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
		pinned := map[string]pnpmPin{}
		for _, list := range r.file.Importers[folder].lists() {
			maps.Copy(pinned, list.pins)
		}
		for _, edge := range e.edges(locked.Pnpm, true) {
			pin, ok := pinned[edge.Name]
			switch {
			case edge.Kind == locked.Peer || edge.Kind == locked.PeerOptional || pin.Specifier == edge.Spec || r.overridden(edge.Name):
			case ok:
				faults = append(faults, fmt.Sprintf("%s wants %s %q and the lock file was written for %q", name, edge.Name, edge.Spec, pin.Specifier))
			case edge.Kind != locked.Optional:
				faults = append(faults, fmt.Sprintf("%s wants %s %q and the lock file has none", name, edge.Name, edge.Spec))
			}
		}
	}
	return r.outOfDate(faults)
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

// quoted joins words in quotes.
func quoted(words []string) string {
	var all []string
	for _, word := range words {
		all = append(all, strconv.Quote(word))
	}
	return strings.Join(all, ", ")
}
