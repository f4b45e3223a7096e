package provider

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const (
	layerA    = "data.layerbuild_layer.l"
	versionsA = "data.layerbuild_versions.l"
)

// below returns a path such as versions[1].arn.
func below(root string, steps ...any) tfjsonpath.Path {
	p := tfjsonpath.New(root)
	for _, s := range steps {
		switch s := s.(type) {
		case int:
			p = p.AtSliceIndex(s)
		case string:
			p = p.AtMapKey(s)
		}
	}
	return p
}

func has(address string, value knownvalue.Check, root string, steps ...any) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, below(root, steps...), value)
}

// publishOutside publishes a version behind Terraform's back. It asks for what
// the fields say, beside the zip.
func (w *world) publishOutside(regionName, layer, zip string, fields map[string]any) {
	w.Helper()
	fields = maps.Clone(fields)
	if fields == nil {
		fields = map[string]any{}
	}
	fields["Content"] = map[string]any{"ZipFile": []byte(zip)}
	body, err := json.Marshal(fields)
	if err != nil {
		w.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.aws.URL()+"/2018-10-31/layers/"+layer+"/versions", bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/"+regionName+"/lambda/aws4_request, SignedHeaders=host, Signature=00")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusCreated {
		w.Fatalf("publishing %q: %s, %v", layer, response.Status, err)
	}
}

// layer publishes three versions of "deps": one that says nothing of itself,
// one with a description, one for arm64. A function uses the second, and so do
// two of its published versions.
func (w *world) layer() {
	w.Helper()
	for n, more := range []map[string]any{{}, {"Description": "two"}, {"CompatibleArchitectures": []string{"arm64"}, "LicenseInfo": "MIT"}} {
		more["CompatibleRuntimes"] = []string{"python3.12"}
		w.publishOutside(region, "deps", zipOf(w, "python/a.py", fmt.Sprintf("A = %d\n", n)), more)
	}
	if err := w.aws.CreateFunction(region, "resize", 2, layerARN+":2"); err != nil {
		w.Fatal(err)
	}
}

// TestLayerData reads a layer with all that can be asked for.
func TestLayerData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.layer()
	text, number := knownvalue.StringExact, knownvalue.Int64Exact
	read := func(arguments string) string {
		return w.config("\ndata \"layerbuild_layer\" \"l\" {\n  %s\n}", lines(arguments))
	}
	var calls int
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{
				Config: read(`layer_name = "deps"`),
				ConfigStateChecks: []statecheck.StateCheck{
					has(layerA, text(region), "region"), has(layerA, text(layerARN), "layer_arn"),
					has(layerA, knownvalue.ListSizeExact(3), "versions"),
					has(layerA, text(layerARN+":3"), "latest", "arn"), has(layerA, text("MIT"), "latest", "license_info"),
					has(layerA, text(layerARN+":3"), "versions", 0, "arn"), has(layerA, number(1), "versions", 2, "version"),
					has(layerA, knownvalue.ListExact([]knownvalue.Check{text("arm64")}), "versions", 0, "compatible_architectures"),
					has(layerA, knownvalue.ListSizeExact(0), "versions", 1, "compatible_architectures"),
					has(layerA, knownvalue.ListExact([]knownvalue.Check{text("python3.12")}), "versions", 1, "compatible_runtimes"),
					has(layerA, text("two"), "versions", 1, "description"),
					has(layerA, knownvalue.ListExact([]knownvalue.Check{text("resize"), text("resize:1"), text("resize:2")}), "versions", 1, "users"),
					has(layerA, number(3), "versions", 1, "user_count"),
					has(layerA, knownvalue.ListSizeExact(0), "versions", 0, "users"), has(layerA, number(0), "versions", 0, "user_count"),
					has(layerA, knownvalue.Null(), "versions", 0, "code_sha256"), has(layerA, knownvalue.Null(), "versions", 0, "code_size"),
					has(layerA, knownvalue.Null(), "versions", 1, "contents"), has(layerA, knownvalue.Null(), "versions", 1, "contents_omitted"),
				},
			},
			{
				PreConfig: func() { calls = len(w.aws.Calls()) },
				Config:    read(`layer_name = "` + layerARN + `"; newest = 2; read_hashes = true; read_users = false`),
				ConfigStateChecks: []statecheck.StateCheck{
					has(layerA, knownvalue.ListSizeExact(2), "versions"),
					has(layerA, text(hashOf(zipOf(t, "python/a.py", "A = 2\n"))), "versions", 0, "code_sha256"),
					has(layerA, text(hashOf(zipOf(t, "python/a.py", "A = 1\n"))), "versions", 1, "code_sha256"),
					has(layerA, number(int64(len(zipOf(t, "python/a.py", "A = 1\n")))), "versions", 1, "code_size"),
					has(layerA, knownvalue.Null(), "versions", 1, "users"), has(layerA, knownvalue.Null(), "versions", 1, "user_count"),
				},
				Check: func(*terraformState) error {
					for _, c := range w.aws.Calls()[calls:] {
						if c.Operation == "ListFunctions" {
							return fmt.Errorf("functions were listed in spite of read_users = false")
						}
					}
					return nil
				},
			},
			{
				Config: read(`layer_name = "` + layerARN + `:2"`),
				ConfigStateChecks: []statecheck.StateCheck{
					has(layerA, knownvalue.ListSizeExact(1), "versions"), has(layerA, text(layerARN), "layer_arn"),
					has(layerA, text(hashOf(zipOf(t, "python/a.py", "A = 1\n"))), "latest", "code_sha256"),
					has(layerA, number(3), "latest", "user_count"),
				},
			},
		},
	})
}

