package indextest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const world = `
# a small world
requests 2.31.0
  requires: urllib3>=1.21.1,<3, charset-normalizer<4
  requires: idna[all,more]>=2; python_version in "3.8, 3.9"
  python: >=3.7
  extra: socks: PySocks!=1.5.7, win-inet; sys_platform == "win32"
  extra: none
  uploaded: 2024-02-03T04:05:06Z
Zope.Interface 6.0
  wheel: cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64
  wheel: 1-cp312-cp312-macosx_11_0_arm64
  sdist
  yanked: broken
  uploaded: unknown
  metadata: Summary: a\b
  file: zope/data.txt: one\ntwo\\n
old 1.0
  sdist
-- requests 2.31.0/requests/__init__.py --
def get():
    return 1
`

func get(t *testing.T, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestProjectPageJSON(t *testing.T) {
	t.Parallel()
	i := New(t, world)
	resp, body := get(t, i.URL()+"zope.interface", "Accept", jsonType)
	if got, want := resp.Request.URL.Path, "/simple/zope-interface/"; got != want {
		t.Errorf("redirected to %q, want %q", got, want)
	}
	if got := resp.Header.Get("Content-Type"); got != jsonType {
		t.Errorf("Content-Type = %q", got)
	}
	var page struct {
		Name     string
		Versions []string
		Files    []struct {
			Filename, URL string
			Hashes        map[string]string
			Size          int
			Yanked        any
			UploadTime    *string            `json:"upload-time"`
			CoreMetadata  *map[string]string `json:"core-metadata"`
		}
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		t.Fatal(err)
	}
	if page.Name != "zope-interface" || !slices.Equal(page.Versions, []string{"6.0"}) || len(page.Files) != 3 {
		t.Fatalf("page = %+v", page)
	}
	wantNames := []string{
		"Zope_Interface-6.0-1-cp312-cp312-macosx_11_0_arm64.whl",
		"Zope_Interface-6.0-cp312-cp312-manylinux_2_5_x86_64.manylinux1_x86_64.whl",
		"Zope_Interface-6.0.tar.gz",
	}
	for n, f := range page.Files {
		if f.Filename != wantNames[n] || f.Yanked != "broken" || f.UploadTime != nil {
			t.Errorf("file %d = %+v, want %q, yanked, no upload time", n, f, wantNames[n])
		}
		if (f.CoreMetadata != nil) != strings.HasSuffix(f.Filename, ".whl") {
			t.Errorf("%s: metadata %v", f.Filename, f.CoreMetadata)
		}
		_, content := get(t, f.URL)
		if sum := sha256.Sum256([]byte(content)); f.Hashes["sha256"] != hex.EncodeToString(sum[:]) || f.Size != len(content) {
			t.Errorf("%s: size or digest of the page is not that of the file", f.Filename)
		}
		if f.CoreMetadata == nil {
			continue
		}
		_, metadata := get(t, f.URL+".metadata")
		if sum := sha256.Sum256([]byte(metadata)); (*f.CoreMetadata)["sha256"] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: digest of the metadata differs", f.Filename)
		}
	}
}

func TestMetadataText(t *testing.T) {
	t.Parallel()
	i := New(t, world)
	_, got := get(t, i.FileURL("requests-2.31.0-py3-none-any.whl")+".metadata")
	want := `Metadata-Version: 2.1
Name: requests
Version: 2.31.0
Requires-Python: >=3.7
Requires-Dist: urllib3>=1.21.1,<3
Requires-Dist: charset-normalizer<4
Requires-Dist: idna[all,more]>=2; python_version in "3.8, 3.9"
Provides-Extra: socks
Requires-Dist: PySocks!=1.5.7; extra == "socks"
Requires-Dist: win-inet; (sys_platform == "win32") and extra == "socks"
Provides-Extra: none

Served by a test.
`
	if got != want {
		t.Errorf("METADATA is\n%s\nwant\n%s", got, want)
	}
}

