package layer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// program is an ELF header for a machine: 62 is x86-64, 183 arm64.
func program(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine, 0}) + strings.Repeat("\x00", 44)
}

// tarball packs the files by gzip, in the order of their names; a content that
// begins with "-> " is a link.
func tarball(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		body := files[name]
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(body)), Typeflag: tar.TypeReg}
		if to, ok := strings.CutPrefix(body, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, body = tar.TypeSymlink, to, 0, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func hexSum(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// fileServer serves the files by path and counts what it is asked.
type fileServer struct {
	*httptest.Server
	files map[string]string
	asked atomic.Int64
}

func serve(t *testing.T, files map[string]string) *fileServer {
	t.Helper()
	s := &fileServer{files: files}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		body, ok := s.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s
}

func downloadBuilder(t *testing.T) *Builder {
	t.Helper()
	return NewBuilder(Options{CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(string) string { return "" }})
}

func downloadSpec(downloads ...DownloadSpec) Spec {
	return Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Downloads: downloads}
}

func media(t *testing.T) string {
	return tarball(t, map[string]string{
		"media-7.0/bin/encoder": program(62), "media-7.0/bin/probe": program(62), "media-7.0/bin/alias": "-> encoder",
		"media-7.0/model/tiny.bin": "weights", "media-7.0/model/README.md": "read\n", "media-7.0/escape": "-> ../../etc/passwd",
	})
}

func TestDownloadsLandWhereFilesSay(t *testing.T) {
	t.Parallel()
	archive := media(t)
	zipped := string(packedZip(t, map[string]string{"deep/x.py": "X = 1\n", "tool": program(62)}))
	s := serve(t, map[string]string{"/media.bin": archive, "/code.zip": zipped, "/tool": program(62)})
	for name, c := range map[string]struct {
		d    DownloadSpec
		want string
	}{
		"exact paths":     {DownloadSpec{URL: s.URL + "/media.bin", SHA256: hexSum(archive), Files: map[string]string{"*/bin/encoder": "bin/encoder", "*/bin/probe": "bin/"}}, "bin/encoder* bin/probe*"},
		"link":            {DownloadSpec{URL: s.URL + "/media.bin", SHA256: hexSum(archive), Files: map[string]string{"*/bin/alias": "bin/enc"}}, "bin/enc*"},
		"folder":          {DownloadSpec{URL: s.URL + "/media.bin", SHA256: hexSum(archive), Files: map[string]string{"*/model": "share/"}}, "share/model/README.md share/model/tiny.bin"},
		"folder renamed":  {DownloadSpec{URL: s.URL + "/media.bin", SHA256: hexSum(archive), Files: map[string]string{"*/model": "share"}}, "share/README.md share/tiny.bin"},
		"glob":            {DownloadSpec{URL: s.URL + "/media.bin", SHA256: hexSum(archive), Files: map[string]string{"**/*.{md,bin}": "docs/"}}, "docs/README.md docs/tiny.bin"},
		"zip":             {DownloadSpec{URL: s.URL + "/code.zip", SHA256: hexSum(zipped), Target: "python"}, "python/deep/x.py python/tool*"},
		"zip stripped":    {DownloadSpec{URL: s.URL + "/code.zip", SHA256: hexSum(zipped), Strip: 1, Target: "python"}, "python/x.py"},
		"zip as it is":    {DownloadSpec{URL: s.URL + "/code.zip", SHA256: hexSum(zipped), AsIs: true, Target: "java/lib/"}, "java/lib/code.zip"},
		"single":          {DownloadSpec{URL: s.URL + "/tool", SHA256: hexSum(program(62)), Target: "bin/mytool"}, "bin/mytool*"},
		"single in place": {DownloadSpec{URL: s.URL + "/tool?raw=true", SHA256: hexSum(program(62)), Target: "extensions/"}, "extensions/tool*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := downloadBuilder(t)
			l := resolve(t, b, downloadSpec(c.d), nil)
			out := filepath.Join(t.TempDir(), "a.zip")
			first := build(t, b, l, Output{Path: out})
			if got := listed(t, out); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			text, err := l.Encode()
			if err != nil {
				t.Fatal(err)
			}
			other, err := DecodeLock(text)
			if err != nil {
				t.Fatal(err)
			}
			again := build(t, downloadBuilder(t), other, Output{Path: filepath.Join(t.TempDir(), "b.zip"), Want: first.SHA256})
			if again.SHA256 != first.SHA256 {
				t.Errorf("another machine makes %s of the lock, want %s", again.SHA256, first.SHA256)
			}
		})
	}
}

