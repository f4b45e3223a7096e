package nodejs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Lock is what node_modules holds, for each runtime. Its JSON is part of what
// states keep.
type Lock struct {
	// Request is the digest of the inputs that were resolved; Triggers that
	// of the triggers at the time, zero where there were none.
	Request, Triggers store.Digest
	// Project is the folder whose .npmrc names registries and credentials.
	Project string
	// Direct are the folders' names of what the project asks for itself.
	Direct []string
	// Trees are the different contents of node_modules. Every Node.js runtime
	// has one.
	Trees []Tree
	// Notes are sentences for the user on what is not as one would expect.
	Notes []string
}

// answer returns the lock, which may be nil, for the same request of a project in a
// folder. It is nil where it holds what lies on disk in another one.
func (l *Lock) answer(request store.Digest, dir string) *Lock {
	if l == nil || l.Request != request {
		return nil
	}
	if dir = filepath.ToSlash(dir); dir == l.Project {
		return l
	}
	for _, t := range l.Trees {
		onDisk := func(p Package) bool { return p.Archive != "" }
		if len(t.Local) > 0 || slices.ContainsFunc(t.Packages, onDisk) {
			return nil
		}
	}
	moved := *l
	moved.Project = dir
	return &moved
}

// unchanged reports whether the archives on disk are those of the lock. A lock file
// need not tell their digests, so the request may be the same for others.
func (l *Lock) unchanged() bool {
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if p.Archive == "" {
				continue
			}
			if _, err := localArchive(p.Archive, p.Integrity); err != nil {
				return false
			}
		}
	}
	return true
}

// Tree is what node_modules holds for some runtimes.
type Tree struct {
	Runtimes []string
	Packages []Package // sorted by Path
	Local    []Local   // sorted by Path
}

// equal reports whether two trees hold the same.
func (t Tree) equal(other Tree) bool {
	return slices.Equal(t.Packages, other.Packages) && slices.Equal(t.Local, other.Local)
}

// Local is a folder of node_modules that comes from a folder on disk: a
// member of a workspace or a "file:" dependency.
type Local struct {
	Path   string `json:"path"`   // below node_modules
	Source string `json:"source"` // relative to the root module, as far as the user wrote it so
}

// Package is one folder of node_modules.
type Package struct {
	// Path is below node_modules: "a", "a/node_modules/@scope/b".
	Path          string
	Name, Version string
	// URL is where the tarball lies, or Archive its path on disk, relative to the
	// root module as far as the user wrote it so. Neither is set, and no Integrity,
	// where the package comes in the tarball of another.
	URL       fetch.Address
	Archive   string
	Integrity string
	// Platform is set where the package is for some platforms only.
	Platform bool
}

// Folder returns the name under which the package is required.
func (p Package) Folder() string {
	if _, last, ok := cutLast(p.Path, "node_modules/"); ok {
		return last
	}
	return p.Path
}

// String returns the package as messages name it: "lodash@4.17.21".
func (p Package) String() string { return p.Name + "@" + p.Version }

// lockText is the lock as it is written: a line of text for a package, and
// no address where it is the usual one below Registry.
type lockText struct {
	Request  store.Digest `json:"request"`
	Triggers store.Digest `json:"triggers,omitzero"`
	Project  string       `json:"project"`
	Registry string       `json:"registry,omitempty"`
	Direct   []string     `json:"direct,omitempty"`
	Trees    []treeText   `json:"trees"`
	Notes    []string     `json:"notes,omitempty"`
}

type treeText struct {
	Runtimes []string `json:"runtimes"`
	Packages []string `json:"packages"`
	Local    []Local  `json:"local,omitempty"`
}

