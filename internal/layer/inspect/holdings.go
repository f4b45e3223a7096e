package inspect

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Holding is one thing that a zip holds: a Python distribution, a Node.js package,
// or a folder of other files.
type Holding struct {
	// Ecosystem is "python", "nodejs" or "files".
	Ecosystem string `json:"ecosystem"`
	// Name is the normalised name of a distribution, the folder's name of a
	// package, the path of other files. Files have no version.
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// License is as the distribution or package says, "" where it says nothing.
	License string `json:"license,omitempty"`
	// Folders are where it lies: more than one where it has copies.
	Folders []string `json:"folders"`
	// Files counts its files, Size and PackedSize are their sums in bytes.
	Files      int   `json:"files"`
	Size       int64 `json:"size"`
	PackedSize int64 `json:"packed_size"`
}

// Key is how contents name it: "python:requests".
func (h *Holding) Key() string { return h.Ecosystem + ":" + h.Name }

// Parts are the files of a zip, with what is found in them, the largest first, and what
// each belongs to.
type Parts struct {
	files         filetree.Tree
	all           []*Holding
	of            []*Holding // by the place of the file in files
	distributions []python.Distribution
	packages      []nodejs.InstalledPackage
}

// PartsOf parts the files of one archive, and sets their origins in the tree.
func PartsOf(a *filetree.Archive, tree filetree.Tree) (*Parts, error) {
	p := &Parts{files: tree, of: make([]*Holding, len(tree))}
	var err error
	if p.distributions, err = python.DistributionsIn(a, tree); err != nil {
		return nil, err
	}
	if p.packages, err = nodejs.PackagesIn(a, tree); err != nil {
		return nil, err
	}
	known := map[[3]string]*Holding{}
	add := func(found Holding, folder string, files []int) {
		key := [3]string{found.Ecosystem, found.Name, found.Version}
		if known[key] == nil {
			known[key] = &found
			p.all = append(p.all, &found)
		}
		one := known[key]
		if !slices.Contains(one.Folders, folder) {
			one.Folders = append(one.Folders, folder)
		}
		for _, i := range files {
			if p.of[i] == nil {
				p.of[i] = one
				one.Files++
				one.Size, one.PackedSize = one.Size+tree[i].Size, one.PackedSize+tree[i].PackedSize
			}
		}
	}
	for _, d := range p.distributions {
		add(Holding{Ecosystem: "python", Name: d.Name, Version: d.Version, License: d.Metadata.LicenseName()}, d.Site, d.Files)
	}
	for _, n := range p.packages {
		add(Holding{Ecosystem: "nodejs", Name: n.Name, Version: n.Version, License: n.License}, n.Folder, n.Files)
	}
	for i, e := range tree {
		if p.of[i] == nil {
			add(Holding{Ecosystem: "files", Name: partOf(e.Path)}, path.Dir(e.Path), []int{i})
		}
	}
	slices.SortFunc(p.all, func(a, b *Holding) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Key(), b.Key()), cmp.Compare(a.Version, b.Version))
	})
	for i, one := range p.of {
		if one.Ecosystem != "files" {
			tree[i].Origin = filetree.Origin{Ecosystem: one.Ecosystem, Name: one.Name, Version: one.Version}
		}
	}
	return p, nil
}

// contents maps names to versions, as the contents of a lock do.
func (p *Parts) contents() map[string]string {
	contents := map[string]string{}
	for _, one := range p.all {
		if one.Version != "" {
			AddVersion(contents, one.Key(), one.Version)
		}
	}
	return contents
}

// audited returns what the checks want to know of the distributions that one of the
// targets finds.
func (p *Parts) audited(targets []runtimes.Target) []audit.Distribution {
	var all []audit.Distribution
	described := p.described()
	for i, needs := range python.NeedsOf(described, targets, false) {
		d := &p.distributions[i]
		if found := func(t runtimes.Target) bool { return described[i].FoundBy(t, false) }; slices.ContainsFunc(targets, found) {
			origin := filetree.Origin{Ecosystem: "python", Name: d.Name, Version: d.Version}
			all = append(all, audit.Distribution{Name: d.Name, Origin: origin, Modules: d.Modules, Needs: needs})
		}
	}
	return all
}

// described returns the distributions as their METADATA describe them.
func (p *Parts) described() []python.Described {
	all := make([]python.Described, 0, len(p.distributions))
	for i := range p.distributions {
		all = append(all, p.distributions[i].Described)
	}
	return all
}

// partOf returns what of a layer a file counts for where no distribution brings
// it: its folder below the first, or itself.
func partOf(name string) string {
	if parts := strings.SplitAfterN(name, "/", 3); len(parts) == 3 {
		return parts[0] + parts[1] // what lies deeper counts for its folder
	}
	return name
}

// AddVersion notes one more version of a part.
func AddVersion(to map[string]string, key, version string) {
	switch {
	case to[key] == "":
		to[key] = version
	case !slices.Contains(strings.Split(to[key], ", "), version):
		to[key] += ", " + version
	}
}
