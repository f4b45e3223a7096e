package layerzip

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// goldenStream is the digest of the zip that the test's sources make, packed by
// Streamer in the order of their names. It moves only with Encoder.
const goldenStream = "028e83c9b433b75252b051b77bd4b35dca20184d29bb67fd6f942ee02343c19c"

func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// streamed packs the contents in the order of their names.
func streamed(t testing.TB, s *Streamer, contents map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	s.Start(&b)
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		add(t, s, name, contents[name])
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func add(t testing.TB, s *Streamer, name, content string) {
	t.Helper()
	if err := s.Add(t.Context(), name, false, int64(len(content)), strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

func TestStreamRoundTrip(t *testing.T) {
	t.Parallel()
	contents := sources()
	b := streamed(t, NewStreamer(openStore(t), 1), contents)
	if err := filetree.Vet(inMemory("stream", b)); err != nil {
		t.Errorf("Vet: %v", err)
	}
	if got := unzipped(t, b); !maps.Equal(got, contents) {
		t.Errorf("got %d files, want %d with equal contents", len(got), len(contents))
	}
	for _, e := range treeOf(t, inMemory("stream", b)) {
		if small := e.Size <= smallFile; small && (e.Method == filetree.Stored) != (e.PackedSize == e.Size) || !small && e.Method != filetree.Deflated {
			t.Errorf("%s: method %d, %d bytes packed from %d", e.Path, e.Method, e.PackedSize, e.Size)
		}
	}
	if got := store.Sum(b).Hex(); got != goldenStream {
		t.Errorf("digest %s, want %s", got, goldenStream)
	}
}

// TestStreamsAreThoseOfSegment holds the packed bytes against those of the
// other way to make a segment.
func TestStreamsAreThoseOfSegment(t *testing.T) {
	t.Parallel()
	contents := sources()
	got, want := streamed(t, NewStreamer(openStore(t), 1), contents), segmentOf(t, contents)
	packed := map[string]filetree.Entry{}
	for _, e := range treeOf(t, inMemory("segment", want)) {
		packed[e.Path] = e
	}
	for _, e := range treeOf(t, inMemory("stream", got)) {
		w := packed[e.Path]
		if e.Method == w.Method && (e.PackedSize != w.PackedSize || e.CRC32 != w.CRC32) {
			t.Errorf("%s: %d bytes, CRC %08x, want %d and %08x", e.Path, e.PackedSize, e.CRC32, w.PackedSize, w.CRC32)
		}
	}
}

func TestStreamerIsUsedAgain(t *testing.T) {
	t.Parallel()
	kept := openStore(t)
	s := NewStreamer(kept, 3)
	first := streamed(t, s, sources())
	s.Start(io.Discard) // and given up
	add(t, s, "other", prose(9, 3*smallFile))
	if again := streamed(t, s, sources()); !bytes.Equal(again, first) {
		t.Error("the second zip of one Streamer has other bytes than the first")
	}
	left, err := filepath.Glob(filepath.Join(kept.Dir(), "v1", "tmp", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestStreamKeepsTheLastOfAPath(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := NewStreamer(openStore(t), 1)
	s.Start(&b)
	add(t, s, "a", "first")
	add(t, s, "b", "other")
	add(t, s, "a", strings.Repeat("last", 100))
	s.SetExec("a")
	s.SetExec("absent")
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := filetree.Vet(inMemory("stream", b.Bytes())); err != nil {
		t.Errorf("Vet: %v", err)
	}
	want := map[string]string{"a": strings.Repeat("last", 100), "b": "other"}
	if got := unzipped(t, b.Bytes()); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, e := range treeOf(t, inMemory("stream", b.Bytes())) {
		if e.Exec != (e.Path == "a") {
			t.Errorf("%s: exec = %t", e.Path, e.Exec)
		}
	}
}

func TestAnEmptyStreamIsAnEmptyZip(t *testing.T) {
	t.Parallel()
	if tree := treeOf(t, inMemory("stream", streamed(t, NewStreamer(openStore(t), 1), nil))); len(tree) != 0 {
		t.Errorf("got %v, want no files", tree)
	}
}

func TestStreamRefuses(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("input/output error")
	large := int64(2 * smallFile)
	for _, c := range []struct {
		name, path string
		ctx        context.Context
		size       int64
		content    io.Reader
		want       string
	}{
		{"a path that leaves", "../a", t.Context(), 1, strings.NewReader("x"), `".."`},
		{"an absolute path", "/a", t.Context(), 1, strings.NewReader("x"), "absolute"},
		{"fewer bytes", "a", t.Context(), 3, strings.NewReader("x"), "other than the 3 bytes"},
		{"more bytes", "a", t.Context(), 1, strings.NewReader("xyz"), "other than the 1 bytes"},
		{"fewer bytes of a large file", "a", t.Context(), large, strings.NewReader("x"), "other than the"},
		{"more bytes of a large file", "a", t.Context(), large, strings.NewReader(strings.Repeat("x", int(large)+1)), "other than the"},
		{"a broken reader", "a", t.Context(), 3, failingReader{broken}, broken.Error()},
		{"a broken reader of a large file", "a", t.Context(), large, failingReader{broken}, broken.Error()},
		{"an ended context", "a", ended, 1, strings.NewReader("x"), "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := NewStreamer(openStore(t), 1)
			s.Start(io.Discard)
			if err := s.Add(c.ctx, c.path, false, c.size, c.content); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// TestStreamMemoryDoesNotGrow packs 64 MiB that do not get smaller. It is alone
// in measuring: no parallel test runs beside it.
func TestStreamMemoryDoesNotGrow(t *testing.T) {
	s := NewStreamer(openStore(t), 1)
	s.Start(io.Discard)
	content := noise(7, smallFile)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	parts := make([]io.Reader, 64)
	for i := range parts {
		parts[i] = strings.NewReader(content)
	}
	if err := s.Add(t.Context(), "large", false, 64*smallFile, io.MultiReader(parts...)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("packing 64 MiB took %d MiB of allocations, want at most 16", grown>>20)
	}
	if err := s.Finish(); err != nil {
		t.Fatal(err)
	}
}

// TestStreamNamesAFullDisk lets the temporary file of a large one fail.
func TestStreamNamesAFullDisk(t *testing.T) {
	t.Parallel()
	kept := openStore(t)
	if err := os.RemoveAll(filepath.Join(kept.Dir(), "v1", "tmp")); err != nil {
		t.Fatal(err)
	}
	s := NewStreamer(kept, 3)
	s.Start(io.Discard)
	err := s.Add(t.Context(), "large", false, 4*smallFile, strings.NewReader(noise(8, 4*smallFile)))
	if err == nil || !strings.Contains(err.Error(), kept.Dir()) {
		t.Errorf("got %v, want an error that names %q", err, kept.Dir())
	}
}