// MarshalJSON writes the lock in few words.
func (l Lock) MarshalJSON() ([]byte, error) {
	text := lockText{
		Request: l.Request, Triggers: l.Triggers, Project: l.Project, Registry: l.registry(), Direct: l.Direct, Notes: l.Notes, Trees: []treeText{},
	}
	for _, t := range l.Trees {
		lines := treeText{Runtimes: t.Runtimes, Packages: []string{}, Local: t.Local}
		for _, p := range t.Packages {
			lines.Packages = append(lines.Packages, p.line(text.Registry))
		}
		text.Trees = append(text.Trees, lines)
	}
	return json.Marshal(text)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Lock) UnmarshalJSON(body []byte) error {
	var text lockText
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&text); err != nil {
		return err
	}
	*l = Lock{Request: text.Request, Triggers: text.Triggers, Project: text.Project, Direct: text.Direct, Notes: text.Notes}
	for _, t := range text.Trees {
		tree := Tree{Runtimes: t.Runtimes, Local: t.Local}
		for _, line := range t.Packages {
			p, err := parsePackage(line, text.Registry)
			if err != nil {
				return err
			}
			tree.Packages = append(tree.Packages, p)
		}
		l.Trees = append(l.Trees, tree)
	}
	return nil
}

// registry returns the address below which most packages have their usual one.
func (l Lock) registry() string {
	counts := map[string]int{}
	var best string
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			base, ok := strings.CutSuffix(p.URL.String(), p.usualPath())
			if !ok || base == "" {
				continue
			}
			if counts[base]++; counts[base] > counts[best] || counts[base] == counts[best] && base < best {
				best = base
			}
		}
	}
	return best
}

// usualPath is where registries keep the tarball.
func (p Package) usualPath() string {
	base := p.Name[strings.LastIndexByte(p.Name, '/')+1:]
	return p.Name + "/-/" + base + "-" + p.Version + ".tgz"
}

// line writes a package as "path=name@version integrity address platform",
// without what is as usual. Where any of several digests may be the tarball's,
// commas part them. An archive on disk has "file:" and its path for an address.
// Characters that would part the line otherwise are written as in addresses: %20.
func (p Package) line(registry string) string {
	words := []string{escape(p.Path, "=") + "@" + escape(p.Version, "@")}
	if p.Folder() != p.Name {
		words[0] = escape(p.Path, "=") + "=" + escape(p.Name, "=") + "@" + escape(p.Version, "@")
	}
	if p.Integrity != "" {
		words = append(words, strings.ReplaceAll(p.Integrity, " ", ","))
		switch {
		case p.Archive != "":
			words = append(words, fileWord+escape(p.Archive, ""))
		case registry == "" || p.URL.String() != registry+p.usualPath():
			words = append(words, p.URL.String())
		}
	}
	if p.Platform {
		words = append(words, "platform")
	}
	return strings.Join(words, " ")
}

// fileWord begins the word of an archive on disk.
const fileWord = "file:"

