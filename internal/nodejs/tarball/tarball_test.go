package tarball

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// entry is one of a made tarball. The zero kind is a regular file.
type entry struct {
	name, body string
	kind       byte
	mode       int64
	link       string
	pax        map[string]string
}

// tarOf returns a tar archive of the entries.
func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode, Linkname: e.link, Size: int64(len(e.body)), PAXRecords: e.pax}
		if e.pax != nil {
			h.Format = tar.FormatPAX
		}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			h = &tar.Header{Typeflag: e.kind, PAXRecords: e.pax, Format: tar.FormatPAX}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// filesOf reads a tarball into lines "path content", an exec file with a star.
func filesOf(tarball []byte) ([]string, error) {
	var lines []string
	err := Read("p@1", bytes.NewReader(tarball), func(f File, content io.Reader) error {
		body, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		if int64(len(body)) != f.Size {
			return fmt.Errorf("%s: %d bytes for %d", f.Path, len(body), f.Size)
		}
		star := ""
		if f.Exec {
			star = "*"
		}
		lines = append(lines, f.Path+star+" "+string(body))
		return nil
	})
	return lines, err
}

func TestReadTarballFollowsNpm(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("d/", 90) + "long.js"
	for _, c := range []struct {
		name    string
		entries []entry
		want    []string
	}{
		{"any top folder", []entry{{name: "express v4.17/index.js", body: "x"}, {name: "other/lib/a.js", body: "y"}}, []string{"index.js x", "lib/a.js y"}},
		{"dots and slashes", []entry{{name: "package/./a//b.js", body: "x"}, {name: "./c/d.js", body: "y"}}, []string{"a/b.js x", "c/d.js y"}},
		{"no folder, nothing below it", []entry{{name: "README", body: "x"}, {name: "package/", kind: tar.TypeDir}, {name: "package/lib/", kind: tar.TypeDir}}, nil},
		{
			"links and devices are left out",
			[]entry{
				{name: "package/a", kind: tar.TypeSymlink, link: "/etc/passwd"}, {name: "package/b", kind: tar.TypeLink, link: "package/c"},
				{name: "package/n", kind: tar.TypeChar}, {name: "package/f", kind: tar.TypeFifo}, {name: "package/c", body: "x"},
			},
			[]string{"c x"},
		},
		{"the owner's exec bit", []entry{{name: "p/a", mode: 0o755}, {name: "p/b", mode: 0o644}, {name: "p/c", mode: 0o611}, {name: "p/d", mode: 0o4700}}, []string{"a* ", "b ", "c ", "d* "}},
		{".gitignore", []entry{{name: "p/.gitignore", body: "x"}, {name: "p/sub/.gitignore", body: "y"}}, []string{".npmignore x", "sub/.npmignore y"}},
		{".gitignore behind .npmignore", []entry{{name: "p/.npmignore", body: "n"}, {name: "p/.gitignore", body: "g"}}, []string{".npmignore n"}},
		{".gitignore before .npmignore", []entry{{name: "p/.gitignore", body: "g"}, {name: "p/.npmignore", body: "n"}}, []string{".npmignore g", ".npmignore n"}},
		{"the same path again", []entry{{name: "p/a", body: "1"}, {name: "p/a", body: "2"}}, []string{"a 1", "a 2"}},
		{"names by PAX and GNU", []entry{{name: "package/" + long, body: "x"}, {name: "package/grüße.js", body: "y", pax: map[string]string{"comment": "c"}}}, []string{long + " x", "grüße.js y"}},
		{"a global header", []entry{{kind: tar.TypeXGlobalHeader, pax: map[string]string{"comment": "0123"}}, {name: "p/a", body: "x"}}, []string{"a x"}},
		{"case", []entry{{name: "p/A", body: "1"}, {name: "p/a", body: "2"}}, []string{"A 1", "a 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, packed := range [][]byte{tarOf(t, c.entries...), zipped(t, tarOf(t, c.entries...))} {
				if got, err := filesOf(packed); err != nil || !slices.Equal(got, c.want) {
					t.Errorf("got %q, %v, want %q", got, err, c.want)
				}
			}
		})
	}
}

