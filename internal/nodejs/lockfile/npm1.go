package lockfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// npmLocked is an entry of "dependencies" in a lock file of version 1.
type npmLocked struct {
	Version      json.RawMessage       `json:"version"` // or an address
	Resolved     json.RawMessage       `json:"resolved"`
	Integrity    json.RawMessage       `json:"integrity"`
	Bundled      bool                  `json:"bundled"`
	Dev          bool                  `json:"dev"`
	Optional     bool                  `json:"optional"`
	Extraneous   bool                  `json:"extraneous"`
	Requires     json.RawMessage       `json:"requires"` // an object; true in very old files
	Dependencies map[string]*npmLocked `json:"dependencies"`
}

// maxNesting bounds how deep packages of a lock file of version 1 lie in each other,
// and maxPaths how many bytes the paths of all have: they grow with the depth, and a
// short file would take gigabytes. Real trees are less than 20 deep; 50,000 packages
// have 10 MB of paths.
const (
	maxNesting = 200
	maxPaths   = 64 << 20
)

// inflate adds what version 1 nests below a folder as entries of version 3.
func (r *packageLockReader) inflate(folder string, nested map[string]*npmLocked) error {
	for _, name := range slices.Sorted(maps.Keys(nested)) {
		d := nested[name]
		at := strings.TrimPrefix(folder+"/"+manifest.ModulesFolder+"/"+name, "/")
		if r.paths += len(at); r.paths > maxPaths || strings.Count(at, manifest.ModulesFolder+"/") > maxNesting {
			return r.fault("", "its packages lie deeper in each other than any project needs: run npm install with npm 7 or later, which writes a flat lock file")
		}
		if d == nil || folderName(at) == "" {
			return r.fault(at, "npm does not write such an entry: run npm install")
		}
		version, resolved := jsonscan.Text(d.Version), jsonscan.Text(d.Resolved)
		e := &npmEntry{InBundle: d.Bundled, Extraneous: d.Extraneous, Dev: d.Dev, Optional: d.Optional}
		e.Version, e.Tarball, e.Integrity = version, resolved, jsonscan.Text(d.Integrity)
		switch alias, ok := strings.CutPrefix(version, "npm:"); {
		case ok:
			if i := strings.LastIndex(alias, "@"); i > 0 {
				e.Name, e.Version = alias[:i], alias[i+1:]
			}
		case strings.HasPrefix(version, "file:"):
			e.Tarball = version
			if !locked.IsArchiveName(version) {
				e.Link = true
				folder := strings.TrimPrefix(version, "file:")
				r.packages[folder] = &npmEntry{Manifest: manifest.Manifest{Name: name}}
			}
		case strings.Contains(version, ":") && resolved == "":
			e.Tarball = version
		}
		var err error
		if e.Dependencies, err = manifest.ReadDependencies(d.Requires); err != nil {
			return r.fault(at, "its \"requires\" cannot be read: run npm install")
		}
		r.packages[at] = e
		if err := r.inflate(at, d.Dependencies); err != nil {
			return err
		}
	}
	return nil
}
