package provider

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// tgz packs files, each named in front of its content.
func tgz(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for pair := range slices.Chunk(files, 2) {
		if err := w.WriteHeader(&tar.Header{Name: pair[0], Mode: 0o644, Size: int64(len(pair[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pair[1]); err != nil {
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

// hexOf digests a string as sha256 of downloads is written.
func hexOf(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }

// servedFiles serves the files by path; asked counts the requests.
func servedFiles(t *testing.T, files map[string]string) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if body, ok := files[r.URL.Path]; ok {
			_, _ = io.WriteString(w, body)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// TestPackageOfDownloads takes a program out of archives, one for each
// architecture, and asks nobody once that is done.
func TestPackageOfDownloads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x86, arm := tgz(t, "media-7/encoder", elfHeader(62)), tgz(t, "media-7/encoder", elfHeader(183))
	address, asked := servedFiles(t, map[string]string{"/x86.tar.gz": x86, "/arm.tar.gz": arm})
	out := filepath.Join(w.dir, "layer.zip")
	config := func(architecture, more string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes      = ["python3.12", "nodejs22.x"]
  architectures = [%q]
  output_path   = %q
  downloads = [
    { url = "%[3]s/x86.tar.gz", sha256 = %[4]q, architecture = "x86_64", files = { "*/encoder" = "bin/encoder" } },
    { url = "%[3]s/arm.tar.gz", architecture = "arm64", files = { "*/encoder" = "bin/encoder" } },
    %[5]s
  ]
}`, architecture, out, address, hexOf(x86), more)
	}
	holds := func(content string) resource.TestCheckFunc {
		return func(*terraformState) error {
			if got := unzip(t, out); len(got) != 1 || got["bin/encoder"] != content {
				return fmt.Errorf("the layer holds %q", keys(got))
			}
			return nil
		}
	}
	contents := func(archive string) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue("layerbuild_package.p", at1("contents"), knownvalue.MapExact(map[string]knownvalue.Check{
			"downloads:bin/encoder": knownvalue.StringExact(hexOf(archive)[:12]),
		}))}
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("x86_64", ""), ConfigPlanChecks: expectEmpty(), Check: holds(elfHeader(62)), ConfigStateChecks: contents(x86)},
			{Config: config("arm64", ""), ConfigPlanChecks: expectEmpty(), Check: holds(elfHeader(183)), ConfigStateChecks: contents(arm)},
			{Config: config("arm64", fmt.Sprintf(`{ url = "%s/x86.tar.gz" }`, address)), ExpectError: sentenceLike(`"media-7/encoder" is for x86_64`)},
		},
	})
	// Each address once: that of the last step has no digest to be known by.
	if got := asked.Load(); got != 3 {
		t.Errorf("three addresses took %d requests", got)
	}
}

// TestDownloadsOnDifferentMachines plans on one machine, applies on another and
// plans without a network on a third.
func TestDownloadsOnDifferentMachines(t *testing.T) {
	t.Parallel()
	address, asked := servedFiles(t, map[string]string{"/a.tar.gz": tgz(t, "x/tool", elfHeader(62))})
	planner := newMachine(t, nil)
	planner.write("main.tf", requiredProvider+fmt.Sprintf(`
resource "layerbuild_package" "p" {
  runtimes  = ["python3.12"]
  downloads = [{ url = "%s/a.tar.gz", files = { "*/tool" = "bin/" } }]
}
`, address))
	printed := planner.terraform(0, "plan", "-out=saved.tfplan")
	if !strings.Contains(printed, "Downloads without a digest") {
		t.Errorf("the plan does not warn of the missing digest:\n%s", printed)
	}
	hash := planner.planned("saved.tfplan", "layerbuild_package.p", "sha256")
	applier := newMachine(t, planner)
	applier.terraform(0, "apply", "saved.tfplan")
	if zips := applier.zips(); len(zips) != 1 || filepath.Base(zips[0]) != hash+".zip" {
		t.Errorf("the other machine wrote %q, planned was %s", zips, hash)
	}
	before := asked.Load()
	idle := newMachine(t, applier)
	idle.terraform(0, "plan", "-detailed-exitcode")
	if got := asked.Load(); got != before || len(idle.zips()) != 0 {
		t.Errorf("a plan without changes made %d requests", got-before)
	}
}

func TestDownloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address, _ := servedFiles(t, map[string]string{"/a.tar.gz": tgz(t, "x/tool", elfHeader(62))})
	var steps []resource.TestStep
	for _, c := range []struct{ element, want string }{
		{`url = "https://me:hunter2@example.com/a"`, `Credentials in the address of a download at "example.com"`},
		{`url = "https://example.com/a?X-Amz-Signature=hunter2"`, `A secret in the address of a download at "example.com"`},
		{fmt.Sprintf(`url = "%s/a.tar.gz", files = { "*/tol" = "bin/" }`, address), `(?s)matches no path of the archive.*x/tool`},
		{fmt.Sprintf(`url = "%s/a.tar.gz", sha256 = "%s"`, address, strings.Repeat("0f", 32)), `(?s)is another file.*nothing of it was used`},
		{fmt.Sprintf(`url = "%s/a.tar.gz", architecture = "arm"`, address), `(?s)"arm" is not a value of downloads\[0\].architecture.*Write "arm64"`},
	} {
		steps = append(steps, resource.TestStep{
			Config:      w.config("resource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  downloads = [{ %s }]\n}", c.element),
			ExpectError: sentenceLike(c.want),
		})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: steps})
}
