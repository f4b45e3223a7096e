package filetree

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// elfHeader begins a program for x86-64, or for arm64.
func elfHeader(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine, 0}) + strings.Repeat("\x00", 44)
}

func file(name, body string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Uname: body}
}

// makeTar writes the headers; Uname of a regular file is its content.
func makeTar(tb testing.TB, headers ...tar.Header) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		body := ""
		if h.Typeflag == tar.TypeReg {
			body, h.Uname = h.Uname, ""
			h.Size = int64(len(body))
		}
		if err := w.WriteHeader(&h); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func packWith(tb testing.TB, packing string, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch packing {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "xz":
		w, err = xz.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	default:
		return b
	}
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// bzip2Hello is "hello\n", packed by bzip2 1.0.8.
const bzip2Hello = "BZh91AY&SY\xc1\xc0\x80\xe2\x00\x00\x01\x41\x00\x00\x10\x02\x44\xa0\x00\x30\xcd\x00\xc3\x46\x29\x97\x17\x72\x45\x38\x50\x90\xc1\xc0\x80\xe2"

func TestTarsAreListedAndRead(t *testing.T) {
	t.Parallel()
	plain := makeTar(t,
		tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		file("./pkg/tool", elfHeader(62)),
		tar.Header{Name: "pkg/alias", Typeflag: tar.TypeSymlink, Linkname: "../pkg/sub/../tool"},
		tar.Header{Name: "pkg/sub", Typeflag: tar.TypeDir, Mode: 0o755},
		tar.Header{Name: "pkg/sub/run.sh", Typeflag: tar.TypeReg, Mode: 0o755, Uname: "#!/bin/sh\n"},
		tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "./pkg/tool"},
		tar.Header{Name: "lib", Typeflag: tar.TypeSymlink, Linkname: "pkg/sub"},
		tar.Header{Name: "dev/null", Typeflag: tar.TypeChar},
	)
	for _, packing := range []string{"", "gzip", "xz", "zstd"} {
		a := inMemory("a", packWith(t, packing, plain))
		l, err := ListArchive(a, "unused", nil)
		if err != nil {
			t.Fatalf("%q: %v", packing, err)
		}
		var got []string
		for _, m := range l.Members {
			got = append(got, fmt.Sprintf("%s=%s %d %t %t %s%s", m.Path, m.File, m.Size, m.Exec, m.Program, m.Machine, m.Fault))
		}
		want := []string{
			"dev/null= 0 false false is a device",
			"hard=pkg/tool 64 false true x86_64",
			"lib/run.sh=pkg/sub/run.sh 10 true true ",
			"pkg/alias=pkg/tool 64 false true x86_64",
			"pkg/sub/run.sh=pkg/sub/run.sh 10 true true ",
			"pkg/tool=pkg/tool 64 false true x86_64",
		}
		if !slices.Equal(got, want) || l.Kind != TarArchive {
			t.Errorf("%q: got %s %q, want %q", packing, l.Kind, got, want)
		}
		read := map[string]string{}
		err = ReadMembers(a, l, map[string]bool{"pkg/sub/run.sh": true}, func(name string, size int64, content io.Reader) error {
			b, err := io.ReadAll(content)
			read[fmt.Sprint(name, size)] = string(b)
			return err
		})
		if err != nil || len(read) != 1 || read["pkg/sub/run.sh10"] != "#!/bin/sh\n" {
			t.Errorf("%q: read %q, %v", packing, read, err)
		}
	}
}

