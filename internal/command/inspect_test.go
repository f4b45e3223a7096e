package command

import (
	"archive/zip"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// armModule is the head of a shared object for arm64 that holds nothing.
const armModule = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\xb7\x00\x01\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00\x38\x00\x00\x00\x40\x00\x00\x00\x00\x00"

// writeZip writes a zip with the standard library's writer, as other tools make
// them: with entries for folders.
func writeZip(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "layer.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	var all []string
	for path := range files {
		all = append(all, path)
	}
	slices.Sort(all)
	folders := map[string]bool{}
	for _, path := range all {
		if dir := filepath.ToSlash(filepath.Dir(path)) + "/"; dir != "./" && !folders[dir] {
			folders[dir] = true
			if _, err := w.Create(dir); err != nil {
				t.Fatal(err)
			}
		}
		out, err := w.Create(path)
		if err == nil {
			_, err = out.Write([]byte(files[path]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// layerOfPip is what pip installs into python/ of a layer, with a module that is
// for arm64 and CPython 3.12, a program beside, bytecode, and a file of the user.
var layerOfPip = map[string]string{
	"python/acme/__init__.py": "import acme._speed\n", "python/acme/_speed.cpython-312-aarch64-linux-gnu.so": armModule,
	"python/acme/__pycache__/__init__.cpython-312.pyc": "bytecode",
	"python/bin/acme":                            "#!/usr/bin/python3\n",
	"python/acme-2.1.dist-info/METADATA":         "Metadata-Version: 2.1\nName: ACME\nVersion: 2.1\nLicense-Expression: MIT OR Apache-2.0\nRequires-Python: >=3.11\nRequires-Dist: idna>=3\nRequires-Dist: absent; extra == \"x\"\n\nText\n",
	"python/acme-2.1.dist-info/RECORD":           "../../bin/acme,sha256=x,1\nacme/__init__.py,sha256=x,1\nacme/_speed.cpython-312-aarch64-linux-gnu.so,,\nacme-2.1.dist-info/METADATA,,\nacme-2.1.dist-info/RECORD,,\n",
	"python/idna/__init__.py":                    "",
	"python/idna-3.7.dist-info/METADATA":         "Metadata-Version: 2.1\nName: idna\nVersion: 3.7\nClassifier: License :: OSI Approved :: BSD License\n",
	"python/idna-3.7.dist-info/top_level.txt":    "idna\n",
	"python/mine.py":                             "A = 1\n",
	"lib/libmine.txt":                            "text",
	"nodejs/node_modules/a/package.json":         `{"name": "a", "version": "1.0.0", "license": {"type": "ISC"}, "scripts": {"postinstall": "node x.js"}}`,
	"nodejs/node_modules/a/index.js":             "",
	"nodejs/node_modules/@s/b/package.json":      `{"version": "2.0.0", "licenses": [{"type": "MIT"}, {"type": "BSD"}]}`,
	"nodejs/node_modules/@s/b/dist/package.json": `{"type": "module"}`,
}

func TestInspectTellsWhatAZipHolds(t *testing.T) {
	t.Parallel()
	name := writeZip(t, layerOfPip)
	status, out, errs := run(t, "--json", "inspect", name, "--cache-dir", t.TempDir())
	if status != 0 || errs != "" {
		t.Fatalf("status %d: %s\n%s", status, errs, out)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	var contents []string
	for _, h := range r.Contents {
		contents = append(contents, strings.TrimSuffix(h.Key()+" "+h.Version+" "+h.License+" "+count(h.Files, "file"), " "))
	}
	slices.Sort(contents)
	want := []string{
		"files:lib/libmine.txt   1 file", "files:python/mine.py   1 file", "nodejs:@s/b 2.0.0 MIT OR BSD 2 files", "nodejs:a 1.0.0 ISC 2 files",
		"python:acme 2.1 MIT OR Apache-2.0 6 files", "python:idna 3.7 BSD License 3 files",
	}
	if !slices.Equal(contents, want) {
		t.Errorf("contents\n%q, want\n%q", contents, want)
	}
	if r.FileCount != len(layerOfPip) || r.JudgedFor.Declared {
		t.Errorf("%d files, judged for %+v", r.FileCount, r.JudgedFor)
	}
	serves := map[string]string{}
	for _, s := range r.Serves {
		serves[s.Runtime+" "+s.Architecture] = s.Why
	}
	for target, like := range map[string]string{
		"python3.12 arm64": "", "nodejs22.x x86_64": "", "python3.9 arm64": "acme 2.1 wants Python >=3.11", "python3.12 x86_64": "is for arm64", "python3.13 arm64": "CPython 3.12",
	} {
		if why, ok := serves[target]; !ok || like == "" && why != "" || !strings.Contains(why, like) {
			t.Errorf("%s: %q, %t, want %q", target, why, ok, like)
		}
	}
	places := map[string]string{}
	for _, p := range r.Places {
		places[p.Path] = strings.Join(p.Names, " ")
	}
	for path, names := range map[string]string{"/opt/python": "acme idna mine", "/opt/nodejs/node_modules": "@s/b a", "/opt/lib": "libmine.txt"} {
		if places[path] != names {
			t.Errorf("%s: %q, want %q", path, places[path], names)
		}
	}
	if !strings.Contains(out, `"a\" has an install script`) && !strings.Contains(out, "postinstall") {
		t.Errorf("nothing tells of the install script: %s", out)
	}
}

// TestInspectJudgesForWhatIsDeclared: a runtime that the native module is not for
// is an error, and the status says so. The text keeps within 80 columns and holds
// nothing that a terminal obeys.
func TestInspectJudgesForWhatIsDeclared(t *testing.T) {
	t.Parallel()
	files := map[string]string{"python/\u202eevil.py": ""}
	maps.Copy(files, layerOfPip)
	status, out, errs := run(t, "inspect", writeZip(t, files), "--runtime", "python3.13", "--architecture", "arm64", "--cache-dir", t.TempDir())
	if status != 1 || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"error native: ", "python:acme 2.1", "CPython 3.12, not for python3.13", `\u202eevil`} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
	for line := range strings.SplitSeq(out, "\n") {
		if utf8.RuneCountInString(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d columns: %q", utf8.RuneCountInString(line), line)
		}
	}
	if strings.ContainsAny(out, "\u202e\x1b") {
		t.Errorf("a terminal would obey %q", out)
	}
}

func TestInspectFindsEverythingOneFolderTooDeep(t *testing.T) {
	t.Parallel()
	status, out, _ := run(t, "inspect", writeZip(t, map[string]string{"my-layer/python/m.py": "M = 1\n"}), "--cache-dir", t.TempDir())
	if status != 1 || !strings.Contains(out, `Everything lies in "my-layer/"`) || !strings.Contains(out, "no runtime") {
		t.Errorf("status %d: %s", status, out)
	}
}

// TestInspectOfAnAddress: with a digest and without, and a query that is a secret
// is in no message.
func TestInspectOfAnAddress(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile(writeZip(t, map[string]string{"python/m.py": "M = 1\n"}))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/l.zip" {
			http.NotFound(out, r)
			return
		}
		_, _ = out.Write(body) // the client tells of a fault
	}))
	t.Cleanup(server.Close)
	cache := t.TempDir()
	if status, out, errs := run(t, "inspect", server.URL+"/l.zip", "--cache-dir", cache); status != 0 || !strings.Contains(out, "files:python/m.py") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	status, _, errs := run(t, "inspect", server.URL+"/l.zip", "--sha256", strings.Repeat("ab", 32), "--cache-dir", cache)
	if status != 2 || !strings.Contains(errs, strings.Repeat("ab", 32)) {
		t.Errorf("status %d: %s", status, errs)
	}
	status, _, errs = run(t, "inspect", server.URL+"/none.zip?X-Amz-Signature=verysecret", "--cache-dir", cache)
	if status != 2 || strings.Contains(errs, "verysecret") || !strings.Contains(errs, "/none.zip") {
		t.Errorf("status %d: %s", status, errs)
	}
}

func TestInspectOfUnusableInput(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.zip")
	if err := os.WriteFile(text, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"inspect", text, "--runtime", "python3.1"}, {"inspect", text, "--architecture", "mips"},
		{"inspect"}, {"inspect", "absent.zip"}, {"inspect", text}, {"inspect", t.TempDir()}, {"inspect", "arn:aws:lambda:eu-west-1:123:layer"},
	} {
		if status, out, errs := run(t, append(args, "--cache-dir", t.TempDir())...); status != 2 || out != "" || !strings.HasPrefix(errs, "Error: ") {
			t.Errorf("%q: status %d, %q, %q", args, status, out, errs)
		}
	}
}

// TestInspectRefusesRuntimesThatAreNone: nothing would be judged for them, and all
// would look well. All are told at once.
func TestInspectRefusesRuntimesThatAreNone(t *testing.T) {
	t.Parallel()
	name := writeZip(t, map[string]string{"python/m.py": "x = 1\n"})
	status, out, errs := run(t, "inspect", name, "--cache-dir", t.TempDir(), "--runtime", "python3.12", "--runtime", "pyton3.11", "--runtime", "node22")
	if status != 2 || out != "" || !strings.Contains(errs, "pyton3.11") || !strings.Contains(errs, "node22") || strings.Contains(errs, "python3.12\" is not") {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
}

func TestInspectOfAZipWithoutFiles(t *testing.T) {
	t.Parallel()
	for _, more := range [][]string{nil, {"--runtime", "python3.12"}, {"--runtime", "nodejs22.x", "--architecture", "arm64"}} {
		status, out, _ := run(t, append([]string{"inspect", writeZip(t, nil), "--cache-dir", t.TempDir(), "--json"}, more...)...)
		var r report
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if status != 1 || len(r.Findings) != 1 || r.Findings[0].Summary != "The zip holds no file" {
			t.Errorf("%q: status %d, %+v", more, status, r.Findings)
		}
	}
}