// TestLayerDataTellsContents reads descriptions that layerbuild_version writes
// by itself.
func TestLayerDataTellsContents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n, description := range []string{"sha256 1a2b3c4d5e6f", "idna 3.7, requests 2.31.0, bin/tool and 7 more (sha256 1a2b3c4d5e6f)"} {
		w.publishOutside(region, "deps", zipOf(t, "python/a.py", fmt.Sprint(n)), map[string]any{"Description": description})
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{{
			Config: w.config("\ndata \"layerbuild_layer\" \"l\" {\n  layer_name = \"deps\"\n}"),
			ConfigStateChecks: []statecheck.StateCheck{
				has(layerA, knownvalue.MapExact(map[string]knownvalue.Check{
					"requests": knownvalue.StringExact("2.31.0"), "idna": knownvalue.StringExact("3.7"), "bin/tool": knownvalue.StringExact(""),
				}), "latest", "contents"),
				has(layerA, knownvalue.Int64Exact(7), "latest", "contents_omitted"),
				has(layerA, knownvalue.Null(), "versions", 1, "contents"),
			},
		}},
	})
}

// zipOfAll returns a zip with several files.
func zipOfAll(t testing.TB, files map[string]string) string {
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
	return b.String()
}

// TestLayerDataReadsZips tells contents and changes of versions that somebody
// published with descriptions of his own, and fetches each zip once.
func TestLayerDataReadsZips(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ description, version, code string }{{"one", "1.0", "A = 1"}, {"idna 3.7 (sha256 1a2b3c4d5e6f)", "2.0", "A = 1"}, {"", "2.0", "A = 2"}} {
		zip := zipOfAll(t, map[string]string{"python/a-" + c.version + ".dist-info/METADATA": "Name: a\nVersion: " + c.version + "\n", "python/shared/__init__.py": c.code})
		w.publishOutside(region, "deps", zip, map[string]any{"Description": c.description})
	}
	text := knownvalue.StringExact
	changed := func(want map[string]knownvalue.Check, at int) statecheck.StateCheck {
		return has(layerA, knownvalue.MapExact(want), "versions", at, "changes")
	}
	config := w.config("\ndata \"layerbuild_layer\" \"l\" {\n  layer_name = \"deps\"\n  read_contents = true\n  read_users = false\n}")
	fetched := func() (n int) {
		for _, c := range w.aws.Calls() {
			if c.Operation == "GetObject" {
				n++
			}
		}
		return n
	}
	checks := []statecheck.StateCheck{
		has(layerA, text("1.0"), "versions", 2, "contents", "python:a"), has(layerA, text("2.0"), "versions", 0, "contents", "python:a"),
		has(layerA, knownvalue.Null(), "versions", 2, "changes"), has(layerA, knownvalue.NotNull(), "versions", 0, "code_sha256"),
		changed(map[string]knownvalue.Check{"python:a": text("1.0 → 2.0")}, 1),
		changed(map[string]knownvalue.Check{"files:python/shared": knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{12} \(1 file\) → [0-9a-f]{12} \(1 file\)$`))}, 0),
	}
	before := 0
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: checks},
			{PreConfig: func() { before = fetched() }, Config: config, ConfigStateChecks: checks, Check: func(*terraformState) error {
				if after := fetched(); after != before {
					return fmt.Errorf("%d zips were fetched again", after-before)
				}
				return nil
			}},
		},
	})
	if before > 3 {
		t.Errorf("three zips were fetched %d times", before)
	}
}

// TestLayerDataRefuses holds what cannot be read against the sentence for it.
func TestLayerDataRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ arguments, denied, want string }{
		"unknown":         {`layer_name = "never"`, "", `AWS knows no layer of this name in eu-west-1`},
		"unknown_version": {`layer_name = "` + layerARN + `:7"`, "", `has no versions`},
		"foreign":         {`layer_name = "arn:aws:lambda:eu-west-1:999999999999:layer:theirs"`, "", `so name a version`},
		"two_regions":     {`layer_name = "` + layerARN + `"; region = "us-east-1"`, "", `Region is "us-east-1"`},
		"version_region":  {`layer_name = "` + layerARN + `:7"; region = "us-east-1"`, "", `Region is "us-east-1"`},
		"name":            {`layer_name = "no spaces"`, "", `takes letters, digits`},
		"arn":             {`layer_name = "arn:aws:lambda:eu-west-1:12:layer:x"`, "", `its account "12" is not 12 digits`},
		"newest":          {`layer_name = "deps"; newest = 0`, "", `at least 1`},
		"no_list":         {`layer_name = "deps"`, "ListLayerVersions", `A permission is missing: lambda:ListLayerVersions`},
		"no_functions":    {`layer_name = "deps"`, "ListFunctions", `Set read_users = false to read the layer without them`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.denied != "" {
				w.layer()
				w.aws.Inject(lambdatest.Fault{Operation: c.denied, Times: -1, Status: http.StatusForbidden, ErrorType: "AccessDeniedException", Message: "not authorized"})
			}
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.providers(),
				Steps: []resource.TestStep{{
					Config:      w.config("\ndata \"layerbuild_layer\" \"l\" {\n  %s\n}", lines(c.arguments)),
					ExpectError: sentenceLike(c.want),
				}},
			})
		})
	}
}

// TestVersionsData lists versions by filters, and none of what is not there.
func TestVersionsData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.layer()
	arns := func(numbers ...int) knownvalue.Check {
		var checks []knownvalue.Check
		for _, n := range numbers {
			checks = append(checks, knownvalue.StringExact(fmt.Sprintf("%s:%d", layerARN, n)))
		}
		return knownvalue.ListExact(checks)
	}
	step := func(arguments string, checks ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{Config: w.config("\ndata \"layerbuild_versions\" \"l\" {\n  %s\n}", lines(arguments)), ConfigStateChecks: checks}
	}
	none := []statecheck.StateCheck{
		has(versionsA, knownvalue.ListSizeExact(0), "arns"), has(versionsA, knownvalue.ListSizeExact(0), "numbers"), has(versionsA, knownvalue.ListSizeExact(0), "versions"),
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			step(`layer_name = "deps"`, has(versionsA, arns(3, 2, 1), "arns"), has(versionsA, knownvalue.StringExact("two"), "versions", 1, "description"),
				has(versionsA, knownvalue.ListExact([]knownvalue.Check{knownvalue.Int64Exact(3), knownvalue.Int64Exact(2), knownvalue.Int64Exact(1)}), "numbers")),
			step(`layer_name = "`+layerARN+`"; newest = 2`, has(versionsA, arns(3, 2), "arns"), has(versionsA, knownvalue.StringExact(region), "region")),
			step(`layer_name = "deps"; compatible_architecture = "arm64"; compatible_runtime = "python3.12"`, has(versionsA, arns(3), "arns")),
			step(`layer_name = "deps"; compatible_runtime = "nodejs22.x"`, none...),
			step(`layer_name = "never"`, none...),
			step(`layer_name = "deps"; region = "us-east-1"`, append(none, has(versionsA, knownvalue.StringExact("us-east-1"), "region"))...),
			{Config: w.config("\ndata \"layerbuild_versions\" \"l\" {\n  layer_name = %q\n}", layerARN+":2"), ExpectError: sentenceLike(`it names one version`)},
			{
				Config:      w.config("\ndata \"layerbuild_versions\" \"l\" {\n  layer_name = %q\n}", strings.Replace(layerARN, "123456789012", "999999999999", 1)),
				ExpectError: sentenceLike(`AWS lets it grant single versions`),
			},
		},
	})
}
