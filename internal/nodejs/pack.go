package nodejs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// tarballReader is the version of how tarballs are read: another one may make
// other files of one.
const tarballReader = 1

// openWorkers is how many tarballs are looked at at once. Few of them are deflated
// at a time, as [Segments] decides: those that are deflated already cost little.
const openWorkers = 16

// part is a tarball as it lies in the store: deflated, by its files.
type part struct {
	files filetree.Tree
	facts tarball.Facts
}

// packedFacts is what is noted of a tarball when it is packed.
type packedFacts struct {
	Segment store.Digest `json:"segment"`
	tarball.Facts
}

// Packed is a lock whose tarballs are in the store, deflated.
type Packed struct {
	lock  *Lock
	parts map[string]*part // by integrity
}

// segments is the bucket of the records that tell which tarballs were deflated.
const segments = "segments"

// segmentKey names a deflated tarball.
func (e *Env) segmentKey(integrity string) string {
	return fmt.Sprintf("%s npm%d %s", e.Segments.Encoder(), tarballReader, integrity)
}

// Pack fetches and deflates the tarballs of the lock that the store lacks. It
// makes no request where the store has all of them. With doubt it compares those that
// were deflated before with the tarballs, whose digests are in the lock.
//
// What a user can act on is a *[fault.Error].
func (l *Lock) Pack(ctx context.Context, e *Env, doubt bool) (*Packed, error) {
	// The addresses of a lock have no credentials: the client learns them here.
	client, err := e.registryOf(filepath.FromSlash(l.Project))
	if err != nil {
		return nil, err
	}
	wanted := l.tarballs()
	parts := make([]*part, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(openWorkers)
	for i, p := range wanted {
		g.Go(func() (err error) {
			parts[i], err = e.part(ctx, client, p, doubt)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := &Packed{lock: l, parts: map[string]*part{}}
	for i, p := range wanted {
		all.parts[p.Integrity] = parts[i]
	}
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if part := all.parts[p.Integrity]; part != nil {
				if err := p.checkIs(part.facts); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

// tarballs returns a package for each tarball of the lock.
func (l *Lock) tarballs() []Package {
	var wanted []Package
	seen := map[string]bool{}
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if p.Integrity != "" && !seen[p.Integrity] {
				seen[p.Integrity] = true
				wanted = append(wanted, p)
			}
		}
	}
	return wanted
}

func (e *Env) part(ctx context.Context, client *registry.Client, p Package, doubt bool) (*part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	facts, ok := e.knownTarball(p.Integrity)
	ok = ok && e.Store.Has(facts.Segment, -1)
	if ok && doubt {
		var err error
		if ok, err = e.confirmTarball(ctx, p, &facts); err != nil {
			return nil, tarballError(client, p, err)
		}
	}
	if !ok {
		var err error
		if facts, err = e.packTarball(ctx, p); err != nil {
			return nil, tarballError(client, p, err)
		}
	} else {
		e.offerTarball(p)
	}
	files, err := e.Segments.Files(facts.Segment, p.origin())
	if err != nil {
		return nil, err
	}
	return &part{files: files, facts: facts.Facts}, nil
}

// origin names the package as the origin of its files.
func (p Package) origin() filetree.Origin {
	return filetree.Origin{Ecosystem: "nodejs", Name: p.Name, Version: p.Version}
}

// offerTarball shares a tarball of which the cache holds more than what was packed
// of it.
func (e *Env) offerTarball(p Package) {
	if integrity, err := fetch.ParseIntegrity(p.Integrity); err == nil && p.Archive == "" {
		e.Client.Offer(fetch.Source{Integrity: integrity})
	}
}

// knownTarball returns what was noted of a tarball when it was packed. The
// store may have lost the segment since.
func (e *Env) knownTarball(integrity string) (packedFacts, bool) {
	body, _, err := e.Store.GetRecord(segments, e.segmentKey(integrity))
	if err != nil {
		return packedFacts{}, false
	}
	var facts packedFacts
	if json.Unmarshal(body, &facts) != nil {
		return packedFacts{}, false
	}
	return facts, true
}

// packTarball deflates a tarball, which it fetches if need be, into the store.
func (e *Env) packTarball(ctx context.Context, p Package) (facts packedFacts, err error) {
	in, err := e.openTarball(ctx, p)
	if err != nil {
		return packedFacts{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	facts.Segment, err = e.Segments.Deflate(ctx, func(out filetree.Packer) (err error) {
		facts.Facts, err = tarball.Pack(ctx, p.String(), in, out)
		return err
	})
	if err != nil {
		return packedFacts{}, err
	}
	body, err := json.Marshal(facts)
	if err != nil {
		return packedFacts{}, fmt.Errorf("encoding what was packed: %w", err)
	}
	return facts, e.Store.PutRecord(segments, e.segmentKey(p.Integrity), body)
}

// confirmTarball reports whether a tarball makes the segment that is noted of it,
// and takes its other facts from it.
func (e *Env) confirmTarball(ctx context.Context, p Package, facts *packedFacts) (bool, error) {
	return e.Segments.Confirm(ctx, facts.Segment, func(out filetree.Packer) (err error) {
		in, err := e.openTarball(ctx, p)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
		facts.Facts, err = tarball.Pack(ctx, p.String(), in, out)
		return err
	})
}

// openTarball opens a tarball whose bytes were just compared with its integrity:
// on their way in, or now where another run left them in the store.
func (e *Env) openTarball(ctx context.Context, p Package) (*os.File, error) {
	// No integrity would mean "take what comes".
	integrity, err := fetch.ParseIntegrity(p.Integrity)
	if err != nil {
		return nil, err
	}
	if p.Archive != "" {
		return openArchive(p.Archive, integrity)
	}
	return e.Client.Blob(ctx, fetch.Source{URL: e.Client.Reveal(p.URL), Integrity: integrity, MaxBytes: runtimes.MaxUnzipped})
}

// openArchive opens an archive on disk that is what was locked.
func openArchive(name string, want fetch.Integrity) (in *os.File, err error) {
	in, err = filetree.OpenRegular(filepath.FromSlash(name))
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
	in, err := filetree.OpenRegular(filepath.FromSlash(name))
	if err != nil {
		return "", fmt.Errorf("reading a packed package: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	got, err := fetch.ReadIntegrity(in)
	return got.String(), err
}

// tarballError ties what is wrong with a tarball to the input that asks for it.
func tarballError(client *registry.Client, p Package, err error) error {
	var wrong *fetch.IntegrityError
	var refused *tarball.Error
	switch {
	case fetch.IsUnauthorized(err):
		return &fault.Error{
			At: fault.At("nodejs"), Summary: fmt.Sprintf("The registry refuses %q", p), Err: err,
			Detail: fault.Sentence(client.Explain(err, p.Name, p.Version).Error()),
		}
	case errors.As(err, &wrong):
		return &fault.Error{
			At: fault.At("nodejs"), Summary: fmt.Sprintf("The tarball of %q is not the one that was locked", p),
			Detail: fault.Sentence(err.Error()) + " Either the registry serves another file than it did, or something on the way changed it: nothing of it was used.", Err: err,
		}
	case errors.As(err, &refused):
		return fault.Tie(fault.At("nodejs"), fmt.Sprintf("The tarball of %q cannot be packed", p), err)
	}
	return fmt.Errorf("fetching %q: %w", p, err)
}

// Segments returns the digests of the segments that the tarballs of the lock were
// deflated to, where that is known, and of how many tarballs it is not. The store
// may have lost a segment since.
func (l *Lock) Segments(e *Env) (known []store.Digest, open int) {
	for _, p := range l.tarballs() {
		facts, ok := e.knownTarball(p.Integrity)
		switch {
		case !ok:
			open++
		case !slices.Contains(known, facts.Segment):
			known = append(known, facts.Segment)
		}
	}
	return known, open
}

// Tree returns the files of the packages at their layer paths: in the folder that
// every Node.js runtime reads where all have the same tree, else in the folder of
// each runtime. Folders on disk are not in it: see [Lock.Folders].
func (k *Packed) Tree() (filetree.Tree, error) {
	var all filetree.Tree
	for _, t := range k.lock.Trees {
		roots, err := t.roots(len(k.lock.Trees))
		if err != nil {
			return nil, err
		}
		for _, root := range roots {
			files := k.modules(t, root)
			if err := checkWhole(t, root, files); err != nil {
				return nil, err
			}
			all = append(all, files...)
		}
	}
	return all, nil
}

// modules returns a tree's files below root. What a tarball brings in a folder
// that another package of the tree has for itself is left out, as npm installs
// that one over it.
func (k *Packed) modules(t Tree, root string) filetree.Tree {
	own := map[string]bool{}
	for _, p := range t.Packages {
		own[p.Path] = p.Integrity != ""
	}
	var out filetree.Tree
	for _, p := range t.Packages {
		if p.Integrity == "" {
			continue // in the tarball of another
		}
		for _, f := range k.parts[p.Integrity].files {
			if taken(own, p.Path, f.Path) {
				continue
			}
			f.Path, f.Origin = path.Join(root, p.Path, f.Path), p.origin()
			out = append(out, f)
		}
	}
	return out
}

// checkWhole returns an error that names the packages of a tree that have no file
// in it: what a lock names is in the layer, or there is none.
func checkWhole(t Tree, root string, files filetree.Tree) error {
	found := map[string]bool{}
	for _, f := range files {
		for at := path.Dir(f.Path); len(at) > len(root) && !found[at]; at = path.Dir(at) {
			found[at] = true
		}
	}
	var absent []string
	for _, p := range t.Packages {
		if !found[path.Join(root, p.Path)] {
			absent = append(absent, fmt.Sprintf("%s (%s)", p, p.Path))
		}
	}
	if len(absent) == 0 {
		return nil
	}
	return &fault.Error{
		At: fault.At("nodejs"), Summary: fmt.Sprintf("No file of %s is in the layer", modules.Some(absent)),
		Detail: "The tree has these packages, and no tarball brings them: not one of their own, and not one of a package that bundles them. Lock the project again with its own tool, or ask for another version.",
	}
}

// taken reports whether a file of the package at the path lies in the folder of
// another package with a tarball of its own.
func taken(own map[string]bool, at, file string) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if own[at+"/"+dir] {
			return true
		}
	}
	return false
}
