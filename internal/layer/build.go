package layer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Build turns a lock into the zip at o's path, which appears whole or not at
// all. With o.Want it keeps no other bytes: damaged blobs of the cache are
// fetched anew, and where that does not help the error is a *MismatchError.
func (b *Builder) Build(ctx context.Context, l *Lock, o Output) (Artifact, error) {
	b.own.Add(o.Path)
	c, err := b.open()
	if err != nil {
		return Artifact{}, err
	}
	start := time.Now()
	pack := b.buildParts
	if c.store.Shared() {
		pack = b.buildShared
	}
	a, err := pack(ctx, c, l, o)
	if why := c.store.Distrust(); err == nil && why != "" && !b.said.Swap(true) {
		a.Warnings = append(a.Warnings, fault.Warning{
			Summary: "The records of the cache are not used",
			Detail:  fault.Sentence(why) + " Other accounts can write there and could decide what is packed, so only the files are used whose digests tell what they are. Name a folder of your own in cache_dir, or close this one to others (chmod go-w).",
		})
	}
	if err == nil && filepath.Dir(o.PathOf(a.SHA256)) == defaultDir {
		err = ignoreDefault(ctx)
	}
	if err == nil {
		b.options.Logger.InfoContext(ctx, LogBuilt, "zip", o.PathOf(a.SHA256), "sha256", a.SHA256.Hex(), "bytes", a.Size, "unzipped", a.Unzipped, "took", time.Since(start))
	}
	return a, err
}

// buildParts builds from what the lock names.
func (b *Builder) buildParts(ctx context.Context, c *cache, l *Lock, o Output) (Artifact, error) {
	// A wheel that another project cached is trusted by name only where the
	// digest of the whole layer will tell.
	if o.Want.IsZero() {
		if err := c.verify(ctx, l); err != nil {
			return Artifact{}, err
		}
		return b.build(ctx, c, l, o, true)
	}
	a, err := b.build(ctx, c, l, o, false)
	if !mayBeDamage(err) {
		return a, err
	}
	if verifyErr := c.verify(ctx, l); verifyErr != nil {
		return Artifact{}, errors.Join(err, verifyErr)
	}
	return b.build(ctx, c, l, o, true)
}

// mayBeDamage reports whether a damaged blob can be the cause of an error.
func mayBeDamage(err error) bool {
	var mismatch *MismatchError
	var archive *filetree.ArchiveError
	return errors.As(err, &mismatch) || errors.As(err, &archive)
}

// Intact reports whether the zip at the path is the one with this digest and
// size. Where there is none the error is an fs.ErrNotExist.
func (b *Builder) Intact(ctx context.Context, path string, zip store.Digest, size int64) (bool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("reading the zip: %w", err)
	}
	if info.Size() != size {
		return false, nil
	}
	c, cacheErr := b.open()
	// The bytes of an untouched file were seen before: its time tells.
	key, stamp := local.Absolute(path)+" "+zip.Hex(), info.ModTime().UTC().String()
	if cacheErr == nil && c.hasRecord("zips", key, stamp) {
		return true, nil
	}
	sum, err := sumFile(ctx, path)
	if err != nil || sum != zip || cacheErr != nil {
		return sum == zip, err
	}
	return true, errors.Join(c.store.PutRecord("zips", key, []byte(stamp)), c.notePlace(path, zip))
}

// hasRecord reports whether a record has just this text.
func (c *cache) hasRecord(bucket, key, text string) bool {
	body, _, err := c.store.GetRecord(bucket, key)
	return err == nil && string(body) == text
}

// Rebuild makes the zip with a digest from its lock at a path, unless it is there. It
// was judged when it was planned, so no check is made again.
func (b *Builder) Rebuild(ctx context.Context, lock *Lock, zip store.Digest, path string) error {
	_, err := b.Build(ctx, lock, Output{Path: path, Want: zip, Size: fault.SeverityOff, Shadow: fault.SeverityOff, Scripts: fault.SeverityOff, Replace: true})
	return err
}

// Find returns the path of a zip with this digest and size on this machine: the
// default one, or the one where it was written or seen last. Of that only a record
// tells, which may name any file, so its bytes are read.
func (b *Builder) Find(ctx context.Context, zip store.Digest, size int64) (path string, found bool) {
	if intact, err := b.Intact(ctx, DefaultPath(zip), zip, size); err == nil && intact {
		return DefaultPath(zip), true
	}
	c, err := b.open()
	if err != nil {
		return "", false
	}
	place, _, err := c.store.GetRecord("places", zip.Hex())
	if err != nil {
		return "", false
	}
	if info, err := os.Stat(string(place)); err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return "", false
	}
	sum, err := sumFile(ctx, string(place))
	return string(place), err == nil && sum == zip
}

// notePlace remembers where a zip lies that is not at its default path.
func (c *cache) notePlace(path string, zip store.Digest) error {
	if path == DefaultPath(zip) {
		return nil
	}
	return c.store.PutRecord("places", zip.Hex(), []byte(local.Absolute(path)))
}

