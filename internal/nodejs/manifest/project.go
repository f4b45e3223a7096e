package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Project is what wants packages: a package.json with what it refers to on
// disk, or a map of dependencies, where all but Dependencies is empty.
type Project struct {
	Manifest
	Overrides []Override
	// Members are the folders of the workspace's members, in order.
	Members []string
	// Folders are the manifests of members and of "file:" dependencies by
	// their slash path below the project.
	Folders map[string]*Manifest
	// Notes are sentences for the user.
	Notes []string
}

// ReadProject reads a package.json, the manifests of its workspace's members
// and those of the folders that its dependencies name. The name of the file is
// in every error.
func ReadProject(name string) (*Project, error) {
	raw, err := filetree.ReadDocument(name)
	if err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	p, patterns, err := ParseProject(raw)
	if why := jsonscan.Explain(jsonscan.TrimBOM(raw), nil); err != nil && why != "" {
		err = errors.New(why)
	}
	if err == nil {
		err = CheckForm(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if p.Members, p.Notes, err = FindMembers(filepath.Dir(name), patterns); err != nil {
		return nil, fmt.Errorf("reading the workspaces of %q: %w", name, err)
	}
	if err := p.readFolders(filepath.Dir(name)); err != nil {
		return nil, err
	}
	return p, nil
}

// NewProject returns the project of a folder that has no package.json, with the
// manifests of the folders that the dependencies name. The order of these, which
// decides between conflicting places, is that in which npm writes a package.json.
func NewProject(dir string, dependencies map[string]string) (*Project, error) {
	p := &Project{Folders: map[string]*Manifest{}}
	for _, name := range slices.SortedFunc(maps.Keys(dependencies), Collate) {
		p.Dependencies = append(p.Dependencies, Dependency{Name: name, Spec: dependencies[name]})
	}
	return p, p.readFolders(dir)
}

// Direct returns the folders of what the project asks for itself.
func (p *Project) Direct() []string {
	var names []string
	for _, deps := range [][]Dependency{p.Dependencies, p.OptionalDependencies, p.PeerDependencies} {
		for _, d := range deps {
			if !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// ParseProject reads the text of a package.json; patterns are of workspaces.
func ParseProject(raw []byte) (p *Project, patterns []string, err error) {
	m, err := Read(raw)
	if err != nil {
		return nil, nil, err
	}
	p = &Project{Manifest: *m, Folders: map[string]*Manifest{}}
	err = jsonscan.EachMember(jsonscan.TrimBOM(raw), func(key string, value []byte) error {
		switch key {
		case "overrides":
			p.Overrides, _, err = readOverrides(value)
			return err
		case "workspaces":
			patterns, err = readPatterns(value)
			return err
		}
		return nil
	})
	return p, patterns, err
}

// readOverrides reads an overrides object; "." in it is the value of what holds it.
func readOverrides(object []byte) (list []Override, own string, err error) {
	members, err := jsonscan.Members(object)
	if err != nil {
		return nil, "", err
	}
	for _, m := range members {
		o := Override{Key: m.Key}
		switch first := jsonscan.FirstByte(m.Value); {
		case m.Key == ".":
			own = cmp.Or(jsonscan.Text(m.Value), "*")
			continue
		case first == '{':
			o.Below, o.Value, err = readOverrides(m.Value)
		case first == '"':
			o.Value = cmp.Or(jsonscan.Text(m.Value), "*")
		default:
			err = fmt.Errorf("reading the override of %q: it must be a text or an object", m.Key)
		}
		if err != nil {
			return nil, "", err
		}
		list = append(list, o)
	}
	return list, own, nil
}

// readPatterns reads workspaces: a list, or an object that has it as packages.
func readPatterns(value []byte) ([]string, error) {
	err := jsonscan.EachMember(value, func(key string, inner []byte) error {
		if key == "packages" {
			value = inner
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if jsonscan.FirstByte(value) != '[' {
		return nil, nil
	}
	return wordList(value)
}

// readFolders reads the manifests of members, and of the folders that the
// project and these folders depend on.
func (p *Project) readFolders(dir string) error {
	queue := slices.Clone(p.Members)
	queue = append(queue, namedFolders(".", &p.Manifest)...)
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		if p.Folders[at] != nil || Outside(at) {
			continue
		}
		folder := filepath.Join(dir, filepath.FromSlash(at))
		if !filetree.Within([]string{dir}, folder) {
			continue // a link that leads out of the project
		}
		name := filepath.Join(folder, "package.json")
		raw, err := filetree.ReadDocument(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the project: %w", err)
		}
		m, err := Read(raw)
		if err == nil {
			err = CheckForm(raw)
		}
		if err != nil {
			return fmt.Errorf("reading %q: %w", name, err)
		}
		m.Name = cmp.Or(m.Name, path.Base(at))
		p.Folders[at] = m
		queue = append(queue, namedFolders(at, m)...)
	}
	return nil
}

// namedFolders returns the folders that a manifest in a folder depends on.
func namedFolders(at string, m *Manifest) []string {
	var folders []string
	for _, deps := range [][]Dependency{m.Dependencies, m.OptionalDependencies, m.PeerDependencies, m.DevDependencies} {
		for _, d := range deps {
			if s, err := ParseSpec(d.Name, d.Spec); err == nil && s.Kind == DirectorySpec {
				folders = append(folders, LocalPath(at, s))
			}
		}
	}
	return folders
}

// LocalPath is where a folder is that a manifest at a path names.
func LocalPath(at string, s Spec) string {
	if path.IsAbs(s.Fetch) || strings.HasPrefix(s.Fetch, "~") || strings.Contains(s.Fetch, ":") {
		return ".."
	}
	return path.Join(at, filepath.ToSlash(s.Fetch))
}

// Outside reports whether a slash path is not below the project.
func Outside(at string) bool { return at == "." || at == ".." || strings.HasPrefix(at, "../") }

// Override is an entry of package.json's overrides.
type Override struct {
	Key   string // a name, or name@range of what is overridden
	Value string // what is taken instead; "" where only what is below is overridden, "$name" for the project's own range
	// Below are the overrides among what the package brings.
	Below []Override
}

// ModulesFolder is the folder in which Node.js looks for packages.
const ModulesFolder = "node_modules"
