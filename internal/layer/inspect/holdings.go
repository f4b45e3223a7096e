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

// holdings is what is found in a tree, and what each file belongs to.
type holdings struct {
	all []Holding
	// of has the index of the holding of each file of the tree.
	of            []int
	distributions []python.Distribution
	packages      []nodejs.InstalledPackage
}

// holdingsIn parts the files of one archive. It sets their origins in the tree.
func holdingsIn(a *filetree.Archive, tree filetree.Tree) (*holdings, error) {
	h := &holdings{of: make([]int, len(tree))}
	var err error
	if h.distributions, err = python.DistributionsIn(a, tree); err != nil {
		return nil, err
	}
	if h.packages, err = nodejs.PackagesIn(a, tree); err != nil {
		return nil, err
	}
	for i := range h.of {
		h.of[i] = -1
	}
	at := map[[3]string]int{}
	add := func(one Holding, folder string, files []int) {
		key := [3]string{one.Ecosystem, one.Name, one.Version}
		k, known := at[key]
		if !known {
			k = len(h.all)
			at[key] = k
			h.all = append(h.all, one)
		}
		if !slices.Contains(h.all[k].Folders, folder) {
			h.all[k].Folders = append(h.all[k].Folders, folder)
		}
		for _, i := range files {
			if h.of[i] < 0 {
				h.of[i] = k
				h.all[k].Files++
				h.all[k].Size, h.all[k].PackedSize = h.all[k].Size+tree[i].Size, h.all[k].PackedSize+tree[i].PackedSize
			}
		}
	}
	for _, d := range h.distributions {
		add(Holding{Ecosystem: "python", Name: d.Name, Version: d.Version, License: d.Metadata.LicenseName()}, d.Site, d.Files)
	}
	for _, p := range h.packages {
		add(Holding{Ecosystem: "nodejs", Name: p.Name, Version: p.Version, License: p.License}, p.Folder, p.Files)
	}
	for i, e := range tree {
		if h.of[i] < 0 {
			name := partOf(e.Path)
			add(Holding{Ecosystem: "files", Name: name}, path.Dir(e.Path), []int{i})
		}
	}
	h.sort()
	for i := range tree {
		if one := &h.all[h.of[i]]; one.Ecosystem != "files" {
			tree[i].Origin = filetree.Origin{Ecosystem: one.Ecosystem, Name: one.Name, Version: one.Version}
		}
	}
	return h, nil
}

// sort puts the largest first.
func (h *holdings) sort() {
	order := make([]int, len(h.all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		a, b := &h.all[x], &h.all[y]
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Key(), b.Key()), cmp.Compare(a.Version, b.Version))
	})
	sorted, moved := make([]Holding, len(order)), make([]int, len(order))
	for to, from := range order {
		sorted[to], moved[from] = h.all[from], to
	}
	for i, k := range h.of {
		h.of[i] = moved[k]
	}
	h.all = sorted
}

// contents maps names to versions, as the contents of a lock do.
func (h *holdings) contents() map[string]string {
	contents := map[string]string{}
	for i := range h.all {
		if one := &h.all[i]; one.Version != "" {
			AddVersion(contents, one.Key(), one.Version)
		}
	}
	return contents
}

// audited returns what the checks want to know of the distributions that one of the
// targets finds.
func (h *holdings) audited(targets []runtimes.Target) []audit.Distribution {
	var all []audit.Distribution
	described := h.described()
	for i, needs := range python.NeedsOf(described, targets, false) {
		d := &h.distributions[i]
		if found := func(t runtimes.Target) bool { return described[i].FoundBy(t, false) }; slices.ContainsFunc(targets, found) {
			origin := filetree.Origin{Ecosystem: "python", Name: d.Name, Version: d.Version}
			all = append(all, audit.Distribution{Name: d.Name, Origin: origin, Modules: d.Modules, Needs: needs})
		}
	}
	return all
}

// described returns the distributions as their METADATA describe them.
func (h *holdings) described() []python.Described {
	all := make([]python.Described, 0, len(h.distributions))
	for i := range h.distributions {
		all = append(all, h.distributions[i].Described)
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
