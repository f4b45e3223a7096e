// Package local takes files of the disk, and texts. It chooses: it reads what a source
// holds, and digests it; and it packs: it returns the files as entries of a layer,
// deflated once and kept in the store, if they are still those of the lock.
package local

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

// Spec asks for local files: a directory or a file by Source, or Content. Its JSON is
// part of what states keep.
type Spec struct {
	Source  string  `json:"source,omitempty"`
	Content *string `json:"content,omitempty"`
	// Target is the layer path. A directory's content lands below it; a
	// file lands at it, or in it when it ends in "/".
	Target  string   `json:"target"`
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	// IgnoreFile names the ignore files of a source; "": .layerignore, where
	// there is one.
	IgnoreFile string `json:"ignore_file,omitempty"`
	// Package is set where Source is the folder of a Node.js package: of what is in
	// it, what "npm pack" packs is taken. It is the folder of the project, as far as
	// the user wrote it so.
	Package string `json:"package,omitempty"`
	// Symlinks is LinksFollow, also as "", or LinksError; in a lock "" or LinksError.
	Symlinks string `json:"symlinks,omitempty"`
}

// Lock is one element of files, with the digest of what it held.
type Lock struct {
	Spec
	Tree store.Digest `json:"tree"`
	// Count is the number of files.
	Count int `json:"count"`
}

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

// Check finds what can be known wrong without reading the files: a *fault.Error; at is
// the element.
func (f Spec) Check(at fault.Path) error {
	return fault.Tie(at, fmt.Sprintf("Malformed element %s", at), f.check())
}

func (f Spec) check() error {
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
func (f Spec) wholeLayer() bool {
	return f.Target == "" || f.Target == "." || f.Target == "./"
}

// Name is what messages call the element.
func (f Spec) Name() string { return cmp.Or(f.Source, f.Target) }

// Scope is what of the layer and of the run counts for its files.
type Scope struct {
	// CheckFile refuses a file that the layer cannot hold, which an element brings.
	CheckFile func(at fault.Path, path, machine string) error
	// Skip reports whether the run itself writes a file of the disk, which is then no
	// part of a source.
	Skip func(path string) bool
}

// Read reads the element at a path and returns what it holds now.
func Read(ctx context.Context, at fault.Path, f Spec, of Scope) (Lock, error) {
	l := Lock{Spec: f.locked()}
	files, err := Scan(ctx, l, of.Skip)
	if err != nil {
		return Lock{}, err
	}
	if len(files) == 0 {
		return Lock{}, fmt.Errorf("%q holds no file that include, exclude and ignore files let through: correct the patterns, or drop this element", f.Source)
	}
	for _, file := range files {
		if err := of.CheckFile(at, file.Path, file.Machine); err != nil {
			return Lock{}, err
		}
	}
	l.Tree, l.Count = filetree.TreeDigest(files), len(files)
	return l, nil
}

// locked returns the element as a lock has it.
func (f Spec) locked() Spec {
	if f.Symlinks == LinksFollow {
		f.Symlinks = ""
	}
	return f
}

// Scan lists the files of the lock, as they are now, with their layer paths; skip is
// as in [Scope].
func Scan(ctx context.Context, l Lock, skip func(string) bool) ([]filetree.File, error) {
	if l.Content != nil {
		return inline(l), nil
	}
	options := filetree.ScanOptions{
		Include: l.Include, Exclude: l.Exclude, RefuseLinks: l.Symlinks == LinksError,
		IgnoreFile: cmp.Or(l.IgnoreFile, defaultIgnoreFile), NeedsIgnoreFile: l.IgnoreFile != "", Skip: skip,
	}
	files, err := scanSource(ctx, l, options)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(l.Source)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", l.Source, err)
	}
	for i := range files {
		switch {
		case l.wholeLayer():
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
func scanSource(ctx context.Context, l Lock, o filetree.ScanOptions) ([]filetree.File, error) {
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
func inline(l Lock) []filetree.File {
	return []filetree.File{{
		Path: path.Clean(l.Target), Size: int64(len(*l.Content)), SHA256: store.Sum([]byte(*l.Content)),
		Program: strings.HasPrefix(*l.Content, "#!"),
	}}
}

// putInline gives the file of inline content a source, in the store.
func (e *Env) putInline(ctx context.Context, l Lock, files []filetree.File) error {
	if l.Content == nil {
		return nil
	}
	files[0].Source = e.Store.Path(files[0].SHA256)
	if e.Store.Verify(ctx, files[0].SHA256) == nil {
		return nil
	}
	return e.Store.Keep(files[0].SHA256, strings.NewReader(*l.Content))
}

// Env is what files are kept in.
type Env struct {
	Store    *store.Store
	Segments *segment.Cache
}

// Pack returns the files of all elements as entries of a layer. They are deflated
// once and kept in the store by content, so that the next build copies. With doubt
// what is kept is compared with the files.
//
// What a user can act on is a *[fault.Error]. Files that are not those of the lock
// are a *[ChangedError] in it.
func Pack(ctx context.Context, e *Env, locks []Lock, of Scope, doubt bool) (filetree.Tree, error) {
	var files filetree.Tree
	for i, l := range locks {
		tree, err := e.tree(ctx, l, of, filetree.Origin{Ecosystem: "files", Element: i}, doubt)
		if err != nil {
			return nil, fault.Tie(fault.At("files").Index(i), fmt.Sprintf("The files of %q cannot be read", l.Name()), err)
		}
		files = append(files, tree...)
	}
	return files, nil
}

// tree returns the locked files as entries of a layer.
func (e *Env) tree(ctx context.Context, l Lock, of Scope, origin filetree.Origin, doubt bool) (filetree.Tree, error) {
	files, err := Scan(ctx, l, of.Skip)
	if err != nil {
		return nil, err
	}
	if store.Digest(filetree.TreeDigest(files)) != l.Tree {
		return nil, e.Changed(l, files)
	}
	kept, err := e.deflated(ctx, l, files, doubt)
	if err != nil {
		if _, ok := errors.AsType[*layerzip.ChangedError](err); ok {
			return nil, &ChangedError{Source: l.Source, Changes: []string{err.Error()}}
		}
		return nil, err
	}
	tree, err := e.Segments.Files(kept, origin)
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

// deflated returns the digest of the zip of the files, in the store.
func (e *Env) deflated(ctx context.Context, l Lock, files []filetree.File, doubt bool) (store.Digest, error) {
	confirm := func(segment store.Digest) (bool, error) {
		if err := e.putInline(ctx, l, files); err != nil {
			return false, err
		}
		return e.Segments.ConfirmFiles(ctx, segment, files)
	}
	key := e.Segments.Encoder() + " " + l.Tree.Hex() // another encoder makes other bytes
	return e.Segments.Keep(key, doubt, confirm, func() (store.Digest, error) {
		if err := e.putInline(ctx, l, files); err != nil {
			return store.Digest{}, err
		}
		// The list is remembered by its digest, so that a later change can be named.
		list, err := json.Marshal(files)
		if err != nil {
			return store.Digest{}, fmt.Errorf("encoding the list of files: %w", err)
		}
		if err := e.Store.PutRecord("trees", l.Tree.Hex(), list); err != nil {
			return store.Digest{}, err
		}
		return e.Segments.DeflateFiles(ctx, files)
	})
}

// Changed returns a *[ChangedError] that names what differs from the locked tree, where the cache remembers
// what that held.
func (e *Env) Changed(l Lock, now []filetree.File) error {
	changed := &ChangedError{Source: l.Source}
	body, _, err := e.Store.GetRecord("trees", l.Tree.Hex())
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