func TestUnchangedDownloadsAskNobody(t *testing.T) {
	t.Parallel()
	archive := media(t)
	s := serve(t, map[string]string{"/a.tar.gz": archive})
	b := downloadBuilder(t)
	spec := downloadSpec(DownloadSpec{URL: s.URL + "/a.tar.gz", Files: map[string]string{"*/bin/probe": "bin/probe"}})
	l := resolve(t, b, spec, nil)
	if w := l.Warnings(); len(w) != 1 || !strings.Contains(w[0].Detail, `sha256 = "`+hexSum(archive)+`"`) {
		t.Errorf("got the warnings %+v, want the digest to write", w)
	}
	if got := l.Contents()["downloads:bin/probe"]; got != hexSum(archive)[:12] {
		t.Errorf("contents say %q", got)
	}
	s.files["/a.tar.gz"] = tarball(t, map[string]string{"x/bin/probe": "#!/bin/sh\n"})
	before := s.asked.Load()
	idle := downloadBuilder(t)
	if again := resolve(t, idle, spec, l); again.Downloads[0].SHA256.Hex() != hexSum(archive) || s.asked.Load() != before {
		t.Errorf("an unchanged request moved to %s with %d requests", again.Downloads[0].SHA256, s.asked.Load()-before)
	}
	// Another choice of files keeps the pin, which the server no longer meets.
	spec.Downloads[0].Files = map[string]string{"*/bin/*": "bin/"}
	if again := resolve(t, b, spec, l); again.Downloads[0].SHA256.Hex() != hexSum(archive) {
		t.Errorf("another choice moved the pin to %s", again.Downloads[0].SHA256)
	}
	_, err := idle.Resolve(t.Context(), spec, l)
	wantInput(t, err, "downloads[0]", "is another file", "nothing of it was used")
	spec.Triggers = map[string]string{"again": "1"}
	if again := resolve(t, idle, spec, l); again.Downloads[0].SHA256.Hex() == hexSum(archive) {
		t.Error("changed triggers keep the pin")
	}
}

func TestLocalDownloads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a.tgz")
	writeFile(t, name, media(t))
	spec := downloadSpec(DownloadSpec{URL: name, Files: map[string]string{"*/model/*.bin": "data/"}})
	b := downloadBuilder(t)
	l := resolve(t, b, spec, nil)
	out := filepath.Join(dir, "a.zip")
	build(t, b, l, Output{Path: out})
	if got := listed(t, out); got != "data/tiny.bin" || len(l.Warnings()) != 0 {
		t.Errorf("got %q and the warnings %v", got, l.Warnings())
	}
	byURL := downloadSpec(DownloadSpec{URL: "file://" + filepath.ToSlash(name), SHA256: hexSum(media(t)), Files: spec.Downloads[0].Files})
	if got := resolve(t, b, byURL, nil); got.Downloads[0].SHA256 != l.Downloads[0].SHA256 {
		t.Errorf("file:// has %s, the path %s", got.Downloads[0].SHA256, l.Downloads[0].SHA256)
	}
	writeFile(t, name, tarball(t, map[string]string{"x/model/big.bin": "more"}))
	if got := resolve(t, b, spec, l); got.Downloads[0].SHA256 == l.Downloads[0].SHA256 {
		t.Error("a changed file on disk keeps its digest")
	}
	_, err := downloadBuilder(t).Build(t.Context(), l, Output{Path: out})
	wantInput(t, err, "downloads[0]", "is another file")
	_, err = b.Resolve(t.Context(), byURL, nil)
	wantInput(t, err, "downloads[0]", "is another file")
}

func TestDownloadsByArchitecture(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]string{"/x86": program(62), "/arm": program(183), "/text-x86": "1", "/text-arm": "2"})
	element := func(path, architecture string) DownloadSpec {
		return DownloadSpec{URL: s.URL + path, Architecture: architecture, Target: "bin/tool"}
	}
	spec := downloadSpec(element("/x86", "x86_64"), element("/arm", "arm64"))
	b := downloadBuilder(t)
	for architecture, content := range map[string]string{"x86_64": program(62), "arm64": program(183)} {
		spec.Architectures = []string{architecture}
		l := resolve(t, b, spec, nil)
		if len(l.Downloads) != 1 || l.Downloads[0].SHA256.Hex() != hexSum(content) {
			t.Errorf("%s: got %+v", architecture, l.Downloads)
		}
	}
	spec.Architectures = []string{"x86_64", "arm64"}
	_, err := b.Resolve(t.Context(), spec, nil)
	wantInput(t, err, "downloads[0]", "cannot serve both architectures", "for_each")
	texts := downloadSpec(element("/text-x86", "x86_64"), element("/text-arm", "arm64"))
	texts.Architectures = []string{"x86_64", "arm64"}
	_, err = b.Build(t.Context(), resolve(t, b, texts, nil), Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	wantInput(t, err, "architectures", "cannot serve both architectures", "bin/tool", "for_each")
	wrong := downloadSpec(element("/arm", ""))
	_, err = b.Resolve(t.Context(), wrong, nil)
	wantInput(t, err, "downloads[0]", `"bin/tool" is for arm64, the layer for x86_64`)
	wrong.Exclude = []string{"bin/tool"}
	if _, err = b.Resolve(t.Context(), wrong, nil); err != nil {
		t.Errorf("what is excluded is judged: %v", err)
	}
}

func TestDownloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	archive := media(t)
	s := serve(t, map[string]string{"/a.tgz": archive, "/evil.tgz": tarball(t, map[string]string{"../x": "1"}), "/tool": "text", "/page.tar.xz": "<html>Log in"})
	files := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	at := s.URL + "/a.tgz"
	for name, c := range map[string]struct {
		d    DownloadSpec
		want string
	}{
		"no match":          {DownloadSpec{URL: at, Files: files("*/encodr", "bin/encodr")}, "\n  media-7.0/bin/encoder\n"},
		"two for one":       {DownloadSpec{URL: at, Files: files("*/bin/{encoder,probe}", "bin/x")}, `"media-7.0/bin/encoder" and "media-7.0/bin/probe" in the archive both land at "bin/x"`},
		"link out":          {DownloadSpec{URL: at, Files: files("*/escape", "etc/")}, `"media-7.0/escape" in the archive is a link that leads out`},
		"all with link out": {DownloadSpec{URL: at}, `is a link that leads out of the archive: choose other files, or write exclude = ["media-7.0/escape"]`},
		"strips all":        {DownloadSpec{URL: at, Strip: 9}, "strip_components = 9 leaves nothing"},
		"strips a file":     {DownloadSpec{URL: s.URL + "/tool", Strip: 1}, "It is a single file"},
		"no archive":        {DownloadSpec{URL: s.URL + "/page.tar.xz"}, "by its content it is none"},
		"malicious":         {DownloadSpec{URL: s.URL + "/evil.tgz"}, `entry "../x" holds ".."`},
		"other digest":      {DownloadSpec{URL: at, SHA256: strings.Repeat("ab", 32)}, "nothing of it was used"},
		"absent":            {DownloadSpec{URL: s.URL + "/absent"}, "404 Not Found"},
		"absent path":       {DownloadSpec{URL: "./absent.tgz"}, "Paths are relative to the directory that Terraform runs in"},
		"no url":            {DownloadSpec{}, "It has no url"},
		"other scheme":      {DownloadSpec{URL: "ftp://example.com/x"}, "An address starts with https://"},
		"user":              {DownloadSpec{URL: "https://me:hunter2@example.com/x"}, "into netrc"},
		"user and query":    {DownloadSpec{URL: "https://me:hunter2@example.com/x?a=b"}, "into netrc"},
		"signed":            {DownloadSpec{URL: "https://b.s3.amazonaws.com/x?X-Amz-Algorithm=a&X-Amz-Signature=hunter2"}, `"X-Amz-Algorithm" in its query looks like a signature or a token`},
		"token":             {DownloadSpec{URL: "https://gitlab.example.com/x?private_token=hunter2"}, `"private_token" in its query`},
		"fragment":          {DownloadSpec{URL: "https://example.com/x#hunter2"}, "A query or fragment"},
		"digest":            {DownloadSpec{URL: at, SHA256: "abc"}, `"abc" is not a SHA-256`},
		"architecture":      {DownloadSpec{URL: at, Architecture: "mips"}, `Unknown architecture "mips"`},
		"files and strip":   {DownloadSpec{URL: at, Strip: 1, Files: files("*", "x/")}, "target and strip_components cannot be used together with files"},
		"as it is":          {DownloadSpec{URL: at, AsIs: true, Files: files("*", "x/")}, "With extract = false the archive is one file"},
		"absolute target":   {DownloadSpec{URL: at, Files: files("*/bin/probe", "/bin/probe")}, "is absolute"},
		"parent target":     {DownloadSpec{URL: at, Target: "../bin"}, `holds ".."`},
		"pattern":           {DownloadSpec{URL: at, Files: files("[a", "x")}, "is not a valid pattern"},
	} {
		_, err := downloadBuilder(t).Resolve(t.Context(), downloadSpec(c.d), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error has the secret: %v", name, err)
		}
		at := "downloads[0]"
		if slices.Contains([]string{"no url", "other scheme", "user", "user and query", "signed", "token", "fragment"}, name) {
			at += ".url"
		}
		if name == "architecture" {
			at += ".architecture"
		}
		wantInput(t, err, at)
	}
}

// listed lists the files of a zip, with a star behind those that are executable.
func listed(t *testing.T, name string) string {
	t.Helper()
	return strings.Join(slices.Sorted(maps.Keys(zipFiles(t, name))), " ")
}

// packedZip zips the files, in the order of their names.
func packedZip(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
