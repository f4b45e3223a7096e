package container

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// AbsentError says that a built image has nothing at a path.
type AbsentError struct {
	Path string // absolute
	// Folder is the nearest folder above Path that is there, Has what lies in
	// it, sorted; "" and nil where only the root is.
	Folder string
	Has    []string
	Err    error
}

func (e *AbsentError) Error() string {
	text := fmt.Sprintf("the built image has no %q", e.Path)
	switch {
	case e.Folder != "" && len(e.Has) == 0:
		text += fmt.Sprintf(": %q is empty", e.Folder)
	case e.Folder != "":
		text += fmt.Sprintf("; it has %s", strings.Join(e.Has, ", "))
	}
	return text + ": correct the path, or COPY the file there"
}

func (e *AbsentError) Unwrap() error { return e.Err }

// Bounds of a look around: of what is named, and of what is read for it.
const (
	maxShown  = 10
	maxLooked = 256 << 20
)

// absent explains that the container has nothing at name, a path without a
// leading slash. Any other error stays as it is.
func (b *builder) absent(ctx context.Context, id, name string, err error) error {
	if !errdefs.IsNotFound(err) {
		return err
	}
	e := &AbsentError{Path: "/" + name, Err: err}
	for folder := path.Dir("/" + name); folder != "/"; folder = path.Dir(folder) {
		if has, found := b.list(ctx, id, folder); found {
			e.Folder, e.Has = folder, has
			break
		}
	}
	return e
}

// list returns what lies in a folder of a container, as absolute paths.
func (b *builder) list(ctx context.Context, id, folder string) (has []string, found bool) {
	got, err := b.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: folder})
	if err != nil {
		return nil, false
	}
	defer func() { _ = got.Content.Close() }()
	names := map[string]bool{}
	archive := tar.NewReader(io.LimitReader(got.Content, maxLooked))
	for len(names) < maxShown {
		h, err := archive.Next()
		if err != nil {
			break // the end, or the bound
		}
		// The names begin with that of the folder.
		if _, below, _ := strings.Cut(strings.TrimSuffix(path.Clean(h.Name), "/"), "/"); below != "" {
			first, _, _ := strings.Cut(below, "/")
			names[folder+"/"+first] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), true
}
