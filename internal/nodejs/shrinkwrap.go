package nodejs

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// readShrinkwrap returns the packages that the npm-shrinkwrap.json of a tarball
// lists, by their path below the package. It has the form of a package-lock:
// "packages" by path, or, in old ones, "dependencies" within each other.
func readShrinkwrap(raw []byte) (map[string]*manifest.Manifest, error) {
	var file struct {
		Packages     map[string]json.RawMessage
		Dependencies map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("reading npm-shrinkwrap.json: %w", err)
	}
	found := map[string]*manifest.Manifest{}
	if file.Packages == nil {
		return found, addShrunk(found, "", file.Dependencies, 0)
	}
	for at, entry := range file.Packages {
		i := strings.LastIndex(at, "node_modules/")
		if i < 0 {
			continue
		}
		m, err := readShrunk(entry, at[i+len("node_modules/"):])
		if err != nil {
			return nil, fmt.Errorf("reading %q of npm-shrinkwrap.json: %w", at, err)
		}
		found[at] = m
	}
	return found, nil
}

// maxShrunkDepth bounds how deep dependencies lie within each other.
const maxShrunkDepth = 200

// addShrunk adds the entries of an old file, with what lies within them.
func addShrunk(found map[string]*manifest.Manifest, holder string, entries map[string]json.RawMessage, depth int) error {
	if depth > maxShrunkDepth {
		return fmt.Errorf("reading npm-shrinkwrap.json: its dependencies lie more than %d deep in each other", maxShrunkDepth)
	}
	for name, entry := range entries {
		at := strings.TrimPrefix(holder+"/node_modules/"+name, "/")
		var inner struct {
			Requires     json.RawMessage
			Dependencies map[string]json.RawMessage
		}
		// "requires" may be true, and old files have other surprises: what is not
		// understood says nothing.
		_ = json.Unmarshal(entry, &inner)
		m, err := readShrunk(entry, name)
		if err != nil {
			return fmt.Errorf("reading %q of npm-shrinkwrap.json: %w", at, err)
		}
		m.Dependencies, _ = manifest.ReadDependencies(inner.Requires)
		found[at] = m
		if err := addShrunk(found, at, inner.Dependencies, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func readShrunk(entry json.RawMessage, name string) (*manifest.Manifest, error) {
	m, err := manifest.Read(entry)
	if err != nil {
		return nil, err
	}
	var from struct{ Resolved, Integrity json.RawMessage }
	_ = json.Unmarshal(entry, &from)
	_ = json.Unmarshal(from.Resolved, &m.Tarball) // true, in a lock that hides addresses
	_ = json.Unmarshal(from.Integrity, &m.Integrity)
	if m.Name == "" {
		m.Name = name
	}
	return m, nil
}
