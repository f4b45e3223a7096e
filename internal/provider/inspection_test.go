package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// TestInspection looks into a zip on disk, one at an address, and one that is
// published, none of which was built here.
func TestInspection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deep := zipOf(t, "my-layer/python/m.py", "M = 1\n")
	module := zipOf(t, "python/m.cpython-311-x86_64-linux-gnu.so", elfFor("", "libc.so.6", ""))
	sum := sha256.Sum256([]byte(module))
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		if _, err := out.Write([]byte(module)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	w.publishOutside(region, "deps", module, map[string]any{"CompatibleRuntimes": []string{"python3.12"}})
	finding := func(check, severity, file, like string) knownvalue.Check {
		return knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
			"check": knownvalue.StringExact(check), "severity": knownvalue.StringExact(severity), "file": knownvalue.StringExact(file),
			"distribution": knownvalue.StringExact(""), "text": knownvalue.StringRegexp(sentenceLike(like)),
		})})
	}
	const file = "python/m.cpython-311-x86_64-linux-gnu.so"
	is := func(name string, found knownvalue.Check, size int) []statecheck.StateCheck {
		name = "data.layerbuild_inspection." + name
		return []statecheck.StateCheck{
			statecheck.ExpectKnownValue(name, tfjsonpath.New("findings"), found),
			statecheck.ExpectKnownValue(name, tfjsonpath.New("size"), knownvalue.Int64Exact(int64(size))),
			statecheck.ExpectKnownValue(name, tfjsonpath.New("file_count"), knownvalue.Int64Exact(1)),
		}
	}
	checks := is("disk", finding("layout", "error", "my-layer/python/m.py", `Everything lies in "my-layer/"`), len(deep))
	checks = append(checks, is("address", finding("native", "error", file, `is for CPython 3.11, not for python3.13`), len(module))...)
	checks = append(checks, is("published", finding("native", "error", file, `is for CPython 3.11, not for python3.12`), len(module))...)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: w.config(`
data "layerbuild_inspection" "disk" {
  filename = %q
}
data "layerbuild_inspection" "address" {
  url      = %q
  sha256   = %q
  runtimes = ["python3.13"]
}
data "layerbuild_inspection" "published" {
  layer_version_arn = "%s:1"
}`, w.write("deep.zip", deep), server.URL+"/layer.zip", hex.EncodeToString(sum[:]), layerARN),
				ConfigStateChecks: checks,
			},
			{Config: w.config(`data "layerbuild_inspection" "x" { filename = "absent.zip" }`), ExpectError: sentenceLike(`absent.zip`)},
			{Config: w.config(`data "layerbuild_inspection" "x" { url = "https://example.com/a.zip" }`), ExpectError: sentenceLike(`sha256`)},
			{Config: w.config(`data "layerbuild_inspection" "x" { layer_version_arn = "%s:9" }`, layerARN), ExpectError: sentenceLike(`cannot be read`)},
		},
	})
}
