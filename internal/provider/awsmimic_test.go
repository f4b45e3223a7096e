package provider

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// awsMimic is a provider "aws" with the two resources that meet ours. What they
// declare and do is what hashicorp/aws 6 does: all of a layer version but
// skip_destroy forces a new one, the zip is read when it is applied and not
// before, and a change of source_code_hash is what tells of other bytes.
type awsMimic struct{ url string }

// both returns this world's provider and the mimic.
func (w *world) both() map[string]func() (tfprotov6.ProviderServer, error) {
	factories := w.providers()
	factories["aws"] = providerserver.NewProtocol6WithError(&awsMimic{w.aws.URL()})
	return factories
}

func (p *awsMimic) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "aws"
}

func (p *awsMimic) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (p *awsMimic) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.ResourceData = lambda.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &p.url,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "not-a-secret", ""),
	})
}

func (p *awsMimic) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return &mimicLayer{} },
		func() resource.Resource { return &mimicFunction{} },
	}
}

func (p *awsMimic) DataSources(context.Context) []func() datasource.DataSource { return nil }

// mimicClient is what both resources share.
type mimicClient struct{ api *lambda.Client }

func (c *mimicClient) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	c.api, _ = req.ProviderData.(*lambda.Client)
}

func mimicText(required, computed, replaces bool) schema.StringAttribute {
	a := schema.StringAttribute{Required: required, Optional: !required && !computed, Computed: computed}
	if replaces {
		a.PlanModifiers = append(a.PlanModifiers, stringplanmodifier.RequiresReplace())
	}
	if computed {
		a.PlanModifiers = append(a.PlanModifiers, stringplanmodifier.UseStateForUnknown())
	}
	return a
}

func mimicSet() schema.SetAttribute {
	return schema.SetAttribute{ElementType: types.StringType, Optional: true, PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()}}
}

// mimicLayer is aws_lambda_layer_version.
type mimicLayer struct{ mimicClient }

type mimicLayerModel struct {
	ID              types.String `tfsdk:"id"`
	ARN             types.String `tfsdk:"arn"`
	Version         types.String `tfsdk:"version"`
	CodeSHA256      types.String `tfsdk:"code_sha256"`
	LayerName       types.String `tfsdk:"layer_name"`
	Filename        types.String `tfsdk:"filename"`
	S3Bucket        types.String `tfsdk:"s3_bucket"`
	S3Key           types.String `tfsdk:"s3_key"`
	S3ObjectVersion types.String `tfsdk:"s3_object_version"`
	SourceCodeHash  types.String `tfsdk:"source_code_hash"`
	Description     types.String `tfsdk:"description"`
	SkipDestroy     types.Bool   `tfsdk:"skip_destroy"`
	Runtimes        types.Set    `tfsdk:"compatible_runtimes"`
	Architectures   types.Set    `tfsdk:"compatible_architectures"`
}

func (r *mimicLayer) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_lambda_layer_version"
}

func (r *mimicLayer) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": mimicText(false, true, false), "arn": mimicText(false, true, false),
		"version": mimicText(false, true, false), "code_sha256": mimicText(false, true, false),
		"layer_name": mimicText(true, false, true), "filename": mimicText(false, false, true),
		"s3_bucket": mimicText(false, false, true), "s3_key": mimicText(false, false, true), "s3_object_version": mimicText(false, false, true),
		"source_code_hash": mimicText(false, false, true), "description": mimicText(false, false, true),
		"skip_destroy": schema.BoolAttribute{Optional: true}, "compatible_runtimes": mimicSet(), "compatible_architectures": mimicSet(),
	}}
}

