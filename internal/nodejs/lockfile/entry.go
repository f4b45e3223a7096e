package lockfile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// npmEntry is an entry of package-lock's "packages", which says what a
// package.json says and where the package comes from. A package.json is read
// with it, too. Values of other types than npm writes are as if absent.
type npmEntry struct {
	manifest.Manifest // with the entry's own address and integrity

	Link, Dev, Optional, Extraneous, InBundle bool

	// What projects say besides.
	Workspaces     []string
	Overrides      []manifest.Override
	Resolutions    map[string]string // yarn's overrides
	PackageManager string            // such as "pnpm@11.2.0"
}

// UnmarshalJSON reads an entry or a package.json.
func (e *npmEntry) UnmarshalJSON(b []byte) error {
	p, patterns, err := manifest.ParseProject(b)
	if err != nil {
		return err
	}
	e.Manifest, e.Workspaces, e.Overrides = p.Manifest, patterns, p.Overrides
	e.Tarball, e.Integrity, e.Shasum = "", "", "" // what a registry says of it counts there
	return jsonscan.EachMember(b, func(key string, value []byte) error {
		switch key {
		case "resolved":
			e.Tarball = jsonscan.Text(value) // false in very old files
		case "integrity":
			e.Integrity = jsonscan.Text(value)
		case "link":
			e.Link = jsonscan.Truthy(value)
		case "dev":
			e.Dev = jsonscan.Truthy(value)
		case "optional":
			e.Optional = jsonscan.Truthy(value)
		case "extraneous":
			e.Extraneous = jsonscan.Truthy(value)
		case "inBundle":
			e.InBundle = jsonscan.Truthy(value)
		case "packageManager":
			e.PackageManager = jsonscan.Text(value)
		case "resolutions":
			list, err := manifest.ReadDependencies(value)
			e.Resolutions = map[string]string{}
			for _, d := range list {
				e.Resolutions[d.Name] = d.Spec
			}
			return err
		}
		return nil
	})
}

// pnpm returns the major version of pnpm that the project asks for, 0 where it asks for
// none.
func (e *npmEntry) pnpm() int {
	name, version := cutPattern(e.PackageManager)
	major, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(major)
	if name != "pnpm" || err != nil {
		return 0
	}
	return number
}

// overrides reports whether overrides give a name another version, at any depth; not
// where they do so only below it.
func overrides(all []manifest.Override, name string) bool {
	return slices.ContainsFunc(all, func(o manifest.Override) bool {
		key, _ := cutPattern(o.Key)
		return key == name && o.Value != "" || overrides(o.Below, name)
	})
}
