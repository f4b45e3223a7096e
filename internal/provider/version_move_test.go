package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// awsState is a state as version 5.100 of the aws provider writes it.
const awsState = `{
  "arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",
  "code_sha256": "CODE", "compatible_architectures": ["x86_64"], "compatible_runtimes": ["python3.12", "python3.11"],
  "created_date": "2026-11-23T10:00:00.000+0000", "description": "libraries", "filename": "layer.zip",
  "id": "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",
  "layer_arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps", "layer_name": "deps", "license_info": "",
  "s3_bucket": null, "s3_key": null, "s3_object_version": null, "signing_job_arn": "", "signing_profile_version_arn": "",
  "skip_destroy": false, "source_code_hash": "HASH", "source_code_size": 321, "version": "1"
}`

func (l *wire) move(provider, state string) *tfprotov6.MoveResourceStateResponse {
	l.Helper()
	answer, err := l.server.MoveResourceState(l.Context(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: "aws_lambda_layer_version",
		TargetTypeName: versionType, SourceState: &tfprotov6.RawState{JSON: []byte(state)},
	})
	if err != nil {
		l.Fatal(err)
	}
	return answer
}

// TestMoveFromTheAWSProvider reads states that the resource has had.
func TestMoveFromTheAWSProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zip := zipOf(t, "python/a.py", "A = 1\n")
	w.publishOutside(region, "deps", zip, map[string]any{"Description": "libraries"})
	l := newWire(w)
	state := strings.ReplaceAll(awsState, "CODE", hashOf(zip))
	for name, c := range map[string]struct {
		provider string
		change   map[string]any
		owned    string
		want     map[string]string // beside what is alike
	}{
		"as_it_is":     {"registry.opentofu.org/hashicorp/aws", nil, "[1]", map[string]string{"code_sha256": hashOf(zip), "description": "libraries"}},
		"with_region":  {"aws", map[string]any{"region": "eu-west-1"}, "[1]", map[string]string{"code_sha256": hashOf(zip), "description": "libraries"}},
		"skip_destroy": {"registry.example.com/hashicorp/aws", map[string]any{"skip_destroy": true}, "", map[string]string{"code_sha256": hashOf(zip), "description": "libraries"}},
		"old": {
			"registry.terraform.io/hashicorp/aws", map[string]any{"code_sha256": nil, "source_code_size": nil, "arn": nil, "compatible_architectures": nil, "version": 1, "skip_destroy": nil, "license_info": 3},
			"[1]", map[string]string{"description": "libraries"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var source map[string]any
			if err := json.Unmarshal([]byte(state), &source); err != nil {
				t.Fatal(err)
			}
			maps.Copy(source, c.change)
			body, err := json.Marshal(source)
			if err != nil {
				t.Fatal(err)
			}
			moved := l.move(c.provider, string(body))
			l.fine(moved.Diagnostics)
			l.identified("moving", moved.TargetIdentity)
			want := map[string]string{
				"id": layerARN + ":1", "arn": layerARN + ":1", "layer_arn": layerARN, "layer_name": "deps", "region": "eu-west-1", "created_date": "2026-11-23T10:00:00.000+0000",
			}
			maps.Copy(want, c.want)
			if got := l.texts(l.resource, moved.TargetState); !maps.Equal(got, want) {
				t.Errorf("the moved state is %v, want %v", got, want)
			}
			if owned := l.published(moved.TargetState); owned != c.owned {
				t.Errorf("the resource owns %q, want %q", owned, c.owned)
			}
			read, err := l.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
				TypeName: versionType, CurrentState: moved.TargetState, Private: moved.TargetPrivate, CurrentIdentity: moved.TargetIdentity,
			})
			if err != nil {
				t.Fatal(err)
			}
			l.fine(read.Diagnostics)
			if hash := l.packageHash(read.NewState); hash != hashOf(zip) {
				t.Errorf("after a refresh the package has the hash %q, want %q", hash, hashOf(zip))
			}
		})
	}
}

// packageHash returns package.source_code_hash of a state.
func (l *wire) packageHash(state *tfprotov6.DynamicValue) string {
	l.Helper()
	v, err := state.Unmarshal(l.resource)
	if err != nil {
		l.Fatal(err)
	}
	var attributes, built map[string]tftypes.Value
	var hash string
	if err := v.As(&attributes); err != nil {
		l.Fatal(err)
	}
	if err := attributes["package"].As(&built); err != nil {
		l.Fatal(err)
	}
	if err := built["source_code_hash"].As(&hash); err != nil {
		l.Fatal(err)
	}
	return hash
}

