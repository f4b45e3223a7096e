package container

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// file, folder, link and hard are entries of a layer.
func file(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644, Linkname: content}
}

func program(name, content string) tar.Header {
	h := file(name, content)
	h.Mode = 0o755
	return h
}

func folder(name string) tar.Header {
	return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}
}

func link(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
}

func hard(name, to string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: to}
}

func special(name string, kind byte) tar.Header { return tar.Header{Typeflag: kind, Name: name} }

// packed returns a layer; the content of a file stands in its Linkname.
func packed(t testing.TB, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content, h.Linkname = h.Linkname, ""
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sourcesOf returns layers that can be read.
func sourcesOf(layers ...[]byte) []source {
	var out []source
	for _, layer := range layers {
		out = append(out, source{open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer)), nil }})
	}
	return out
}

// taken extracts files as layer path → content, with " +x" behind the path of
// what is executable.
func taken(t testing.TB, sources []source, files Files) (map[string]string, error) {
	t.Helper()
	spool, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = extract(t.Context(), "test", sources, files, spool, collect(got))
	return got, err
}

func collect(got map[string]string) Visit {
	return func(f File, content io.Reader) error {
		body, err := io.ReadAll(content)
		name := f.Path
		if f.Exec {
			name += " +x"
		}
		got[name] = string(body)
		return err
	}
}

