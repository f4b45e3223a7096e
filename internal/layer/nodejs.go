package layer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// NodeSpec asks for Node.js packages: by one of Dependencies, PackageJSON and
// LockFile.
type NodeSpec struct {
	// Dependencies maps names to ranges, tags or aliases, as in package.json.
	Dependencies map[string]string
	// PackageJSON is the path of a package.json whose production dependencies
	// are resolved, or "". Beside LockFile it is the project that this is of,
	// where that is not the package.json beside it.
	PackageJSON string
	// LockFile is the path of a lock file of npm, Yarn or pnpm, or "". It is
	// obeyed, never resolved again.
	LockFile string
	// Workspace names the member of a workspace whose dependencies are packed,
	// by its name or its folder; "" is the project at the top.
	Workspace string
	// AllowInstallScripts holds globs of the packages that may have an install
	// script; it is judged where the layer is built.
	AllowInstallScripts []string
	// LegacyPeerDeps ignores peer dependencies, as npm's option does.
	LegacyPeerDeps bool
	// CutOff goes before that of the Spec where it is set.
	CutOff CutOff
	// Reconsider resolves anew where nothing but the cut-off changed.
	Reconsider bool
}

// project returns the folder of the project: of the lock file or the
// package.json, else the root module's.
func (n *NodeSpec) project() string {
	return filepath.Dir(cmp.Or(n.LockFile, n.PackageJSON))
}

// check finds what can be known wrong of the Node.js arguments without reading
// anything.
func (n *NodeSpec) check() error {
	switch {
	case len(n.Dependencies) == 0 && n.PackageJSON == "" && n.LockFile == "":
		return &fault.Error{At: fault.At("nodejs"), Summary: "No Node.js package", Detail: "Write nodejs.dependencies, nodejs.package_json or nodejs.lock_file, or drop nodejs."}
	case len(n.Dependencies) > 0 && n.PackageJSON != "":
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Dependencies beside a package.json",
			Detail: "Both say what is wanted. Add the dependencies to the package.json, or put them into a package of their own.",
		}
	case len(n.Dependencies) > 0 && n.LockFile != "":
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Dependencies beside a lock file",
			Detail: "A lock file is obeyed as it is: add the dependencies to the project that it locks, or put them into a package of their own.",
		}
	case n.LockFile != "" && (n.LegacyPeerDeps || !n.CutOff.At.IsZero()):
		return &fault.Error{
			At: fault.At("nodejs"), Summary: "Arguments of a resolution beside a lock file",
			Detail: "A lock file is obeyed as it is: legacy_peer_deps and exclude_newer have no place beside it. Drop them, and lock the project with them instead.",
		}
	case n.Workspace != "" && n.LockFile == "":
		return &fault.Error{
			At: fault.At("nodejs", "workspace"), Summary: "A workspace member without a lock file",
			Detail: "It chooses among the members of the project of nodejs.lock_file. Without one, name the member's own package.json in nodejs.package_json.",
		}
	}
	return checkGlobs(fault.At("nodejs", "allow_install_scripts"), n.AllowInstallScripts)
}

// nodeTargets returns the Node.js runtimes on every architecture; none is an
// error.
func (s Spec) nodeTargets() ([]nodejs.Target, error) {
	targets, err := s.targets(runtimes.NodeJS)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, &fault.Error{
			At: fault.At("runtimes"), Summary: "No Node.js runtime",
			Detail: "The package has nodejs dependencies, but none of its runtimes runs Node.js. Add one such as \"nodejs22.x\", or drop nodejs.",
		}
	}
	var out []nodejs.Target
	for _, t := range targets {
		out = append(out, nodejs.TargetFor(t))
	}
	return out, nil
}

func namesOf(targets []nodejs.Target) []string {
	names := make([]string, 0, len(targets))
	for _, t := range targets {
		names = append(names, t.String())
	}
	return names
}

