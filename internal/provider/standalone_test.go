package provider

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// specifications are packages as JSON; {dir} is a folder with src/, {index} an
// index of wheels, {file} an address with the digest {sum}, {lock} a
// package-lock.json.
var specifications = []string{
	`{"runtimes": ["python3.12"], "files": [{"content": "A = 1\n", "target": "python/a.py"}]}`,
	`{"runtimes": ["python3.11", "python3.12"], "files": [{"source": "{dir}/src", "target": "python/shared"}]}`,
	`{"runtimes": ["python3.12"], "files": [{"source": "{dir}/src", "target": "python/shared", "exclude": ["*_test.py"]}]}`,
	`{"runtimes": ["python3.12"], "files": [{"source": "{dir}/src", "target": "python/", "include": ["**/*.py"]}], "prune": ["tests"]}`,
	`{"runtimes": ["python3.12"], "files": [{"source": "{dir}/src/a.py", "target": "python/"}], "executables": ["python/*.py"]}`,
	`{"runtimes": ["provided.al2023"], "files": [{"content": "#!/bin/sh\n", "target": "bin/run"}, {"content": "x", "target": "lib/x.txt"}]}`,
	`{"runtimes": ["python3.12"], "python": {"requirements": ["requests==2.31.0"], "index": [{"url": "{index}", "packages": ["*"]}]}}`,
	`{"runtimes": ["python3.11", "python3.12"], "python": {"requirements": ["native"], "index": [{"url": "{index}", "packages": ["*"]}]}}`,
	`{"runtimes": ["python3.12"], "architectures": ["arm64"], "python": {"requirements": ["native", "idna<3.7"], "index": [{"url": "{index}", "packages": ["*"]}]}}`,
	`{"runtimes": ["python3.12"], "python": {"requirements": ["boto3"], "exclude_runtime_sdk": true, "index": [{"url": "{index}", "packages": ["*"]}]}, "files": [{"content": "", "target": "python/e.py"}]}`,
	`{"runtimes": ["python3.12"], "python": {"requirements": ["requests"], "exclude": ["idna"], "index": [{"url": "{index}", "packages": ["*"]}]}, "checks": {"imports": "off"}}`,
	`{"runtimes": ["python3.12"], "python": {"requirements": ["requests"], "constraints": ["idna==3.6"], "index": [{"url": "{index}", "packages": ["*"]}]}, "exclude": ["**/RECORD"]}`,
	`{"runtimes": ["python3.12"], "python": {"requirements": ["requests"], "index": [{"url": "{index}", "packages": ["*"]}]}, "exclude": ["**/*.dist-info/**"], "keep": ["**/METADATA"]}`,
	`{"runtimes": ["python3.12"], "kind": "function", "python": {"requirements": ["idna"], "index": [{"url": "{index}", "packages": ["*"]}]}, "files": [{"source": "{dir}/src", "target": ""}]}`,
	`{"runtimes": ["python3.12"], "downloads": [{"url": "{file}", "sha256": "{sum}", "files": {"*/tool": "bin/tool"}}]}`,
	`{"runtimes": ["python3.12"], "downloads": [{"url": "{file}", "sha256": "{sum}", "files": {"*/tool": "bin/tool", "*/data.txt": "share/data.txt"}}], "files": [{"content": "B = 1\n", "target": "python/b.py"}]}`,
	`{"runtimes": ["nodejs22.x"], "nodejs": {"lock_file": "{lock}"}}`,
	`{"runtimes": ["nodejs22.x", "nodejs24.x"], "architectures": ["x86_64", "arm64"], "nodejs": {"lock_file": "{lock}"}, "exclude": ["**/*.md"]}`,
	`{"runtimes": ["nodejs22.x", "python3.12"], "nodejs": {"lock_file": "{lock}"}, "python": {"requirements": ["idna"], "index": [{"url": "{index}", "packages": ["*"]}]}}`,
	`{"runtimes": ["nodejs22.x"], "kind": "function", "nodejs": {"lock_file": "{lock}"}, "files": [{"content": "exports.handler = 1\n", "target": "index.js"}]}`,
}

// TestTheCommandBuildsWhatTheResourceBuilds applies every specification as a
// resource, and builds it without Terraform with another cache: the digests are the
// same, and so are the zips on disk.
func TestTheCommandBuildsWhatTheResourceBuilds(t *testing.T) {
	t.Parallel()
	w := newNPMWorld(t)
	w.write("src/a.py", "A = 1\n")
	w.write("src/a_test.py", "assert False\n")
	w.write("src/tests/t.py", "T = 1\n")
	archive := tarOf(t, map[string]string{"v1/tool": "#!/bin/sh\necho tool\n", "v1/data.txt": "data\n"})
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		if _, err := out.Write(archive); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256(archive)
	fill := strings.NewReplacer("{dir}", filepath.ToSlash(w.dir), "{index}", w.index.URL(), "{file}", server.URL+"/tool.tar",
		"{sum}", hex.EncodeToString(sum[:]), "{lock}", filepath.ToSlash(w.packageLock("")))
	var config strings.Builder
	built := map[string]string{}
	for i, text := range specifications {
		var arguments map[string]any
		decoder := json.NewDecoder(strings.NewReader(fill.Replace(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&arguments); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		fmt.Fprintf(&config, "resource \"layerbuild_package\" \"p%d\" {\n  output_path = %q\n", i, filepath.ToSlash(filepath.Join(w.dir, "resource", fmt.Sprint(i, ".zip"))))
		for name, value := range arguments {
			body, err := json.Marshal(value) // an expression of HCL, too
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&config, "  %s = %s\n", name, body)
		}
		config.WriteString("}\n")
		zip := filepath.Join(w.dir, "command", fmt.Sprint(i, ".zip"))
		arguments["output_path"] = zip
		b, err := Build(t.Context(), "test", map[string]any{"cache_dir": filepath.Join(w.dir, "other-cache")}, arguments, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := base64SHA256(t, zip); got != b.SourceCodeHash {
			t.Errorf("%s: the zip has %s, the command tells of %s", text, got, b.SourceCodeHash)
		}
		built[fmt.Sprintf("layerbuild_package.p%d", i)] = b.SourceCodeHash
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config("%s", config.String()),
			Check: func(s *terraform.State) error {
				for i, text := range specifications {
					name := fmt.Sprintf("layerbuild_package.p%d", i)
					got := s.RootModule().Resources[name].Primary.Attributes["source_code_hash"]
					if got != built[name] || got != base64SHA256(t, filepath.Join(w.dir, "resource", fmt.Sprint(i, ".zip"))) {
						t.Errorf("%s: the resource has %s, the command %s", text, got, built[name])
					}
				}
				return nil
			},
		}},
	})
	if len(specifications) < 20 {
		t.Errorf("only %d specifications", len(specifications))
	}
}

// tarOf returns an archive of files.
func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range keys(files) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
