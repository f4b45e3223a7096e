package layerzip

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestWriteFile(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	want := written(t, l)
	dir := t.TempDir()
	file := filepath.Join(dir, "new", "layer.zip")
	for _, before := range []string{"nothing", "something else", "itself"} {
		if before == "something else" {
			if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		digest, err := l.WriteFile(t.Context(), file)
		if err != nil {
			t.Fatalf("over %s: %v", before, err)
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("over %s: got %d bytes and %v, want %d", before, len(got), err, len(want))
		}
		if digest != store.Sum(want) {
			t.Errorf("over %s: digest %s is not that of the file", before, digest)
		}
	}
	if list := leftOver(t, filepath.Dir(file)); len(list) != 1 {
		t.Errorf("got %v beside the layer", list)
	}
}

func leftOver(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestFailedWriteFileChangesNothing lets it fail before, while and after it writes.
func TestFailedWriteFileChangesNothing(t *testing.T) {
	t.Parallel()
	whole := written(t, layoutOf(t, goldenTree(t)))
	short := treeOf(t, inMemory("blob", whole))
	short[0].Archive.Open = func() (filetree.ArchiveFile, error) {
		return memory{bytes.NewReader(whole[:len(whole)-200_000])}, nil
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	good := goldenTree(t)
	for name, c := range map[string]struct {
		ctx    context.Context
		tree   filetree.Tree
		target string // a directory stands there if it ends with a slash
	}{
		"short archive":       {t.Context(), short, "layer.zip"},
		"cancelled":           {cancelled, good, "layer.zip"},
		"target is directory": {t.Context(), good, "layer.zip/"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "layer.zip")
		if c.target != "layer.zip" {
			if err := os.MkdirAll(filepath.Join(file, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := layoutOf(t, c.tree).WriteFile(c.ctx, file); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := leftOver(t, dir); len(got) != 1 {
			t.Errorf("%s: got %v, want the old file alone", name, got)
		}
		if c.target == "layer.zip" {
			if b, err := os.ReadFile(file); string(b) != "old" {
				t.Errorf("%s: the old file is gone: %q, %v", name, b, err)
			}
		}
	}
}

func TestWriteFileNeedsADirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := layoutOf(t, goldenTree(t)).WriteFile(t.Context(), filepath.Join(file, "layer.zip")); err == nil {
		t.Error("a layer below a plain file: no error")
	}
}

func TestFullDiskIsReported(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	l := layoutOf(t, goldenTree(t))
	for _, room := range []int{0, 1000, 300_000, int(l.Size()) - 1} {
		left := room
		w := writerFunc(func(b []byte) (int, error) {
			if n := left; n < len(b) {
				left = 0
				return n, full
			}
			left -= len(b)
			return len(b), nil
		})
		if _, err := l.Write(t.Context(), w); !errors.Is(err, full) {
			t.Errorf("room for %d bytes: got %v, want %v", room, err, full)
		}
	}
}

func TestWriteFileInNamesTheFileByItsDigest(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	want := store.Sum(written(t, l))
	dir := t.TempDir()
	got, err := l.WriteFileIn(t.Context(), dir, func(d store.Digest) (string, error) {
		return filepath.Join(dir, d.Hex()+".zip"), nil
	})
	if err != nil || got != want {
		t.Errorf("got digest %s, %v; want %s", got, err, want)
	}
	if list := leftOver(t, dir); len(list) != 1 || list[0] != want.Hex()+".zip" {
		t.Errorf("got %v, want %s.zip alone", list, want)
	}
	unwanted := errors.New("another digest was planned")
	empty := t.TempDir()
	_, err = l.WriteFileIn(t.Context(), empty, func(store.Digest) (string, error) { return "", unwanted })
	if list := leftOver(t, empty); !errors.Is(err, unwanted) || len(list) != 0 {
		t.Errorf("refused: got %v and %v, want the refusal and nothing left", err, list)
	}
}

func TestWriteFileRemovesWhatKilledProcessesLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := time.Now().Add(-2 * time.Hour)
	for name, old := range map[string]bool{".layer-1.tmp": true, ".layer-2.tmp": false, "layer-3.tmp": true, ".layer-4.zip": true} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
		if old {
			if err := os.Chtimes(file, long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := layoutOf(t, goldenTree(t)).WriteFile(t.Context(), filepath.Join(dir, "layer.zip")); err != nil {
		t.Fatal(err)
	}
	want := []string{".layer-2.tmp", ".layer-4.zip", "layer-3.tmp", "layer.zip"}
	if got := leftOver(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
