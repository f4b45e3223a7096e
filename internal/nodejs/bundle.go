package nodejs

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// unbundle puts what the tarball of n brings below n.
func (b *builder) unbundle(ctx context.Context, n *node) error {
	packages, shrinkwrap, err := b.source.reg.Bundle(ctx, n.pkg)
	if err != nil {
		return fmt.Errorf("reading what comes in %s: %w", n.label(), err)
	}
	if n.pkg.Shrinkwrap && shrinkwrap != nil {
		locked, err := readShrinkwrap(shrinkwrap)
		if err != nil {
			return fmt.Errorf("reading npm-shrinkwrap.json of %s: %w", n.label(), err)
		}
		b.graft(n, locked)
	}
	if len(n.pkg.Bundled) > 0 {
		b.graft(n, packages)
	}
	return nil
}

// graft puts packages below n by their path there; one without a parent is
// left out.
func (b *builder) graft(n *node, packages map[string]*manifest.Manifest) {
	at := map[string]*node{"": n}
	paths := slices.SortedFunc(maps.Keys(packages), manifest.Collate)
	slices.SortStableFunc(paths, func(x, y string) int {
		return strings.Count(x, "node_modules/") - strings.Count(y, "node_modules/")
	})
	for _, p := range paths {
		holder, name, ok := cutModule(p)
		if parent := at[holder]; ok && parent != nil {
			at[p] = b.newNode(nodeIn{name: name, pkg: packages[p], parent: parent})
		}
	}
}

// cutModule parts "a/node_modules/b" into "a" and "b".
func cutModule(p string) (holder, name string, ok bool) {
	const folder = "node_modules/"
	i := strings.LastIndex(p, folder)
	if i < 0 || i > 0 && p[i-1] != '/' {
		return "", "", false
	}
	return strings.TrimSuffix(p[:i], "/"), p[i+len(folder):], true
}

// readShrinkwrap returns the packages of an npm-shrinkwrap.json by their path:
// of its "packages", or of the nested "dependencies" of older files.
func readShrinkwrap(raw []byte) (map[string]*manifest.Manifest, error) {
	found := map[string]*manifest.Manifest{}
	var nested []byte
	err := jsonscan.EachMember(jsonscan.TrimBOM(raw), func(key string, value []byte) error {
		switch key {
		case "packages":
			return jsonscan.EachMember(value, func(at string, entry []byte) error { return addLocked(found, at, entry) })
		case "dependencies":
			nested = value
		}
		return nil
	})
	if err == nil && len(found) == 0 && nested != nil {
		err = addNested(found, "", nested)
	}
	return found, err
}

func addLocked(found map[string]*manifest.Manifest, at string, entry []byte) error {
	_, name, ok := cutModule(at)
	if !ok {
		return nil
	}
	m, err := manifest.Read(entry)
	if err != nil {
		return fmt.Errorf("reading the entry %q: %w", at, err)
	}
	m.Name, m.DevDependencies = cmp.Or(m.Name, name), nil
	err = jsonscan.EachMember(entry, func(key string, value []byte) error {
		switch key {
		case "resolved":
			m.Tarball = jsonscan.Text(value)
		case "integrity":
			m.Integrity = jsonscan.Text(value)
		case "hasShrinkwrap":
			m.Shrinkwrap = jsonscan.Truthy(value)
		}
		return nil
	})
	found[at] = m
	return err
}

// addNested reads the form of npm 6 and older.
func addNested(found map[string]*manifest.Manifest, below string, object []byte) error {
	return jsonscan.EachMember(object, func(name string, entry []byte) error {
		at := path.Join(below, manifest.ModulesFolder, name)
		if err := addLocked(found, at, entry); err != nil {
			return err
		}
		m := found[at]
		m.Dependencies = nil
		return jsonscan.EachMember(entry, func(key string, value []byte) (err error) {
			switch key {
			case "requires":
				m.Dependencies, err = manifest.ReadDependencies(value)
			case "dependencies":
				err = addNested(found, at, value)
			}
			return err
		})
	})
}