func TestSingleFilesAreTakenOutOfTheirPacking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, content, member, body string }{
		{"hello.txt.gz", string(packWith(t, "gzip", []byte("hello\n"))), "hello.txt", "hello\n"},
		{"hello.xz", string(packWith(t, "xz", []byte("hello\n"))), "hello", "hello\n"},
		{"hello.zst", string(packWith(t, "zstd", []byte("hello\n"))), "hello", "hello\n"},
		{"hello.zst", "\x50\x2a\x4d\x18\x04\x00\x00\x00size" + string(packWith(t, "zstd", []byte("hello\n"))), "hello", "hello\n"},
		{"hello.bz2", bzip2Hello, "hello", "hello\n"},
		{"tool", elfHeader(183), "tool", elfHeader(183)},
		{"notes.gz", "BZh is how bzip2 begins", "notes.gz", "BZh is how bzip2 begins"},
		{"empty", "", "empty", ""},
	} {
		a := inMemory(c.name, []byte(c.content))
		l, err := ListArchive(a, c.name, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if l.Kind != SingleFile || len(l.Members) != 1 || l.Members[0].Path != c.member || l.Members[0].Size != int64(len(c.body)) {
			t.Errorf("%s: got %+v", c.name, l)
		}
		var got string
		err = ReadMembers(a, l, map[string]bool{c.member: true}, func(_ string, _ int64, content io.Reader) error {
			b, err := io.ReadAll(content)
			got = string(b)
			return err
		})
		if err != nil || got != c.body {
			t.Errorf("%s: read %q, %v", c.name, got, err)
		}
	}
}

func TestArchivesThatAreRefused(t *testing.T) {
	t.Parallel()
	good := makeTar(t, file("a", "text"))
	link := func(name, to string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
	}
	noise := make([]byte, 100_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	packed := packWith(t, "gzip", makeTar(t, file("a", string(noise))))
	patched := func(at int, text string) []byte { return patchHeader(good, at, text) }
	bigWindow := packWith(t, "xz", good)
	bigWindow[12+2+2] = 40 // 4 GiB
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"absolute", makeTar(t, file("/etc/passwd", "x")), "is absolute"},
		{"parent", makeTar(t, file("a/../../b", "x")), `holds ".."`},
		{"parent folder", makeTar(t, tar.Header{Name: "../", Typeflag: tar.TypeDir}), `holds ".."`},
		{"parent link", makeTar(t, link("../x", "y")), `holds ".."`},
		{"backslash", makeTar(t, file(`a\b`, "x")), "holds a backslash"},
		{"drive letter", makeTar(t, file("C:/x", "x")), "starts with a drive letter"},
		{"control character", makeTar(t, file("a\nb", "x")), "holds a control character"},
		{"not UTF-8", makeTar(t, file("a\xff", "x")), "is not UTF-8"},
		{"long component", makeTar(t, file(strings.Repeat("x", 256), "x")), "has a component longer than 255 bytes"},
		{"long path", makeTar(t, file(strings.Repeat("abcdefg/", 513)+"x", "x")), "is longer than 4096 bytes"},
		{"twice", makeTar(t, file("a", "x"), file("./a", "x")), "is there twice"},
		{"file and link", makeTar(t, file("a", "x"), link("a", "b")), "is there twice"},
		{"file and folder", makeTar(t, file("a", "x"), tar.Header{Name: "a/", Typeflag: tar.TypeDir}), "is there twice"},
		{"through a link", makeTar(t, link("a", "b"), file("a/x", "x")), `lies below "a", which is a link`},
		{"through a link out", makeTar(t, link("a", "/tmp"), file("a/b/x", "x")), `lies below "a", which is a link`},
		{"below a file", makeTar(t, file("a/x", "x"), file("a", "x")), `lies below "a", which is not a folder`},
		{"trailing bytes", append(bytes.Clone(good), "more"...), "has bytes behind its end"},
		{"second archive", append(bytes.Clone(good), good...), "has bytes behind its end"},
		{"trailing bytes behind gzip", append(bytes.Clone(packed), "bytes behind the end"...), "is damaged"},
		{"truncated", good[:514], "is truncated"},
		{"truncated gzip", packed[:len(packed)/2], "is truncated"},
		{"truncated xz", cutXZ(t, good), "is truncated"},
		{"wrong checksum of gzip", flip(packed, len(packed)-6), "is damaged"},
		{"negative size", patched(124, "-0000000001\x00"), "one of its headers cannot be read"},
		{"size beyond the end", patched(124, "00000077777\x00"), "is truncated"},
		{"bomb", packWith(t, "zstd", make([]byte, 64<<20)), "unpacks to more than 1000 times its size"},
		{"memory bomb", bigWindow, "asks for more than 256 MiB of memory"},
		{"7-Zip", []byte("7z\xbc\xaf\x27\x1c rest"), "is a 7-Zip archive, which is not read"},
		{"lzma", []byte("\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff"), "is packed by lzma without xz, which is not read"},
		{"Debian package", []byte("!<arch>\nrest"), "is a Debian package"},
		{"zip with a local name", makeZip(t, raw{name: "a", localName: "b", data: "x"}), "has another name in its local header"},
		{"zip with a local size", makeZip(t, raw{name: "a", data: "x", localSize: new(uint32(7))}), "contradicts"},
		{"zip with a wrong checksum", makeZip(t, raw{name: "a", data: "x", crc: new(uint32(7))}), "has another checksum"},
		{"zip with a parent", makeZip(t, raw{name: "../a", data: "x"}), `holds ".."`},
		{"zip with overlaps", makeZip(t, raw{name: "a", data: "x"}, raw{name: "b", data: "x", offset: new(uint32(0))}), "reaches into"},
		{"zip with other content twice", makeZip(t, raw{name: "a", data: "x"}, raw{name: "a", data: "y"}), "is there twice"},
		{"zip through a link", makeZip(t, raw{name: "a", data: "b", mode: 0o120777}, raw{name: "a/x", data: "y"}), "which is a link"},
		{"encrypted zip", makeZip(t, raw{name: "a", data: "b", flags: 1}), "is encrypted"},
		{"truncated zip", makeZip(t, raw{name: "a", data: "b"})[:40], "truncated"},
	} {
		_, err := ListArchive(inMemory(c.name, c.content), "file", nil)
		var refused *ArchiveError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
}

