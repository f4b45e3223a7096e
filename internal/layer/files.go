package layer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// ChangedError tells that local files are not what they were when the lock was
// made.
type ChangedError struct {
	Source  string
	Changes []string // sentences such as `"a.py" is new`; empty where not known
}

func (e *ChangedError) Error() string {
	if len(e.Changes) == 0 {
		return fmt.Sprintf("the files of %q are not those that were planned: plan again", e.Source)
	}
	return fmt.Sprintf("the files of %q are not those that were planned (%s): plan again", e.Source, strings.Join(e.Changes, ", "))
}

// What a symbolic link in a source means: the file or folder that it leads to,
// or an error.
const (
	LinksFollow = "follow"
	LinksError  = "error"
)

// defaultIgnoreFile is the name of ignore files where the user chose none.
const defaultIgnoreFile = ".layerignore"

// check finds what can be known wrong without reading the files.
func (f FileSpec) check() error {
	switch {
	case f.Source == "" && f.Content == nil:
		return errors.New("it names neither source nor content: write one of them; " + strings.ToLower(fault.DroppedNames[:1]) + strings.TrimSuffix(fault.DroppedNames[1:], "."))
	case f.Source != "" && f.Content != nil:
		return errors.New("it names both source and content: write one of them")
	case f.Content != nil && (f.Target == "" || strings.HasSuffix(f.Target, "/")):
		return fmt.Errorf("content needs the name of a file as target, not %q: write one such as \"python/settings.json\"", f.Target)
	case f.Content != nil && (len(f.Include) > 0 || len(f.Exclude) > 0 || f.IgnoreFile != "" || f.Symlinks != ""):
		return errors.New("include, exclude, ignore_file and symlinks are about the files of a source: content has none")
	case strings.ContainsAny(f.IgnoreFile, `/\`) || f.IgnoreFile == "." || f.IgnoreFile == "..":
		return fmt.Errorf("ignore_file is the name of files in the source, such as \".gitignore\", not a path: %q", f.IgnoreFile)
	case f.Symlinks != "" && f.Symlinks != LinksFollow && f.Symlinks != LinksError:
		return fmt.Errorf("symlinks is \"follow\" or \"error\", not %q", f.Symlinks)
	}
	for _, p := range slices.Concat(f.Include, f.Exclude) {
		if err := filetree.CheckPattern(p); err != nil {
			return err
		}
	}
	if f.wholeLayer() {
		return nil
	}
	_, err := filetree.CleanTarget(strings.TrimSuffix(f.Target, "/"))
	return err
}

// wholeLayer reports whether the files land at the root of the layer.
func (f FileSpec) wholeLayer() bool {
	return f.Target == "" || f.Target == "." || f.Target == "./"
}

// name is what messages call the element.
func (f FileSpec) name() string { return cmp.Or(f.Source, f.Target) }

func (l FileLock) name() string { return cmp.Or(l.Source, l.Target) }

// fileSpecs are the elements of files.
type fileSpecs []FileSpec

func (all fileSpecs) check(Spec) error {
	var faults []error
	for i, f := range all {
		faults = append(faults, fault.Tie(fault.At("files").Index(i), fmt.Sprintf("Malformed element %d of files", i), f.check()))
	}
	return errors.Join(faults...)
}

func (all fileSpecs) choose(ctx context.Context, r *resolution) error {
	for i, f := range all {
		lock, err := r.chooseFiles(ctx, i, f)
		if err != nil {
			at := fault.At("files").Index(i)
			return fault.Tie(at, fmt.Sprintf("The files of %q cannot be read", f.name()), nativeFault(at, err))
		}
		r.now.Files = append(r.now.Files, lock)
	}
	return nil
}

// fileLocks are the elements of files, and folders on disk that belong to the
// distributions of Python and the packages of Node.js.
type fileLocks []FileLock

// needs are the deflated trees: they can be deflated again.
func (all fileLocks) needs(_ context.Context, c *cache, _ *Lock) []need {
	var needs []need
	for _, f := range all {
		if d, ok := c.segments.Noted(segmentKey(f.Tree)); ok {
			needs = append(needs, need{any: []store.Digest{d}, spare: true})
		}
	}
	return needs
}

func (all fileLocks) pack(ctx context.Context, c *cache, _ *Lock, doubt bool) (packed, error) {
	var files filetree.Tree
	for i, f := range all {
		tree, err := c.filesTree(ctx, f, filetree.Origin{Ecosystem: "files", Element: i}, doubt)
		if err != nil {
			return packed{}, fault.Tie(fault.At("files").Index(i), fmt.Sprintf("The files of %q cannot be read", f.name()), err)
		}
		files = append(files, tree...)
	}
	return packed{files: files, elements: true}, nil
}

func (all fileLocks) contents(to map[string]string) {
	var brought []bringing
	for i, f := range all {
		brought = append(brought, f.brought(i))
	}
	addBrought(to, "files", brought)
}

func (fileLocks) warnings() []Warning { return nil }

// lockFiles reads one element of files and returns what it holds now.
func lockFiles(ctx context.Context, f FileSpec, spec Spec) (FileLock, error) {
	l := FileLock{Source: f.Source, Content: f.Content, Target: f.Target, Include: f.Include, Exclude: f.Exclude, IgnoreFile: f.IgnoreFile, Package: f.Package}
	if f.Symlinks == LinksError {
		l.Symlinks = LinksError
	}
	files, err := scan(ctx, l, spec.own)
	if err != nil {
		return FileLock{}, err
	}
	if len(files) == 0 {
		return FileLock{}, fmt.Errorf("%q holds no file that include, exclude and ignore files let through: correct the patterns, or drop this element", f.Source)
	}
	for _, file := range files {
		if err := spec.checkFile(file); err != nil {
			return FileLock{}, err
		}
	}
	l.Tree, l.Count = filetree.TreeDigest(files), len(files)
	return l, nil
}

// checkFile refuses native code for another architecture.
func (s Spec) checkFile(f filetree.File) error {
	if s.excluded(f.Path) {
		return nil
	}
	switch {
	case f.Machine == "":
		return nil
	case len(s.Architectures) > 1 || !slices.Contains(s.Architectures, f.Machine):
		return &nativeError{Path: f.Path, Machine: f.Machine, Architectures: s.Architectures}
	}
	return nil
}

// nativeError is a file of native code that a layer cannot hold: it runs on one
// architecture, and the layer is for another or for both.
type nativeError struct {
	Path, Machine string
	Architectures []string
}

func (e *nativeError) Error() string {
	if len(e.Architectures) > 1 {
		return fmt.Sprintf("%q is for %s, the layer for both architectures", e.Path, e.Machine)
	}
	return fmt.Sprintf("%q is for %s, the layer for %s", e.Path, e.Machine, strings.Join(e.Architectures, ""))
}

// nativeFault ties a nativeError to the element that brings the file, and says
// what to write instead. Any other error stays as it is.
func nativeFault(at fault.Path, err error) error {
	native, ok := errors.AsType[*nativeError](err)
	if !ok || fault.Tied(err) {
		return err
	}
	if len(native.Architectures) == 1 {
		return &fault.Error{
			At: at, Summary: fmt.Sprintf("%q is for %s, the layer for %s", native.Path, native.Machine, native.Architectures[0]), Err: err,
			Detail: fmt.Sprintf("Native code runs on one architecture. Bring the file that is built for %s, or build the layer for the architecture of the file.", native.Architectures[0]),
		}
	}
	return &fault.Error{
		At: at, Summary: "One layer cannot serve both architectures", Err: err,
		Detail: sentence(native) + " Native code runs on one architecture. Write one package for each architecture, each with a file of its own, such as source = \"bin/${each.key}/tool\", or architecture = each.key on an element of downloads:" + forEachBlock,
	}
}

// scan lists the files of the lock with their layer paths, without what the run
// writes.
func scan(ctx context.Context, l FileLock, own *ownPaths) ([]filetree.File, error) {
	if l.Content != nil {
		return inline(l), nil
	}
	options := filetree.ScanOptions{
		Include: l.Include, Exclude: l.Exclude, RefuseLinks: l.Symlinks == LinksError,
		IgnoreFile: cmp.Or(l.IgnoreFile, defaultIgnoreFile), NeedsIgnoreFile: l.IgnoreFile != "", Skip: own.skips,
	}
	files, err := scanSource(ctx, l, options)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(l.Source)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", l.Source, err)
	}
	spec := FileSpec{Target: l.Target}
	for i := range files {
		switch {
		case spec.wholeLayer():
		case info.IsDir() || strings.HasSuffix(l.Target, "/"):
			files[i].Path = path.Join(l.Target, files[i].Path)
		default:
			files[i].Path = path.Clean(l.Target)
		}
	}
	return files, nil
}

// scanSource lists the files of a source: of the folder of a Node.js package those
// that are part of the package.
func scanSource(ctx context.Context, l FileLock, o filetree.ScanOptions) ([]filetree.File, error) {
	if l.Package == "" {
		return filetree.Scan(ctx, l.Source, o)
	}
	list, err := nodejs.PackList(l.Source, l.Package)
	if err != nil {
		return nil, err
	}
	o.Keep = list.Keep
	files, err := filetree.Scan(ctx, l.Source, o)
	return files, errors.Join(err, list.Err())
}

// inline lists content as a file that has no source on disk.
func inline(l FileLock) []filetree.File {
	return []filetree.File{{
		Path: path.Clean(l.Target), Size: int64(len(*l.Content)), SHA256: store.Sum([]byte(*l.Content)),
		Program: strings.HasPrefix(*l.Content, "#!"),
	}}
}

// putInline gives the file of inline content a source, in the store.
func (c *cache) putInline(l FileLock, files []filetree.File) error {
	if l.Content == nil {
		return nil
	}
	files[0].Source = c.store.Path(files[0].SHA256)
	return c.store.Keep(files[0].SHA256, strings.NewReader(*l.Content))
}

// filesTree returns the locked files as entries of a layer. They are deflated
// once and kept in the store by content, so that the next build copies.
func (c *cache) filesTree(ctx context.Context, l FileLock, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	files, err := scan(ctx, l, c.own)
	if err != nil {
		return nil, err
	}
	if store.Digest(filetree.TreeDigest(files)) != l.Tree {
		return nil, c.changed(l, files)
	}
	kept, err := c.deflated(ctx, l, files, doubt)
	if err != nil {
		if _, ok := errors.AsType[*layerzip.ChangedError](err); ok {
			return nil, &ChangedError{Source: l.Source, Changes: []string{err.Error()}}
		}
		return nil, err
	}
	tree, err := c.segments.Files(kept, origin)
	if err != nil {
		return nil, err
	}
	programs := map[string]bool{}
	for _, f := range files {
		programs[f.Path] = f.Program
	}
	for i := range tree {
		tree[i].Exec = programs[tree[i].Path] && segment.IsRun(tree[i].Path)
	}
	return tree, nil
}

// segmentKey names a deflated tree: another encoder makes other bytes of it.
func segmentKey(tree store.Digest) string { return layerzip.Encoder + " " + tree.Hex() }

// deflated returns the digest of the zip of the files, in the store.
func (c *cache) deflated(ctx context.Context, l FileLock, files []filetree.File, doubt bool) (store.Digest, error) {
	if digest, ok := c.segments.Noted(segmentKey(l.Tree)); ok && c.store.Has(digest, -1) {
		if !doubt || c.segments.ConfirmFiles(ctx, digest, files) {
			return digest, nil
		}
	}
	if err := c.putInline(l, files); err != nil {
		return store.Digest{}, err
	}
	digest, err := c.segments.DeflateFiles(ctx, files)
	if err != nil {
		return store.Digest{}, err
	}
	// The list is remembered by its digest, so that a later change can be named.
	list, err := json.Marshal(files)
	if err != nil {
		return store.Digest{}, fmt.Errorf("encoding the list of files: %w", err)
	}
	if err := c.store.PutRecord("trees", l.Tree.Hex(), list); err != nil {
		return store.Digest{}, err
	}
	return digest, c.segments.Note(segmentKey(l.Tree), digest)
}

// changed names what differs from the locked tree, where the cache remembers
// what that held.
func (c *cache) changed(l FileLock, now []filetree.File) error {
	changed := &ChangedError{Source: l.Source}
	body, _, err := c.store.GetRecord("trees", l.Tree.Hex())
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return changed
		}
		return err
	}
	var then []filetree.File
	if err := json.Unmarshal(body, &then); err != nil {
		return fmt.Errorf("reading the list of files: %w", err)
	}
	before := map[string][32]byte{}
	for _, f := range then {
		before[f.Path] = f.SHA256
	}
	for _, f := range now {
		sum, ok := before[f.Path]
		switch {
		case !ok:
			changed.Changes = append(changed.Changes, fmt.Sprintf("%q is new", f.Path))
		case sum != f.SHA256:
			changed.Changes = append(changed.Changes, fmt.Sprintf("%q changed", f.Path))
		}
		delete(before, f.Path)
	}
	for _, f := range then {
		if _, gone := before[f.Path]; gone {
			changed.Changes = append(changed.Changes, fmt.Sprintf("%q is gone", f.Path))
		}
	}
	return changed
}