func (r *mimicLayer) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m mimicLayerModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	zip, err := mimicFile(m.Filename)
	if err != nil {
		resp.Diagnostics.AddError("Unable to load the file", err.Error())
		return
	}
	in := &lambda.PublishLayerVersionInput{
		LayerName: m.LayerName.ValueStringPointer(), Description: m.Description.ValueStringPointer(),
		Content: &lambdatypes.LayerVersionContentInput{ZipFile: zip, S3Bucket: m.S3Bucket.ValueStringPointer(), S3Key: m.S3Key.ValueStringPointer(), S3ObjectVersion: m.S3ObjectVersion.ValueStringPointer()},
	}
	for _, id := range values.Texts(m.Runtimes) {
		in.CompatibleRuntimes = append(in.CompatibleRuntimes, lambdatypes.Runtime(id))
	}
	for _, architecture := range values.Texts(m.Architectures) {
		in.CompatibleArchitectures = append(in.CompatibleArchitectures, lambdatypes.Architecture(architecture))
	}
	out, err := r.api.PublishLayerVersion(ctx, in)
	if err != nil {
		resp.Diagnostics.AddError("publishing", err.Error())
		return
	}
	m.ARN, m.ID, m.Version = types.StringPointerValue(out.LayerVersionArn), types.StringPointerValue(out.LayerVersionArn), types.StringValue(fmt.Sprint(out.Version))
	m.CodeSHA256 = types.StringPointerValue(out.Content.CodeSha256)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *mimicLayer) version(m mimicLayerModel) (*string, *int64) {
	arn, err := publish.ParseARN(m.ARN.ValueString())
	if err != nil {
		return nil, nil
	}
	return &arn.Name, &arn.Number
}

func (r *mimicLayer) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m mimicLayerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	name, number := r.version(m)
	out, err := r.api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: name, VersionNumber: number})
	if err != nil {
		resp.State.RemoveResource(ctx)
		return
	}
	m.CodeSHA256 = types.StringPointerValue(out.Content.CodeSha256)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *mimicLayer) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.State.Raw = req.Plan.Raw // skip_destroy is the state's alone
}

func (r *mimicLayer) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m mimicLayerModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if m.SkipDestroy.ValueBool() {
		return
	}
	name, number := r.version(m)
	if _, err := r.api.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: name, VersionNumber: number}); err != nil {
		resp.Diagnostics.AddError("deleting", err.Error())
	}
}

// mimicFunction is aws_lambda_function.
type mimicFunction struct{ mimicClient }

type mimicFunctionModel struct {
	ARN             types.String `tfsdk:"arn"`
	FunctionName    types.String `tfsdk:"function_name"`
	Role            types.String `tfsdk:"role"`
	Handler         types.String `tfsdk:"handler"`
	Runtime         types.String `tfsdk:"runtime"`
	Filename        types.String `tfsdk:"filename"`
	S3Bucket        types.String `tfsdk:"s3_bucket"`
	S3Key           types.String `tfsdk:"s3_key"`
	S3ObjectVersion types.String `tfsdk:"s3_object_version"`
	SourceCodeHash  types.String `tfsdk:"source_code_hash"`
	CodeSHA256      types.String `tfsdk:"code_sha256"`
	Layers          types.List   `tfsdk:"layers"`
}

func (r *mimicFunction) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "aws_lambda_function"
}

func (r *mimicFunction) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"arn": mimicText(false, true, false), "code_sha256": schema.StringAttribute{Computed: true},
		"function_name": mimicText(true, false, true), "role": mimicText(true, false, false),
		"handler": mimicText(true, false, false), "runtime": mimicText(true, false, false),
		"s3_bucket": mimicText(false, false, false), "s3_key": mimicText(false, false, false), "s3_object_version": mimicText(false, false, false),
		"filename": mimicText(false, false, false), "source_code_hash": mimicText(false, false, false),
		"layers": schema.ListAttribute{ElementType: types.StringType, Optional: true},
	}}
}

// ModifyPlan knows the code's digest where neither name nor hash of the zip
// changes.
func (r *mimicFunction) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	var m, before mimicFunctionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if m.sameCode(&before) {
		m.CodeSHA256 = before.CodeSHA256
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &m)...)
	}
}