// patchHeader changes the first header, and makes its checksum right.
func patchHeader(tarball []byte, at int, text string) []byte {
	b := bytes.Clone(tarball)
	copy(b[at:], text)
	copy(b[148:], "        ")
	sum := 0
	for _, c := range b[:tarBlock] {
		sum += int(c)
	}
	copy(b[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

func TestSparseFilesCannotBeTaken(t *testing.T) {
	t.Parallel()
	h := file("x", "")
	h.Format = tar.FormatGNU
	l, err := ListArchive(inMemory("sparse", patchHeader(makeTar(t, h), 156, "S")), "file", nil)
	if err != nil || len(l.Members) != 1 || l.Members[0].Fault != "is a sparse file" {
		t.Errorf("got %+v, %v", l, err)
	}
}

func cutXZ(t *testing.T, tarball []byte) []byte {
	b := packWith(t, "xz", tarball)
	return b[:len(b)-8]
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0xff
	return b
}

func TestMembersThatCannotBeTaken(t *testing.T) {
	t.Parallel()
	link := func(to string) []tar.Header {
		return []tar.Header{{Name: "d/x", Typeflag: tar.TypeSymlink, Linkname: to}, file("d/sub/f", "x"), file("top", "x")}
	}
	for _, c := range []struct {
		name    string
		headers []tar.Header
		want    string
	}{
		{"absolute link", link("/etc/passwd"), "is a link that leads out of the archive"},
		{"link out", link("../../top"), "is a link that leads out of the archive"},
		{"link with a backslash", link(`..\..\top`), "is a link that leads out of the archive"},
		{"dangling link", link("missing"), "is a link that leads nowhere in the archive"},
		{"link to itself", link("x"), "is a link that leads in a circle"},
		{"link to its folder", link("."), "is a link to a folder that holds it"},
		{"link to the root", link(".."), "is a link to a folder that holds it"},
		{"hard link out", []tar.Header{{Name: "d/x", Typeflag: tar.TypeLink, Linkname: "../top"}}, "is a link that leads out of the archive"},
		{"hard link to an absolute path", []tar.Header{{Name: "d/x", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}}, "is a link that leads out of the archive"},
		{"circle", []tar.Header{{Name: "d/x", Typeflag: tar.TypeSymlink, Linkname: "y"}, {Name: "d/y", Typeflag: tar.TypeSymlink, Linkname: "x"}}, "is a link that leads in a circle"},
		{"device", []tar.Header{{Name: "d/x", Typeflag: tar.TypeBlock}}, "is a device"},
		{"pipe", []tar.Header{{Name: "d/x", Typeflag: tar.TypeFifo}}, "is a named pipe"},
		{"link to a device", []tar.Header{{Name: "d/x", Typeflag: tar.TypeSymlink, Linkname: "y"}, {Name: "d/y", Typeflag: tar.TypeChar}}, "is a link to what is a device"},
		{"folder of links to folders", []tar.Header{
			{Name: "d/x", Typeflag: tar.TypeSymlink, Linkname: "../e"}, {Name: "e/l", Typeflag: tar.TypeSymlink, Linkname: "../d"}, file("e/f", "x"),
		}, "is a link to a folder that holds links to folders"},
	} {
		l, err := ListArchive(inMemory(c.name, makeTar(t, c.headers...)), "file", nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		at := slices.IndexFunc(l.Members, func(m Member) bool { return m.Path == "d/x" })
		if at < 0 || l.Members[at].Fault != c.want {
			t.Errorf("%s: got %+v, want d/x with the fault %q", c.name, l.Members, c.want)
		}
	}
}

func TestZipsAreListedWithTheirLinks(t *testing.T) {
	t.Parallel()
	a := inMemory("a", makeZip(t,
		raw{name: "bin/tool", data: elfHeader(183), deflate: true, mode: 0o100755},
		raw{name: "bin/alias", data: "tool", mode: 0o120777},
		raw{name: "bin/out", data: "../../x", mode: 0o120777},
	))
	l, err := ListArchive(a, "unused", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Member{
		{Path: "bin/alias", File: "bin/tool", Size: 64, Exec: true, Program: true, Machine: "arm64"},
		{Path: "bin/out", Fault: "is a link that leads out of the archive"},
		{Path: "bin/tool", File: "bin/tool", Size: 64, Exec: true, Program: true, Machine: "arm64"},
	}
	if l.Kind != ZipArchive || !slices.Equal(l.Members, want) {
		t.Errorf("got %+v, want %+v", l, want)
	}
	files, links, err := FromZipLinks(a)
	if err != nil || len(files) != 1 || len(links) != 2 {
		t.Errorf("got %d files, %d links, %v", len(files), len(links), err)
	}
	if _, err := FromZip(a); err == nil {
		t.Error("FromZip takes links")
	}
}

// FuzzListArchive holds what is listed to what a layer may have, and reads it.
func FuzzListArchive(f *testing.F) {
	good := makeTar(f, file("a/b", "text"), tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "a"}, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "a/b"})
	for _, packing := range []string{"", "gzip", "xz", "zstd"} {
		f.Add(packWith(f, packing, good))
	}
	f.Add([]byte(bzip2Hello))
	f.Add(makeZip(f, raw{name: "a", data: "b"}, raw{name: "l", data: "a", mode: 0o120777}))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		a := inMemory("fuzz", b)
		l, err := ListArchive(a, "file", nil)
		if err != nil {
			return
		}
		want, sizes := map[string]bool{}, map[string]int64{}
		for i, m := range l.Members {
			if clean, err := CleanTarget(m.Path); err != nil || clean != m.Path {
				t.Errorf("unclean path %q let pass", m.Path)
			}
			if i > 0 && l.Members[i-1].Path >= m.Path {
				t.Errorf("%q comes before %q", l.Members[i-1].Path, m.Path)
			}
			if m.Fault == "" {
				want[m.File], sizes[m.File] = true, m.Size
			}
		}
		if l.Kind == ZipArchive {
			return
		}
		err = ReadMembers(a, l, want, func(name string, size int64, content io.Reader) error {
			n, err := io.Copy(io.Discard, content)
			if n != sizes[name] || n != size {
				t.Errorf("%q has %d bytes, listed were %d", name, n, sizes[name])
			}
			delete(sizes, name)
			return err
		})
		if err != nil || len(sizes) > 0 {
			t.Errorf("reading what was listed: %v; not shown: %v", err, sizes)
		}
	})
}
