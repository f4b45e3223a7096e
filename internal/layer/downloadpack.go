package layer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// archiveReader is the version of how archives are read: another one may find
// other files in one.
const archiveReader = 2

// maxDownload bounds a file of unknown size. An archive may be far larger than
// what is taken out of it.
const maxDownload = 2 << 30

// downloadLocks are the elements of downloads that count for the architectures.
type downloadLocks []DownloadLock

// pack returns the files of all downloads, in their order.
func (all downloadLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	trees := make([]filetree.Tree, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(packWorkers)
	for i := range all {
		g.Go(func() (err error) {
			// The listing completes what it finds of the size: the lock stays.
			d := all[i]
			trees[i], err = c.downloadTree(ctx, &d, l.excluded, d.origin(i), doubt)
			return downloadError(fault.At("downloads").Index(i+d.Skipped), d.URL, err)
		})
	}
	if err := g.Wait(); err != nil {
		return packed{}, err
	}
	return packed{files: slices.Concat(trees...), elements: true}, nil
}

func (all downloadLocks) contents(to map[string]string) {
	var brought []bringing
	for i := range all {
		brought = append(brought, all[i].brought(i)...)
	}
	addBrought(to, "downloads", brought)
}

// origin is the element, the i-th of the lock.
func (l *DownloadLock) origin(i int) filetree.Origin {
	return filetree.Origin{Ecosystem: "downloads", Element: i + l.Skipped, Target: l.Architecture, Name: fileName(l.URL)}
}

// brought returns what the download brings, by layer path, with the short digest
// of the file that it comes from.
func (l *DownloadLock) brought(element int) []bringing {
	from, digest := fileName(l.URL), l.SHA256.Hex()[:12]
	bring := func(name string) bringing {
		return bringing{element: element, short: name, long: fmt.Sprintf("%s (%s)", name, from), version: digest}
	}
	if l.Files == nil {
		name := cmp.Or(l.Target, from)
		if strings.HasSuffix(name, "/") {
			name += from
		}
		return []bringing{bring(name)}
	}
	var all []bringing
	for glob, target := range l.Files {
		if strings.HasSuffix(target, "/") {
			target += path.Base(glob)
		}
		all = append(all, bring(target))
	}
	return all
}

// downloadTree returns the files of a download at their layer paths. Those of a
// zip are copied as they are; those of other archives are deflated once and
// kept in the store, by archive and choice, so that the next build copies too.
func (c *cache) downloadTree(ctx context.Context, l *DownloadLock, excluded func(string) bool, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	listing, err := c.listing(ctx, l)
	if err != nil {
		return nil, err
	}
	placed, err := l.place(listing, excluded)
	if err != nil {
		return nil, err
	}
	var files filetree.Tree
	if listing.Kind == filetree.ZipArchive {
		archive, err := c.downloaded(ctx, l)
		if err != nil {
			return nil, err
		}
		files, _, err = filetree.FromZipLinks(archive)
		if err != nil {
			return nil, err
		}
	} else if files, err = c.downloadSegment(ctx, l, listing, placed, origin, doubt); err != nil {
		return nil, err
	}
	byPath := make(map[string]filetree.Entry, len(files))
	for _, e := range files {
		byPath[e.Path] = e
	}
	var tree filetree.Tree
	for _, p := range placed {
		e, ok := byPath[p.member.File]
		if !ok {
			return nil, &filetree.ArchiveError{Archive: fileName(l.URL), Entry: p.member.File, Reason: "is missing"}
		}
		e.Path, e.Origin = p.path, origin
		e.Exec = p.member.Exec || p.member.Program && isRun(p.path)
		tree = append(tree, e)
	}
	return tree, nil
}

// downloaded returns the file of a download, which it fetches or reads if the
// store lacks it.
func (c *cache) downloaded(ctx context.Context, l *DownloadLock) (*filetree.Archive, error) {
	if name, local := localPath(l.URL); local {
		if err := c.keepLocal(name, l.SHA256); err != nil {
			return nil, err
		}
	} else {
		f, err := c.client.Blob(ctx, fetch.Source{URL: l.URL, SHA256: l.SHA256, MaxBytes: maxDownload})
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("reading what was fetched: %w", err)
		}
	}
	return filetree.FileArchive(fileName(l.URL), c.store.Path(l.SHA256))
}