// obeyNodeLockFile writes what the lock file holds for the targets to l. A
// registry is asked only for what the file does not tell, and not at all while
// what it tells is what old was made of.
func (b *Builder) obeyNodeLockFile(ctx context.Context, s Spec, old *NodeLock, l *Lock) error {
	targets, err := s.nodeTargets()
	if err != nil {
		return err
	}
	attribute := fault.At("nodejs", "lock_file")
	summary := fmt.Sprintf("The lock file %q cannot be obeyed", s.NodeJS.LockFile)
	file, err := nodejs.ReadLock(s.NodeJS.LockFile, nodejs.LockOptions{PackageJSON: s.NodeJS.PackageJSON, Workspace: s.NodeJS.Workspace})
	if errors.Is(err, fs.ErrNotExist) {
		summary = fmt.Sprintf("There is no lock file %q", s.NodeJS.LockFile)
	}
	if err != nil {
		return fault.Tie(attribute, summary, err)
	}
	request, err := digestOf(struct {
		Format  int
		Targets []string
		File    *nodejs.Lock
	}{lockFormat, namesOf(targets), file})
	if err != nil {
		return err
	}
	dir := s.NodeJS.project()
	if old != nil && old.Request == request {
		if kept, ok := old.in(dir); ok {
			l.NodeJS = kept
			return nil
		}
	}
	c, err := b.open()
	if err != nil {
		return err
	}
	registry, err := c.npmFor(dir)
	if err != nil {
		return err
	}
	chosen, err := s.nodeTrees(targets, dir, func(t nodejs.Target) (*nodejs.Tree, error) {
		return nodejs.FromLock(ctx, registry, file, t)
	})
	if err != nil {
		return fault.Tie(attribute, summary, err)
	}
	chosen.Request, chosen.Project, chosen.Direct = request, filepath.ToSlash(dir), file.Direct()
	l.NodeJS = chosen
	return nil
}

// nodeTrees makes the tree of every target and puts equal ones together. dir is
// where the project is.
func (s Spec) nodeTrees(targets []nodejs.Target, dir string, treeFor func(nodejs.Target) (*nodejs.Tree, error)) (*NodeLock, error) {
	l := &NodeLock{}
	first := map[string]NodeTree{} // by runtime
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
		tree, err := packedTree(made, dir)
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

// packedTree returns what is packed of a tree: neither what only development
// needs nor what npm would remove.
func packedTree(t *nodejs.Tree, dir string) (NodeTree, error) {
	var out NodeTree
	for _, p := range t.Packages {
		if p.Dev || p.Extraneous {
			continue
		}
		address, err := withoutLogin(p.URL)
		if err != nil {
			return NodeTree{}, err
		}
		out.Packages = append(out.Packages, NodePackage{
			Path: belowModules(p.Path), Name: p.Name, Version: p.Version,
			URL: address, Integrity: p.Integrity, Platform: len(p.OS)+len(p.CPU)+len(p.Libc) > 0,
		})
	}
	for _, p := range t.Local {
		source := filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(p.Source)))
		if !p.Archive {
			out.Local = append(out.Local, NodeLocal{Path: belowModules(p.Path), Source: source})
			continue
		}
		integrity, err := localArchive(source, p.Integrity)
		if err != nil {
			return NodeTree{}, err
		}
		out.Packages = append(out.Packages, NodePackage{Path: belowModules(p.Path), Name: p.Name, Version: p.Version, URL: fileScheme + source, Integrity: integrity})
	}
	slices.SortFunc(out.Packages, func(a, b NodePackage) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func belowModules(p string) string { return strings.TrimPrefix(p, "node_modules/") }

// lockNodeFiles adds the folders on disk that the trees need to the files of
// the lock, as they are now. What is installed in them is not taken, as what
// they need is in the tree, and no .npmrc, which may hold a token: "npm pack"
// leaves out the same.
func (s Spec) lockNodeFiles(l *Lock) error {
	for _, t := range l.NodeJS.Trees {
		roots, err := nodeRoots(t, len(l.NodeJS.Trees))
		if err != nil {
			return err
		}
		for _, p := range t.Local {
			for _, root := range roots {
				lock, err := lockFiles(FileSpec{Source: p.Source, Target: s.placed(path.Join(root, p.Path)), Exclude: []string{"**/node_modules", "**/.npmrc"}}, s)
				if err != nil {
					return fault.Tie(fault.At("nodejs"), fmt.Sprintf("The folder %q cannot be packed", p.Source), err)
				}
				l.Files = append(l.Files, lock)
			}
		}
	}
	return nil
}

// notForBoth says which packages one architecture has and the other has not:
// they hold native code.
func notForBoth(one, other NodeTree) error {
	var differ []string
	for _, pair := range [][2]NodeTree{{one, other}, {other, one}} {
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
		Detail:  fmt.Sprintf("It would hold native code, which runs on one architecture: %s.%s", few(differ), forEach),
	}
}

// checkGlobs finds malformed globs of packages.
func checkGlobs(attribute fault.Path, globs []string) error {
	for i, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil || strings.TrimSpace(glob) == "" {
			return &fault.Error{
				At: attribute.Index(i), Summary: fmt.Sprintf("Malformed glob %q", glob),
				Detail: "It is the name of a package, or a glob of names such as \"@acme/*\", in which * crosses no slash.",
			}
		}
	}
	return nil
}
