//go:build !windows

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordsOfAFolderThatOthersWriteAreNotBelieved opens a cache whose folders
// others may write to.
func TestRecordsOfAFolderThatOthersWriteAreNotBelieved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		folder string
		mode   os.FileMode
		says   string
	}{
		{"a private folder", "", 0o700, ""},
		{"one that others read", "", 0o755, ""},
		{"a world-writable folder", "", 0o777, "can be written by every user"},
		{"a world-writable folder of records", "v1/records", 0o777, "can be written by every user"},
		{"sticky records", "v1/records", 0o777 | os.ModeSticky, "can be written by every user"},
	} {
		dir := t.TempDir()
		s, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		d := put(t, s, "content")
		if err := s.PutRecord("answers", "q", []byte("a")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, c.folder), c.mode); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(dir); err != nil {
			t.Fatal(err)
		}
		if got := s.Distrust(); (c.says == "") != (got == "") || !strings.Contains(got, c.says) {
			t.Errorf("%s: Distrust() = %q, want %q", c.name, got, c.says)
		}
		_, _, err = s.GetRecord("answers", "q")
		if absent := errors.Is(err, fs.ErrNotExist); absent != (c.says != "") {
			t.Errorf("%s: the record: %v", c.name, err)
		}
		if err := s.PutRecord("answers", "q", []byte("b")); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := s.Verify(t.Context(), d); err != nil {
			t.Errorf("%s: a blob is not served: %v", c.name, err)
		}
	}
}

// TestCacheOfAnotherUserIsUsedWithoutItsRecords needs root, which tests in
// containers have; elsewhere it looks at a folder of root.
func TestFolderOfAnotherUser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if got, err := foreign(dir); err != nil || !strings.Contains(got, "belongs to another user (65534)") {
			t.Errorf("foreign = %q, %v", got, err)
		}
		return
	}
	if got, err := foreign("/usr"); err != nil || got != "" {
		t.Errorf("a folder of root: foreign = %q, %v, want nothing", got, err)
	}
}

func TestNewCachesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "cache")
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "v1", "records")} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v, want a mode of 0700", name, info.Mode(), err)
		}
	}
}
