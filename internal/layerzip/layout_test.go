package layerzip

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// hello is "hello hello hello hello\n" deflated, and golden bytes of our own:
// literal, so that no compressor's next version moves what depends on it.
var hello = member{name: "hello.txt", data: "hello hello hello hello\n", packed: []byte("\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\xb9\x00")}

func wheel(t testing.TB) *filetree.Archive {
	t.Helper()
	return archiveOf(t, "demo-1.0-py3-none-any.whl",
		member{name: "demo/__init__.py", data: "VERSION = '1.0'\n"},
		hello,
		member{name: "demo/größe.py", data: "x = 1\n"},
		member{name: "demo/empty"},
		member{name: "demo-1.0.dist-info/RECORD", data: prose(1, 3000)},
	)
}

func goldenTree(t testing.TB) filetree.Tree {
	t.Helper()
	tree := treeOf(t, wheel(t))
	own := segmentOf(t, map[string]string{
		"shared/logging.py":  prose(2, 20_000),
		"shared/large.txt":   prose(3, smallFile+100_000),
		"shared/noise.bin":   noise(4, 5_000),
		"shared/empty.py":    "",
		"bin/tool":           "#!/bin/sh\nexec true\n",
		"shared/one-byte":    "1",
		"shared/big-noise.z": noise(5, smallFile+1),
	})
	segment := treeOf(t, inMemory("segment", own))
	for i := range segment {
		segment[i].Exec = segment[i].Path == "bin/tool"
	}
	return append(tree, segment...)
}

// TestGoldenDigest breaks when the bytes of a layer change: with a new encoder
// or a new layout. That is a new Format, and a new hash for every user.
func TestGoldenDigest(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	digest, err := l.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const want = "33e5d61fc5f1b880cabeec67b36181de07cfe864d7c6dcfc8e0e6ed73a39dcd0"
	if digest.Hex() != want {
		t.Errorf("got %s, want %s: the bytes of every layer change", digest.Hex(), want)
	}
	if Format != 1 || Encoder != "klauspost-flate-1.20.3-level-6" {
		t.Error("a new format or encoder needs a new golden digest beside the old name")
	}
}

func TestGoldenTreeIsReadByTheStandardLibrary(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	b := written(t, l)
	if int64(len(b)) != l.Size() {
		t.Errorf("wrote %d bytes, Size() promised %d", len(b), l.Size())
	}
	got, total := unzipped(t, b), 0
	for name, want := range map[string]string{
		"demo/__init__.py":   "VERSION = '1.0'\n",
		"hello.txt":          "hello hello hello hello\n",
		"demo/größe.py":      "x = 1\n",
		"demo/empty":         "",
		"shared/logging.py":  prose(2, 20_000),
		"shared/large.txt":   prose(3, smallFile+100_000),
		"shared/noise.bin":   noise(4, 5_000),
		"shared/big-noise.z": noise(5, smallFile+1),
		"bin/tool":           "#!/bin/sh\nexec true\n",
	} {
		if got[name] != want {
			t.Errorf("%s: content differs", name)
		}
	}
	for _, data := range got {
		total += len(data)
	}
	if len(got) != 12 || l.Unpacked() != int64(total) {
		t.Errorf("got %d files of %d bytes, want 12 files and Unpacked() %d", len(got), total, l.Unpacked())
	}
}

func TestEntryFieldsAreFixed(t *testing.T) {
	t.Parallel()
	b := written(t, layoutOf(t, goldenTree(t)))
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		mode, needed, flags := fs.FileMode(0o644), uint16(20), uint16(0)
		if f.Name == "bin/tool" {
			mode = 0o755
		}
		if f.Method == zip.Store {
			needed = 10
		}
		if f.Name == "demo/größe.py" {
			flags = 1 << 11
		}
		if f.Mode() != mode || f.CreatorVersion != 3<<8|20 || f.ReaderVersion != needed || f.Flags != flags || len(f.Extra) != 0 || f.Comment != "" {
			t.Errorf("%s: got mode %v, creator %#x, reader %d, flags %#x, extra %d", f.Name, f.Mode(), f.CreatorVersion, f.ReaderVersion, f.Flags, len(f.Extra))
		}
		if want := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !f.Modified.Equal(want) {
			t.Errorf("%s: got date %v, want %v", f.Name, f.Modified, want)
		}
		stored := f.UncompressedSize64 <= 1 || f.Name == "shared/noise.bin" || f.Name == "shared/big-noise.z" || f.Name == "bin/tool"
		if f.Name[:4] == "demo" {
			stored = true
		}
		if (f.Method == zip.Store) != stored {
			t.Errorf("%s: got method %d, want stored: %t", f.Name, f.Method, stored)
		}
	}
}

