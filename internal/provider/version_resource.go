package provider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

var (
	_ resource.ResourceWithConfigure        = (*versionResource)(nil)
	_ resource.ResourceWithModifyPlan       = (*versionResource)(nil)
	_ resource.ResourceWithImportState      = (*versionResource)(nil)
	_ resource.ResourceWithConfigValidators = (*versionResource)(nil)
)

// defaultTimeout bounds each operation where the user set none.
const defaultTimeout = 20 * time.Minute

// newVersionResource returns layerbuild_version: a published layer version.
func newVersionResource() resource.Resource { return &versionResource{} }

type versionResource struct {
	tools *toolbox
}

func (r *versionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_version"
}

func (r *versionResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.tools = toolsFrom(req.ProviderData, &resp.Diagnostics)
}

func (r *versionResource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.ExactlyOneOf(path.MatchRoot("package"), path.MatchRoot("filename")),
	}
}

// Create publishes the planned bytes, or takes over a version that has them.
func (r *versionResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := m.Timeouts.Create(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m.RetainedVersions = retain(nil, 0, 0)
	adopted, diags := r.publish(ctx, &m)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var owned ownership
	if !adopted {
		owned.add(m.Version.ValueInt64())
	}
	resp.Diagnostics.Append(owned.write(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Read asks AWS for the version. One that is gone stays in the state without its
// hash, so that the next plan publishes anew and the older versions are not
// forgotten.
func (r *versionResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	publisher, err := r.tools.publisher()
	if err != nil {
		resp.Diagnostics.Append(diagnose("Unusable AWS settings", err))
		return
	}
	v, err := publisher.Read(ctx, m.ARN.ValueString())
	if errors.Is(err, publish.ErrNotFound) {
		if m.LayerName.IsNull() { // being imported
			resp.Diagnostics.AddError("No such layer version", fmt.Sprintf("AWS has no %s: check the region, the name and the number.", m.ARN.ValueString()))
			return
		}
		m.CodeSHA256 = types.StringNull()
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		return
	}
	if err != nil {
		resp.Diagnostics.Append(diagnose("The layer version cannot be read", err))
		return
	}
	if m.Package.IsNull() && m.Filename.IsNull() {
		m.Package = imported(v)
		m.RetainedVersions = retain(nil, 0, 0)
	}
	if err := m.setVersion(v); err != nil {
		resp.Diagnostics.Append(diagnose("The layer version cannot be read", err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Update publishes a new version where the plan has none, and keeps the older
// one for its users.
func (r *versionResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m, before versionModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &before)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := m.Timeouts.Update(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !m.ARN.IsUnknown() {
		resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
		return
	}
	owned, diags := readOwnership(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	adopted, diags := r.publish(ctx, &m)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	older, previous := before.retained(ctx, &resp.Diagnostics), before.Version.ValueInt64()
	if before.CodeSHA256.IsNull() { // it is gone
		previous = 0
	}
	if !adopted {
		owned.add(m.Version.ValueInt64())
	}
	m.RetainedVersions = retain(older, previous, m.Version.ValueInt64())
	resp.Diagnostics.Append(owned.write(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}

// Delete removes the versions that this resource published, not those that it
// took over. One that a function uses stays, and a warning names the function.
// One that another resource of this run has just taken over stays as well: its
// ARN is in use.
func (r *versionResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m versionModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Delete(ctx, defaultTimeout)
	resp.Diagnostics.Append(diags...)
	owned, diags := readOwnership(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || len(owned.Numbers) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	publisher, err := r.tools.publisher()
	if err != nil {
		resp.Diagnostics.Append(diagnose("Unusable AWS settings", err))
		return
	}
	users, err := publisher.Users(ctx, m.Region.ValueString(), m.LayerARN.ValueString())
	if err != nil {
		resp.Diagnostics.Append(diagnose("The functions that use the layer cannot be listed, so nothing was deleted", err))
		return
	}
	for _, n := range owned.Numbers {
		arn := fmt.Sprintf("%s:%d", m.LayerARN.ValueString(), n)
		if _, ok := r.tools.hands.Load(arn); ok {
			resp.Diagnostics.AddWarning(fmt.Sprintf("Version %d of layer %q stays", n, m.LayerName.ValueString()),
				fmt.Sprintf("Another resource has just taken it over. When nothing needs it any more, delete %s by hand.", arn))
			continue
		}
		if functions := users[n]; len(functions) > 0 {
			resp.Diagnostics.AddWarning(fmt.Sprintf("Version %d of layer %q is in use and stays", n, m.LayerName.ValueString()),
				fmt.Sprintf("It is used by %s. Move them to another version, then delete %s by hand.", strings.Join(functions, ", "), arn))
			continue
		}
		if err := publisher.Delete(ctx, arn); err != nil {
			resp.Diagnostics.Append(diagnose("The layer version cannot be deleted", err))
		}
	}
}

// ImportState takes the ARN of a layer version.
func (r *versionResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	arn, err := publish.ParseARN(req.ID)
	if err != nil {
		resp.Diagnostics.AddError("Malformed import id", sentence(err.Error())+" Import the ARN of a layer version, such as arn:aws:lambda:eu-west-1:123456789012:layer:name:3.")
		return
	}
	var owned ownership
	owned.add(arn.Number)
	resp.Diagnostics.Append(owned.write(ctx, resp.Private)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("arn"), req.ID)...)
}

// publish makes sure of the planned version and writes it to the model. It
// reports whether the version was there before.
func (r *versionResource) publish(ctx context.Context, m *versionModel) (adopted bool, diags diag.Diagnostics) {
	request := m.request(ctx, &diags)
	var err error
	if request.Zip, err = r.zip(ctx, m, &diags); err != nil {
		return false, append(diags, diagnose("The zip cannot be made", err))
	}
	if diags.HasError() {
		return false, diags
	}
	publisher, err := r.tools.publisher()
	if err != nil {
		return false, append(diags, diagnose("Unusable AWS settings", err))
	}
	planned := *m
	v, adopted, err := publisher.Publish(ctx, request)
	if err != nil {
		return false, append(diags, diagnose(fmt.Sprintf("Layer %q cannot be published", m.LayerName.ValueString()), err))
	}
	r.tools.hands.Store(v.ARN, true)
	if err := m.setVersion(v); err != nil {
		return adopted, append(diags, diagnose("The layer version cannot be read", err))
	}
	// What was planned as absent stays absent, whatever AWS fills in.
	m.CompatibleRuntimes, m.CompatibleArchitectures = kept(planned.CompatibleRuntimes), kept(planned.CompatibleArchitectures)
	return adopted, diags
}

// zip returns the bytes to publish. Those of a package are rebuilt from its
// lock where they are missing.
func (r *versionResource) zip(ctx context.Context, m *versionModel, diags *diag.Diagnostics) (publish.Zip, error) {
	b := m.built(ctx, diags)
	if b == nil {
		zip, err := publish.MeasureZip(m.Filename.ValueString())
		if errors.Is(err, fs.ErrNotExist) {
			return zip, fmt.Errorf("finding the zip %q: it is not there. If a layerbuild_package makes it, write package = layerbuild_package.…, which rebuilds it wherever it is missing", m.Filename.ValueString())
		}
		if err != nil || m.SourceCodeHash.ValueString() == "" {
			return zip, err
		}
		zip.SHA256, err = publish.ParseCodeSHA256(m.SourceCodeHash.ValueString())
		return zip, err
	}
	if err := b.checkLayer(); err != nil {
		return publish.Zip{}, err
	}
	want, err := publish.ParseCodeSHA256(b.SourceCodeHash.ValueString())
	if err != nil {
		return publish.Zip{}, err
	}
	name, size := b.Filename.ValueString(), b.Size.ValueInt64()
	if _, intact, err := r.tools.builder.Intact(name, want, size); err == nil && intact {
		return publish.FileZip(name, want, size), nil
	}
	lock, err := b.lock()
	if err != nil {
		return publish.Zip{}, err
	}
	if lock == nil {
		return publish.Zip{}, fmt.Errorf("finding the zip %q: it is not there, and the package has no lock to rebuild it from", name)
	}
	// Its size was judged when it was planned.
	if _, err := r.tools.builder.Build(ctx, lock, layer.Output{Path: name, Want: want, Size: layer.SeverityOff, Replace: true}); err != nil {
		return publish.Zip{}, fmt.Errorf("rebuilding the package's zip: %w", err)
	}
	return publish.FileZip(name, want, size), nil
}

// kept returns a planned set; one that was unknown is none.
func kept(planned types.Set) types.Set {
	if planned.IsUnknown() {
		return types.SetNull(types.StringType)
	}
	return planned
}
