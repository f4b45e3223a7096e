package lockfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// npmLocked is an entry of "dependencies" in a lock file of version 1.
type npmLocked struct {
	Version      jsonText              `json:"version"` // or an address
	Resolved     jsonText              `json:"resolved"`
	Integrity    jsonText              `json:"integrity"`
	Bundled      bool                  `json:"bundled"`
	Dev          bool                  `json:"dev"`
	Optional     bool                  `json:"optional"`
	Peer         bool                  `json:"peer"`
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
		e := &npmEntry{Version: d.Version, Resolved: d.Resolved, Integrity: d.Integrity, InBundle: d.Bundled, Extraneous: d.Extraneous, Dev: d.Dev, Optional: d.Optional, Peer: d.Peer}
		version := string(d.Version)
		switch alias, ok := strings.CutPrefix(version, "npm:"); {
		case ok:
			if i := strings.LastIndex(alias, "@"); i > 0 {
				e.Name, e.Version = jsonText(alias[:i]), jsonText(alias[i+1:])
			}
		case strings.HasPrefix(version, "file:"):
			e.Resolved = d.Version
			if !locked.IsArchiveName(version) {
				e.Link = true
				folder := strings.TrimPrefix(version, "file:")
				r.packages[folder] = &npmEntry{Name: jsonText(name)}
			}
		case strings.Contains(version, ":") && d.Resolved == "":
			e.Resolved = d.Version
		}
		var requires jsonTexts
		if len(d.Requires) > 0 && requires.UnmarshalJSON(d.Requires) == nil {
			e.Dependencies = requires
		}
		r.packages[at] = e
		if err := r.inflate(at, d.Dependencies); err != nil {
			return err
		}
	}
	return nil
}