// oracle writes the tree with the standard library's raw copy.
func oracle(t testing.TB, tree filetree.Tree) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range tree {
		h := &zip.FileHeader{
			Name: e.Path, Method: e.Method, CRC32: e.CRC32, CreatorVersion: 3<<8 | 20, ReaderVersion: 20,
			ModifiedDate:     33, //nolint:staticcheck // the one date that CreateRaw writes
			CompressedSize64: uint64(e.PackedSize), UncompressedSize64: uint64(e.Size), ExternalAttrs: 0o100644 << 16,
		}
		if e.Method == filetree.Stored {
			h.ReaderVersion = 10
		}
		if e.Exec {
			h.ExternalAttrs = 0o100755 << 16
		}
		for _, r := range e.Path {
			if r > 127 {
				h.Flags = 1 << 11
			}
		}
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, packedBytes(t, e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packedBytes finds the packed bytes of e by way of the standard library.
func packedBytes(t testing.TB, e filetree.Entry) io.Reader {
	t.Helper()
	f, err := e.Archive.Open()
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(f, e.Archive.Size)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(r.File, func(f *zip.File) bool { return f.Name == e.Path })
	packed, err := r.File[at].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestBytesEqualThoseOfArchiveZip(t *testing.T) {
	t.Parallel()
	golden := goldenTree(t)
	reversed := slices.Clone(golden)
	slices.Reverse(reversed)
	var bulky []member
	for i := range 40 {
		bulky = append(bulky, member{name: fmt.Sprintf("bulk/%d", i), data: noise(uint64(i), i*i*i*17)})
	}
	large := treeOf(t, archiveOf(t, "bulk.whl", bulky...))
	mixed := filetree.Tree{}
	for i := range golden {
		mixed = append(mixed, golden[i], large[i], large[39-i])
	}
	for name, tree := range map[string]filetree.Tree{
		"golden": golden, "reversed": reversed, "one": golden[:1], "large": large, "mixed archives": mixed,
	} {
		got := written(t, layoutOf(t, tree))
		if want := oracle(t, tree); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes differ from the %d of archive/zip", name, len(got), len(want))
		}
	}
}

func TestManyEntries(t *testing.T) {
	t.Parallel()
	one := treeOf(t, archiveOf(t, "one.whl", hello))
	for _, count := range []int{65_534, 65_535, 65_536, 70_000} {
		tree := make(filetree.Tree, count)
		for i := range tree {
			tree[i] = one[0]
			tree[i].Path = fmt.Sprintf("d%d/f%d", i%100, i)
		}
		b := written(t, layoutOf(t, tree))
		if got := bytes.Contains(b[len(b)-100:], []byte("PK\x06\x06")); got != (count >= 65_535) {
			t.Errorf("%d entries: zip64 end record: %t", count, got)
		}
		r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(r.File) != count {
			t.Fatalf("%d entries: archive/zip reads %d, %v", count, len(r.File), err)
		}
		again := treeOf(t, inMemory("again", b))
		if len(again) != count || again[count-1].Path != tree[count-1].Path {
			t.Errorf("%d entries: we read %d back", count, len(again))
		}
		if err := filetree.Vet(inMemory("again", b)); err != nil {
			t.Errorf("%d entries: %v", count, err)
		}
	}
}

func TestNewLayoutRefuses(t *testing.T) {
	t.Parallel()
	tree := treeOf(t, wheel(t))
	renamed := func(path string) filetree.Tree {
		out := slices.Clone(tree[:2])
		out[1].Path = path
		return out
	}
	huge := slices.Clone(tree[:1])
	huge[0].Size, huge[0].PackedSize = 5<<30, 5<<30
	as := func(target any) func(error) bool { return func(err error) bool { return errors.As(err, target) } }
	for name, c := range map[string]struct {
		tree filetree.Tree
		is   func(error) bool
	}{
		"empty":     {nil, func(err error) bool { return errors.Is(err, ErrEmpty) }},
		"absolute":  {renamed("/a"), as(new(*filetree.PathError))},
		"parent":    {renamed("../a"), as(new(*filetree.PathError))},
		"unclean":   {renamed("a//b"), as(new(*filetree.PathError))},
		"root":      {renamed("."), as(new(*filetree.PathError))},
		"duplicate": {renamed("demo/__init__.py"), as(new(*filetree.ClashError))},
		"directory": {renamed("demo"), as(new(*filetree.ClashError))},
		"huge":      {huge, as(new(*LimitError))},
	} {
		if _, err := NewLayout(c.tree); err == nil || !c.is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWriteNoticesArchivesThatChanged(t *testing.T) {
	t.Parallel()
	whole := written(t, layoutOf(t, goldenTree(t)))
	for name, change := range map[string]func([]byte) []byte{
		"cut in the data":   func(b []byte) []byte { return b[:len(b)/2] },
		"cut in a header":   func(b []byte) []byte { return b[:10] },
		"empty":             func([]byte) []byte { return nil },
		"other signature":   func(b []byte) []byte { b[0] = 'X'; return b },
		"other method":      func(b []byte) []byte { b[8] = 8; return b },
		"other checksum":    func(b []byte) []byte { b[14] ^= 1; return b },
		"other packed size": func(b []byte) []byte { b[18] ^= 1; return b },
		"endless extra":     func(b []byte) []byte { b[28], b[29] = 0xff, 0xff; return b[:50_000] },
	} {
		tree := treeOf(t, inMemory("blob", whole))
		changed := change(bytes.Clone(whole))
		tree[0].Archive.Open = func() (filetree.ArchiveFile, error) { return memory{bytes.NewReader(changed)}, nil }
		var refused *filetree.ArchiveError
		if _, err := layoutOf(t, tree).Write(t.Context(), io.Discard); !errors.As(err, &refused) || refused.Archive != "blob" {
			t.Errorf("%s: got %v, want an ArchiveError that names the blob", name, err)
		}
	}
}

func TestWriteStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	l := layoutOf(t, goldenTree(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Write(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	midway := writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil })
	if _, err := l.Write(ctx, midway); !errors.Is(err, context.Canceled) {
		t.Errorf("midway: got %v, want context.Canceled", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
