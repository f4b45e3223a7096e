package python

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TreeOptions say how the wheels of a lock are laid out.
type TreeOptions struct {
	Targets []wheel.Target
	// Scripts adds the programs of the wheels, below bin/.
	Scripts bool
	// Pack packs wheels that are made of source distributions; nil where there
	// are none.
	Pack index.Packer
	// Indexes are as in Spec. Where none of them is the public index, they are
	// asked for its files before it is.
	Indexes []index.Index
	// LastWins takes the file of the later wheel where two write one path.
	LastWins bool
	// Vet looks at the wheels that are kept, whose digest was checked; nil is
	// filetree.Vet.
	Vet wheel.Vet
}

// fetchAtOnce is how many wheels are fetched at once: each has a few files open.
const fetchAtOnce = 8

// Tree fetches the wheels that the store lacks and returns the files that they
// install, at their layer paths, wheels in the order of the lock. It chooses
// nothing and unpacks nothing. Files of two wheels may meet at a path, which
// filetree.Merge judges.
//
// What all targets share lands in python/, what only some runtimes use in their
// python/lib/python3.x/site-packages/. As with "pip install --target", purelib,
// platlib and data of a .data directory go to the root; headers are left out, and
// so is __pycache__: with the layer's dates no cached bytecode could be valid.
func Tree(ctx context.Context, c *fetch.Client, s *store.Store, l *wheel.Lock, o TreeOptions) (filetree.Tree, error) {
	m, stop, err := index.NewMirror(ctx, c, s, o.Indexes)
	if err != nil {
		return nil, err
	}
	defer stop()
	m.Pack, m.Vet = o.Pack, o.Vet
	archives := make([]*filetree.Archive, len(l.Wheels))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchAtOnce)
	for i, w := range l.Wheels {
		g.Go(func() (err error) {
			archives[i], err = m.Fetch(ctx, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var tree filetree.Tree
	for i, w := range l.Wheels {
		files, err := filetree.FromZip(archives[i])
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		if err := wheel.CheckInside(w, files); err != nil {
			return nil, err
		}
		origin := filetree.Origin{Ecosystem: "python", Name: w.Name, Version: w.Version}
		for _, dir := range wheel.Roots(w.Targets, o.Targets) {
			tree = append(tree, wheel.Installed(files, dir, origin)...)
		}
		if !o.Scripts {
			continue
		}
		programs, err := wheel.Scripts(files, wheel.Interpreter(o.Targets))
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		for _, e := range programs {
			e.Origin = origin
			tree = append(tree, e)
		}
	}
	if o.LastWins {
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
