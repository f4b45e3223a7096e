// Package manifest reads what packages say of themselves and of each other:
// package.json and the manifests of registry documents, the names and specs of
// dependencies, a project with its members and folders, and the target that they
// are chosen for. It asks no registry and chooses no version.
package manifest

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Read decodes a package.json or the manifest of a version. What is
// malformed in it is absent, as it is for npm; what is no JSON object is an
// error.
func Read(raw []byte) (*Manifest, error) {
	raw = jsonscan.TrimBOM(raw)
	if jsonscan.FirstByte(raw) != '{' {
		return nil, fmt.Errorf("reading a manifest: it is not a JSON object")
	}
	of := map[string][]byte{}
	err := jsonscan.EachMember(raw, func(key string, value []byte) error {
		of[key] = value
		return nil
	})
	m := &Manifest{}
	if err = errors.Join(err, m.take(of)); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	return m, nil
}

// take reads the members of a manifest.
func (m *Manifest) take(of map[string][]byte) error {
	var faults [12]error
	m.Name, m.Version = jsonscan.Text(of["name"]), jsonscan.Text(of["version"])
	m.Dependencies, faults[0] = ReadDependencies(of["dependencies"])
	m.OptionalDependencies, faults[1] = ReadDependencies(of["optionalDependencies"])
	m.PeerDependencies, faults[2] = ReadDependencies(of["peerDependencies"])
	m.DevDependencies, faults[3] = ReadDependencies(of["devDependencies"])
	m.Engines, faults[4] = ReadDependencies(of["engines"])
	m.OS, faults[5] = wordList(of["os"])
	m.CPU, faults[6] = wordList(of["cpu"])
	m.Libc, faults[7] = wordList(of["libc"])
	m.OptionalPeers, faults[8] = optionalPeers(of["peerDependenciesMeta"])
	bundled, known := of["bundleDependencies"]
	if !known {
		bundled = of["bundledDependencies"]
	}
	m.Bundled, faults[9] = bundledNames(bundled, m.Dependencies)
	var scripts, dist []Dependency
	scripts, faults[10] = ReadDependencies(of["scripts"])
	m.InstallScript = jsonscan.Truthy(of["hasInstallScript"]) || slices.ContainsFunc(scripts, func(s Dependency) bool {
		return s.Spec != "" && slices.Contains([]string{"preinstall", "install", "postinstall"}, s.Name)
	})
	m.Shrinkwrap = string(of["_hasShrinkwrap"]) == "true"
	dist, faults[11] = ReadDependencies(of["dist"])
	m.Tarball, m.Integrity, m.Shasum = valueOf(dist, "tarball"), valueOf(dist, "integrity"), valueOf(dist, "shasum")
	m.Dependencies = without(m.Dependencies, m.OptionalDependencies)
	return errors.Join(faults[:]...)
}

// bundledNames reads bundleDependencies, which may be a list, an object, or true for
// all dependencies.
func bundledNames(value []byte, dependencies []Dependency) ([]string, error) {
	var names []string
	switch {
	case string(value) == "true":
		for _, d := range dependencies {
			names = append(names, d.Name)
		}
	case jsonscan.FirstByte(value) == '[':
		return wordList(value)
	}
	list, err := jsonscan.Members(value)
	for _, m := range list {
		names = append(names, m.Key)
	}
	return names, err
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
func (m *Manifest) Engine(name string) string { return valueOf(m.Engines, name) }

func valueOf(list []Dependency, name string) string {
	for _, d := range list {
		if d.Name == name {
			return d.Spec
		}
	}
	return ""
}
