package provider

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// universe is the index of most tests: requests with a dependency, two
// releases of one project, and one wheel of native code for each runtime.
const universe = `
requests 2.31.0
  requires: idna>=2.5
  file: requests/api.py: def get(): return "got"\n
idna 3.6
idna 3.7
  uploaded: 2024-02-01T00:00:00Z
native 1.0
  wheel: cp311-cp311-manylinux_2_17_x86_64
  wheel: cp312-cp312-manylinux_2_17_x86_64
  wheel: cp312-cp312-manylinux_2_17_aarch64
modern 2.0
  wheel: cp311-cp311-manylinux_2_28_x86_64
  wheel: cp312-cp312-manylinux_2_28_x86_64
source-only 1.0
  sdist
taken-back 1.0
  yanked: broken
left 1.0
  requires: idna<3.7
right 1.0
  requires: idna>=3.7
boto3 1.35.0
  requires: botocore<1.36, jmespath, idna
botocore 1.35.1
  requires: jmespath
jmespath 1.0
`

// now is the clock of the providers under test.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is what one test's provider can reach: an index, AWS, a cache and a
// folder, all its own.
type world struct {
	*testing.T
	index *indextest.Index
	aws   *lambdatest.AWS
	cache string
	dir   string
	// clock is the provider's; nil is one that stands still at now.
	clock func() time.Time
	env   map[string]string // what the provider finds besides
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{T: t, index: indextest.New(t, universe), aws: lambdatest.New(t), cache: t.TempDir(), dir: t.TempDir()}
}

// providers returns the provider of this world.
func (w *world) providers() map[string]func() (tfprotov6.ProviderServer, error) {
	environment := func(name string) string {
		if value, ok := w.env[name]; ok {
			return value
		}
		return map[string]string{"PIP_INDEX_URL": w.index.URL(), "LAYERBUILD_CACHE_DIR": w.cache}[name]
	}
	return map[string]func() (tfprotov6.ProviderServer, error){"layerbuild": func() (tfprotov6.ProviderServer, error) {
		p := &layerbuild{version: "test", getenv: environment, now: func() time.Time { return now }}
		if w.clock != nil {
			p.now = w.clock
		}
		p.secrets = &secret.Keeper{}
		return newServer(p), nil
	}}
}

// config returns a configuration with the provider block of this world.
func (w *world) config(format string, args ...any) string {
	return fmt.Sprintf(`
provider "layerbuild" {
  region     = "eu-west-1"
  access_key = "AKIAIOSFODNN7EXAMPLE"
  secret_key = "not-a-secret"
  endpoints {
    lambda = %[1]q
    s3     = %[1]q
    signer = %[1]q
    ssm    = %[1]q
    sts    = %[1]q
  }
  s3_use_path_style       = true
  skip_metadata_api_check = "true"
}
`, w.aws.URL()) + fmt.Sprintf(format, args...)
}

// write puts a file below the world's folder and returns its path.
func (w *world) write(name, content string) string {
	w.Helper()
	file := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		w.Fatal(err)
	}
	return file
}

// base64SHA256 digests a file as AWS would.
func base64SHA256(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// unzip returns the files of a zip, read by the standard library.
func unzip(t testing.TB, file string) map[string]string {
	t.Helper()
	r, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	files := map[string]string{}
	for _, f := range r.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	return files
}

// makeSparse makes a file of zeros of the size.
func makeSparse(t testing.TB, file string, size int64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// elfHeader is the start of a program for a machine, by its ELF number.
func elfHeader(machine byte) string {
	return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00" + string([]byte{machine}) + "\x00" + strings.Repeat("\x00", 44)
}

// hasBelow reports whether a file's name begins with the prefix.
func hasBelow(files map[string]string, prefix string) bool {
	for name := range files {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func keys(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

type terraformState = terraform.State

// lines breaks arguments of a resource, written in one line, at "; ".
func lines(arguments string) string { return strings.ReplaceAll(arguments, "; ", "\n  ") }

// sentenceLike matches text that a terminal has wrapped.
func sentenceLike(pattern string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(pattern, " ", `\s+(?:│\s+)?`))
}

// zipOf returns a zip of one file, written by the standard library.
func zipOf(t testing.TB, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hashOf digests a string as AWS would.
func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// removeVersion deletes a layer version behind Terraform's back.
func (w *world) removeVersion(layer string, number int) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodDelete,
		fmt.Sprintf("%s/2018-10-31/layers/%s/versions/%d", w.aws.URL(), layer, number), nil)
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusNoContent {
		w.Fatalf("deleting version %d: %s, %v", number, response.Status, err)
	}
}
