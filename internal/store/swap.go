package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ReplaceFolder puts the folder made in the place of the folder at name, or where
// there is none. A reader finds the old folder or the new one; only where the
// system cannot exchange the two there is a moment without any. Both have to lie
// in the same folder. The old one is removed, also where its folders are
// write-protected.
func ReplaceFolder(made, name string) error {
	err := os.Rename(made, name) // over nothing, or an empty folder
	if err == nil {
		return nil
	}
	if _, missing := os.Lstat(name); missing != nil {
		return fmt.Errorf("putting a folder in its place: %w", err)
	}
	if err := exchange(made, name); err != nil {
		old := made + ".old"
		if err := os.Rename(name, old); err != nil {
			return fmt.Errorf("putting a folder in its place: %w", err)
		}
		if err := os.Rename(made, name); err != nil {
			return errors.Join(fmt.Errorf("putting a folder in its place: %w", err), os.Rename(old, name))
		}
		made = old
	}
	return RemoveFolder(made)
}

// RemoveFolder removes a folder with all that it holds, also where folders in it
// are write-protected.
func RemoveFolder(name string) error {
	err := os.RemoveAll(name)
	if err == nil {
		return nil
	}
	walked := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700) //nolint:gosec // a folder that goes
	})
	return errors.Join(walked, os.RemoveAll(name))
}