func TestReadTarballTakesGzipInPieces(t *testing.T) {
	t.Parallel()
	whole := tarOf(t, entry{name: "p/a", body: strings.Repeat("x", 3000)})
	if got, err := filesOf(zipped(t, whole[:700], whole[700:])); err != nil || len(got) != 1 {
		t.Errorf("got %d files, %v, want one", len(got), err)
	}
	if got, err := filesOf(append(zipped(t, whole), "rubbish behind the end"...)); err != nil || len(got) != 1 {
		t.Errorf("with rubbish behind: got %d files, %v, want one", len(got), err)
	}
}

func TestReadTarballRefuses(t *testing.T) {
	t.Parallel()
	good := zipped(t, tarOf(t, entry{name: "p/a", body: strings.Repeat("abcdefgh", 1000)}))
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0xff
	for _, c := range []struct {
		name    string
		tarball []byte
		want    string
	}{
		{"a way out", tarOf(t, entry{name: "p/../../etc/passwd"}), `".."`},
		{"a way out in the top folder", tarOf(t, entry{name: "../p/../a"}), `".."`},
		{"only a way out", tarOf(t, entry{name: "p/.."}), `".."`},
		{"an absolute path", tarOf(t, entry{name: "/p/a"}), "absolute"},
		{"an absolute path below", tarOf(t, entry{name: "p/C:/a"}), "drive letter"},
		{"a backslash", tarOf(t, entry{name: `p/..\..\a`}), "backslash"},
		{"a control character", tarOf(t, entry{name: "p/a\tb"}), "control character"},
		{"no UTF-8", tarOf(t, entry{name: "p/a\xffb"}), "not UTF-8"},
		{"an overlong component", tarOf(t, entry{name: "p/" + strings.Repeat("a", 256)}), "longer than 255"},
		{"an overlong path", tarOf(t, entry{name: "p/" + strings.Repeat("abcdefg/", 600) + "a"}), "longer than 4096"},
		{"no tar", []byte(strings.Repeat("rubbish ", 200)), "not a tar archive"},
		{"no gzip", append([]byte{0x1f, 0x8b}, "rubbish rubbish"...), "is damaged"},
		{"cut gzip", good[:len(good)/2], "is truncated"},
		{"cut tar", tarOf(t, entry{name: "p/a", body: strings.Repeat("x", 4000)})[:2000], "is truncated"},
		{"damage", flipped, ""},
		{"a sparse file", sparseOf(t), "is a sparse file"},
		{"too many bytes", bombOf(t), "unpacks to more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := filesOf(c.tarball)
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a TarballError that says %q", err, c.want)
			}
		})
	}
}

// sparseOf is a tarball with a file in the old sparse form of GNU.
func sparseOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "p/a", Typeflag: tar.TypeReg, Format: tar.FormatGNU}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	header := b.Bytes()[:512]
	header[156] = tar.TypeGNUSparse
	copy(header[148:], "        ") // the checksum counts as blanks
	sum := 0
	for _, c := range header {
		sum += int(c)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	return b.Bytes()
}

// bombOf is a tarball that says it holds 2 GiB.
func bombOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "p/bomb", Typeflag: tar.TypeReg, Size: 2 << 30}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadTarballReturnsTheVisitorsError(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	err := Read("p@1", bytes.NewReader(tarOf(t, entry{name: "p/a"})), func(File, io.Reader) error { return stop })
	if err != stop {
		t.Errorf("got %v, want it as it was", err)
	}
}