func TestWheelsAreSound(t *testing.T) {
	t.Parallel()
	i := New(t, world, WithFiles("requests 2.31.0", map[string][]byte{"requests/lib.so": {0x7f, 'E', 'L', 'F'}}))
	for name, want := range map[string][]string{
		"requests-2.31.0-py3-none-any.whl": {
			"requests/__init__.py", "requests/lib.so", "requests-2.31.0.dist-info/METADATA",
			"requests-2.31.0.dist-info/WHEEL", "requests-2.31.0.dist-info/RECORD",
		},
		"Zope_Interface-6.0-1-cp312-cp312-macosx_11_0_arm64.whl": {
			"zope/data.txt", "zope_interface/__init__.py", "Zope_Interface-6.0.dist-info/METADATA",
			"Zope_Interface-6.0.dist-info/WHEEL", "Zope_Interface-6.0.dist-info/RECORD",
		},
	} {
		content, sum := i.Wheel(name)
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: Wheel gave another digest", name)
		}
		files := unzip(t, content)
		var names []string
		record := ""
		for _, f := range files {
			names = append(names, f[0])
			if strings.HasSuffix(f[0], "/RECORD") {
				record = f[1]
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s holds %q, want %q", name, names, want)
		}
		for _, f := range files {
			sum := sha256.Sum256([]byte(f[1]))
			line := fmt.Sprintf("%s,sha256=%s,%d\n", f[0], base64.RawURLEncoding.EncodeToString(sum[:]), len(f[1]))
			if !strings.HasSuffix(f[0], "/RECORD") && !strings.Contains(record, line) {
				t.Errorf("%s: RECORD has no line %q", name, line)
			}
		}
	}
	files := unzip(t, first(i.Wheel("Zope_Interface-6.0-1-cp312-cp312-macosx_11_0_arm64.whl")))
	if got, want := files[0][1], "one\ntwo\\n"; got != want {
		t.Errorf("file content = %q, want %q", got, want)
	}
	if got, want := files[3][1], "Root-Is-Purelib: false\nBuild: 1\nTag: cp312-cp312-macosx_11_0_arm64\n"; !strings.HasSuffix(got, want) {
		t.Errorf("WHEEL = %q, want it to end in %q", got, want)
	}
}

func first(content []byte, _ string) []byte { return content }

// unzip returns names and contents in order.
func unzip(t *testing.T, content []byte) [][2]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var files [][2]string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, [2]string{f.Name, string(b)})
	}
	return files
}

func TestSameUniverseSameBytes(t *testing.T) {
	t.Parallel()
	a, b := New(t, world), New(t, world)
	for _, name := range a.Files() {
		_, one := a.Wheel(name)
		_, two := b.Wheel(name)
		if one != two {
			t.Errorf("%s differs between two indexes of one universe", name)
		}
	}
}

func TestProjectPageHTML(t *testing.T) {
	t.Parallel()
	i := New(t, world, HTMLOnly())
	resp, body := get(t, i.URL()+"requests/", "Accept", jsonType+", text/html;q=0.1")
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		t.Errorf("Content-Type = %q", got)
	}
	_, sum := i.Wheel("requests-2.31.0-py3-none-any.whl")
	want := fmt.Sprintf("<a href=\"../../files/%s/requests-2.31.0-py3-none-any.whl#sha256=%s\" data-requires-python=\"&gt;=3.7\" data-core-metadata=\"sha256=", sum[:12], sum)
	if !strings.Contains(body, want) {
		t.Errorf("page is\n%s\nwant it to have\n%s", body, want)
	}
}

