package layerzip

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestUmaskDoesNotMatter is alone in changing the umask of the process: no
// parallel test runs beside it.
func TestUmaskDoesNotMatter(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		file := filepath.Join(t.TempDir(), "layer.zip")
		old := syscall.Umask(umask)
		_, err := layoutOf(t, goldenTree(t)).WriteFile(t.Context(), file)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode() != 0o644 {
			t.Errorf("umask %03o: got mode %v, %v; want 0644", umask, info.Mode(), err)
		}
	}
}

// TestNoSpaceIsFoundBeforeTheFirstByte asks for more than any disk has.
func TestNoSpaceIsFoundBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := layoutOf(t, goldenTree(t))
	l.size = 1 << 50
	_, err := l.WriteFile(t.Context(), filepath.Join(dir, "layer.zip"))
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
		t.Errorf("got %v, want ENOSPC or EFBIG", err)
	}
	if got := leftOver(t, dir); len(got) != 0 {
		t.Errorf("got %v left over", got)
	}
}

func TestFullDevice(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	if _, err := layoutOf(t, goldenTree(t)).Write(t.Context(), full); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	if err := segment(t.Context(), NewStreamer(openStore(t), 1), full, scanned(t, map[string]string{"a": noise(1, 1<<20)})); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("segment: got %v, want ENOSPC", err)
	}
}
