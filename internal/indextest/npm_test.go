package indextest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const npmUniverse = `
# two of a name
a 1.0.0
  dependencies: b ^1 || ^2, c npm:d@1
  peer: p *
  optional-peer: q 1 - 2
  engines: node >=18
  os: linux, !win32
  bin: a bin/a.js
  exec: bin/a.js
  file: bin/a.js: #!/usr/bin/env node\n
  json: {"type": "module"}
a 1.1.0-rc.1
  uploaded: unknown
  tag: next
@s/b 2.0.0
  bundled: x 1.0.0
  script: install node-gyp rebuild
  libc: musl
  integrity: sha1
-- @s/b 2.0.0/lib/b.js --
module.exports = 1
`

// ask gets a path of the registry with a header.
func ask(t *testing.T, n *NPM, path, key, value string) (*http.Response, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(n.URL(), "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set(key, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response, body
}

func TestNPMDocuments(t *testing.T) {
	t.Parallel()
	n := NewNPM(t, npmUniverse)
	_, body := ask(t, n, "/a", "", "")
	var got struct {
		Tags     map[string]string `json:"dist-tags"`
		Time     map[string]string
		Versions map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"latest": "1.0.0", "next": "1.1.0-rc.1"}; !reflect.DeepEqual(got.Tags, want) {
		t.Errorf("the tags are %v, want %v", got.Tags, want)
	}
	if want := map[string]string{"1.0.0": "2024-01-01T00:00:00Z"}; !reflect.DeepEqual(got.Time, want) {
		t.Errorf("the times are %v, want %v", got.Time, want)
	}
	content, integrity := n.Tarball("a", "1.0.0")
	sum := sha512.Sum512(content)
	if want := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); integrity != want {
		t.Errorf("the integrity is %s, want %s", integrity, want)
	}
	want := `{"name":"a","version":"1.0.0","dependencies":{"b":"^1 || ^2","c":"npm:d@1"},` +
		`"peerDependencies":{"p":"*","q":"1 - 2"},"peerDependenciesMeta":{"q":{"optional":true}},"engines":{"node":">=18"},` +
		`"os":["linux","!win32"],"bin":{"a":"bin/a.js"},"type":"module","dist":{"tarball":"` + n.TarballURL("a", "1.0.0") + `","integrity":"`
	if text := strings.NewReplacer(`\u003e`, ">").Replace(string(got.Versions["1.0.0"])); !strings.HasPrefix(text, want) {
		t.Errorf("the manifest is\n%s, want\n%s…", text, want)
	}
	if _, body := ask(t, n, "/a/1.0.0", "", ""); !bytes.Equal(body, got.Versions["1.0.0"]) {
		t.Errorf("the version's own document is\n%s, want\n%s", body, got.Versions["1.0.0"])
	}
	if _, body := ask(t, n, "/@s%2fb", "Accept", abbreviatedType); !bytes.Contains(body, []byte(`"hasInstallScript":true`)) ||
		bytes.Contains(body, []byte("libc")) || bytes.Contains(body, []byte("integrity")) || bytes.Contains(body, []byte(`"time"`)) {
		t.Errorf("the abbreviated document is %s", body)
	}
	response, _ := ask(t, n, "/a", "", "")
	if again, _ := ask(t, n, "/a", "If-None-Match", response.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("a known ETag is answered with %d, want 304", again.StatusCode)
	}
	for _, path := range []string{"/nothing", "/a/9.0.0", "/a/-/a-9.0.0.tgz"} {
		if response, _ := ask(t, n, path, "", ""); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s is answered with %d, want 404", path, response.StatusCode)
		}
	}
}