// TestMoveRefuses holds what cannot be moved against the sentence for it.
func TestMoveRefuses(t *testing.T) {
	t.Parallel()
	l := newWire(newWorld(t))
	for state, want := range map[string]string{
		`{"arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps"}`: `it names a layer without a version`,
		`{}`:       `Import the version by its ARN`,
		`[1, 2]`:   `of a form that is not known`,
		`{"arn": `: `of a form that is not known`,
	} {
		answer := l.move("registry.terraform.io/hashicorp/aws", state)
		if len(answer.Diagnostics) != 1 || !strings.Contains(answer.Diagnostics[0].Detail, want) {
			t.Errorf("moving %s: %+v, want an error that says %q", state, answer.Diagnostics, want)
		}
	}
	for _, c := range []struct{ provider, resource string }{
		{"registry.terraform.io/hashicorp/aws", "aws_lambda_function"},
		{"registry.terraform.io/other/aws", "aws_lambda_layer_version"},
	} {
		answer, err := l.server.MoveResourceState(t.Context(), &tfprotov6.MoveResourceStateRequest{
			SourceProviderAddress: c.provider, SourceTypeName: c.resource, TargetTypeName: versionType, SourceState: &tfprotov6.RawState{JSON: []byte(awsState)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Diagnostics) == 0 || answer.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError {
			t.Errorf("moving %s of %s: %+v, want an error", c.resource, c.provider, answer.Diagnostics)
		}
	}
}

// TestMovedBlock takes over what the aws provider has published: by Terraform,
// from the stand-in for that provider.
func TestMovedBlock(t *testing.T) {
	t.Parallel()
	const alike = "  compatible_runtimes      = [\"python3.11\", \"python3.12\"]\n  compatible_architectures = [\"x86_64\"]\n"
	const moved = "\nmoved {\n  from = aws_lambda_layer_version.deps\n  to   = layerbuild_version.v\n}\n"
	for name, c := range map[string]struct {
		zip, arguments string // of the aws provider's resource
		want           plancheck.ResourceActionType
		versions, left []int64
	}{
		"equal_bytes":  {"layerbuild_package.p.filename", "", plancheck.ResourceActionNoop, []int64{1}, nil},
		"other_bytes":  {"", "", plancheck.ResourceActionUpdate, []int64{1, 2}, nil},
		"skip_destroy": {"layerbuild_package.p.filename", "skip_destroy = true", plancheck.ResourceActionNoop, []int64{1}, []int64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			zip := c.zip
			if zip == "" {
				zip = fmt.Sprintf("%q", w.write("own.zip", zipOf(t, "python/a.py", "A = 1\n")))
			}
			ours := w.publishing("idna", "")
			built, _, _ := strings.Cut(ours, `resource "layerbuild_version"`)
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.both(),
				Steps: []resource.TestStep{
					{
						Config: built + fmt.Sprintf("resource \"aws_lambda_layer_version\" \"deps\" {\n  layer_name = \"deps\"\n  filename   = %s\n%s  %s\n}\n", zip, alike, c.arguments),
						Check:  w.hasVersions(1),
					},
					{Config: ours + moved, ConfigPlanChecks: planned(c.want), Check: w.hasVersions(c.versions...)},
				},
				CheckDestroy: w.hasVersions(c.left...),
			})
		})
	}
}

// published returns the versions that a state says the resource may delete in
// its region, such as "[1]".
func (l *wire) published(state *tfprotov6.DynamicValue) string {
	l.Helper()
	v, err := state.Unmarshal(l.resource)
	if err != nil {
		l.Fatal(err)
	}
	var attributes, byRegion map[string]tftypes.Value
	if err := v.As(&attributes); err != nil {
		l.Fatal(err)
	}
	if err := attributes["published_versions"].As(&byRegion); err != nil {
		l.Fatal(err)
	}
	list, ok := byRegion[region]
	if !ok {
		return ""
	}
	var elements []tftypes.Value
	if err := list.As(&elements); err != nil {
		l.Fatal(err)
	}
	var numbers []string
	for _, element := range elements {
		var n big.Float
		if err := element.As(&n); err != nil {
			l.Fatal(err)
		}
		numbers = append(numbers, n.String())
	}
	return fmt.Sprint(numbers)
}