func TestADiskFaultIsNoVerdict(t *testing.T) {
	t.Parallel()
	broken := errors.New("input/output error")
	good := zipped(t, tarOf(t, entry{name: "p/a", body: strings.Repeat("abcdefgh", 100_000)}))
	in := io.MultiReader(bytes.NewReader(good[:len(good)/2]), failing{broken})
	err := Read("p@1", in, func(_ File, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
	var refused *Error
	if !errors.Is(err, broken) || errors.As(err, &refused) {
		t.Errorf("got %v, want the disk's own error", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// folder is a Packer that holds what it is given.
type folder map[string]string

func (f folder) Add(_ context.Context, path string, exec bool, size int64, content io.Reader) error {
	body, err := io.ReadAll(content)
	if err == nil && int64(len(body)) != size {
		err = fmt.Errorf("%s: %d bytes for %d", path, len(body), size)
	}
	delete(f, path+"*")
	if exec {
		path += "*"
	}
	f[path] = string(body)
	return err
}

func (f folder) SetExec(path string) {
	if body, ok := f[path]; ok {
		delete(f, path)
		f[path+"*"] = body
	}
}

func TestPackTarballMakesCommandsRun(t *testing.T) {
	t.Parallel()
	const script, windows = "#!/usr/bin/env node\nx\r\n", "#!/usr/bin/env node\r\nx\r\n"
	for _, c := range []struct {
		name    string
		entries []entry
		want    map[string]string // but package.json files
	}{
		{
			"bin as text, behind its file",
			[]entry{{name: "p/cli.js", body: script}, {name: "p/package.json", body: `{"name":"p","bin":"./cli.js"}`}},
			map[string]string{"cli.js*": script},
		},
		{
			"bin as object, lines of Windows",
			[]entry{{name: "p/package.json", body: "\xef\xbb\xbf" + `{"bin":{"a":"bin\\a.js","b":"/../b.js","c":7}}`}, {name: "p/bin/a.js", body: windows}, {name: "p/b.js", body: windows}, {name: "p/c.js", body: windows}},
			map[string]string{"bin/a.js*": script, "b.js*": script, "c.js": windows},
		},
		{
			"a folder of commands",
			[]entry{{name: "p/package.json", body: `{"directories":{"bin":"./bin"}}`}, {name: "p/bin/a", body: windows}, {name: "p/bin/.b", body: "x"}, {name: "p/binary", body: "x"}},
			map[string]string{"bin/a*": script, "bin/.b": "x", "binary": "x"},
		},
		{
			"a package that comes along",
			[]entry{
				{name: "p/package.json", body: `{"bundleDependencies":["q"]}`},
				{name: "p/node_modules/@s/q/package.json", body: `{"bin":"q"}`}, {name: "p/node_modules/@s/q/q", body: "x"},
			},
			map[string]string{"node_modules/@s/q/q*": "x"},
		},
		{
			"a package that npm does not know of",
			[]entry{{name: "p/package.json", body: `{}`}, {name: "p/node_modules/q/package.json", body: `{"bin":"q"}`}, {name: "p/node_modules/q/q", body: "x"}},
			map[string]string{"node_modules/q/q": "x"},
		},
		{
			"a held file that comes again",
			[]entry{{name: "p/a", body: windows}, {name: "p/a", body: "plain"}, {name: "p/package.json", body: `{"bin":"a"}`}},
			map[string]string{"a*": "plain"},
		},
		{"junk for a package.json", []entry{{name: "p/package.json", body: `[`}, {name: "p/a", body: windows, mode: 0o755}}, map[string]string{"a*": windows}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := folder{}
			if _, err := Pack(t.Context(), "p@1", bytes.NewReader(tarOf(t, c.entries...)), got); err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasSuffix(name, "package.json") })
			if !maps.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzReadTarball(f *testing.F) {
	f.Add(zipped(f, tarOf(f, entry{name: "package/package.json", body: `{"bin":"a"}`}, entry{name: "package/a", body: "#!x\r\n"})))
	f.Add(tarOf(f, entry{name: "p/.gitignore"}, entry{name: "p/l", kind: tar.TypeSymlink, link: "x"}, entry{name: "p/" + strings.Repeat("n/", 80) + "x"}))
	f.Add(tarOf(f, entry{name: "p/ü", pax: map[string]string{"comment": "c"}}))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, tarball []byte) {
		defer indextest.Budget(t, len(tarball))()
		seen := folder{}
		_, err := Pack(t.Context(), "p@1", bytes.NewReader(tarball), seen)
		var refused *Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("an error that is not a TarballError: %v", err)
		}
		for name := range seen {
			if name = strings.TrimSuffix(name, "*"); strings.HasPrefix(name, "/") || slices.Contains(strings.Split(name, "/"), "..") || strings.ContainsAny(name, "\\\x00") {
				t.Errorf("unsafe path %q", name)
			}
		}
	})
}
