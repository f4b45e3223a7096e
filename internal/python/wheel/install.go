package wheel

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

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
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

// Vet judges an archive with a digest, as filetree.Vet does.
type Vet = func(ctx context.Context, a *filetree.Archive, sum store.Digest) error

// VetWheel looks at a wheel; without a vet, or a digest, by filetree.Vet.
func VetWheel(ctx context.Context, f *os.File, filename string, size int64, sum store.Digest, vet Vet) error {
	open := func() (filetree.ArchiveFile, error) { return keepOpen{f}, nil }
	archive := &filetree.Archive{Name: filename, Size: size, Open: open}
	if vet == nil || sum.IsZero() {
		return filetree.Vet(archive.Until(ctx))
	}
	return vet(ctx, archive, sum)
}

// BringWheel copies a wheel from disk into the store, unless it is there. The
// error of other bytes, or of none, is a *ChangedWheelError.
func BringWheel(ctx context.Context, s *store.Store, w Wheel, vet Vet) (err error) {
	// An open marks the blob as used.
	if f, err := s.Open(w.SHA256, -1); err == nil {
		return f.Close()
	}
	f, err := filetree.OpenRegular(filepath.FromSlash(w.Path))
	if err != nil {
		return &ChangedWheelError{Path: w.Path, Want: w.SHA256, Err: fmt.Errorf("reading the wheel %q: %w", w.Path, Bare(err))}
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
	if err := VetWheel(ctx, out.File(), w.Filename, out.Size(), w.SHA256, vet); err != nil {
		return err
	}
	return out.Commit(w.SHA256)
}

// keepOpen lends a file to who would close it.
type keepOpen struct{ *os.File }

func (keepOpen) Close() error { return nil }

// Roots returns the layer folders of what serves some of the targets: one for
// all where it serves every runtime, else one for each.
func Roots(serves []string, targets []Target) []string {
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

// Installed returns the entries of a wheel as an installer lays them out below
// dir (the "Binary distribution format" specification).
func Installed(wheel filetree.Tree, dir string, origin filetree.Origin) filetree.Tree {
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

// TargetsFor is TargetFor of each.
func TargetsFor(targets []runtimes.Target) []Target {
	var out []Target
	for _, t := range targets {
		out = append(out, TargetFor(t))
	}
	return out
}