func TestLayersAreAppliedInOrder(t *testing.T) {
	t.Parallel()
	lower := packed(t,
		folder("opt"), folder("opt/bin"), program("opt/bin/tool", "old"), file("opt/bin/gone", "gone"), file("opt/bin/kept", "kept"),
		file("opt/lib/a", "a"), file("opt/lib/b", "b"), file("opt/was/a/folder", "x"), file("opt/file", "f"))
	upper := packed(t,
		file("opt/lib/new", "new"), // before the mark that hides what is below
		file("opt/lib/.wh..wh..opq", ""), file("opt/bin/.wh.gone", ""), program("./opt/bin/tool", "new"),
		file("opt/was", "a file now"), file("opt/file/below", "a folder now"))
	got, err := taken(t, sourcesOf(lower, upper), Files{"/opt/": "."})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"bin/tool +x": "new", "bin/kept": "kept", "lib/new": "new", "was": "a file now", "file/below": "a folder now"}
	if !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinksAreFollowedWithinTheImage(t *testing.T) {
	t.Parallel()
	image := sourcesOf(
		packed(t, folder("usr/lib"), file("usr/lib/libx.so.1.2", "x"), link("usr/lib/libx.so.1", "libx.so.1.2"), link("usr/lib/libx.so", "/usr/lib/libx.so.1"),
			link("lib", "usr/lib"), program("usr/bin/multi", "multi"), hard("usr/bin/alias", "usr/bin/multi"), link("up", "../../../usr/bin"),
			link("dangling", "/nowhere"), link("round", "round"), link("usr/bin/self", "..")),
		packed(t, file("lib/late", "through the link")))
	for _, c := range []struct {
		name  string
		files Files
		want  map[string]string
		fault string
	}{
		{"a link to a link", Files{"/usr/lib/libx.so": "lib/"}, map[string]string{"lib/libx.so": "x"}, ""},
		{"a folder that is a link", Files{"/lib/libx.so.1": "lib/one.so"}, map[string]string{"lib/one.so": "x"}, ""},
		{"a glob below a link", Files{"/lib/*.so*": "lib/"}, map[string]string{"lib/libx.so": "x", "lib/libx.so.1": "x", "lib/libx.so.1.2": "x"}, ""},
		{"above the root is the root", Files{"/up/multi": "bin/"}, map[string]string{"bin/multi +x": "multi"}, ""},
		{"a hard link", Files{"/usr/bin/alias": "bin/a", "/usr/bin/multi": "bin/b"}, map[string]string{"bin/a +x": "multi", "bin/b +x": "multi"}, ""},
		{"a file that came through a link", Files{"/usr/lib/late": "late"}, map[string]string{"late": "through the link"}, ""},
		{"nowhere", Files{"/dangling": "x"}, nil, `"/dangling" leads to "/nowhere", which is not in the image`},
		{"absent", Files{"/absent/file": "x"}, nil, `"/absent/file" is not in the image`},
		{"round", Files{"/round": "x"}, nil, "leads in a circle"},
		{"into itself", Files{"/usr/": "x"}, nil, "is a link to a folder that holds it"},
		{"no match", Files{"/usr/lib/*.a": "x/"}, nil, `"/usr/lib/*.a" matches no file`},
		{"two to one path", Files{"/usr/lib/libx.so.1.2": "x", "/usr/bin/multi": "x"}, nil, `both go to "x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := taken(t, image, c.files)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("got %v, want an error that says %q", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestLayersThroughLinks puts a layer upon one in which folders are links.
func TestLayersThroughLinks(t *testing.T) {
	t.Parallel()
	lower := packed(t, folder("usr/lib"), file("usr/lib/a", "a"), file("usr/lib/b", "b"), file("usr/lib/sub/c", "c"), link("lib", "usr/lib"), link("gone", "nowhere"))
	for _, c := range []struct {
		name  string
		upper []tar.Header
		want  map[string]string
	}{
		{"a folder that no entry names", []tar.Header{file("lib/new/deep/d", "d")}, map[string]string{"a": "a", "b": "b", "sub/c": "c", "new/deep/d": "d"}},
		{"a whiteout", []tar.Header{file("lib/.wh.a", "")}, map[string]string{"b": "b", "sub/c": "c"}},
		{"a whiteout of a folder", []tar.Header{file("lib/.wh.sub", "")}, map[string]string{"a": "a", "b": "b"}},
		{"an opaque folder", []tar.Header{file("lib/sub/.wh..wh..opq", ""), file("lib/sub/d", "d")}, map[string]string{"a": "a", "b": "b", "sub/d": "d"}},
		{"a hard link", []tar.Header{hard("lib/d", "lib/a"), hard("usr/lib/e", "lib/sub/c")}, map[string]string{"a": "a", "b": "b", "sub/c": "c", "d": "a", "e": "c"}},
		{"a link that is hidden", []tar.Header{file(".wh.lib", ""), file("lib/a", "other")}, map[string]string{"a": "a", "b": "b", "sub/c": "c"}},
		{"a link that leads nowhere", []tar.Header{file("gone/x", "x")}, map[string]string{"a": "a", "b": "b", "sub/c": "c"}},
		{"marks of nothing", []tar.Header{file("lib/.wh.x", ""), file("no/.wh.x", ""), file(".wh..", ""), file("lib/a/.wh..wh..opq", "")}, map[string]string{"a": "a", "b": "b", "sub/c": "c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := taken(t, sourcesOf(lower, packed(t, c.upper...)), Files{"/usr/lib": "."})
			if err != nil || !maps.Equal(got, c.want) {
				t.Errorf("got %q and %v, want %q", got, err, c.want)
			}
		})
	}
}

// TestCopiedArchives name their entries, and what hard links lead to, from the
// folder that holds what was copied.
func TestCopiedArchives(t *testing.T) {
	t.Parallel()
	sources := sourcesOf(packed(t, folder("bin"), program("bin/tool", "tool"), hard("bin/again", "bin/tool"), link("bin/alias", "again")))
	sources[0].root = "opt/deep"
	got, err := taken(t, sources, Files{"/opt/deep/bin": "bin"})
	if want := map[string]string{"bin/tool +x": "tool", "bin/again +x": "tool", "bin/alias +x": "tool"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

// TestBombsEnd before memory does: entries, names that make folders, links that
// multiply them, and headers.
func TestBombsEnd(t *testing.T) {
	t.Parallel()
	var twice []tar.Header
	for i := range 40 {
		twice = append(twice, folder(fmt.Sprintf("d%d", i)), link(fmt.Sprintf("d%d/x", i), fmt.Sprintf("/d%d", i+1)), link(fmt.Sprintf("d%d/y", i), fmt.Sprintf("/d%d", i+1)))
	}
	twice = append(twice, folder("d40"))
	for name, c := range map[string]struct {
		entries []tar.Header
		fault   string
	}{
		"":        {[]tar.Header{file("d0/x", "x")}, ""},
		"entries": {slices.Repeat([]tar.Header{file("x", "")}, 201), "more than 200 entries"},
		"deep":    {[]tar.Header{file(strings.Repeat("a/", 200)+"x", "")}, "more than 200 entries"},
		"long":    {[]tar.Header{file(strings.Repeat("a/", 3000)+"x", "")}, "a name of more than 4096 bytes"},
		"names":   {slices.Repeat([]tar.Header{link("x", strings.Repeat("x", 600))}, 10), "names of more than 5000 bytes"},
		"twice":   {twice, "more than 1000 folders to look into"},
		"headers": {slices.Repeat([]tar.Header{file("x", "")}, 150), "unpacks to more than 65536 bytes"},
		"content": {[]tar.Header{file("x", strings.Repeat("x", 70000))}, "unpacks to more than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := newRootfs("test")
			fs.limits = limits{unpacked: 1 << 16, entries: 200, names: 5000, folders: 1000}
			if name == "entries" {
				fs.limits.unpacked = 1 << 20
			}
			err := fs.apply(0, source{}, bytes.NewReader(packed(t, c.entries...)))
			if err == nil {
				_, err = fs.choose(Files{"/d0": "x"})
			}
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want an error that says %q", err, c.fault)
			}
		})
	}
}

// TestLayersThatChangeAreRefused has a layer that is another one when it is read again.
func TestLayersThatChangeAreRefused(t *testing.T) {
	t.Parallel()
	layers := [][]byte{packed(t, file("a", "a"), file("b", "b")), packed(t, file("a", "a"))}
	changing := source{open: func(context.Context) (io.ReadCloser, error) {
		layer := layers[0]
		layers = layers[1:]
		return io.NopCloser(bytes.NewReader(layer)), nil
	}}
	var taken []string
	err := extract(t.Context(), "test", []source{changing}, Files{"/a": "a", "/b": "b"}, nil, func(f File, _ io.Reader) error {
		taken = append(taken, f.Path)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "has a layer that changed while it was read") || !slices.Equal(taken, []string{"a"}) {
		t.Errorf("took %q, %v; want an error that says that the layer changed", taken, err)
	}
}

func TestHostileLayersAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		entries []tar.Header
		files   Files
		fault   string
	}{
		{"out of the image", []tar.Header{file("../../etc/passwd", "x")}, Files{"/etc": "x"}, `holds ".."`},
		{"a hard link out of it", []tar.Header{hard("x", "../y")}, Files{"/x": "x"}, "hard link out of the image"},
		{"a hard link to nothing", []tar.Header{hard("x", "y")}, Files{"/x": "x"}, "hard link to what is not there"},
		{"a device", []tar.Header{special("dev/null", tar.TypeChar)}, Files{"/dev/null": "x"}, "is a device"},
		{"a device in a folder", []tar.Header{special("dev/null", tar.TypeBlock)}, Files{"/dev": "x"}, "is a device"},
		{"a pipe", []tar.Header{special("p", tar.TypeFifo)}, Files{"/p": "x"}, "is a named pipe"},
		{"below a file", []tar.Header{file("f", "x")}, Files{"/f/below": "x"}, "which is not a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := taken(t, sourcesOf(packed(t, c.entries...)), c.files)
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %q and %v, want an error that says %q", got, err, c.fault)
			}
		})
	}
}

func TestFilesAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		files Files
		fault string
	}{
		{Files{}, "files is empty"},
		{Files{"opt/x": "x"}, `write it as "/opt/x"`},
		{Files{"/opt/../x": "x"}, `".."`},
		{Files{"/opt/x": "/opt/x"}, "is absolute"},
		{Files{"/opt/x": "../x"}, `".."`},
		{Files{"/opt/[": "x"}, "not a valid pattern"},
		{Files{"/opt/x": "bin/", "/opt/**/*.so": "lib/", "/usr/": "."}, ""},
	} {
		err := c.files.Check()
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("Check of %q gave %v, want %q", c.files, err, c.fault)
		}
	}
}

func FuzzExtract(f *testing.F) {
	spool, err := store.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed(f, folder("opt"), file("opt/a", "a"), link("opt/b", "a"), hard("opt/c", "opt/a")), packed(f, file("opt/.wh.a", "")))
	f.Add(packed(f, link("opt", "opt"), file("opt/x", "")), []byte{})
	f.Fuzz(func(t *testing.T, lower, upper []byte) {
		defer indextest.Budget(t, len(lower)+len(upper))()
		got := map[string]string{}
		err := extract(t.Context(), "test", sourcesOf(lower, upper), Files{"/opt": "opt", "/**/a": "flat/"}, spool, func(f File, _ io.Reader) error {
			got[f.Path] = ""
			return nil
		})
		for name := range got {
			if err == nil && !strings.HasPrefix(name, "opt") && !strings.HasPrefix(name, "flat/") {
				t.Errorf("%q lies outside of the targets", name)
			}
		}
	})
}
