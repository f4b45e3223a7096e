package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// yarnSettings are the parts of .yarnrc.yml that decide what a lock file means. See
// https://yarnpkg.com/configuration/yarnrc.
type yarnSettings struct {
	Catalog  table[string]        `yaml:"catalog"`
	Catalogs table[table[string]] `yaml:"catalogs"`
	// PackageExtensions are what packages ought to say of their dependencies and do not.
	// The lock file has them as they are.
	PackageExtensions table[wishes] `yaml:"packageExtensions"`
}

// yarnSettings reads the .yarnrc.yml beside the lock file, where there is one.
func (r *lockReader) yarnSettings() (yarnSettings, error) {
	var s yarnSettings
	body, err := r.read(".yarnrc.yml")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading .yarnrc.yml beside lock file %q: %w", r.title, err)
	}
	if err := filetree.CheckLimit("", "bytes", len(body), filetree.MaxSettings); err != nil {
		return s, &locked.Error{File: r.title, Entry: ".yarnrc.yml", Reason: err.Error(), Err: err}
	}
	var sections table[yaml.Node]
	if err := yaml.Unmarshal(body, &sections); err != nil {
		return s, &locked.Error{File: r.title, Entry: ".yarnrc.yml", Reason: "it is not YAML that yarn reads", Err: err}
	}
	for name, into := range map[string]any{"catalog": &s.Catalog, "catalogs": &s.Catalogs, "packageExtensions": &s.PackageExtensions} {
		if node, ok := sections[name]; ok && node.Decode(into) != nil {
			return s, r.fault(".yarnrc.yml", "yarn does not read its setting %q, from line %d on", name, node.Line)
		}
	}
	return s, nil
}

// uncatalogued returns the range that a wish such as "catalog:" or "catalog:old"
// stands for, and any other wish as it is.
func (s yarnSettings) uncatalogued(name, spec string) string {
	catalog, ok := strings.CutPrefix(spec, "catalog:")
	if !ok {
		return spec
	}
	from := s.Catalog
	if catalog != "" && catalog != "default" {
		from = s.Catalogs[catalog]
	}
	if wanted := from[name]; wanted != "" {
		return wanted
	}
	return spec
}

// extend adds to the packages what .yarnrc.yml, and yarn itself, say that their
// manifests lack.
func (w *yarnWorld) extend() {
	for _, key := range slices.Sorted(maps.Keys(w.lock.Packages)) {
		p := w.lock.Packages[key]
		if key == w.lock.Root || p.Local != "" {
			continue
		}
		for _, pattern := range slices.Sorted(maps.Keys(w.settings.PackageExtensions)) {
			if name, of := cutPattern(pattern); name == p.Name && admits(of, p.Version) {
				extend(p, w.settings.PackageExtensions[pattern])
			}
		}
		for _, known := range knownExtensions[p.Name] {
			if admits(known.versions, p.Version) {
				extend(p, wishes{Dependencies: known.lacks})
			}
		}
	}
}

// admits reports whether a range admits a version, as yarn sees it: prereleases are
// versions as any other.
func admits(wanted, version string) bool {
	if wanted == "" || wanted == "*" {
		return true
	}
	r, err := semver.ParseRangeWith(wanted, semver.Options{IncludePrerelease: true})
	v, errVersion := semver.ParseLoose(version)
	return err == nil && errVersion == nil && r.Match(v)
}

// extend adds what the package does not say itself.
func extend(p *locked.Package, lacks wishes) {
	for _, e := range lacks.edges() {
		switch said := p.EdgeTo(e.Name); {
		case said == nil:
			p.Edges = locked.SortEdges(append(p.Edges, e))
		case said.Kind.IsPeer() && !e.Kind.IsPeer():
			*said = e
		}
	}
}

// adopt gives the project what nothing in the lock file wants. Yarn keeps such
// entries only where its extensions add dependencies to packages, and the extensions
// differ between its versions. At the top every package finds them.
func (w *yarnWorld) adopt() {
	wanted := map[string]bool{}
	for _, p := range w.lock.Packages {
		for _, e := range p.Edges {
			wanted[e.To] = true
		}
		if p.Fault != "" { // a patch is of an entry of its own
			wanted[p.Name+"@npm:"+p.Version] = true
		}
	}
	root := w.lock.Packages[w.lock.Root]
	has := map[string]bool{}
	for _, e := range root.Edges {
		has[e.Name] = true
	}
	var adopted []string
	for _, name := range slices.Sorted(maps.Keys(w.byName)) {
		for _, key := range w.byName[name] {
			p := w.lock.Packages[key]
			if p == nil || wanted[key] || p.Local != "" || p.Fault != "" || has[name] {
				continue
			}
			has[name] = true
			root.Edges = append(root.Edges, locked.Edge{Name: name, Spec: p.Version, To: key})
			adopted = append(adopted, p.String())
		}
	}
	if len(adopted) > 0 {
		root.Edges = locked.SortEdges(root.Edges)
		w.lock.Notes = append(w.lock.Notes, fmt.Sprintf("nothing in the lock file %q wants %s, which an extension of yarn's own may: it is packed at the top", w.title, modules.Some(adopted)))
	}
}
