package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/steps"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// MoveState takes over the version of an aws_lambda_layer_version, by a moved
// block.
func (r *versionResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveLayerVersion}}
}

// moveLayerVersion makes a state of that of an aws_lambda_layer_version. What
// it had as its zip becomes an imported package, known by its hash: an equal
// package in the configuration is no difference.
func moveLayerVersion(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != "aws_lambda_layer_version" || !ofAWSProvider(req.SourceProviderAddress) {
		return
	}
	source := movedState{}
	if req.SourceRawState == nil || json.Unmarshal(req.SourceRawState.JSON, &source) != nil {
		resp.Diagnostics.AddError("The layer version cannot be moved", fmt.Sprintf(
			"The state of %s is of a form that is not known (schema version %d). Apply once with a current version of the aws provider, or import the version by its ARN instead of moving it.",
			req.SourceTypeName, req.SourceSchemaVersion))
		return
	}
	arn, v, err := source.version()
	if err != nil {
		resp.Diagnostics.AddError("The layer version cannot be moved", diagnostic.Sentence(err.Error())+" Import the version by its ARN instead of moving it.")
		return
	}
	m, diags := emptyState(ctx, &resp.TargetState)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := m.SetVersion(v); err != nil {
		resp.Diagnostics.Append(diagnostic.Of("The layer version cannot be moved", err))
		return
	}
	life := &lifecycle.Life{SharingUnread: true}
	home := life.At(arn.Region)
	steps.Describe(&home.Release, v)
	// The aws provider may have been told to leave old versions alone: then this
	// one is not to be deleted either.
	if skip, _ := source["skip_destroy"].(bool); !skip {
		home.Own(arn.Number, time.Time{})
	}
	m.SetHome(versionstate.ReplicaOf(home))
	m.SetReplicas(ctx, nil, &resp.Diagnostics)
	m.LayerARN, m.RetiringVersions = types.StringValue(arn.LayerARN()), values.NumbersOf(nil)
	if v.CodeSHA256 != "" {
		m.Package = versionstate.Imported(v)
	}
	m.PublishedVersions = versionstate.Published(life)
	resp.Diagnostics.Append(versionstate.WriteLife(ctx, life, resp.TargetPrivate)...)
	resp.Diagnostics.Append(versionstate.Identify(ctx, resp.TargetIdentity, arn.LayerARN())...)
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, m)...)
}

// ofAWSProvider accepts hashicorp/aws of any registry. OpenTofu before 1.12.4
// tells no more than the provider's type.
func ofAWSProvider(address string) bool {
	return address == "aws" || strings.HasSuffix(address, "/hashicorp/aws")
}

// emptyState makes the state an object of nulls and returns it as a model.
func emptyState(ctx context.Context, state *tfsdk.State) (*versionstate.Model, diag.Diagnostics) {
	nulls := map[string]tftypes.Value{}
	for name, attribute := range state.Schema.GetAttributes() {
		nulls[name] = tftypes.NewValue(attribute.GetType().TerraformType(ctx), nil)
	}
	state.Raw = tftypes.NewValue(state.Schema.Type().TerraformType(ctx), nulls)
	m := &versionstate.Model{}
	diags := state.Get(ctx, m)
	return m, diags
}

// movedState is the state of another provider's resource, whose schema has
// changed over the years: what is missing or of another type is not there.
type movedState map[string]any

func (s movedState) text(name string) string {
	text, _ := s[name].(string)
	return text
}

func (s movedState) texts(name string) []string {
	var texts []string
	elements, _ := s[name].([]any)
	for _, element := range elements {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// version returns the published version that the state tells of.
func (s movedState) version() (publish.LayerVersionARN, publish.Version, error) {
	arn, err := publish.ParseARN(s.text("arn"))
	if err != nil {
		if fromID, idErr := publish.ParseARN(s.text("id")); idErr == nil {
			arn, err = fromID, nil
		}
	}
	v := publish.Version{
		ARN: arn.String(), LayerARN: arn.LayerARN(), Number: arn.Number, CreatedDate: s.text("created_date"),
		Description: s.text("description"), LicenseInfo: s.text("license_info"),
		Runtimes: s.texts("compatible_runtimes"), Architectures: s.texts("compatible_architectures"),
	}
	// The source_code_hash is whatever the user wrote.
	if _, err := publish.ParseCodeSHA256(s.text("code_sha256")); err == nil {
		v.CodeSHA256 = s.text("code_sha256")
	}
	if size, ok := s["source_code_size"].(float64); ok {
		v.CodeSize = int64(size)
	}
	return arn, v, err
}
