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
	Overrides table[string]
	Ignored   yamlList // ignoredOptionalDependencies
	Importers table[pnpmImporter]
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
	OS      yamlList      `yaml:"os"`
	CPU     yamlList      `yaml:"cpu"`
	Libc    yamlList      `yaml:"libc"`
	Engines table[string] `yaml:"engines"`
	wishes  `yaml:",inline"`
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
	members map[string][]string // keys by name
	faults  []string            // what package.json files want and the lock file lacks
}

func (r *lockReader) readPnpmLock(b []byte) error {
	file, err := r.decodePnpm(b)
	if err != nil {
		return err
	}
	r.lock.Ignored = slices.Clone(file.Ignored) // their order counts
	for _, name := range slices.Sorted(maps.Keys(file.Overrides)) {
		if file.Overrides[name] == "-" {
			r.lock.Ignored = append(r.lock.Ignored, name)
		}
	}
	p := &pnpmReader{lockReader: r, file: file, members: map[string][]string{}}
	return p.build()
}

func (r *pnpmReader) build() error {
	r.lock.Packages[""], r.top = &locked.Package{}, &npmEntry{}
	entries := r.entries()
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		r.add(key, entries[key])
	}
	for _, folder := range slices.Sorted(maps.Keys(r.file.Importers)) {
		if err := r.addImporter(folder); err != nil {
			return err
		}
	}
	if err := r.choose(r.members); err != nil {
		return err
	}
	r.cutOptionalPeers()
	return r.outOfDate(r.faults)
}

// entries are the packages with their wishes: those of version 6 are one with what
// tells of the package.
func (r *pnpmReader) entries() table[*pnpmPackage] {
	if r.file.Snapshots != nil {
		return r.file.Snapshots
	}
	return r.file.Packages
}

// add makes the package of a key such as "a@1.0.0(b@2.0.0)".
func (r *pnpmReader) add(key string, entry *pnpmPackage) {
	base, peers, _ := strings.Cut(key, "(")
	about := cmp.Or(r.file.Packages[base], r.file.Packages[key])
	name, version := cutPattern(strings.TrimPrefix(base, "/"))
	if about == nil || entry == nil {
		r.lock.Packages[key] = &locked.Package{Name: name, Version: version, Fault: "it is in one part of the file only: run pnpm install"}
		return
	}
	p := &locked.Package{
		Name: cmp.Or(about.Name, name), Version: version, URL: about.Resolution.Tarball, Integrity: about.Resolution.Integrity,
		OS: about.OS, CPU: about.CPU, Libc: about.Libc, Node: about.Engines["node"],
	}
	if strings.Contains(peers, "patch_hash=") {
		p.Fault = "pnpm patches it (patchedDependencies), and patches are not applied here: publish the patched package, or remove the patch"
	}
	if about.Version != "" {
		p.Version, p.Remote = about.Version, p.URL != "" // the key has an address for a version
	}
	switch local, ok := strings.CutPrefix(p.URL, "file:"); {
	case about.Resolution.Type == "git" || about.Resolution.Repo != "":
		p.URL, p.Remote = "git:"+about.Resolution.Repo, true
	case about.Resolution.Directory != "":
		p.Local = path.Clean(about.Resolution.Directory)
	case ok:
		p.Local, p.URL = path.Clean(local), ""
	}
	p.Edges = wishes{Dependencies: entry.Dependencies, OptionalDependencies: entry.OptionalDependencies}.edges()
	for i := range p.Edges {
		e := &p.Edges[i]
		e.To = r.key(".", e.Name, e.Spec)
		if e.To == "" && p.Fault == "" {
			p.Fault = fmt.Sprintf("it wants %s %s, which the file does not hold: run pnpm install", e.Name, e.Spec)
		}
		if _, peer := about.PeerDependencies[e.Name]; peer && about.PeerDependenciesMeta[e.Name].Optional {
			e.Kind = locked.PeerOptional
		} else if peer && e.Kind == locked.Prod {
			e.Kind = locked.Peer
		}
	}
	r.lock.Packages[key] = p
}

// key returns the key of what is pinned for a name, "" for nothing. Links to
// folders are made packages here.
func (r *pnpmReader) key(folder, name, version string) string {
	if local, ok := strings.CutPrefix(version, "link:"); ok {
		return r.link(name, path.Join(folder, local))
	}
	// The slash is of version 6; where there is an address for a version, it is the key.
	for _, key := range []string{name + "@" + version, "/" + name + "@" + version, version} {
		if r.entries()[key] != nil {
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
		if _, member := r.file.Importers[folder]; !member {
			r.readLinked(p)
		}
		r.lock.Packages[key] = p
	}
	return key
}

// addImporter makes the package of the project, or of a member, and compares its
// package.json with the lock file. Without one, the lock file is believed, and a member
// has the name of its folder.
func (r *pnpmReader) addImporter(folder string) error {
	if folder != path.Clean(folder) {
		return r.fault(strconv.Quote(folder), "it is not a folder that pnpm writes")
	}
	e, err := r.manifest(folder)
	silent := errors.Is(err, fs.ErrNotExist) && (folder != "." || r.options.PackageJSON == "")
	if silent {
		e, err = &npmEntry{}, nil
	}
	if err != nil {
		return err
	}
	key, p := "", &locked.Package{Name: e.Name, Version: e.Version}
	if folder == "." {
		r.top = e
	} else {
		key, p.Local, p.Name = "link:"+folder, folder, cmp.Or(e.Name, path.Base(folder))
		r.members[p.Name] = append(r.members[p.Name], key)
	}
	all, importer := map[string]locked.Edge{}, r.file.Importers[folder]
	for _, list := range []struct {
		kind locked.Kind
		pins map[string]pnpmPin
	}{{locked.Dev, importer.DevDependencies}, {locked.Prod, importer.Dependencies}, {locked.Optional, importer.OptionalDependencies}} {
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
	if !silent {
		r.compare(folder, e, p)
	}
	return nil
}

// cutOptionalPeers cuts the optional peers that only development brings: pnpm 11
// leaves them out of production, where pnpm 10 and older took them along. A lock
// file does not tell which pnpm wrote it, but a package.json may.
func (r *pnpmReader) cutOptionalPeers() {
	if major := r.top.pnpm(); major > 0 && major < 11 {
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

// compare notes what the package.json of a folder wants and the lock file was not
// written for, as "pnpm install --frozen-lockfile" does.
func (r *pnpmReader) compare(folder string, e *npmEntry, p *locked.Package) {
	for _, edge := range locked.Pnpm.ProjectEdges(&e.Manifest) {
		wants := fmt.Sprintf("%s wants %s %q and the lock file", r.manifestName(folder), edge.Name, edge.Spec)
		pin := p.EdgeTo(edge.Name)
		switch {
		case edge.Kind.IsPeer() || r.overridden(edge.Name) || pin != nil && pin.Spec == edge.Spec:
		case pin != nil:
			r.faults = append(r.faults, fmt.Sprintf("%s was written for %q", wants, pin.Spec))
		case edge.Kind != locked.Optional:
			r.faults = append(r.faults, wants+" has none")
		}
	}
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
