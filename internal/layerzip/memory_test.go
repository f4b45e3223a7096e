package layerzip

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// allocated returns how many bytes run allocates in all: an upper bound of how
// far memory can grow. No parallel test may run beside it.
func allocated(t *testing.T, run func()) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestMemoryStaysFlat(t *testing.T) {
	const large = 96 << 20
	file := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, large); err != nil {
		t.Fatal(err)
	}
	files, err := filetree.Scan(t.Context(), file, filetree.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "segment.zip"))
	if err != nil {
		t.Fatal(err)
	}
	packer := NewStreamer(openStore(t), 4)
	got := allocated(t, func() { err = segment(t.Context(), packer, out, files) })
	if err != nil || got > 12<<20 {
		t.Errorf("A segment of %d bytes allocates %d, %v; want at most 12 MiB", large, got, err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	wheel := filepath.Join(t.TempDir(), "wheel.zip")
	writeStored(t, wheel, large)
	archive, err := filetree.FileArchive("wheel.zip", wheel)
	if err != nil {
		t.Fatal(err)
	}
	got = allocated(t, func() { err = filetree.Vet(archive) })
	if err != nil || got > 1<<20 {
		t.Errorf("Vet of %d bytes allocates %d, %v; want at most 1 MiB", large, got, err)
	}
	l := layoutOf(t, treeOf(t, archive))
	got = allocated(t, func() { _, err = l.Write(t.Context(), io.Discard) })
	if err != nil || got > 1<<20 {
		t.Errorf("Write of %d bytes allocates %d, %v; want at most 1 MiB", large, got, err)
	}
}

// writeStored writes a zip with one stored file of size zero bytes, sparse.
func writeStored(t *testing.T, path string, size int64) {
	t.Helper()
	r := record{name: "large", crc: 0x5f3eab4c, packed: size, size: size}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(r.appendLocal(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(size, io.SeekCurrent); err != nil {
		t.Fatal(err)
	}
	end := appendEnd(r.appendCentral(nil), 1, r.localLen()+size, r.centralLen())
	if _, err := f.Write(end); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
