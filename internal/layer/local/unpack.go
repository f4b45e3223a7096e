package local

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Unpack makes the folder dir hold the files of the zip at path, which has the
// digest, and nothing else but a mark. One that no package unpacked is never
// replaced: the error is a *fault.Error.
func Unpack(ctx context.Context, path string, zip store.Digest, dir string) error {
	if err := refuseForeign(dir); err != nil {
		return err
	}
	archive, err := filetree.FileArchive(filepath.Base(path), path)
	if err != nil {
		return err
	}
	beside := filepath.Dir(Absolute(dir))
	made, err := os.MkdirTemp(beside, ".layerbuild-unpack-")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(beside, 0o755); err == nil { //nolint:gosec // containers read it as another user
			made, err = os.MkdirTemp(beside, ".layerbuild-unpack-")
		}
	}
	if err != nil {
		return fmt.Errorf("unpacking the zip: %w", err)
	}
	if err = fill(made, archive.Until(ctx), zip); err == nil {
		err = store.ReplaceFolder(made, Absolute(dir))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("unpacking the zip to %q: %w", dir, err), store.RemoveFolder(made))
	}
	return nil
}

// fill unpacks an archive into a new folder and marks it.
func fill(made string, archive *filetree.Archive, zip store.Digest) error {
	if err := os.Chmod(made, 0o755); err != nil { //nolint:gosec // containers read it as another user
		return err
	}
	if err := filetree.Extract(made, archive); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(made, UnpackedName), []byte(zip.Hex()+"\n"), 0o644) //nolint:gosec // as above
}

// refuseForeign refuses a folder that is not ours to replace.
func refuseForeign(dir string) error {
	name := Absolute(dir)
	refuse := func(why string) error {
		return &fault.Error{
			At: fault.At("unpack_path"), Summary: fmt.Sprintf("The unpack path %q is taken", dir),
			Detail: why + ", and it would be lost. Remove it, or write another path.",
		}
	}
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking at the folder to unpack to: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return refuse("There is a symbolic link")
	case !info.IsDir():
		return refuse("There is a file")
	}
	if IsUnpacked(name) {
		return nil
	}
	inside, err := os.ReadDir(name)
	if err != nil {
		return fmt.Errorf("looking at the folder to unpack to: %w", err)
	}
	if len(inside) > 0 {
		return refuse("There is a folder that no package unpacked")
	}
	return nil
}

// maxMark bounds the mark of an unpacked folder, in bytes: it is a digest and a line end.
const maxMark = 1 << 10

// Unpacked reports whether the folder holds the files of the zip and nothing
// else: names, and the contents by size and checksum (CRC-32, as the zip has it).
func Unpacked(path string, zip store.Digest, dir string) (bool, error) {
	mark, err := filetree.ReadSmall(filepath.Join(dir, UnpackedName), maxMark)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || strings.TrimSpace(string(mark)) != zip.Hex() {
		return false, err
	}
	archive, err := filetree.FileArchive(filepath.Base(path), path)
	if err != nil {
		return false, err
	}
	files, links, err := filetree.FromZipLinks(archive)
	if err != nil {
		return false, err
	}
	want := map[string]*filetree.Entry{}
	for i := range files {
		want[files[i].Path] = &files[i]
	}
	for i := range links {
		want[links[i].Path] = nil
	}
	whole := true
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		within, err := filepath.Rel(dir, name)
		if within = filepath.ToSlash(within); err != nil || within == UnpackedName {
			return err
		}
		entry, known := want[within]
		delete(want, within)
		same := known && (entry == nil) == (d.Type()&fs.ModeSymlink != 0)
		if same && entry != nil {
			same, err = sameContent(name, entry)
		}
		if !same && err == nil {
			whole = false
			return fs.SkipAll
		}
		return err
	})
	return whole && err == nil && len(want) == 0, err
}

// sameContent compares a file with an entry of a zip.
func sameContent(name string, e *filetree.Entry) (same bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err != nil || info.Size() != e.Size {
		return false, err
	}
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, f)
	return err == nil && sum.Sum32() == e.CRC32, err
}
