package nodejs

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// InstalledPackage is a package in a node_modules folder.
type InstalledPackage struct {
	// Name is that of its folder, by which code requires it. Version is as its
	// package.json says, "" where that says nothing.
	Name, Version string
	// License is the licence of its package.json, "" where that says nothing.
	License string
	// About is what else its package.json says.
	About About
	// Folder is where it lies.
	Folder string
	// Files are indices of the tree, ascending. Those of packages in its own
	// node_modules are theirs.
	Files []int

	facts tarball.Facts
}

// maxManifest bounds a package.json that is read, in bytes.
const maxManifest = 4 << 20

// PackagesIn returns the packages in the files of one archive, in the order of
// their folders.
func PackagesIn(a *filetree.Archive, tree filetree.Tree) ([]InstalledPackage, error) {
	at := map[string]int{}
	var all []InstalledPackage
	var manifests filetree.Tree
	for _, e := range tree {
		folder, ok := strings.CutSuffix(e.Path, "/package.json")
		name := packageIn(folder)
		if !ok || name == "" || e.Size > maxManifest {
			continue
		}
		at[folder] = len(all)
		all = append(all, InstalledPackage{Name: name, Folder: folder})
		manifests = append(manifests, e)
	}
	err := filetree.ReadEntries(a, manifests, func(e *filetree.Entry, in io.Reader) error {
		body, err := io.ReadAll(in)
		if err == nil {
			all[at[path.Dir(e.Path)]].read(body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, e := range tree {
		for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
			if k, ok := at[dir]; ok {
				all[k].Files = append(all[k].Files, i)
				break
			}
			if path.Base(dir) == "node_modules" {
				break
			}
		}
	}
	slices.SortFunc(all, func(x, y InstalledPackage) int { return strings.Compare(x.Folder, y.Folder) })
	return all, nil
}

// packageIn returns the name of the package whose folder it is, "" for other
// folders.
func packageIn(folder string) string {
	i := strings.LastIndex("/"+folder, "/node_modules/")
	if i < 0 {
		return ""
	}
	name := folder[i+len("node_modules/"):]
	if parts := strings.Count(name, "/"); parts > 1 || parts == 1 != strings.HasPrefix(name, "@") {
		return ""
	}
	return name
}

// read takes what a package.json says. What is malformed in it is absent.
func (p *InstalledPackage) read(body []byte) {
	p.About, _ = tarball.ReadAbout(body)
	p.Version, p.License = p.About.Version, p.About.License
	p.facts, _ = tarball.ReadFacts(body) // one that cannot be read has no scripts for npm
}

// InstallScript says which scripts npm runs when it installs the package, "" where
// it has none or brings prebuilt code for Linux on the architectures. all are the
// packages of the tree.
func (p *InstalledPackage) InstallScript(tree filetree.Tree, all []InstalledPackage, architectures []string) string {
	files := make(filetree.Tree, 0, len(p.Files))
	for _, i := range p.Files {
		e := tree[i]
		e.Path = strings.TrimPrefix(e.Path, p.Folder+"/")
		files = append(files, e)
	}
	platform := map[string]bool{}
	for i := range all {
		platform[all[i].Name] = true
	}
	if len(architectures) == 0 {
		architectures = []string{runtimes.X8664}
	}
	own := &part{facts: p.facts, files: files}
	return own.scripts(platform, architectures)
}
