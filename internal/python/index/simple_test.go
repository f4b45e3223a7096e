package index

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

const (
	digestA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func TestParseSimple(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, body string
		want             []File
		wantBase         string
		wantErr          string
	}{{
		name: "JSON",
		kind: "application/vnd.pypi.simple.v1+json; charset=utf-8",
		body: `{"name":"a","meta":{"api-version":"1.4","x":[1,{"y":null}]},"versions":["1"],"files":[
			{"filename":"a-1-py3-none-any.whl","url":"../../x/a-1-py3-none-any.whl","hashes":{"md5":"0","sha256":"` + digestA + `"},
			 "size":12,"upload-time":"2024-01-02T03:04:05.678Z","requires-python":">=3.7","yanked":false,
			 "provenance":{"a":"}]"},"core-metadata":{"sha256":"` + digestB + `"},"data-dist-info-metadata":false},
			{"url":"b","filename":"\u0061-2.tar.gz","hashes":{},"yanked":"be\"cause","requires-python":null,"size":null,"core-metadata":true}]}`,
		want: []File{{
			Filename: "a-1-py3-none-any.whl", url: "../../x/a-1-py3-none-any.whl", SHA256: digestA, Size: 12, RequiresPython: ">=3.7",
			Uploaded: "2024-01-02T03:04:05.678Z", metadata: true, metadataSHA256: digestB,
		}, {
			Filename: "a-2.tar.gz", url: "b", Yanked: true, yankReason: `be"cause`, metadata: true,
		}},
	}, {
		name: "the old name of core-metadata",
		kind: "application/json",
		body: `{"meta":{"api-version":"1.0"},"files":[{"filename":"a","url":"b","data-dist-info-metadata":{"sha256":"` + digestB + `"}}]}`,
		want: []File{{Filename: "a", url: "b", metadata: true, metadataSHA256: digestB}},
	}, {
		name:    "another version of the API",
		kind:    "application/json",
		body:    `{"meta":{"api-version":"2.0"},"files":[]}`,
		wantErr: `reading the index page: index API version "2.0" is not 1.x`,
	}, {
		name:    "no files",
		kind:    "application/json",
		body:    `{"message":"hello"}`,
		wantErr: `reading the index page: no "files" in it`,
	}, {
		name:    "torn JSON",
		kind:    "application/json",
		body:    `{"files":[{"filename":"a`,
		wantErr: "reading the index page: reading JSON at byte 24: want the end of a string: it is not well-formed JSON",
	}, {
		name:    "another content type",
		kind:    "text/plain",
		body:    "hello",
		wantErr: `reading the index page: content type "text/plain" is neither PEP 691 JSON nor HTML`,
	}, {
		name:    "an empty answer",
		wantErr: "reading the index page: it is empty, or has no HTML",
	}, {
		name:    "words in place of HTML",
		kind:    "text/html",
		body:    "We are back soon.\n",
		wantErr: "reading the index page: it is empty, or has no HTML",
	}, {
		name: "HTML without links",
		kind: "text/html",
		body: "<!DOCTYPE html>\n",
	}, {
		name: "HTML",
		kind: "text/html",
		body: `<!DOCTYPE html><html><head><base href="https://files.example/x/"><title>Links</title></head><body>
			<A HREF="a-1-py3-none-any.whl#sha256=` + digestA + `" data-requires-python="&gt;=3.7" data-core-metadata="sha256=` + digestB + `">a-1…</a>
			<a href="https://h.example/a%2Bb-2-py3-none-any.whl#md5=0" data-yanked="">x</a><a>no link</a><a href="?page=2/">next</a>
			<a href="/a-3.zip" data-dist-info-metadata="true" data-core-metadata="false">`,
		want: []File{
			{Filename: "a-1-py3-none-any.whl", url: "a-1-py3-none-any.whl", SHA256: digestA, RequiresPython: ">=3.7", metadata: true, metadataSHA256: digestB},
			{Filename: "a+b-2-py3-none-any.whl", url: "https://h.example/a%2Bb-2-py3-none-any.whl", Yanked: true},
			{Filename: "a-3.zip", url: "/a-3.zip"},
		},
		wantBase: "https://files.example/x/",
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, base, err := parseSimple([]byte(c.body), c.kind)
			if c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr {
					t.Errorf("parseSimple() = %v, want %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) || base != c.wantBase {
				t.Errorf("parseSimple() =\n%+v %q\nwant\n%+v %q", got, base, c.want, c.wantBase)
			}
		})
	}
}

func FuzzParseSimpleJSON(f *testing.F) {
	f.Add(`{"meta":{"api-version":"1.0"},"files":[{"filename":"a-1-py3-none-any.whl","url":"b","hashes":{"sha256":"0"},"size":1e3,"yanked":"x","core-metadata":{"sha256":"1"}}]}`)
	f.Add(`{"files":[{"filename":"\ud83d\ude00\n","x":[[[{}]]]}]}`)
	f.Add(`{"files":[`)
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		files, err := parseSimpleJSON([]byte(text))
		if err == nil && files == nil {
			t.Error("neither files nor an error")
		}
		if len(files) > len(text) {
			t.Errorf("%d files in %d bytes", len(files), len(text))
		}
	})
}

func FuzzParseSimpleHTML(f *testing.F) {
	f.Add(`<base href="x"><a href="a-1-py3-none-any.whl#sha256=0" data-yanked data-core-metadata="true">a</a>`)
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		files, _, err := parseSimpleHTML(text)
		if err != nil {
			t.Error(err)
		}
		for _, file := range files {
			if file.Filename == "" || strings.Contains(file.Filename, "/") {
				t.Errorf("a file named %q", file.Filename)
			}
		}
	})
}

// wholeFile is a file that is known in full, so that nothing is fetched.
func wholeFile(b []byte) *remoteFile {
	size := int64(len(b))
	return &remoteFile{size: size, parts: []fetch.Part{{Data: b, Total: size}}}
}

func zipOf(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "Name: "+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadWheelMetadata(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		body []byte
		want string
	}{
		{"found", zipOf(t, "a/METADATA", "x/a-1.dist-info/METADATA", "a-1.dist-info/METADATA"), "Name: a-1.dist-info/METADATA"},
		{"none", zipOf(t, "a/METADATA"), "error: it has no METADATA"},
		{"no archive", []byte("hello"), "error: it is not a zip archive: zip: not a valid zip file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body, err := readWheelMetadata(wholeFile(c.body))
			got := string(body)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != c.want {
				t.Errorf("readWheelMetadata() = %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzReadWheelMetadata(f *testing.F) {
	f.Add(zipOf(f, "a-1.dist-info/METADATA"))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		if body, err := readWheelMetadata(wholeFile(b)); err == nil && len(body) > maxMetadata {
			t.Errorf("%d bytes of METADATA", len(body))
		}
	})
}
