package filetree

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestFromZipTakesWhatWheelsHold(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("layer ", 100_000)
	archive := inMemory("a.whl", makeZip(t,
		raw{name: "pkg/", mode: 0o040755},
		raw{name: "pkg/a.py", data: "print(1)\n", deflate: true, mode: 0o100644},
		raw{name: "pkg/run", data: "#!/bin/sh\n", mode: 0o100755},
		raw{name: "pkg/owner-only", data: "x", mode: 0o000700},
		raw{name: "pkg/no-mode", data: "y"},
		raw{name: "pkg/empty", deflate: true},
		raw{name: "pkg/größe.txt", data: "z", flags: 1 << 11},
		raw{name: "pkg/local-extra", data: big, deflate: true, localAdd: []byte("\x55\x54\x05\x00\x01aaaa")},
		raw{name: "pkg/streamed", data: big, deflate: true, descriptor: true},
		raw{name: "pkg/wide", data: "wide", localSize: new(uint32(max32)), localAdd: wide(4, 4), size: new(uint32(max32)), packed: new(uint32(max32)), centralAdd: wide(4, 4)},
		raw{name: "pkg/a.py", data: "print(1)\n", mode: 0o100755},
	))
	tree, err := FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := Vet(archive); err != nil {
		t.Errorf("Vet: %v", err)
	}
	want := []struct {
		path, data string
		exec       bool
		method     uint16
	}{
		{"pkg/a.py", "print(1)\n", true, 8},
		{"pkg/run", "#!/bin/sh\n", true, 0},
		{"pkg/owner-only", "x", true, 0},
		{"pkg/no-mode", "y", false, 0},
		{"pkg/empty", "", false, 8},
		{"pkg/größe.txt", "z", false, 0},
		{"pkg/local-extra", big, false, 8},
		{"pkg/streamed", big, false, 8},
		{"pkg/wide", "wide", false, 0},
	}
	if len(tree) != len(want) {
		t.Fatalf("got %d files, want %d", len(tree), len(want))
	}
	for i, w := range want {
		e := tree[i]
		if e.Path != w.path || e.Exec != w.exec || e.Method != w.method || e.Size != int64(len(w.data)) || e.Origin != (Origin{}) {
			t.Errorf("entry %d: got %q exec=%t method=%d size=%d origin=%q, want %+v", i, e.Path, e.Exec, e.Method, e.Size, e.Origin, w)
		}
		if got := content0(t, e); got != w.data {
			t.Errorf("%s: content differs: got %d bytes, want %d", e.Path, len(got), len(w.data))
		}
	}
}