// escape writes blanks, control characters, percent signs and the given bytes as
// %XX.
func escape(text, more string) string {
	var b strings.Builder
	for size := 0; text != ""; text = text[size:] {
		var r rune
		r, size = utf8.DecodeRuneInString(text)
		if r != '%' && !unicode.IsSpace(r) && !unicode.IsControl(r) && r != utf8.RuneError && !strings.ContainsRune(more, r) {
			b.WriteString(text[:size])
			continue
		}
		for _, c := range []byte(text[:size]) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func parsePackage(line, registry string) (Package, error) {
	refused := fmt.Errorf("reading the lock: %q is not a package", line)
	words := strings.Fields(line)
	if len(words) == 0 {
		return Package{}, refused
	}
	p, err := parseNamed(words[0])
	if err != nil {
		return Package{}, errors.Join(refused, err)
	}
	words = words[1:]
	if n := len(words); n > 0 && words[n-1] == "platform" {
		p.Platform, words = true, words[:n-1]
	}
	if len(words) == 0 {
		return p, nil
	}
	address := registry + p.usualPath()
	if len(words) == 2 {
		address = words[1]
	} else if len(words) > 2 {
		return Package{}, refused
	}
	p.Integrity = strings.ReplaceAll(words[0], ",", " ")
	if _, err := fetch.ParseIntegrity(p.Integrity); err != nil {
		return Package{}, errors.Join(refused, err)
	}
	if archive, ok := strings.CutPrefix(address, fileWord); ok && len(words) == 2 {
		p.Archive, err = url.PathUnescape(archive)
		if p.Archive == "" {
			return Package{}, refused
		}
	} else {
		p.URL, err = fetch.ParseKept(address)
	}
	if err != nil {
		return Package{}, errors.Join(refused, err)
	}
	return p, nil
}

// parseNamed reads "path=name@version".
func parseNamed(word string) (Package, error) {
	spec, version, ok := cutLast(word, "@")
	folder, name, named := strings.Cut(spec, "=")
	if !ok || folder == "" || version == "" || named && (name == "" || strings.Contains(name, "=")) {
		return Package{}, errors.New("want a path, a name and a version")
	}
	var p Package
	var faults [3]error
	p.Path, faults[0] = url.PathUnescape(folder)
	p.Version, faults[1] = url.PathUnescape(version)
	if p.Name = p.Folder(); named {
		p.Name, faults[2] = url.PathUnescape(name)
	}
	if p.Name == "" {
		return Package{}, errors.New("want a name")
	}
	return p, errors.Join(faults[:]...)
}

// cutLast cuts around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Contents maps the name of each package, with "nodejs:" before it, to its versions:
// "nodejs:lodash" to "4.17.21", or to "2.0.0, 1.4.0". Of several, those that every
// package finds come first.
func (l *Lock) Contents() map[string]string {
	contents := map[string]string{}
	for name, list := range l.versions() {
		contents["nodejs:"+name] = strings.Join(list, ", ")
	}
	return contents
}

// Asked returns the keys of Contents of what the project asks for itself.
func (l *Lock) Asked() []string {
	var keys []string
	for _, name := range l.Direct {
		keys = append(keys, "nodejs:"+name)
	}
	return keys
}

// Warnings returns what a user should know of what was chosen.
func (l *Lock) Warnings() []fault.Warning {
	return fault.Notes(fault.At("nodejs"), "Notes on the Node.js packages", l.Notes)
}

// versions returns the versions of the lock by the packages' names, those that every
// package finds first.
func (l *Lock) versions() map[string][]string {
	var all []Package
	for _, t := range l.Trees {
		all = append(all, t.Packages...)
	}
	slices.SortStableFunc(all, func(a, b Package) int {
		return cmp.Compare(strings.Count(a.Path, "/node_modules/"), strings.Count(b.Path, "/node_modules/"))
	})
	versions := map[string][]string{}
	for _, p := range all {
		if !slices.Contains(versions[p.Name], p.Version) {
			versions[p.Name] = append(versions[p.Name], p.Version)
		}
	}
	return versions
}

// Folders returns the folders on disk that are part of the lock.
func (l *Lock) Folders() ([]Folder, error) {
	var folders []Folder
	for _, t := range l.Trees {
		roots, err := t.roots(len(l.Trees))
		if err != nil {
			return nil, err
		}
		for _, p := range t.Local {
			for _, root := range roots {
				folders = append(folders, Folder{Source: p.Source, Target: path.Join(root, p.Path)})
			}
		}
	}
	return folders, nil
}

// Folder is a folder on disk that is packed.
type Folder struct {
	Source string // relative to the root module, as far as the user wrote it so
	Target string // the path in the layer
}

// roots returns the folders of a layer that a tree lands in: the one that every
// Node.js runtime reads where all have the same tree, else that of each runtime.
func (t Tree) roots(trees int) ([]string, error) {
	if trees == 1 {
		return []string{"nodejs/node_modules"}, nil
	}
	var roots []string
	for _, id := range t.Runtimes {
		r, err := runtimes.Lookup(id)
		if err != nil {
			return nil, err
		}
		roots = append(roots, r.Paths[0])
	}
	return roots, nil
}