func (b *Builder) build(ctx context.Context, c *cache, l *Lock, o Output, doubt bool) (Artifact, error) {
	if err := l.checkArchives(o); err != nil {
		return Artifact{}, err
	}
	tree, found, err := c.tree(ctx, l, o, doubt)
	if err != nil {
		return Artifact{}, err
	}
	sizes, err := inspect.CheckSize(tree, o.Size)
	if err != nil {
		return Artifact{}, err
	}
	layout, err := layerzip.NewLayout(tree)
	if errors.Is(err, layerzip.ErrEmpty) {
		return Artifact{}, &fault.Error{At: fault.At("exclude"), Summary: "Empty layer", Detail: "No file is left to pack, and AWS refuses an empty layer: every input is empty, excluded, or not needed on these runtimes.", Err: err}
	}
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{Size: layout.Size(), Unzipped: layout.Unpacked(), Warnings: append(sizes, found...)}
	// What was planned was judged then.
	if o.Want.IsZero() {
		findings, told, err := c.audit(ctx, l, tree, o)
		if err != nil {
			return Artifact{}, err
		}
		a.Findings, a.Warnings = findings, append(a.Warnings, told...)
		if err := l.assertImports(tree, o); err != nil {
			return Artifact{}, err
		}
	}
	if a.SHA256, err = b.write(ctx, c, layout, o); err != nil {
		return Artifact{}, err
	}
	return a, c.noteOutput(o, a.SHA256)
}

// write writes the zip, unless it is there already: the apply of a create builds what
// its plan has built, and a second zip would take its size on the disk once more.
func (b *Builder) write(ctx context.Context, c *cache, layout *layerzip.Layout, o Output) (store.Digest, error) {
	choose := b.chooseOutput(ctx, c, o)
	for _, there := range o.candidates() {
		digest, same, err := layout.Is(ctx, there)
		if err != nil {
			return store.Digest{}, err
		}
		if !same {
			continue
		}
		path, err := choose(digest)
		if err != nil {
			return store.Digest{}, fmt.Errorf("keeping the zip %q: %w", there, err)
		}
		if filepath.Clean(path) == filepath.Clean(there) {
			return digest, nil
		}
	}
	return layout.WriteFileIn(ctx, o.dir(), choose)
}

// candidates returns where the zip may lie already. Without a path of its own, and
// before its digest is known, that is each zip of the folder; only those of its size
// are read.
func (o Output) candidates() []string {
	if o.Path != "" || !o.Want.IsZero() {
		return []string{o.PathOf(o.Want)}
	}
	entries, err := os.ReadDir(defaultDir)
	if err != nil {
		return nil // it is made
	}
	var all []string
	for _, e := range entries {
		name, isZip := strings.CutSuffix(e.Name(), ".zip")
		if _, err := store.ParseDigest(name); isZip && err == nil && e.Type().IsRegular() {
			all = append(all, defaultDir+"/"+e.Name())
		}
	}
	return all
}

// chooseOutput returns where a zip goes, and refuses one that was not planned.
func (b *Builder) chooseOutput(ctx context.Context, c *cache, o Output) func(store.Digest) (string, error) {
	return func(sum store.Digest) (string, error) {
		if !o.Want.IsZero() && sum != o.Want {
			return "", &MismatchError{Want: o.Want, Got: sum}
		}
		return o.PathOf(sum), b.mayWrite(ctx, c, o, sum)
	}
}

// noteOutput remembers that the zip is ours.
func (c *cache) noteOutput(o Output, sum store.Digest) error {
	return errors.Join(c.store.PutRecord("outputs", local.Absolute(o.PathOf(sum)), []byte(sum.Hex())), c.notePlace(o.PathOf(sum), sum))
}

// claim notes what goes to an absolute path, and reports whether this run has put
// something there before, and whether it was the same.
func (b *Builder) claim(name string, sum store.Digest) (written, same bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	had, written := b.outputs[name]
	b.outputs[name] = sum
	return written, had == sum
}

// mayWrite refuses to write over a file that no package of ours wrote, and to
// let two packages write one path.
func (b *Builder) mayWrite(ctx context.Context, c *cache, o Output, sum store.Digest) error {
	if o.Path == "" {
		return nil // named by its content
	}
	name := local.Absolute(o.Path)
	written, same := b.claim(name, sum)
	if written && !same {
		return &fault.Error{
			At: fault.At("output_path"), Summary: fmt.Sprintf("Two zips go to %q", o.Path),
			Detail: "Two packages with different content have this output_path. Give each its own.",
		}
	}
	if o.Replace || written {
		return nil
	}
	there, err := sumFile(ctx, o.Path)
	if errors.Is(err, os.ErrNotExist) || err == nil && there == sum {
		return nil
	}
	if err == nil {
		if c.hasRecord("outputs", name, there.Hex()) || lockBeside(o.Path) == there {
			return nil
		}
		err = errors.New("there is a file that no package wrote, and it would be lost")
	}
	return &fault.Error{
		At: fault.At("output_path"), Summary: fmt.Sprintf("The output path %q is taken", o.Path),
		Detail: sentence(err) + " Remove it, or write another path.", Err: err,
	}
}