// wide is a zip64 extra field with the given values.
func wide(values ...uint64) []byte {
	b := le16(nil, 1, uint16(8*len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func content0(t *testing.T, e Entry) string {
	t.Helper()
	r, err := e.OpenContent()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFromZipRefuses(t *testing.T) {
	t.Parallel()
	plain := raw{name: "ok.py", data: "ok\n"}
	honest := makeZip(t, plain)
	patched := func(at int, b ...byte) []byte {
		z := append([]byte(nil), honest...)
		copy(z[at:], b)
		return z
	}
	end := len(honest) - 22
	cases := []struct {
		name, reason string
		zip          []byte
	}{
		{"parent", `holds ".."`, makeZip(t, plain, raw{name: "../evil"})},
		{"parent inside", `holds ".."`, makeZip(t, raw{name: "a/../../evil"})},
		{"absolute", "is absolute", makeZip(t, raw{name: "/etc/passwd"})},
		{"backslash", "holds a backslash", makeZip(t, raw{name: `a\b`})},
		{"drive", "drive letter", makeZip(t, raw{name: "C:/a"})},
		{"nul", "control character", makeZip(t, raw{name: "a\x00b"})},
		{"newline", "control character", makeZip(t, raw{name: "a\nb"})},
		{"not utf-8", "is not UTF-8", makeZip(t, raw{name: "a\xff"})},
		{"empty name", "is empty", makeZip(t, raw{name: ""})},
		{"dot", `holds "."`, makeZip(t, raw{name: "./a"})},
		{"double slash", "empty component", makeZip(t, raw{name: "a//b"})},
		{"long component", "255 bytes", makeZip(t, raw{name: strings.Repeat("x", 256)})},
		{"long path", "4096 bytes", makeZip(t, raw{name: strings.Repeat("x/", 2100) + "x"})},
		{"parent directory", `holds ".."`, makeZip(t, raw{name: "../", mode: 0o040755})},
		{"symlink", "is a symbolic link", makeZip(t, raw{name: "ln", data: "target", mode: 0o120777})},
		{"device", "neither a file nor a directory", makeZip(t, raw{name: "dev", mode: 0o060666})},
		{"directory with content", "directory and a file", makeZip(t, raw{name: "d/", data: "x"})},
		{"file named as directory", "directory and a file", makeZip(t, raw{name: "d/", mode: 0o100644})},
		{"encrypted", "is encrypted", makeZip(t, raw{name: "a", flags: 1})},
		{"strongly encrypted", "is encrypted", makeZip(t, raw{name: "a", flags: 1 << 6})},
		{"masked", "is encrypted", makeZip(t, raw{name: "a", flags: 1 << 13})},
		{"patch", "is a patch", makeZip(t, raw{name: "a", flags: 1 << 5})},
		{"bzip2", "method 12", makeZip(t, raw{name: "a", method: new(uint16(12))})},
		{"lzma", "method 14", makeZip(t, raw{name: "a", method: new(uint16(14))})},
		{"zstd", "method 93", makeZip(t, raw{name: "a", method: new(uint16(93))})},
		{"other duplicate", "twice, with different content", makeZip(t, plain, raw{name: "ok.py", data: "no\n"})},
		{"file and directory", "as a file and as a directory", makeZip(t, raw{name: "ns"}, raw{name: "ns/a.py"})},
		{"directory and file", "as a file and as a directory", makeZip(t, raw{name: "ns/a.py"}, raw{name: "ns"})},
		{"offset outside", "lies outside the archive", makeZip(t, raw{name: "a", data: "x", offset: new(uint32(1 << 20))})},
		{"packed outside", "lies outside the archive", makeZip(t, raw{name: "a", packed: new(uint32(1 << 20)), size: new(uint32(1 << 20))})},
		{"offset into directory", "reaches into what follows it", makeZip(t, plain, raw{name: "b", offset: new(uint32(100))})},
		{"overlap", "reaches into what follows it", makeZip(t, raw{name: "a", data: "aaaa"}, raw{name: "b", data: "aaaa", offset: new(uint32(2))})},
		{"same place", "reaches into what follows it", makeZip(t, raw{name: "a", data: "aaaa"}, raw{name: "b", data: "aaaa", offset: new(uint32(0))})},
		{"stored size", "cannot unpack from 3 to 9 bytes", makeZip(t, raw{name: "a", data: "xxx", size: new(uint32(9))})},
		{"bomb", "cannot unpack", makeZip(t, raw{name: "a", data: "xxx", deflate: true, size: new(uint32(1 << 30))})},
		{"zip64 without extra", "damaged extra field", makeZip(t, raw{name: "a", size: new(uint32(max32))})},
		{"extra too long", "damaged extra field", makeZip(t, raw{name: "a", centralAdd: []byte{1, 0, 9, 0}})},
		{"huge offset", "lies outside the archive", makeZip(t, raw{name: "a", offset: new(uint32(max32)), centralAdd: wide(1 << 63)})},
		{"too large", "4 GiB", makeZip(t, raw{name: "a", method: new(uint16(8)), data: strings.Repeat("x", 5<<20), size: new(uint32(max32)), centralAdd: wide(4 << 30)},
			raw{name: "b", data: "b"})},
		{"empty file", "is not a zip archive", nil},
		{"not a zip", "is not a zip archive", []byte(strings.Repeat("not a zip ", 50))},
		{"truncated", "is not a zip archive", honest[:len(honest)-4]},
		{"prefixed", "does not lie where", append([]byte("#!/bin/sh\n"), honest...)},
		{"trailing bytes", "bytes behind its end", append(append([]byte(nil), honest...), 0)},
		{"announces more", "damaged directory", patched(end+8, 2, 0, 2, 0)},
		{"announces fewer", "lists more than the 0 entries", patched(end+8, 0, 0, 0, 0)},
		{"second disk", "split", patched(end+4, 1, 0)},
		{"directory offset", "does not lie where", patched(end+16, 1)},
		{"directory size", "does not lie where", patched(end+12, 1)},
		{"directory signature", "damaged directory", patched(end-51, 'X')},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree, err := FromZip(inMemory("bad.whl", c.zip))
			var refused *ArchiveError
			if !errors.As(err, &refused) {
				t.Fatalf("got tree of %d and error %v, want an ArchiveError", len(tree), err)
			}
			if refused.Archive != "bad.whl" || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %q, want it to name bad.whl and to say %q", err, c.reason)
			}
		})
	}
}

func TestVetRefuses(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("some text ", 50)
	cases := []struct {
		name, reason string
		zip          []byte
	}{
		{"wrong checksum", "another checksum", makeZip(t, raw{name: "a", data: text, deflate: true, crc: new(uint32(1))})},
		{"wrong stored checksum", "another checksum", makeZip(t, raw{name: "a", data: text, crc: new(uint32(1))})},
		{"size too small", "more bytes than it says", makeZip(t, raw{name: "a", data: text, deflate: true, size: new(uint32(10)), localSize: new(uint32(10))})},
		{"size too large", "fewer bytes than it says", makeZip(t, raw{name: "a", data: text, deflate: true, size: new(uint32(501)), localSize: new(uint32(501))})},
		{"garbage", "cannot be unpacked", makeZip(t, raw{name: "a", data: "\xff\xff\xff", method: new(uint16(8))})},
		{"empty deflate stream", "cannot be unpacked", makeZip(t, raw{name: "a", method: new(uint16(8))})},
		{"bytes behind the stream", "packed in fewer bytes", makeZip(t, raw{name: "a", data: "\x03\x00\x00", method: new(uint16(8)), size: new(uint32(0)), localSize: new(uint32(0)), crc: new(uint32(0))})},
		{"other local name", "another name", makeZip(t, raw{name: "abc", localName: "xyz"})},
		{"longer local name", "another name", makeZip(t, raw{name: "abc", localName: "abcd"})},
		{"other local size", "contradicts the directory", makeZip(t, raw{name: "a", data: "x", localSize: new(uint32(2))})},
		{"no local header", "contradicts the directory", makeZip(t, raw{name: "a", data: "01234567890123456789012345678901234567890", offset: new(uint32(4)), packed: new(uint32(2)), size: new(uint32(2))})},
		{"local extra over next", "reaches into what follows it", overlongExtra(t, 0)},
		{"local extra over directory", "reaches into what follows it", overlongExtra(t, 32)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			archive := inMemory("bad.whl", c.zip)
			if _, err := FromZip(archive); err != nil {
				t.Fatalf("FromZip finds it already: %v", err)
			}
			err := Vet(archive)
			var refused *ArchiveError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want an ArchiveError that says %q", err, c.reason)
			}
		})
	}
}