// sameCode reports whether the code needs no update.
func (m *mimicFunctionModel) sameCode(before *mimicFunctionModel) bool {
	return m.Filename.Equal(before.Filename) && m.SourceCodeHash.Equal(before.SourceCodeHash) &&
		m.S3Bucket.Equal(before.S3Bucket) && m.S3Key.Equal(before.S3Key) && m.S3ObjectVersion.Equal(before.S3ObjectVersion)
}

// mimicFile reads a zip on disk; none is named where it is in S3.
func mimicFile(name types.String) ([]byte, error) {
	if name.IsNull() {
		return nil, nil
	}
	return os.ReadFile(name.ValueString())
}

func (m *mimicFunctionModel) layers(ctx context.Context) (arns []string, diags diag.Diagnostics) {
	diags = m.Layers.ElementsAs(ctx, &arns, false)
	return arns, diags
}

func (r *mimicFunction) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m mimicFunctionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	zip, err := mimicFile(m.Filename)
	if err != nil {
		resp.Diagnostics.AddError("Unable to load the file", err.Error())
		return
	}
	layers, diags := m.layers(ctx)
	resp.Diagnostics.Append(diags...)
	out, err := r.api.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: m.FunctionName.ValueStringPointer(), Role: m.Role.ValueStringPointer(), Handler: m.Handler.ValueStringPointer(),
		Runtime: lambdatypes.Runtime(m.Runtime.ValueString()), Layers: layers, Code: &lambdatypes.FunctionCode{ZipFile: zip, S3Bucket: m.S3Bucket.ValueStringPointer(), S3Key: m.S3Key.ValueStringPointer(), S3ObjectVersion: m.S3ObjectVersion.ValueStringPointer()},
	})
	if err != nil {
		resp.Diagnostics.AddError("creating", err.Error())
		return
	}
	m.ARN, m.CodeSHA256 = types.StringPointerValue(out.FunctionArn), types.StringPointerValue(out.CodeSha256)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *mimicFunction) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m mimicFunctionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	out, err := r.api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: m.FunctionName.ValueStringPointer()})
	if err != nil {
		resp.State.RemoveResource(ctx)
		return
	}
	var layers []string
	for _, l := range out.Layers {
		layers = append(layers, aws.ToString(l.Arn))
	}
	m.CodeSHA256 = types.StringPointerValue(out.CodeSha256)
	if len(layers) > 0 || !m.Layers.IsNull() {
		var diags diag.Diagnostics
		m.Layers, diags = types.ListValueFrom(ctx, types.StringType, layers)
		resp.Diagnostics.Append(diags...)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *mimicFunction) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before mimicFunctionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if !m.sameCode(&before) {
		zip, err := mimicFile(m.Filename)
		if err != nil {
			resp.Diagnostics.AddError("Unable to load the file", err.Error())
			return
		}
		out, err := r.api.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: m.FunctionName.ValueStringPointer(), ZipFile: zip,
			S3Bucket: m.S3Bucket.ValueStringPointer(), S3Key: m.S3Key.ValueStringPointer(), S3ObjectVersion: m.S3ObjectVersion.ValueStringPointer()})
		if err != nil {
			resp.Diagnostics.AddError("updating the code", err.Error())
			return
		}
		m.CodeSHA256 = types.StringPointerValue(out.CodeSha256)
	}
	if !m.Layers.Equal(before.Layers) {
		layers, diags := m.layers(ctx)
		resp.Diagnostics.Append(diags...)
		if _, err := r.api.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: m.FunctionName.ValueStringPointer(), Layers: layers}); err != nil {
			resp.Diagnostics.AddError("updating the configuration", err.Error())
			return
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

func (r *mimicFunction) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m mimicFunctionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	_, err := r.api.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: m.FunctionName.ValueStringPointer()})
	if err != nil && !strings.Contains(err.Error(), "ResourceNotFound") {
		resp.Diagnostics.AddError("deleting", err.Error())
	}
}
