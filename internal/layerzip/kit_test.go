package layerzip

import (
	"archive/zip"
	"bytes"
	"context"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// member is a file of a made archive. Packed is its deflate stream, if it has one.
type member struct {
	name, data string
	packed     []byte
}

// archiveOf returns a zip of the members.
func archiveOf(t testing.TB, name string, members ...member) *filetree.Archive {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{
			Name: m.name, CRC32: crc32.ChecksumIEEE([]byte(m.data)), Extra: []byte("\x99\x99\x01\x00x"),
			CompressedSize64: uint64(len(m.data)), UncompressedSize64: uint64(len(m.data)),
		}
		content := []byte(m.data)
		if m.packed != nil {
			h.Method, h.CompressedSize64, content = zip.Deflate, uint64(len(m.packed)), m.packed
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return inMemory(name, b.Bytes())
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func inMemory(name string, b []byte) *filetree.Archive {
	return &filetree.Archive{
		Name: name,
		Size: int64(len(b)),
		Open: func() (filetree.ArchiveFile, error) { return memory{bytes.NewReader(b)}, nil },
	}
}

func treeOf(t testing.TB, a *filetree.Archive) filetree.Tree {
	t.Helper()
	tree, err := filetree.FromZip(a)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// layoutOf lays out the trees one after the other.
func layoutOf(t testing.TB, trees ...filetree.Tree) *Layout {
	t.Helper()
	var all filetree.Tree
	for _, tree := range trees {
		all = append(all, tree...)
	}
	l, err := NewLayout(all)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// written returns the bytes of the layout.
func written(t testing.TB, l *Layout) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.Write(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scanned writes the contents to a new directory and scans it.
func scanned(t testing.TB, contents map[string]string) []filetree.File {
	t.Helper()
	root := t.TempDir()
	for name, data := range contents {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filetree.Scan(t.Context(), root, filetree.ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// segmentOf packs the contents into an archive.
func segmentOf(t testing.TB, contents map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := segment(t.Context(), NewStreamer(openStore(t), 4), &b, scanned(t, contents)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment packs files of the disk.
func segment(ctx context.Context, s *Streamer, w io.Writer, files []filetree.File) error {
	s.Start(w)
	for _, f := range files {
		if err := s.AddFile(ctx, f, nil); err != nil {
			return err
		}
	}
	return s.Finish()
}

// dice is a random source (splitmix64) of our own, so that golden digests do
// not rest on a library's.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// prose returns about n bytes that compress as source code does, the same on
// every machine.
func prose(seed uint64, n int) string {
	random := dice(seed)
	words := make([]string, 800)
	for i := range words {
		word := make([]byte, 2+random.below(9))
		for k := range word {
			word[k] = byte('a' + random.below(26))
		}
		words[i] = string(word)
	}
	var b strings.Builder
	for b.Len() < n {
		i := min(random.below(len(words)), random.below(len(words)))
		b.WriteString(words[i])
		b.WriteByte(" \n(=.,)"[random.below(7)])
	}
	return b.String()
}

// noise returns n bytes that do not compress.
func noise(seed uint64, n int) string {
	random := dice(seed)
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.next())
	}
	return string(b)
}

// unzipped returns path → content as the standard library reads it.
func unzipped(t testing.TB, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(data)
	}
	return out
}
