// Package manifest reads what packages say of themselves and of each other:
// package.json and the manifests of registry documents, the names and specs of
// dependencies, a project with its members and folders, and the target that they
// are chosen for. It asks no registry and chooses no version.
package manifest

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Read decodes a package.json or the manifest of a version. What is
// malformed in it is absent, as it is for npm; what is no JSON object is an
// error.
func Read(raw []byte) (*Manifest, error) {
	raw = jsonscan.TrimBOM(raw)
	if jsonscan.FirstByte(raw) != '{' {
		return nil, fmt.Errorf("reading a manifest: it is not JSON object")
	}
	r := manifestReader{m: &Manifest{}}
	if err := jsonscan.EachMember(raw, r.take); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	return r.finish()
}

// manifestReader collects what must be seen as a whole.
type manifestReader struct {
	m *Manifest

	peerMeta, bundle, bundled, bin, scripts []byte
}

func (r *manifestReader) take(key string, value []byte) (err error) {
	m := r.m
	switch key {
	case "name":
		m.Name = jsonscan.Text(value)
	case "version":
		m.Version = jsonscan.Text(value)
	case "dependencies":
		m.Dependencies, err = ReadDependencies(value)
	case "optionalDependencies":
		m.OptionalDependencies, err = ReadDependencies(value)
	case "peerDependencies":
		m.PeerDependencies, err = ReadDependencies(value)
	case "devDependencies":
		m.DevDependencies, err = ReadDependencies(value)
	case "peerDependenciesMeta":
		r.peerMeta = value
	case "bundleDependencies":
		r.bundle = value
	case "bundledDependencies":
		r.bundled = value
	case "engines":
		m.Engines, err = ReadDependencies(value)
	case "os":
		m.OS, err = wordList(value)
	case "cpu":
		m.CPU, err = wordList(value)
	case "libc":
		m.Libc, err = wordList(value)
	case "bin":
		r.bin = value
	case "scripts":
		r.scripts = value
	case "hasInstallScript":
		m.InstallScript = m.InstallScript || jsonscan.Truthy(value)
	case "deprecated":
		m.Deprecated = deprecation(value)
	case "_hasShrinkwrap":
		m.Shrinkwrap = string(value) == "true"
	case "dist":
		err = jsonscan.EachMember(value, m.takeDist)
	}
	return err
}

// ReadDist returns the manifest of what "dist" of a registry document tells: the
// tarball's address and digests.
func ReadDist(value []byte) (*Manifest, error) {
	m := &Manifest{}
	return m, jsonscan.EachMember(value, m.takeDist)
}

func (m *Manifest) takeDist(key string, value []byte) error {
	switch key {
	case "tarball":
		m.Tarball = jsonscan.Text(value)
	case "integrity":
		m.Integrity = jsonscan.Text(value)
	case "shasum":
		m.Shasum = jsonscan.Text(value)
	}
	return nil
}

