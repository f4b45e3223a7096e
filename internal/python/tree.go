package python

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// fetchAtOnce is how many wheels are fetched at once: each has a few files open.
const fetchAtOnce = 8

// tree fetches the wheels that the store lacks and returns the files that they
// install, at their layer paths, wheels in the order of the lock. It chooses
// nothing and unpacks nothing. Files of two wheels may meet at a path, which
// filetree.Merge judges.
//
// What all targets share lands in python/, what only some runtimes use in their
// python/lib/python3.x/site-packages/. As with "pip install --target", purelib,
// platlib and data of a .data directory go to the root; headers are left out, and
// so is __pycache__: with the layer's dates no cached bytecode could be valid.
func (l *Lock) tree(ctx context.Context, from *index.Mirror, targets []wheel.Target) (filetree.Tree, error) {
	wheels := l.Chosen.Wheels
	archives := make([]*filetree.Archive, len(wheels))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchAtOnce)
	for i, w := range wheels {
		g.Go(func() (err error) {
			archives[i], err = from.Fetch(ctx, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var tree filetree.Tree
	for i, w := range wheels {
		files, err := filetree.FromZip(archives[i])
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		if err := wheel.CheckInside(w, files); err != nil {
			return nil, err
		}
		origin := filetree.Origin{Ecosystem: "python", Name: w.Name, Version: w.Version}
		for _, dir := range wheel.Roots(w.Targets, targets) {
			tree = append(tree, wheel.Installed(files, dir, origin)...)
		}
		if !l.Scripts {
			continue
		}
		programs, err := wheel.Scripts(files, wheel.Interpreter(targets))
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		for _, e := range programs {
			e.Origin = origin
			tree = append(tree, e)
		}
	}
	if l.Overlaps == overlapsLast {
		tree = lastOnly(tree)
	}
	return tree, nil
}

// lastOnly leaves the last entry of every path.
func lastOnly(tree filetree.Tree) filetree.Tree {
	last := map[string]int{}
	for i := range tree {
		last[tree[i].Path] = i
	}
	var out filetree.Tree
	for i := range tree {
		if last[tree[i].Path] == i {
			out = append(out, tree[i])
		}
	}
	return out
}