// overlongExtra is a zip whose local header at the given offset claims an extra
// field that covers what follows the entry.
func overlongExtra(t *testing.T, header int) []byte {
	t.Helper()
	z := makeZip(t, raw{name: "a", data: "x"}, raw{name: "b", data: strings.Repeat("y", 20)})
	z[header+28] = 50
	return z
}

func TestOpenContentNoticesDamage(t *testing.T) {
	t.Parallel()
	tree, err := FromZip(inMemory("bad.whl", makeZip(t, raw{name: "a", data: "abc", crc: new(uint32(7))})))
	if err != nil {
		t.Fatal(err)
	}
	r, err := tree[0].OpenContent()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var refused *ArchiveError
	if _, err := io.ReadAll(r); !errors.As(err, &refused) || refused.Entry != "a" {
		t.Errorf("got %v, want an ArchiveError that names the entry", err)
	}
}

// TestDiskFaultsAreNoVerdict keeps a failing disk from being taken for a
// hostile archive.
func TestDiskFaultsAreNoVerdict(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	archives := []*Archive{
		{Name: "a.whl", Size: 1000, Open: func() (ArchiveFile, error) { return nil, broken }},
		{Name: "a.whl", Size: 1000, Open: func() (ArchiveFile, error) { return failing{broken}, nil }},
	}
	for _, a := range archives {
		for name, run := range map[string]func() error{
			"FromZip":     func() error { _, err := FromZip(a); return err },
			"Vet":         func() error { return Vet(a) },
			"OpenContent": func() error { _, err := Entry{Archive: a}.OpenContent(); return err },
		} {
			err := run()
			var refused *ArchiveError
			if !errors.Is(err, broken) || errors.As(err, &refused) {
				t.Errorf("%s: got %v, want the disk's own error", name, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
func (failing) Close() error                        { return nil }
