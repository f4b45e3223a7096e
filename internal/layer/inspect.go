package layer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Each noun of an inspection is of its closet.
//
//nolint:revive // the closet documents them
type (
	Inspection = inspect.Inspection
	Question   = inspect.Question
	Holding    = inspect.Holding
	HeldFile   = inspect.HeldFile
	Serving    = inspect.Serving
	Place      = inspect.Place
)

// Zip is a zip at Path, or at an address with a digest.
type Zip struct {
	Path string
	// URL may be a secret; what is fetched from it is called Name in errors.
	URL, Name string
	SHA256    store.Digest
}

// ParseSHA256 reads a SHA-256 in hexadecimal.
func ParseSHA256(text string) (store.Digest, error) { return store.ParseDigest(text) }

// Inspect reads a zip, tells what it holds and judges it. A zip at an address
// without a digest is fetched anew each time.
func (b *Builder) Inspect(ctx context.Context, z Zip, q Question) (*Inspection, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	archive, files, links, err := c.read(ctx, z)
	if err != nil {
		return nil, err
	}
	archive = archive.Until(ctx)
	parts, err := inspect.PartsOf(archive, files)
	if err != nil {
		return nil, err
	}
	known, err := c.segments.Facts(ctx, files)
	if err != nil {
		return nil, err
	}
	sum, err := sumFile(ctx, archive.Path)
	if err != nil {
		return nil, err
	}
	found := parts.Judge(known.Native, links, q)
	found.SHA256, found.Size = sum, archive.Size
	return found, nil
}

// Unzipped returns the sum of the sizes of the files in a zip, in bytes.
func (b *Builder) Unzipped(ctx context.Context, z Zip) (int64, error) {
	c, err := b.open()
	if err != nil {
		return 0, err
	}
	_, files, _, err := c.read(ctx, z)
	return files.Size(), err
}

// read returns the files of a zip, which is fetched where it has an address, and
// where its links lead.
func (c *cache) read(ctx context.Context, z Zip) (*filetree.Archive, filetree.Tree, map[string]string, error) {
	path, name := z.Path, cmp.Or(z.Name, z.Path)
	if z.URL != "" {
		blob, err := c.client.Blob(ctx, fetch.Source{URL: z.URL, SHA256: z.SHA256, MaxBytes: maxInspected})
		if err != nil {
			return nil, nil, nil, fmt.Errorf("fetching %s: %w", name, err)
		}
		path = blob.Name()
		if err := blob.Close(); err != nil {
			return nil, nil, nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return readZip(name, path)
}

// readZip returns the files of the zip at a path, and where its links lead.
func readZip(name, path string) (*filetree.Archive, filetree.Tree, map[string]string, error) {
	archive, err := filetree.FileArchive(name, path)
	if err != nil {
		return nil, nil, nil, err
	}
	files, links, err := filetree.FromZipLinks(archive)
	if err != nil || len(links) == 0 {
		return archive, files, nil, err
	}
	targets, err := filetree.LinkTargets(archive, links)
	return archive, files, targets, err
}

// InspectZip judges the zip of a layer at a path for the runtimes and
// architectures that it is declared for. Without a runtime only its layout is
// judged, for Python and Node.js; without an architecture it is that of most of
// its native files. An *filetree.ArchiveError tells that it cannot be read.
func (b *Builder) InspectZip(ctx context.Context, path string, ids, architectures []string) ([]audit.Finding, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	_, files, links, err := readZip(path, path)
	if err != nil {
		return nil, err
	}
	known, err := c.segments.Facts(ctx, files)
	if err != nil {
		return nil, err
	}
	return inspect.Judge(audit.Layer{Files: files, Links: links, Facts: known.Native}, ids, architectures), nil
}

// Holdings returns what a lock holds, by name. Sizes are known of wheels alone:
// PackedSize is that of the wheel.
func (l *Lock) Holdings() []Holding {
	sizes := map[string]int64{}
	if l.Python != nil {
		for _, w := range l.Python.Chosen.Wheels {
			sizes["python:"+w.Name] += w.Size
		}
	}
	var all []Holding
	contents := l.Contents()
	for _, key := range slices.Sorted(maps.Keys(contents)) {
		ecosystem, name, _ := strings.Cut(key, ":")
		all = append(all, Holding{Ecosystem: ecosystem, Name: name, Version: contents[key], PackedSize: sizes[key]})
	}
	return all
}

// DateNote is [inspect.DateNote].
func DateNote(r runtimes.Runtime, now time.Time) (summary, detail string) {
	return inspect.DateNote(r, now)
}

// maxInspected bounds a zip that is fetched to be looked at, in bytes.
const maxInspected = 2 << 30