// keepLocal copies a file on disk that is what was locked into the store.
func (c *cache) keepLocal(name string, want store.Digest) (err error) {
	if c.store.Has(want, -1) {
		return nil
	}
	in, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return fmt.Errorf("reading a local archive: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := c.keep(want, in); err != nil {
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
// read, whole.
func (c *cache) listing(ctx context.Context, l *DownloadLock) (*filetree.Listing, error) {
	single := fileName(l.URL)
	key := fmt.Sprintf("%d %s %t %s", archiveReader, l.SHA256.Hex(), l.AsIs, single)
	if body, _, err := c.store.GetRecord("listings", key); err == nil {
		var known listedDownload
		if json.Unmarshal(body, &known) == nil {
			l.Size = known.Size
			return &known.Listing, nil
		}
	}
	archive, err := c.downloaded(ctx, l)
	if err != nil {
		return nil, err
	}
	var corrupt *store.CorruptError
	switch err := c.store.Verify(l.SHA256); {
	case errors.As(err, &corrupt):
		if archive, err = c.downloaded(ctx, l); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	l.Size = archive.Size
	var listing *filetree.Listing
	if l.AsIs {
		listing, err = filetree.ListRaw(archive, single)
	} else {
		listing, err = filetree.ListArchive(stoppable(ctx, archive), single)
	}
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(listedDownload{Size: archive.Size, Listing: *listing})
	if err != nil {
		return nil, fmt.Errorf("encoding a listing: %w", err)
	}
	return listing, c.store.PutRecord("listings", key, body)
}

// downloadSegmentKey names the deflated files of an archive: the wanted ones,
// by their paths in it.
func downloadSegmentKey(l *DownloadLock, wanted map[string]bool) string {
	names := strings.Join(slices.Sorted(maps.Keys(wanted)), "\n")
	return fmt.Sprintf("%s archive%d %s %t %s", layerzip.Encoder, archiveReader, l.SHA256.Hex(), l.AsIs, store.Sum([]byte(names)).Hex())
}

func wantedFiles(placed []placedFile) map[string]bool {
	wanted := map[string]bool{}
	for _, p := range placed {
		wanted[p.member.File] = true
	}
	return wanted
}

// downloadSegment returns the wanted files of an archive, deflated in the store,
// by their paths in the archive.
func (c *cache) downloadSegment(ctx context.Context, l *DownloadLock, listing *filetree.Listing, placed []placedFile, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	wanted := wantedFiles(placed)
	key := downloadSegmentKey(l, wanted)
	digest, ok := c.notedSegment(key)
	ok = ok && c.store.Has(digest, -1)
	if ok && doubt {
		var err error
		if ok, err = c.confirmsDownload(ctx, l, listing, wanted, digest); err != nil {
			return nil, err
		}
	}
	if !ok {
		var err error
		if digest, err = c.packDownload(ctx, l, listing, wanted); err != nil {
			return nil, err
		}
		if err := c.noteSegment(key, digest); err != nil {
			return nil, err
		}
	}
	return c.segmentTree(digest, origin)
}

// confirmsDownload reports whether a segment holds the wanted files of an archive.
func (c *cache) confirmsDownload(ctx context.Context, l *DownloadLock, listing *filetree.Listing, wanted map[string]bool, segment store.Digest) (bool, error) {
	archive, err := c.downloaded(ctx, l)
	if err != nil {
		return false, err
	}
	return c.confirms(segment, func(f *confirmer) error {
		return filetree.ReadMembers(stoppable(ctx, archive), listing, wanted, func(file string, size int64, content io.Reader) error {
			return f.Add(ctx, file, false, size, content)
		})
	})
}

// packDownload deflates the wanted files into the store.
func (c *cache) packDownload(ctx context.Context, l *DownloadLock, listing *filetree.Listing, wanted map[string]bool) (store.Digest, error) {
	archive, err := c.downloaded(ctx, l)
	if err != nil {
		return store.Digest{}, err
	}
	return c.streamSegment(layerzip.NewStreamer(c.store), func(packer *watchedPacker) error {
		return filetree.ReadMembers(stoppable(ctx, archive), listing, wanted, func(file string, size int64, content io.Reader) error {
			return packer.Add(ctx, file, false, size, content)
		})
	})
}

// stoppable returns the archive, whose reads end with ctx: to unpack a large one
// takes a while.
func stoppable(ctx context.Context, a *filetree.Archive) *filetree.Archive {
	stops := *a
	stops.Open = func() (filetree.ArchiveFile, error) {
		f, err := a.Open()
		if err != nil {
			return nil, err
		}
		return &stoppableFile{ArchiveFile: f, stopped: ctx}, nil
	}
	return &stops
}

type stoppableFile struct {
	filetree.ArchiveFile
	stopped context.Context
}

func (f *stoppableFile) ReadAt(b []byte, offset int64) (int, error) {
	if f.stopped.Err() != nil {
		return 0, context.Cause(f.stopped)
	}
	return f.ArchiveFile.ReadAt(b, offset)
}

// needs are the files, and what of them was deflated already.
func (all downloadLocks) needs(ctx context.Context, c *cache, l *Lock) []need {
	var needs []need
	for i := range all {
		d := all[i]
		_, local := localPath(d.URL)
		needs = append(needs, need{any: []store.Digest{d.SHA256}, spare: local})
		if !c.store.Has(d.SHA256, -1) {
			continue // nothing may be fetched to find out
		}
		listing, err := c.listing(ctx, &d)
		if err != nil {
			continue // the build says so
		}
		if placed, err := d.place(listing, l.excluded); err == nil {
			if digest, ok := c.notedSegment(downloadSegmentKey(&d, wantedFiles(placed))); ok {
				needs = append(needs, need{any: []store.Digest{digest}, spare: true})
			}
		}
	}
	return needs
}
