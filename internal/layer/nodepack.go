package layer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// tarballReader is the version of how tarballs are read: another one may make
// other files of one.
const tarballReader = 1

// Tarballs are deflated by few workers at once, whose buffers bound the memory,
// and opened by more: those that are deflated already cost next to nothing.
const (
	packWorkers = 4
	openWorkers = 16
)

// nodePart is a tarball as it lies in the store: deflated, by its files.
type nodePart struct {
	files filetree.Tree
	facts nodeFacts
}

// nodeFacts is what is noted of a tarball when it is packed.
type nodeFacts struct {
	Segment  store.Digest `json:"segment"`
	Scripts  []string     `json:"scripts,omitempty"`
	NoGyp    bool         `json:"noGyp,omitempty"`
	Optional []string     `json:"optional,omitempty"`
}

// nodeParts maps the integrity of each tarball to its part.
type nodeParts map[string]*nodePart

// nodeSegmentKey names a deflated tarball.
func nodeSegmentKey(integrity string) string {
	return fmt.Sprintf("%s npm%d %s", layerzip.Encoder, tarballReader, integrity)
}

// nodeParts fetches and deflates the tarballs that the store lacks, and returns
// all of them.
func (c *cache) nodeParts(ctx context.Context, l *NodeLock) (nodeParts, error) {
	// The addresses of a lock have no credentials: the client learns them here.
	if _, err := c.npmFor(filepath.FromSlash(l.Project)); err != nil {
		return nil, err
	}
	var wanted []NodePackage
	seen := map[string]bool{}
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if p.Integrity != "" && !seen[p.Integrity] {
				seen[p.Integrity] = true
				wanted = append(wanted, p)
			}
		}
	}
	packers := make(chan *layerzip.Streamer, min(runtime.GOMAXPROCS(0), packWorkers))
	for range cap(packers) {
		packers <- layerzip.NewStreamer(c.store)
	}
	parts := make([]*nodePart, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(openWorkers)
	for i, p := range wanted {
		g.Go(func() (err error) {
			parts[i], err = c.nodePart(ctx, p, packers)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := nodeParts{}
	for i, p := range wanted {
		all[p.Integrity] = parts[i]
	}
	return all, nil
}

func (c *cache) nodePart(ctx context.Context, p NodePackage, packers chan *layerzip.Streamer) (*nodePart, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	facts, ok := c.knownTarball(p.Integrity)
	if !ok || !c.store.Has(facts.Segment, -1) {
		var err error
		if facts, err = c.packTarball(ctx, p, packers); err != nil {
			return nil, nodeBlobError(p, err)
		}
	} else {
		c.offerTarball(p)
	}
	files, err := c.segmentTree(facts.Segment, filetree.Origin{Ecosystem: "nodejs", Name: p.Name, Version: p.Version})
	if err != nil {
		return nil, err
	}
	return &nodePart{files: files, facts: facts}, nil
}

// knownTarball returns what was noted of a tarball when it was packed. The
// store may have lost the segment since.
func (c *cache) knownTarball(integrity string) (nodeFacts, bool) {
	body, _, err := c.store.GetRecord(segments, nodeSegmentKey(integrity))
	if err != nil {
		return nodeFacts{}, false
	}
	var facts nodeFacts
	if json.Unmarshal(body, &facts) != nil {
		return nodeFacts{}, false
	}
	return facts, true
}

// packTarball deflates a tarball, which it fetches if need be, into the store.
func (c *cache) packTarball(ctx context.Context, p NodePackage, packers chan *layerzip.Streamer) (facts nodeFacts, err error) {
	in, err := c.openTarball(ctx, p)
	if err != nil {
		return nodeFacts{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	var packer *layerzip.Streamer
	select {
	case packer = <-packers:
		defer func() { packers <- packer }()
	case <-ctx.Done():
		return nodeFacts{}, context.Cause(ctx)
	}
	var told nodejs.Facts
	segment, err := c.streamSegment(packer, func() (err error) {
		told, err = nodejs.PackTarball(ctx, p.String(), in, packer)
		return err
	})
	if err != nil {
		return nodeFacts{}, err
	}
	facts = nodeFacts{Segment: segment, Scripts: told.Scripts, NoGyp: told.NoGyp, Optional: told.Optional}
	body, err := json.Marshal(facts)
	if err != nil {
		return nodeFacts{}, fmt.Errorf("encoding what was packed: %w", err)
	}
	return facts, c.store.PutRecord(segments, nodeSegmentKey(p.Integrity), body)
}

// openTarball opens a tarball whose bytes were just held against its integrity:
// on their way in, or now where another run left them in the store.
func (c *cache) openTarball(ctx context.Context, p NodePackage) (*os.File, error) {
	// No integrity would mean "take what comes".
	integrity, err := fetch.ParseIntegrity(p.Integrity)
	if err != nil {
		return nil, err
	}
	if name, ok := strings.CutPrefix(p.URL, fileScheme); ok {
		return openArchive(name, integrity)
	}
	if known, ok := c.client.KnownIntegrity(integrity); ok {
		var corrupt *store.CorruptError
		if err := c.store.Verify(known); err != nil && !errors.As(err, &corrupt) {
			return nil, err
		}
	}
	return c.client.Blob(ctx, fetch.Source{URL: p.URL, Integrity: integrity, MaxBytes: runtimes.MaxUnzipped})
}

// fileScheme marks the address of a package that is packed on the user's disk.
const fileScheme = "file:"

// openArchive opens an archive on disk that is what was locked.
func openArchive(name string, want fetch.Integrity) (in *os.File, err error) {
	in, err = os.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("reading a packed package: %w", err)
	}
	if err := want.Check(in); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %q: %w", name, err), in.Close())
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("reading %q: %w", name, err), in.Close())
	}
	return in, nil
}

// localArchive returns the integrity of an archive on disk: the one that is
// known, which it must have, else its SHA-512.
func localArchive(name, known string) (integrity string, err error) {
	if known != "" {
		want, err := fetch.ParseIntegrity(known)
		if err != nil {
			return "", err
		}
		in, err := openArchive(name, want)
		if err != nil {
			return "", err
		}
		return want.String(), in.Close()
	}
	in, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return "", fmt.Errorf("reading a packed package: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	got, err := fetch.ReadIntegrity(in)
	return got.String(), err
}

// nodeBlobError ties what is wrong with a tarball to the input that asks for it.
func nodeBlobError(p NodePackage, err error) error {
	var wrong *fetch.IntegrityError
	var refused *nodejs.TarballError
	switch {
	case errors.As(err, &wrong):
		return &fault.Error{
			At: fault.At("nodejs"), Summary: fmt.Sprintf("The tarball of %q is not the one that was locked", p),
			Detail: sentence(err) + " Either the registry serves another file than it did, or something on the way changed it: nothing of it was used.", Err: err,
		}
	case errors.As(err, &refused):
		return fault.Tie(fault.At("nodejs"), fmt.Sprintf("The tarball of %q cannot be packed", p), err)
	}
	return fmt.Errorf("fetching %q: %w", p, err)
}

// nodeDigests returns the digests of the segments of a lock that the store may hold.
func (c *cache) nodeDigests(l *NodeLock) []store.Digest {
	var digests []store.Digest
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if p.Integrity == "" {
				continue
			}
			if facts, ok := c.knownTarball(p.Integrity); ok && !slices.Contains(digests, facts.Segment) {
				digests = append(digests, facts.Segment)
			}
		}
	}
	return digests
}

// nodeTree returns the packages of the lock at their layer paths: in the folder
// that every Node.js runtime reads where all have the same tree, else in the
// folder of each runtime.
func nodeTree(l *NodeLock, parts nodeParts) (filetree.Tree, error) {
	var all filetree.Tree
	for _, t := range l.Trees {
		roots, err := nodeRoots(t, len(l.Trees))
		if err != nil {
			return nil, err
		}
		for _, root := range roots {
			all = append(all, nodeModules(t, root, parts)...)
		}
	}
	return all, nil
}

// nodeRoots returns the folders that a tree lands in.
func nodeRoots(t NodeTree, trees int) ([]string, error) {
	if trees == 1 {
		return []string{"nodejs/node_modules"}, nil
	}
	var roots []string
	for _, id := range t.Runtimes {
		r, err := runtimes.Lookup(id)
		if err != nil {
			return nil, err
		}
		roots = append(roots, r.Paths[0])
	}
	return roots, nil
}

// nodeModules returns a tree's files below root. What a tarball brings in a
// folder that another package of the tree has for itself is left out, as npm
// installs that one over it.
func nodeModules(t NodeTree, root string, parts nodeParts) filetree.Tree {
	own := map[string]bool{}
	for _, p := range t.Packages {
		own[p.Path] = p.Integrity != ""
	}
	var out filetree.Tree
	for _, p := range t.Packages {
		if p.Integrity == "" {
			continue // in the tarball of another
		}
		origin := filetree.Origin{Ecosystem: "nodejs", Name: p.Name, Version: p.Version}
		for _, e := range parts[p.Integrity].files {
			if taken(own, p.Path, e.Path) {
				continue
			}
			e.Path, e.Origin = path.Join(root, p.Path, e.Path), origin
			out = append(out, e)
		}
	}
	return out
}

// taken reports whether a file of the package at the path lies in the folder of
// another package with a tarball of its own.
func taken(own map[string]bool, at, file string) bool {
	for rest := file; ; {
		i := strings.Index(rest, "node_modules/")
		if i < 0 {
			return false
		}
		rest = rest[i+len("node_modules/"):]
		folder, after, ok := strings.Cut(rest, "/")
		if ok && strings.HasPrefix(folder, "@") {
			scoped, _, deeper := strings.Cut(after, "/")
			folder, ok = folder+"/"+scoped, deeper
		}
		if !ok {
			return false
		}
		start := len(file) - len(rest)
		if own[at+"/"+file[:start]+folder] {
			return true
		}
	}
}

// partFiles lets the facts of a package look into its files.
type partFiles struct{ tree filetree.Tree }

func (p partFiles) find(name string) int {
	return slices.IndexFunc(p.tree, func(e filetree.Entry) bool { return e.Path == name })
}

// Has reports whether the package has the file.
func (p partFiles) Has(name string) bool { return p.find(name) >= 0 }

// Read returns the content of the package's file.
func (p partFiles) Read(name string) (body []byte, err error) {
	i := p.find(name)
	if i < 0 {
		return nil, fmt.Errorf("reading %q: %w", name, os.ErrNotExist)
	}
	in, err := p.tree[i].OpenContent()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return io.ReadAll(in)
}