func TestETagGzipAndAdd(t *testing.T) {
	t.Parallel()
	i := New(t, world, WithMaxAge(time.Minute))
	page := i.URL() + "requests/"
	resp, _ := get(t, page, "Accept-Encoding", "gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Cache-Control") != "max-age=60, public" {
		t.Errorf("header = %v", resp.Header)
	}
	tag := resp.Header.Get("ETag")
	if resp, _ := get(t, page, "If-None-Match", tag); resp.StatusCode != http.StatusNotModified {
		t.Errorf("status = %d, want 304", resp.StatusCode)
	}
	if err := i.Add("requests 2.32.0\n"); err != nil {
		t.Fatal(err)
	}
	resp, body := get(t, page, "If-None-Match", tag)
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "requests-2.32.0-py3-none-any.whl") {
		t.Errorf("after Add: status %d, body\n%s", resp.StatusCode, body)
	}
	if err := i.Add("requests 2.32.0\n  yanked:\n"); err != nil {
		t.Fatal(err)
	}
	if _, body := get(t, page); strings.Count(body, "2.32.0-py3-none-any.whl</a>") != 1 || !strings.Contains(body, `data-yanked=""`) {
		t.Errorf("after a yank: body\n%s", body)
	}
}

func TestRangesAndOptions(t *testing.T) {
	t.Parallel()
	const name = "requests-2.31.0-py3-none-any.whl"
	i := New(t, world, WithAuth("me", "secret"), WithoutMetadata())
	content, _ := i.Wheel(name)
	if resp, _ := get(t, i.URL()); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without credentials: status %d", resp.StatusCode)
	}
	// "me:secret" in base64.
	const basic = "Basic bWU6c2VjcmV0"
	resp, body := get(t, i.FileURL(name), "Authorization", basic, "Range", "bytes=-10")
	if resp.StatusCode != http.StatusPartialContent || body != string(content[len(content)-10:]) {
		t.Errorf("suffix range: status %d, %q", resp.StatusCode, body)
	}
	if resp, _ := get(t, i.FileURL(name)+".metadata", "Authorization", basic); resp.StatusCode != http.StatusNotFound {
		t.Errorf("metadata: status %d, want 404", resp.StatusCode)
	}
	log := i.Requests()
	want := Request{Path: "/files/" + strings.Split(i.FileURL(name), "/")[4] + "/" + name, Range: "bytes=-10", User: "me", Status: 206}
	if len(log) != 3 || log[1] != want || log[0].Status != 401 {
		t.Errorf("log = %+v, want %+v second of three", log, want)
	}
	i.Forget()
	if n := len(i.Requests()); n != 0 {
		t.Errorf("%d requests after Forget", n)
	}

	whole := New(t, world, WithoutRanges(), WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/simple/old/") {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return true
		}
		return false
	}))
	if resp, body := get(t, whole.FileURL(name), "Range", "bytes=-10"); resp.StatusCode != http.StatusOK || body != string(content) {
		t.Errorf("range without ranges: status %d, %d bytes", resp.StatusCode, len(body))
	}
	if resp, _ := get(t, whole.URL()+"old/"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("fault: status %d", resp.StatusCode)
	}
	if resp, _ := get(t, whole.URL()+"absent/"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("absent project: status %d", resp.StatusCode)
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	i := New(t, world, WithTLS())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := i.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 || !bytes.HasPrefix(i.CertPEM(), []byte("-----BEGIN CERTIFICATE-----\n")) {
		t.Errorf("protocol %s, certificate %.30q", resp.Proto, i.CertPEM())
	}
}

func TestFaultyUniverses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"requests\n", `reading universe line 1: want "name version"`},
		{"  python: >=3\n", "line 1: want"},
		{"a 1\n\n  colour: red\n", `line 3: unknown field "colour"`},
		{"a 1\n  wheel: any\n", `line 2: wheel "any"`},
		{"a 1\n  uploaded: today\n", `line 2: uploaded "today"`},
		{"a 1\n  file: x\n", `line 2: file "x"`},
		{"a 1\n-- a 2/x.py --\n", `file "a 2/x.py"`},
	} {
		i, err := Start(c.text)
		if err == nil {
			i.Close()
			t.Errorf("%q gave no error", c.text)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q gave %q, want %q", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(world)
	f.Add("a 1\n  requires: [\n  extra: :\n")
	f.Fuzz(func(t *testing.T, text string) {
		releases, err := parse(text)
		if err != nil {
			return
		}
		for _, r := range releases {
			if r.name == "" || r.version == "" {
				t.Errorf("release %q %q has no name or version", r.name, r.version)
			}
		}
	})
}
