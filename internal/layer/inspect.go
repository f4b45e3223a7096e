package layer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Inspection is what a zip holds, and what was found about it.
type Inspection struct {
	SHA256 store.Digest
	// Size is that of the zip, Unzipped the sum of its files, in bytes.
	Size, Unzipped int64
	// Contents maps the distributions and packages in it to their versions, as
	// Lock.Contents does.
	Contents map[string]string
	Findings []Finding
	// Runtimes and Architectures are what it was judged for. Guessed is set where
	// nobody declared any and they follow from what it can serve.
	Runtimes, Architectures []string
	Guessed                 bool
	// Holdings are the largest first. Files are in the order of the zip.
	Holdings []Holding
	Files    []HeldFile
	Serving  []Serving
	Places   []Place
}

// HeldFile is a file of a zip.
type HeldFile struct {
	Path string
	// Size and PackedSize are in bytes.
	Size, PackedSize int64
	// CRC32 is of the content, as the zip says it.
	CRC32 uint32
	// Holding is an index in Holdings.
	Holding int
}

// Question says what a zip is judged for.
type Question struct {
	// Runtimes and Architectures are what it is declared for. Without
	// architectures it is that of most of its native files.
	Runtimes, Architectures []string
	// Guess takes what the zip can serve where no runtime is declared; else only
	// its layout is judged.
	Guess bool
	// Now decides which runtimes are deprecated; zero means that none is.
	Now time.Time
}

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
	held, err := holdingsIn(archive, files, candidates(heldFolders(files)))
	if err != nil {
		return nil, err
	}
	facts, _, err := c.segments.Facts(ctx, files)
	if err != nil {
		return nil, err
	}
	found := &Inspection{
		Size: archive.Size, Unzipped: files.Size(), Contents: held.contents(), Holdings: held.all, Places: placesIn(files),
		Runtimes: q.Runtimes, Architectures: q.Architectures, Serving: held.serving(files, facts), Files: make([]HeldFile, 0, len(files)),
	}
	for i, e := range files {
		found.Files = append(found.Files, HeldFile{Path: e.Path, Size: e.Size, PackedSize: e.PackedSize, CRC32: e.CRC32, Holding: held.of[i]})
	}
	if found.SHA256, err = sumFile(ctx, archive.Path); err != nil {
		return nil, err
	}
	if q.Guess && len(q.Runtimes) == 0 {
		found.guess(facts)
	}
	found.Findings = judge(audit.Layer{Files: files, Links: links, Facts: facts, Distributions: held.audited()}, found.Runtimes, found.Architectures)
	if len(found.Runtimes) > 0 {
		found.Findings = append(found.Findings, held.more(files, found, q.Now)...)
	}
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
	archive, err := filetree.FileArchive(name, path)
	if err != nil {
		return nil, nil, nil, err
	}
	files, links, err := withLinks(archive)
	return archive, files, links, err
}

// withLinks returns the files of a zip, and where its links lead.
func withLinks(archive *filetree.Archive) (filetree.Tree, map[string]string, error) {
	files, links, err := filetree.FromZipLinks(archive)
	if err != nil || len(links) == 0 {
		return files, nil, err
	}
	targets, err := filetree.LinkTargets(archive, links)
	return files, targets, err
}

// InspectZip judges the zip of a layer at a path for the runtimes and
// architectures that it is declared for. Without a runtime only its layout is
// judged, for Python and Node.js; without an architecture it is that of most of
// its native files. An *filetree.ArchiveError tells that it cannot be read.
func (b *Builder) InspectZip(ctx context.Context, path string, ids, architectures []string) ([]Finding, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	archive, err := filetree.FileArchive(path, path)
	if err != nil {
		return nil, err
	}
	files, links, err := withLinks(archive)
	if err != nil {
		return nil, err
	}
	return c.inspect(ctx, files, links, ids, architectures)
}

func (c *cache) inspect(ctx context.Context, files filetree.Tree, links map[string]string, ids, architectures []string) ([]Finding, error) {
	facts, _, err := c.segments.Facts(ctx, files)
	if err != nil {
		return nil, err
	}
	return judge(audit.Layer{Files: files, Links: links, Facts: facts}, ids, architectures), nil
}

// judge makes the checks for the runtimes and architectures: of the layout alone
// where no runtime is declared.
func judge(l audit.Layer, ids, architectures []string) []Finding {
	declared := len(ids) > 0
	if !declared {
		ids = undeclared
	}
	if len(architectures) == 0 {
		architectures = []string{mostUsed(l.Facts)}
	}
	for _, id := range ids {
		r, err := runtimes.Lookup(id)
		if err != nil {
			continue // one that was, or that is newer than this table
		}
		for _, a := range architectures {
			l.Targets = append(l.Targets, runtimes.Target{Runtime: r, Architecture: a})
		}
	}
	if len(l.Targets) == 0 {
		return nil
	}
	found := audit.Judge(l)
	if !declared {
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.Check != audit.Layout })
	}
	return found
}

// undeclared are the runtimes that a zip is judged for that says nothing of them.
var undeclared = []string{"python3.14", "nodejs24.x"}

// guess takes for declared what the zip can serve; where that is nothing, the
// newest runtime of its languages that is no preview, so that the findings tell why.
func (n *Inspection) guess(facts map[string]native.Facts) {
	n.Guessed = true
	newest := map[string]string{}
	for _, s := range n.Serving {
		r, err := runtimes.Lookup(s.Runtime)
		if err != nil {
			continue
		}
		if !r.Preview {
			newest[r.Family] = s.Runtime
		}
		if s.Why != "" {
			continue
		}
		if !slices.Contains(n.Runtimes, s.Runtime) {
			n.Runtimes = append(n.Runtimes, s.Runtime)
		}
	}
	if len(n.Runtimes) == 0 {
		n.Runtimes = slices.Sorted(maps.Values(newest))
	}
	if len(n.Architectures) == 0 {
		n.Architectures = []string{mostUsed(facts)}
	}
}

// maxInspected bounds a zip that is fetched to be looked at, in bytes.
const maxInspected = 2 << 30

// mostUsed returns the architecture of most native files.
func mostUsed(facts map[string]native.Facts) string {
	arm := 0
	for _, f := range facts {
		switch f.Machine {
		case runtimes.ARM64:
			arm++
		case runtimes.X8664:
			arm--
		}
	}
	if arm > 0 {
		return runtimes.ARM64
	}
	return runtimes.X8664
}
