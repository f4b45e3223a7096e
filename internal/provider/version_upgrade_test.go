package provider

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// stateOfOld is a state as releases without regions, retention and sharing
// wrote it.
func stateOfOld(host, zip string, size int, created string) string {
	private := fmt.Sprintf(`{"ownership":%q}`, base64.StdEncoding.EncodeToString([]byte(`{"published":[1]}`)))
	return fmt.Sprintf(`{
  "version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "1d6ae2ab-6d21-4fb2-8e65-1f2b0a3c9a55", "outputs": {}, "check_results": null,
  "resources": [{
    "mode": "managed", "type": "layerbuild_version", "name": "v", "provider": "provider[\"%s/layerbuild/layerbuild\"]",
    "instances": [{
      "schema_version": 0,
      "attributes": {
        "arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1", "layer_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps",
        "code_sha256": %q, "code_size": %d, "compatible_architectures": null, "compatible_runtimes": ["python3.12"], "created_date": %q,
        "description": "one", "filename": "own.zip", "layer_name": "deps", "license_info": null, "package": null, "region": "eu-west-1",
        "retained_versions": [], "s3": null, "source_code_hash": null, "timeouts": null, "version": 1
      },
      "sensitive_attributes": [], "private": %q
    }]
  }]
}`, host, hashOf(zip), size, created, base64.StdEncoding.EncodeToString([]byte(private)))
}

// TestStateOfOldIsNoDifference plans and applies from a state that lacks what
// was added since: nothing changes, and what was owned stays owned.
func TestStateOfOldIsNoDifference(t *testing.T) {
	t.Parallel()
	aws, zip := lambdatest.New(t), zipOf(t, "python/a.py", "A = 1\n")
	m := newMachine(t, nil)
	config := func(description, more string) string {
		return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  endpoints {
    lambda = %[1]q
    sts    = %[1]q
  }
}
resource "layerbuild_version" "v" {
  layer_name          = "deps"
  filename            = "own.zip"
  description         = %[2]q
  compatible_runtimes = ["python3.12"]
  %[3]s
}
`, aws.URL(), description, more)
	}
	m.write("own.zip", zip)
	publisher, err := publish.New(t.Context(), publish.Config{
		Region: region, AccessKey: "AKIAIOSFODNN7EXAMPLE", SecretKey: "not-a-secret", Endpoints: publish.Endpoints{Lambda: aws.URL(), STS: aws.URL()},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := publish.MeasureZip(filepath.Join(m.dir, "own.zip"))
	if err != nil {
		t.Fatal(err)
	}
	v, _, err := publisher.Publish(t.Context(), publish.Request{LayerName: "deps", Description: "one", Runtimes: []string{"python3.12"}, Zip: made})
	if err != nil {
		t.Fatal(err)
	}
	host := "registry.terraform.io"
	if strings.Contains(filepath.Base(terraformPath(t)), "tofu") {
		host = "registry.opentofu.org"
	}
	m.write("terraform.tfstate", stateOfOld(host, zip, len(zip), v.CreatedDate))
	m.write("main.tf", config("one", ""))
	m.terraform(0, "plan", "-detailed-exitcode")
	m.terraform(0, "plan", "-detailed-exitcode", "-refresh=false")
	// What changes nothing in AWS is written to a state that was not refreshed.
	m.write("main.tf", config("one", `s3 = { bucket = "artifacts" }`))
	m.terraform(0, "apply", "-auto-approve", "-refresh=false")
	m.terraform(0, "plan", "-detailed-exitcode", "-refresh=false")
	m.write("main.tf", config("one", ""))
	m.terraform(0, "apply", "-auto-approve")
	if got := len(aws.Live(region, "deps")); got != 1 {
		t.Fatalf("AWS has %d versions, want 1", got)
	}
	m.write("main.tf", config("two", ""))
	m.terraform(0, "apply", "-auto-approve", "-refresh=false")
	if got := len(aws.Live(region, "deps")); got != 2 {
		t.Fatalf("AWS has %d versions, want 2", got)
	}
	m.terraform(0, "destroy", "-auto-approve")
	if got := aws.Live(region, "deps"); len(got) != 0 {
		t.Errorf("AWS still has %+v", got)
	}
}

// privately is a private state in memory.
type privately map[string][]byte

func (p privately) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privately) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}

func TestOwnershipIsRead(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	numbers := func(of map[string][]int64) types.Map {
		m, diags := types.MapValueFrom(t.Context(), types.ListType{ElemType: types.Int64Type}, of)
		if diags.HasError() {
			t.Fatal(diags)
		}
		return m
	}
	for name, c := range map[string]struct {
		record    string
		published types.Map
		want      map[string]*holdings
	}{
		"old": {`{"published":[1,4]}`, types.Map{}, map[string]*holdings{
			region: {LayerARN: layerARN, Versions: []ownedVersion{{Number: 1}, {Number: 4}}},
		}},
		"new": {`{"places":{"us-east-1":{"layer_arn":"a","versions":[{"number":2,"created":"2026-11-20T08:30:00Z"}],"parameter":{"name":"n","value":"v"}}}}`, types.Map{}, map[string]*holdings{
			second: {LayerARN: "a", Versions: []ownedVersion{{2, day}}, Parameter: &ownedParameter{"n", "v"}},
		}},
		"nothing": {`{}`, numbers(map[string][]int64{region: {9}}), map[string]*holdings{}},
		"lost": {"", numbers(map[string][]int64{region: {1, 2}, second: {3}}), map[string]*holdings{
			region: {LayerARN: layerARN, Versions: []ownedVersion{{Number: 1}, {Number: 2}}},
			second: {LayerARN: secondARN, Versions: []ownedVersion{{Number: 3}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &versionModel{
				Region: types.StringValue(region), ARN: types.StringValue(layerARN + ":4"), LayerARN: types.StringValue(layerARN), PublishedVersions: c.published,
			}
			private := privately{}
			if c.record != "" {
				private[ownershipKey] = []byte(c.record)
			}
			got, diags := readOwnership(t.Context(), private, m)
			if diags.HasError() || !reflect.DeepEqual(got.Places, c.want) {
				t.Errorf("got %s, want %s (%v)", asText(t, got.Places), asText(t, c.want), diags)
			}
		})
	}
}

func TestOwnershipIsWritten(t *testing.T) {
	t.Parallel()
	o := ownership{Places: map[string]*holdings{}}
	o.of("") // a place that is not known yet leaves nothing
	o.of(second)
	h := o.of(region)
	h.LayerARN = layerARN
	h.add(1, time.Time{})
	h.add(2, time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC))
	h.add(1, time.Date(2026, 11, 19, 8, 30, 0, 0, time.UTC))
	h.add(1, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)) // it is known already
	h.add(3, time.Time{})
	h.forget(2)
	private := privately{}
	if diags := o.write(t.Context(), private); diags.HasError() {
		t.Fatal(diags)
	}
	const want = `{"places":{"eu-west-1":{"layer_arn":"arn:aws:lambda:eu-west-1:123456789012:layer:deps","versions":[{"number":1,"created":"2026-11-19T08:30:00Z"},{"number":3}]}}}`
	if got := string(private[ownershipKey]); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
