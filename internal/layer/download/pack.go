package download

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// archiveReader is the version of how archives are read: another one may find
// other files in one.
const archiveReader = 2

// maxBytes bounds a file of unknown size. An archive may be far larger than
// what is taken out of it.
const maxBytes = 2 << 30

// Pack returns the files of downloads, in their order. With doubt it compares what
// was deflated before with the archives. What a user can act on is a *fault.Error.
func Pack(ctx context.Context, e *Env, all []Lock, scope Scope, doubt bool) (filetree.Tree, error) {
	trees := make([]filetree.Tree, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range all {
		g.Go(func() (err error) {
			// The listing completes what it finds of the size: the lock stays.
			d := all[i]
			trees[i], err = e.tree(ctx, &d, scope, d.origin(i), doubt)
			return d.explain(fault.At("downloads").Index(i+d.Skipped), err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(trees...), nil
}

// origin is the element, the i-th of the lock.
func (l *Lock) origin(i int) filetree.Origin {
	return filetree.Origin{Ecosystem: "downloads", Element: i + l.Skipped, Target: l.Architecture, Name: l.fileName()}
}

// Brought returns what the download brings, by layer path, and the name and the
// short digest of the file that it comes from.
func (l *Lock) Brought() (paths []string, from, version string) {
	from, version = l.fileName(), l.SHA256.Hex()[:12]
	if l.Files == nil {
		name := cmp.Or(l.Target, from)
		if strings.HasSuffix(name, "/") {
			name += from
		}
		return []string{name}, from, version
	}
	for glob, target := range l.Files {
		if strings.HasSuffix(target, "/") {
			target += path.Base(glob)
		}
		paths = append(paths, target)
	}
	return paths, from, version
}

// tree returns the files of a download at their layer paths. Those of a
// zip are copied as they are; those of other archives are deflated once and
// kept in the store, by archive and choice, so that the next build copies too.
func (e *Env) tree(ctx context.Context, l *Lock, scope Scope, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	listing, err := e.listing(ctx, l, doubt)
	if err != nil {
		return nil, err
	}
	landed, err := l.land(listing, scope.Excluded)
	if err != nil {
		return nil, err
	}
	var files filetree.Tree
	if listing.Kind == filetree.ZipArchive {
		archive, err := e.downloaded(ctx, l)
		if err != nil {
			return nil, err
		}
		files, _, err = filetree.FromZipLinks(archive)
		if err != nil {
			return nil, err
		}
	} else if files, err = e.segment(ctx, l, listing, landed, origin, doubt); err != nil {
		return nil, err
	}
	byPath := make(map[string]filetree.Entry, len(files))
	for _, e := range files {
		byPath[e.Path] = e
	}
	var tree filetree.Tree
	for _, p := range landed {
		e, ok := byPath[p.member.File]
		if !ok {
			return nil, &filetree.ArchiveError{Archive: l.fileName(), Entry: p.member.File, Reason: "is missing"}
		}
		e.Path, e.Origin = p.path, origin
		e.Exec = p.member.Exec || p.member.Program && segment.IsRun(p.path)
		tree = append(tree, e)
	}
	return tree, nil
}

// downloaded returns the file of a download, which it fetches or reads if the
// store lacks it.
func (e *Env) downloaded(ctx context.Context, l *Lock) (*filetree.Archive, error) {
	if l.Path != "" {
		if err := e.keepLocal(ctx, l.Path, l.SHA256); err != nil {
			return nil, err
		}
	} else {
		f, err := e.Client.Blob(ctx, fetch.Source{URL: l.URL.String(), SHA256: l.SHA256, MaxBytes: maxBytes})
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("reading what was fetched: %w", err)
		}
	}
	return filetree.FileArchive(l.fileName(), e.Store.Path(l.SHA256))
}

// keepLocal copies a file on disk that is what was locked into the store.
func (e *Env) keepLocal(ctx context.Context, name string, want store.Digest) (err error) {
	if e.Store.Verify(ctx, want) == nil {
		return nil
	}
	in, err := filetree.OpenRegular(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("reading a local archive: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := e.Store.Keep(want, in); err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	return nil
}

// listedDownload is what is noted of a download when it is read.
type listedDownload struct {
	Size    int64            `json:"size"` // of the file itself
	Listing filetree.Listing `json:"listing"`
}

// listing returns what the download holds, as it was noted when it was first
// read, whole. With doubt only what this process noted is believed: a listing that
// lacks a file would leave it out of the layer.
func (e *Env) listing(ctx context.Context, l *Lock, doubt bool) (*filetree.Listing, error) {
	single := l.fileName()
	key := fmt.Sprintf("%d %s %t %s", archiveReader, l.SHA256.Hex(), l.AsIs, single)
	if body, _, err := e.Store.GetRecord("listings", key); err == nil {
		var known listedDownload
		own, _ := e.listed.Load(key)
		if (!doubt || own == store.Sum(body)) && json.Unmarshal(body, &known) == nil {
			l.Size = known.Size
			return &known.Listing, nil
		}
	}
	archive, err := e.downloaded(ctx, l)
	if err != nil {
		return nil, err
	}
	// A file on disk was just compared with what is kept.
	if l.Path == "" {
		var corrupt *store.CorruptError
		switch err := e.Store.Verify(ctx, l.SHA256); {
		case errors.As(err, &corrupt):
			if archive, err = e.downloaded(ctx, l); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		}
	}
	l.Size = archive.Size
	var listing *filetree.Listing
	if l.AsIs {
		listing, err = filetree.ListRaw(archive, single)
	} else {
		listing, err = e.Segments.List(ctx, archive, l.SHA256, single)
	}
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(listedDownload{Size: archive.Size, Listing: *listing})
	if err != nil {
		return nil, fmt.Errorf("encoding a listing: %w", err)
	}
	e.listed.Store(key, store.Sum(body))
	return listing, e.Store.PutRecord("listings", key, body)
}

// segment returns the files of an archive that land, deflated in the store, by their
// paths in the archive.
func (e *Env) segment(ctx context.Context, l *Lock, listing *filetree.Listing, landed []landedFile, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	wanted := map[string]bool{}
	for _, p := range landed {
		wanted[p.member.File] = true
	}
	names := strings.Join(slices.Sorted(maps.Keys(wanted)), "\n")
	key := fmt.Sprintf("%s archive%d %s %t %s", e.Segments.Encoder(), archiveReader, l.SHA256.Hex(), l.AsIs, store.Sum([]byte(names)).Hex())
	digest, err := e.Segments.KeepPacked(ctx, key, doubt, func(packer filetree.Packer) error {
		archive, err := e.downloaded(ctx, l)
		if err != nil {
			return err
		}
		return filetree.ReadMembers(archive.Until(ctx), listing, wanted, func(file string, size int64, content io.Reader) error {
			return packer.Add(ctx, file, false, size, content)
		})
	})
	if err != nil {
		return nil, err
	}
	return e.Segments.Files(digest, origin)
}
