package python

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// root is the folder of a layer that every Python runtime has on sys.path.
const root = "python"

// TargetFor returns what wheels are chosen for on a Lambda runtime. Its
// python_full_version ends in .0: Lambda moves the patch version by itself.
func TargetFor(t runtimes.Target) Target {
	minor, _ := t.PythonMinor()
	arch := t.Architecture
	if arch == runtimes.ARM64 {
		arch = "aarch64"
	}
	return Target{Runtime: t.ID, Minor: minor, Arch: arch, Glibc: t.Glibc}
}

// Tree fetches the wheels that the store lacks and returns the files that they
// install, at their layer paths, wheels in the order of the lock. It chooses
// nothing and unpacks nothing.
//
// What all targets share lands in python/, what only some runtimes use in their
// python/lib/python3.x/site-packages/. As with "pip install --target", purelib,
// platlib and data of a .data directory go to the root; scripts and headers are
// left out, and so is __pycache__: with the layer's dates no cached bytecode
// could be valid.
func Tree(ctx context.Context, c *fetch.Client, l *Lock, targets []Target) (filetree.Tree, error) {
	archives := make([]*filetree.Archive, len(l.Wheels))
	g, ctx := errgroup.WithContext(ctx)
	for i, w := range l.Wheels {
		g.Go(func() (err error) {
			archives[i], err = fetchWheel(ctx, c, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var parts []filetree.Tree
	for i, w := range l.Wheels {
		files, err := filetree.FromZip(archives[i])
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		for _, dir := range roots(w.Targets, targets) {
			parts = append(parts, installed(files, dir, fmt.Sprintf("python:%s %s", w.Name, w.Version)))
		}
	}
	return filetree.Merge(parts...)
}

// fetchWheel brings a wheel into the store, where every entry was inflated and
// checked once on the way in.
func fetchWheel(ctx context.Context, c *fetch.Client, w Wheel) (*filetree.Archive, error) {
	// A zero digest would mean "take what comes".
	if w.SHA256.IsZero() {
		return nil, fmt.Errorf("fetching wheel %q: the lock has no SHA-256 for it", w.Filename)
	}
	blob, err := c.Blob(ctx, fetch.Source{
		URL: w.URL, SHA256: w.SHA256, Size: w.Size,
		Vet: func(f *os.File, size int64) error {
			open := func() (filetree.ArchiveFile, error) { return keepOpen{f}, nil }
			return filetree.Vet(&filetree.Archive{Name: w.Filename, Size: size, Open: open})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("fetching wheel %q: %w", w.Filename, err)
	}
	archive, err := filetree.FileArchive(w.Filename, blob.Name())
	return archive, errors.Join(err, blob.Close())
}

// keepOpen lends a file to who would close it.
type keepOpen struct{ *os.File }

func (keepOpen) Close() error { return nil }

// Roots returns the layer folders that the project belongs in.
func (p LocalPackage) Roots(targets []Target) []string { return roots(p.Targets, targets) }

// roots returns the layer folders of what serves some of the targets: one for
// all where it serves every runtime, else one for each.
func roots(serves []string, targets []Target) []string {
	var all, served []int
	for _, t := range targets {
		if !slices.Contains(all, t.Minor) {
			all = append(all, t.Minor)
		}
		if slices.Contains(serves, t.String()) && !slices.Contains(served, t.Minor) {
			served = append(served, t.Minor)
		}
	}
	if len(served) == len(all) {
		return []string{root}
	}
	var dirs []string
	for _, minor := range served {
		dirs = append(dirs, fmt.Sprintf("%s/lib/python3.%d/site-packages", root, minor))
	}
	return dirs
}

// installed returns the entries of a wheel as an installer lays them out below
// dir (the "Binary distribution format" specification).
func installed(wheel filetree.Tree, dir, origin string) filetree.Tree {
	var out filetree.Tree
	for _, e := range wheel {
		at, ok := installedPath(e.Path)
		if !ok {
			continue
		}
		e.Path, e.Origin = path.Join(dir, at), origin
		out = append(out, e)
	}
	return out
}

func installedPath(name string) (string, bool) {
	if strings.HasPrefix(name, "__pycache__/") || strings.Contains(name, "/__pycache__/") {
		return "", false
	}
	first, rest, _ := strings.Cut(name, "/")
	if !strings.HasSuffix(first, ".data") {
		return name, true
	}
	scheme, rest, _ := strings.Cut(rest, "/")
	switch scheme {
	case "purelib", "platlib", "data":
		return rest, rest != ""
	default: // scripts, headers
		return "", false
	}
}
