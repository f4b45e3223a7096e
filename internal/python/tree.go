package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
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

// TreeOptions say how the wheels of a lock are laid out.
type TreeOptions struct {
	Targets []Target
	// Scripts adds the programs of the wheels, below bin/.
	Scripts bool
	// Pack packs wheels that are made of source distributions; nil where there
	// are none.
	Pack Packer
	// Indexes are as in Spec. Where none of them is the public index, they are
	// asked for its files before it is.
	Indexes []Index
	// Vet looks at the wheels that are kept, whose digest was checked; nil is
	// filetree.Vet.
	Vet Vet
}

// Vet judges an archive with a digest, as filetree.Vet does.
type Vet = func(a *filetree.Archive, sum store.Digest) error

// Tree fetches the wheels that the store lacks and returns the files that they
// install, at their layer paths, wheels in the order of the lock. It chooses
// nothing and unpacks nothing. Files of two wheels may meet at a path, which
// filetree.Merge judges.
//
// What all targets share lands in python/, what only some runtimes use in their
// python/lib/python3.x/site-packages/. As with "pip install --target", purelib,
// platlib and data of a .data directory go to the root; headers are left out, and
// so is __pycache__: with the layer's dates no cached bytecode could be valid.
func Tree(ctx context.Context, c *fetch.Client, s *store.Store, l *Lock, o TreeOptions) (filetree.Tree, error) {
	m, stop, err := newMirror(ctx, c, s, o.Indexes)
	if err != nil {
		return nil, err
	}
	defer stop()
	m.pack, m.vet = o.Pack, o.Vet
	archives := make([]*filetree.Archive, len(l.Wheels))
	g, ctx := errgroup.WithContext(ctx)
	for i, w := range l.Wheels {
		g.Go(func() (err error) {
			archives[i], err = m.fetch(ctx, w)
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
		origin := filetree.Origin{Ecosystem: "python", Name: w.Name, Version: w.Version}
		for _, dir := range roots(w.Targets, o.Targets) {
			tree = append(tree, installed(files, dir, origin)...)
		}
		if !o.Scripts {
			continue
		}
		programs, err := scripts(files, interpreter(o.Targets))
		if err != nil {
			return nil, fmt.Errorf("reading wheel %q: %w", w.Filename, err)
		}
		for _, e := range programs {
			e.Origin = origin
			tree = append(tree, e)
		}
	}
	return tree, nil
}

// fetch brings a wheel into the store, where every entry was inflated and
// checked once on the way in.
func (m *mirror) fetch(ctx context.Context, w Wheel) (*filetree.Archive, error) {
	// A zero digest would mean "take what comes".
	if w.SHA256.IsZero() {
		return nil, fmt.Errorf("fetching wheel %q: the lock has no SHA-256 for it", w.Filename)
	}
	if w.FromSource() {
		return m.make(ctx, w)
	}
	if w.Path != "" {
		if err := bringWheel(m.store, w, m.vet); err != nil {
			return nil, err
		}
		return filetree.FileArchive(w.Filename, m.store.Path(w.SHA256))
	}
	blob, err := m.blob(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("fetching wheel %q: %w", w.Filename, err)
	}
	archive, err := filetree.FileArchive(w.Filename, blob.Name())
	return archive, errors.Join(err, blob.Close())
}

// wheelSource asks for a wheel that is vetted before it is kept.
func wheelSource(address, filename string, sum store.Digest, size int64, vet Vet) fetch.Source {
	if sdist.Is(filename) {
		return sourceFile(address, sum, size)
	}
	return fetch.Source{
		URL: address, SHA256: sum, Size: size,
		Vet: func(f *os.File, size int64) error { return vetWheel(f, filename, size, sum, vet) },
	}
}

// vetWheel looks at a wheel; without a vet, or a digest, by filetree.Vet.
func vetWheel(f *os.File, filename string, size int64, sum store.Digest, vet Vet) error {
	open := func() (filetree.ArchiveFile, error) { return keepOpen{f}, nil }
	archive := &filetree.Archive{Name: filename, Size: size, Open: open}
	if vet == nil || sum.IsZero() {
		return filetree.Vet(archive)
	}
	return vet(archive, sum)
}

// bringWheel copies a wheel from disk into the store, unless it is there. The
// error of other bytes, or of none, is a *ChangedWheelError.
func bringWheel(s *store.Store, w Wheel, vet Vet) (err error) {
	// An open marks the blob as used.
	if f, err := s.Open(w.SHA256, -1); err == nil {
		return f.Close()
	}
	f, err := os.Open(filepath.FromSlash(w.Path))
	if err != nil {
		return &ChangedWheelError{Path: w.Path, Want: w.SHA256, Err: fmt.Errorf("reading the wheel %q: %w", w.Path, bare(err))}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out, err := s.NewWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Abort()) }()
	if _, err := io.Copy(out, f); err != nil {
		return fmt.Errorf("copying the wheel %q into the cache: %w", w.Path, err)
	}
	if got := out.Sum(); got != w.SHA256 {
		return &ChangedWheelError{Path: w.Path, Want: w.SHA256, Got: got}
	}
	if err := vetWheel(out.File(), w.Filename, out.Size(), w.SHA256, vet); err != nil {
		return err
	}
	return out.Commit(w.SHA256)
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
func installed(wheel filetree.Tree, dir string, origin filetree.Origin) filetree.Tree {
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
	default: // scripts, which have a folder of their own, and headers
		return "", false
	}
}