func (r *manifestReader) finish() (*Manifest, error) {
	m := r.m
	var err error
	if m.Bundled, err = r.bundledNames(); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	if m.OptionalPeers, err = optionalPeers(r.peerMeta); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	if m.Bin, err = binCommands(m.Name, r.bin); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	err = jsonscan.EachMember(r.scripts, func(key string, value []byte) error {
		if key == "preinstall" || key == "install" || key == "postinstall" {
			m.InstallScript = m.InstallScript || jsonscan.Text(value) != ""
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	m.Dependencies = without(m.Dependencies, m.OptionalDependencies)
	return m, nil
}

// bundledNames reads bundleDependencies, which may be a list, an object, or
// true for all dependencies; bundledDependencies counts where it is missing.
func (r *manifestReader) bundledNames() ([]string, error) {
	value := r.bundle
	if value == nil {
		value = r.bundled
	}
	var names []string
	switch {
	case len(value) == 0:
	case string(value) == "true":
		for _, d := range r.m.Dependencies {
			names = append(names, d.Name)
		}
	case value[0] == '[':
		return names, jsonscan.EachElement(value, func(value []byte) error {
			if name := jsonscan.Text(value); name != "" {
				names = append(names, name)
			}
			return nil
		})
	case value[0] == '{':
		list, err := jsonscan.Members(value)
		for _, m := range list {
			names = append(names, m.Key)
		}
		return names, err
	}
	return names, nil
}

// ReadDependencies reads an object of names and specs; what is no string is left
// out.
func ReadDependencies(value []byte) ([]Dependency, error) {
	list, err := jsonscan.Members(value)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	all := make([]Dependency, 0, len(list))
	for _, m := range list {
		if spec, err := jsonscan.String(m.Value); err == nil {
			all = append(all, Dependency{m.Key, spec})
		}
	}
	return all, nil
}

// without returns the dependencies that are not among others.
func without(all, others []Dependency) []Dependency {
	if len(others) == 0 {
		return all
	}
	names := make(map[string]bool, len(others))
	for _, o := range others {
		names[o.Name] = true
	}
	return slices.DeleteFunc(all, func(d Dependency) bool { return names[d.Name] })
}

func optionalPeers(value []byte) (map[string]bool, error) {
	var peers map[string]bool
	err := jsonscan.EachMember(value, func(name string, value []byte) error {
		return jsonscan.EachMember(value, func(key string, value []byte) error {
			if key == "optional" {
				if peers == nil {
					peers = map[string]bool{}
				}
				peers[name] = jsonscan.Truthy(value)
			}
			return nil
		})
	})
	return peers, err
}

// wordList reads a string or an array of strings.
func wordList(value []byte) ([]string, error) {
	if word := jsonscan.Text(value); word != "" {
		return []string{word}, nil
	}
	var words []string
	err := jsonscan.EachElement(value, func(value []byte) error {
		if word := jsonscan.Text(value); word != "" {
			words = append(words, word)
		}
		return nil
	})
	return words, err
}

// deprecation is the message; where there is one without words, "deprecated".
func deprecation(value []byte) string {
	if message := jsonscan.Text(value); message != "" || !jsonscan.Truthy(value) {
		return message
	}
	return "deprecated"
}

// binCommands reads bin: a path for the command that is named like the package,
// an object, or a list of paths. Names and paths cannot leave the package.
func binCommands(packageName string, value []byte) ([]Dependency, error) {
	var found []Dependency
	add := func(command, target string) {
		command = path.Base(path.Clean("/" + slashes(command)))
		target = strings.TrimPrefix(path.Clean("/"+slashes(target)), "/")
		if command == "/" || target == "" {
			return
		}
		at := slices.IndexFunc(found, func(d Dependency) bool { return d.Name == command })
		if at >= 0 {
			found[at].Spec = target
			return
		}
		found = append(found, Dependency{command, target})
	}
	if target := jsonscan.Text(value); target != "" && packageName != "" {
		add(packageName, target)
	}
	err := jsonscan.EachElement(value, func(value []byte) error {
		if target := jsonscan.Text(value); target != "" {
			add(path.Base(target), target)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := jsonscan.Members(value)
	for _, m := range list {
		if target := jsonscan.Text(m.Value); target != "" {
			add(m.Key, target)
		}
	}
	return found, err
}

// slashes makes slashes of what other systems write between folders.
func slashes(s string) string { return strings.NewReplacer(`\`, "/", ":", "/").Replace(s) }

// TarballIntegrity returns what the registry says of the tarball as Subresource
// Integrity, "" for nothing.
func (m *Manifest) TarballIntegrity() string {
	if m.Integrity != "" {
		return m.Integrity
	}
	return ShasumIntegrity(m.Shasum)
}

// ShasumIntegrity writes a SHA-1 in hexadecimal as Subresource Integrity.
func ShasumIntegrity(shasum string) string {
	sum, err := hex.DecodeString(shasum)
	if err != nil || len(sum) == 0 {
		return ""
	}
	return "sha1-" + base64.StdEncoding.EncodeToString(sum)
}

// Dependency is an entry of a dependencies object: the order of the object is
// the order of placement.
type Dependency struct {
	Name string // of the folder
	Spec string // a range, a tag, an alias "npm:other@1", an address, …
}

// Manifest is what a package.json, or a version in a registry document, says.
// Malformed parts are as npm reads them: mostly absent.
type Manifest struct {
	Name, Version string

	Dependencies         []Dependency // without those that OptionalDependencies name
	OptionalDependencies []Dependency
	PeerDependencies     []Dependency
	DevDependencies      []Dependency // of a project; of a registry's version always empty
	OptionalPeers        map[string]bool
	// Bundled names the dependencies that come in the tarball.
	Bundled []string

	Engines       []Dependency // "node", "npm", …
	OS, CPU, Libc []string
	Bin           []Dependency // command, path in the package
	Deprecated    string       // the message, "" where it is not
	// InstallScript is set where preinstall, install, postinstall or a
	// binding.gyp would run on "npm install".
	InstallScript bool
	// Shrinkwrap is set where the tarball brings an npm-shrinkwrap.json.
	Shrinkwrap bool

	Tarball   string // address
	Integrity string // Subresource Integrity; "" in old documents
	Shasum    string // SHA-1 in hexadecimal, "" where there is none
}

// Engine returns the range of an engine, such as "node", that the package
// admits; "" for any.
func (m *Manifest) Engine(name string) string {
	for _, d := range m.Engines {
		if d.Name == name {
			return d.Spec
		}
	}
	return ""
}