func TestNPMTarballs(t *testing.T) {
	t.Parallel()
	n := NewNPM(t, npmUniverse, WithFiles("@s/b 2.0.0", map[string][]byte{"more.js": []byte("2")}))
	_, body := ask(t, n, "/@s/b/-/b-2.0.0.tgz", "", "")
	if got, want := tarNames(t, body), []string{
		"package/index.js", "package/lib/b.js", "package/more.js", "package/node_modules/x/index.js",
		"package/node_modules/x/package.json", "package/package.json",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("the tarball holds %q, want %q", got, want)
	}
	content, _ := n.Tarball("a", "1.0.0")
	if got, want := tarNames(t, content), []string{"package/bin/a.js*", "package/index.js", "package/package.json"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the tarball holds %q, want %q", got, want)
	}
	again := NewNPM(t, npmUniverse)
	if same, _ := again.Tarball("a", "1.0.0"); !bytes.Equal(content, same) {
		t.Error("two registries have different tarballs of one universe")
	}
	n.Tamper("a", "1.0.0", []byte("x"))
	if _, body := ask(t, n, "/a/-/a-1.0.0.tgz", "", ""); string(body) != "x" {
		t.Errorf("the tarball is %q, want %q", body, "x")
	}
}

// tarNames lists a tarball, with a star after executable files.
func tarNames(t *testing.T, tarball []byte) []string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode&0o100 != 0 {
			h.Name += "*"
		}
		names = append(names, h.Name)
	}
}

func TestNPMFaultsAndCredentials(t *testing.T) {
	t.Parallel()
	n := NewNPM(t, npmUniverse, WithToken("secret"))
	n.Fail(NPMFault{Path: "/@s/b", Status: 429, RetryAfter: "3", Times: 1})
	if response, _ := ask(t, n, "/@s%2fb", "", ""); response.StatusCode != 429 || response.Header.Get("Retry-After") != "3" {
		t.Errorf("the answer is %d after %q, want 429 after 3", response.StatusCode, response.Header.Get("Retry-After"))
	}
	if response, _ := ask(t, n, "/@s%2fb", "", ""); response.StatusCode != 401 {
		t.Errorf("the answer is %d, want 401", response.StatusCode)
	}
	_, whole := ask(t, n, "/a", "Authorization", "Bearer secret")
	n.Fail(NPMFault{Path: "/a"})
	if _, body := ask(t, n, "/a", "Authorization", "Bearer secret"); len(body) >= len(whole) {
		t.Errorf("all %d bytes arrive, want less", len(body))
	}
	var users []string
	for _, r := range n.Requests() {
		users = append(users, r.User+" "+r.Path)
	}
	if want := []string{" /@s/b", " /@s/b", "token secret /a", "token secret /a"}; !reflect.DeepEqual(users, want) {
		t.Errorf("the requests are %q, want %q", users, want)
	}
}

func TestNPMChanges(t *testing.T) {
	t.Parallel()
	n := NewNPM(t, npmUniverse)
	if err := n.Add("a 2.0.0\n"); err != nil {
		t.Fatal(err)
	}
	n.Withdraw("a@1.0.0")
	n.Withdraw("@s/b")
	n.AddDocument("c", []byte(`{"name":"c","versions":{"1.0.0":{"name":"c"}}}`))
	if _, body := ask(t, n, "/a", "", ""); !bytes.Contains(body, []byte(`"latest":"2.0.0"`)) || bytes.Contains(body, []byte(`"1.0.0"`)) {
		t.Errorf("the document is %s, want 2.0.0 and no 1.0.0", body)
	}
	if response, _ := ask(t, n, "/@s%2fb", "", ""); response.StatusCode != 404 {
		t.Errorf("a withdrawn name is answered with %d, want 404", response.StatusCode)
	}
	if _, body := ask(t, n, "/c/1.0.0", "", ""); string(body) != `{"name":"c"}` {
		t.Errorf("a recorded version is %s", body)
	}
}

func TestNPMUniverseErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"  os: linux\n", "line 1"},
		{"a 1.0.0\nnot a field\n", "line 2"},
		{"a 1.0.0\n  unknown: x\n", "unknown field"},
		{"a 1.0.0\n  dependencies: b\n", "want a name"},
		{"a 1.0.0\n  uploaded: tomorrow\n", "RFC 3339"},
		{"a 1.0.0\n  integrity: md5\n", "sha1"},
		{"a 1.0.0\n  json: [\n", "json"},
		{"a 1.0.0\n  file: x\n", "want a path"},
		{"a 1.0.0\n-- b 1.0.0/x --\n", "universe file"},
	} {
		if n, err := StartNPM(c.text); err == nil {
			n.Close()
			t.Errorf("universe %q: no error", c.text)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("universe %q: error %v, want %q in it", c.text, err, c.want)
		}
	}
}
