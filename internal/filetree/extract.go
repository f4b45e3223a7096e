package filetree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Extract writes the files and links of a zip archive below the folder dir,
// which has to exist. A file that is there is replaced, as Lambda does where two
// layers have one path. Files have mode 0644, programs and files that the
// archive calls executable 0755. Nothing is written outside of dir: a path that
// leads through a link out of it is an error. What [FromZipLinks] refuses is an
// *[ArchiveError].
func Extract(dir string, a *Archive) (err error) {
	files, links, err := FromZipLinks(a)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("opening the folder to unpack into: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	write := func(e *Entry, content io.Reader) error {
		if err := extractFile(root, e, content); err != nil {
			return fmt.Errorf("unpacking %q of %q: %w", e.Path, a.Name, err)
		}
		return nil
	}
	if err := ReadEntries(a, files, write); err != nil {
		return err
	}
	targets, err := LinkTargets(a, links)
	if err != nil {
		return err
	}
	for _, link := range links {
		err := clearPlace(root, link.Path)
		if err == nil {
			err = root.Symlink(targets[link.Path], filepath.FromSlash(link.Path))
		}
		if err != nil {
			return fmt.Errorf("unpacking the link %q of %q: %w", link.Path, a.Name, err)
		}
	}
	return nil
}

// clearPlace makes room for a file: the folders above it exist, and nothing is there.
func clearPlace(root *os.Root, name string) error {
	if parent := path.Dir(name); parent != "." {
		if err := root.MkdirAll(filepath.FromSlash(parent), 0o755); err != nil {
			return err
		}
	}
	if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func extractFile(root *os.Root, e *Entry, content io.Reader) error {
	if err := clearPlace(root, e.Path); err != nil {
		return err
	}
	start, err := ReadHead(content)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if program, _ := Program(start); program || e.Exec {
		mode = 0o755
	}
	f, err := root.OpenFile(filepath.FromSlash(e.Path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(start); err == nil {
		_, err = io.Copy(f, content)
	}
	return errors.Join(err, f.Close())
}
