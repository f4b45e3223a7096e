package nodejs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
)

// treesFor makes the tree of every target and puts equal ones together. dir is
// where the project is.
func (e *Env) treesFor(targets []manifest.Target, dir string, treeFor func(manifest.Target) (*modules.Tree, error)) (*Lock, error) {
	l := &Lock{}
	first := map[string]Tree{} // by runtime
	for _, t := range targets {
		made, err := treeFor(t)
		if err != nil {
			return nil, err
		}
		for _, note := range made.Notes {
			if !slices.Contains(l.Notes, note) {
				l.Notes = append(l.Notes, note)
			}
		}
		tree, err := packedTree(made, dir, e.Client.Keep)
		if err != nil {
			return nil, err
		}
		if before, known := first[t.Runtime]; known {
			if !before.equal(tree) {
				return nil, notForBoth(before, tree)
			}
			continue
		}
		first[t.Runtime] = tree
		at := slices.IndexFunc(l.Trees, tree.equal)
		if at < 0 {
			l.Trees = append(l.Trees, tree)
			at = len(l.Trees) - 1
		}
		l.Trees[at].Runtimes = append(l.Trees[at].Runtimes, t.Runtime)
	}
	return l, nil
}

// packedTree returns what is packed of a tree.
func packedTree(t *modules.Tree, dir string, keep func(string) (fetch.Address, error)) (Tree, error) {
	var out Tree
	var unsealed []string
	for _, p := range t.Packages {
		if p.Integrity == "" && !p.Bundled {
			unsealed = append(unsealed, p.Name+"@"+p.Version)
			continue
		}
		address, err := keepAddress(p, keep)
		if err != nil {
			return Tree{}, err
		}
		out.Packages = append(out.Packages, Package{
			Path: belowModules(p.Path), Name: p.Name, Version: p.Version,
			URL: address, Integrity: p.Integrity, Platform: len(p.OS)+len(p.CPU)+len(p.Libc) > 0,
		})
	}
	if len(unsealed) > 0 {
		return Tree{}, noDigest(unsealed)
	}
	for _, p := range t.Local {
		source := filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(p.Source)))
		if !p.Archive {
			out.Local = append(out.Local, Local{Path: belowModules(p.Path), Source: source})
			continue
		}
		integrity, err := localArchive(source, p.Integrity)
		if err != nil {
			return Tree{}, err
		}
		out.Packages = append(out.Packages, Package{Path: belowModules(p.Path), Name: p.Name, Version: p.Version, Archive: source, Integrity: integrity})
	}
	slices.SortFunc(out.Packages, func(a, b Package) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// noDigest tells that the registry has no digest for the tarballs of packages.
func noDigest(packages []string) error {
	return &fault.Error{
		At: fault.At("nodejs"), Summary: fmt.Sprintf("The registry has no digest for %s", modules.Some(packages)),
		Detail: "Its document has neither integrity nor shasum for the tarball, so the tarball cannot be checked. Use another version, or publish it again to a registry that keeps digests.",
	}
}

// keepAddress returns where a package's tarball lies, as it is kept: zero where it
// comes in the tarball of another.
func keepAddress(p modules.Package, keep func(string) (fetch.Address, error)) (fetch.Address, error) {
	if p.URL == "" {
		return fetch.Address{}, nil
	}
	address, err := keep(p.URL)
	if err != nil {
		return fetch.Address{}, &fault.Error{
			At: fault.At("nodejs"), Summary: fmt.Sprintf("The tarball of %q is on no server", p.Name+"@"+p.Version),
			Detail: fmt.Sprintf("The registry or the lock file names %q as its address: %s. Files of this machine are packed only where the project itself names them by \"file:\".", fetch.Redact(p.URL), err), Err: err,
		}
	}
	return address, nil
}

func belowModules(p string) string { return strings.TrimPrefix(p, "node_modules/") }

// notForBoth says which packages one architecture has and the other has not:
// they hold native code.
func notForBoth(one, other Tree) error {
	var differ []string
	for _, pair := range [][2]Tree{{one, other}, {other, one}} {
		for _, p := range pair[0].Packages {
			if !slices.Contains(pair[1].Packages, p) && !slices.Contains(differ, p.String()) {
				differ = append(differ, p.String())
			}
		}
	}
	slices.Sort(differ)
	return &fault.Error{
		At:      fault.At("architectures"),
		Summary: "One layer cannot serve both architectures",
		Detail:  fmt.Sprintf("It would hold native code, which runs on one architecture: %s.%s", modules.Some(differ), fault.PerArchitecture),
	}
}
