//go:build !windows

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

var systemChildren = map[string]func(dir string) error{
	"starve": childStarves,
	"read":   childReadsOnly,
}

// childStarves writes a blob and a record larger than its files may be: the
// system refuses the bytes in the middle, as a full disk does.
func childStarves(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}); err != nil {
		return err
	}
	w, err := s.NewWriter()
	if err != nil {
		return err
	}
	_, writeErr := w.Write(bigContent())
	_, secondErr := w.Write([]byte("more"))
	fmt.Println("write:", writeErr)
	fmt.Println("second write:", secondErr)
	fmt.Println("reset:", w.Reset())
	fmt.Println("commit:", w.Commit(Digest{}))
	fmt.Println("record:", s.PutRecord("pages", "k", bigContent()))
	fmt.Println("file:", s.Replace(filepath.Join(dir, "v1", "file"), bigContent()))
	return nil
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.PutRecord("pages", "k", []byte("before")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.Dir(), "v1", "file")
	if err := s.Replace(file, []byte("before")); err != nil {
		t.Fatal(err)
	}
	cmd, out := startChild(t, "starve", s.Dir())
	text, err := io.ReadAll(out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 6 {
		t.Fatalf("child said %q", text)
	}
	for _, line := range lines {
		if !strings.Contains(line, "file too large") || !strings.Contains(line, fmt.Sprintf("%q", s.Dir())) {
			t.Errorf("%q: want the cause and the directory", line)
		}
	}
	if n := litter(t, s); n != 0 {
		t.Errorf("%d temporary files left, want none", n)
	}
	if got, err := s.Trim(t.Context(), 0, 0); err != nil || got.Kept != 1 {
		t.Errorf("Trim = %+v, %v, want only the record kept", got, err)
	}
	if body, _, err := s.GetRecord("pages", "k"); err != nil || string(body) != "before" {
		t.Errorf("record = %q, %v, want the one before", body, err)
	}
	if body, err := os.ReadFile(file); err != nil || string(body) != "before" {
		t.Errorf("file = %q, %v, want the one before", body, err)
	}
}

// childReadsOnly uses a store that it must not write to, as nobody.
func childReadsOnly(dir string) error {
	if os.Geteuid() == 0 {
		if err := unix.Setuid(65534); err != nil {
			return err
		}
	}
	s, err := Open(dir)
	if err != nil {
		return err
	}
	f, err := s.Open(Sum([]byte("hello")), 5)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(f)
	fmt.Printf("read: %s %v\n", content, err)
	_, err = s.NewWriter()
	fmt.Println("writer:", err)
	fmt.Println("record:", s.PutRecord("pages", "k", nil))
	_, err = Open(filepath.Join(dir, "below"))
	fmt.Println("open:", err)
	return nil
}

func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, "hello")
	// The child must reach the store through the folders of the test.
	for dir := s.Dir(); strings.Contains(dir, t.Name()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(s.Dir(), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o555)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = filepath.WalkDir(s.Dir(), func(path string, d os.DirEntry, err error) error {
			return os.Chmod(path, 0o755)
		})
	})
	cmd, out := startChild(t, "read", s.Dir())
	text, err := io.ReadAll(out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, want := range []string{
		"read: hello <nil>\n",
		fmt.Sprintf("writer: writing to cache directory %q: ", s.Dir()),
		"record: <nil>\n",
		fmt.Sprintf("open: opening cache directory %q: ", filepath.Join(s.Dir(), "below")),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("child said\n%s\nwant %q", text, want)
		}
	}
	if n := strings.Count(string(text), "permission denied"); n != 2 {
		t.Errorf("%d permissions denied, want 2:\n%s", n, text)
	}
}

// Only Unix removes files that are open.
func TestLockOfARemovedFileIsNoLock(t *testing.T) {
	t.Parallel()
	s := open(t)
	path := filepath.Join(s.root, "locks", "x")
	stale, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := lockPath(path)
	if err != nil || first == nil {
		t.Fatalf("lockPath = %v, %v", first, err)
	}
	if err := removeOpen(first); err != nil {
		t.Fatal(err)
	}
	second, err := lockPath(path)
	if err != nil || second == nil {
		t.Fatalf("lockPath = %v, %v", second, err)
	}
	// The old file can be locked too, but has lost its name.
	if locked, err := tryLock(stale); err != nil || !locked {
		t.Fatalf("tryLock = %t, %v", locked, err)
	}
	if third, err := lockPath(path); err != nil || third != nil {
		t.Errorf("lockPath while locked = %v, %v, want nil", third, err)
	}
	if err := errors.Join(stale.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
}
