package packages

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// packageModel is the state, plan and configuration of layerbuild_package.
type packageModel struct {
	ID             types.String    `tfsdk:"id"`
	Runtimes       types.List      `tfsdk:"runtimes"`
	Architectures  types.List      `tfsdk:"architectures"`
	Python         *pythonModel    `tfsdk:"python"`
	NodeJS         *nodejsModel    `tfsdk:"nodejs"`
	Files          []fileModel     `tfsdk:"files"`
	Downloads      []downloadModel `tfsdk:"downloads"`
	Images         []imageModel    `tfsdk:"images"`
	Builds         []buildModel    `tfsdk:"builds"`
	Kind           types.String    `tfsdk:"kind"`
	Exclude        types.List      `tfsdk:"exclude"`
	Prune          types.List      `tfsdk:"prune"`
	Keep           types.List      `tfsdk:"keep"`
	Executables    types.List      `tfsdk:"executables"`
	Checks         *checksModel    `tfsdk:"checks"`
	OutputPath     types.String    `tfsdk:"output_path"`
	WriteZip       types.String    `tfsdk:"write_zip"`
	UnpackPath     types.String    `tfsdk:"unpack_path"`
	Triggers       types.Map       `tfsdk:"triggers"`
	Timeouts       timeouts.Value  `tfsdk:"timeouts"`
	Filename       types.String    `tfsdk:"filename"`
	SourceCodeHash types.String    `tfsdk:"source_code_hash"`
	SHA256         types.String    `tfsdk:"sha256"`
	Size           types.Int64     `tfsdk:"size"`
	UnzippedSize   types.Int64     `tfsdk:"unzipped_size"`
	Contents       types.Map       `tfsdk:"contents"`
	Findings       types.List      `tfsdk:"findings"`
	Lock           types.String    `tfsdk:"lock"`

	SBOMFormat types.String `tfsdk:"sbom_format"`
	SBOMPath   types.String `tfsdk:"sbom_path"`
	SBOM       types.String `tfsdk:"sbom"`
}

type fileModel struct {
	Source  types.String `tfsdk:"source"`
	Content types.String `tfsdk:"content"`
	Target  types.String `tfsdk:"target"`
	Include types.List   `tfsdk:"include"`
	Exclude types.List   `tfsdk:"exclude"`

	IgnoreFile types.String `tfsdk:"ignore_file"`
	Symlinks   types.String `tfsdk:"symlinks"`
}

type checksModel struct {
	Size           types.String `tfsdk:"size"`
	SDKShadow      types.String `tfsdk:"sdk_shadow"`
	Withdrawn      types.String `tfsdk:"withdrawn"`
	InstallScripts types.String `tfsdk:"install_scripts"`
	RuntimeDates   types.String `tfsdk:"runtime_dates"`
	Layout         types.String `tfsdk:"layout"`
	Native         types.String `tfsdk:"native"`
	Libraries      types.String `tfsdk:"libraries"`
	Executables    types.String `tfsdk:"executables"`
	Imports        types.String `tfsdk:"imports"`
}

// spec returns what the model asks for. All its inputs must be known.
func (m *packageModel) spec(ctx context.Context, defaults layer.CutOff) (layer.Spec, diag.Diagnostics) {
	var diags diag.Diagnostics
	s := layer.Spec{
		Runtimes:      values.Texts(m.Runtimes),
		Architectures: values.Texts(m.Architectures),
		Exclude:       values.Texts(m.Exclude),
		Prune:         values.Texts(m.Prune),
		Keep:          values.Texts(m.Keep),
		Executables:   values.Texts(m.Executables),
		Kind:          m.Kind.ValueString(),
		CutOff:        defaults,
		Output:        m.OutputPath.ValueString(),
		Beside:        m.SBOMPath.ValueString(),
	}
	diags.Append(m.Triggers.ElementsAs(ctx, &s.Triggers, false)...)
	if p := m.Python; p != nil && !p.asksNothing() {
		s.Python = p.spec()
		if text := p.ExcludeNewer.ValueString(); text != "" {
			moment, err := values.ParseMoment(text)
			if err != nil {
				diags.Append(diagnostic.At("python.exclude_newer", diag.NewErrorDiagnostic(fmt.Sprintf("Malformed moment %q", text), diagnostic.Sentence(err.Error()))))
			}
			s.CutOff = layer.CutOff{At: moment, Explicit: true}
		}
	}
	if n := m.NodeJS; n != nil && !n.asksNothing() {
		s.NodeJS = n.spec(&diags)
	}
	for _, f := range m.Files {
		s.Files = append(s.Files, layer.FileSpec{
			Source: f.Source.ValueString(), Content: f.Content.ValueStringPointer(), Target: f.Target.ValueString(),
			Include: values.Texts(f.Include), Exclude: values.Texts(f.Exclude),
			IgnoreFile: f.IgnoreFile.ValueString(), Symlinks: f.Symlinks.ValueString(),
		})
	}
	for i := range m.Downloads {
		s.Downloads = append(s.Downloads, m.Downloads[i].spec())
	}
	for i := range m.Images {
		s.Images = append(s.Images, m.Images[i].spec())
	}
	for i := range m.Builds {
		s.Builds = append(s.Builds, m.Builds[i].spec())
	}
	return s, diags
}

// output returns where the zip goes and what its checks mean. A file that the
// state says is ours may be replaced.
func (m *packageModel) output(before *packageModel) layer.Output {
	o := layer.Output{Path: m.OutputPath.ValueString(), Size: m.sizeSeverity(), Shadow: m.shadowSeverity(), Scripts: m.scriptsSeverity(), Audits: m.audits()}
	if m.NodeJS != nil {
		o.AllowScripts, o.NodeImports = values.Texts(m.NodeJS.AllowInstallScripts), values.Texts(m.NodeJS.Imports)
	}
	if m.Python != nil {
		o.LeftOut, o.PythonImports = values.Texts(m.Python.Exclude), values.Texts(m.Python.Imports)
	}
	o.Replace = before != nil && before.Filename.ValueString() == o.Path
	return o
}

// writesAlways reports whether every plan puts a missing zip back. By default
// that of a function's code is, because aws_lambda_function reads the file.
func (m *packageModel) writesAlways() bool {
	if text := m.WriteZip.ValueString(); text != "" {
		return text == writeAlways
	}
	return m.Kind.ValueString() == layer.KindFunction
}

// inTime does the work within the user's timeout for a creation or, where there
// is a state before it, for an update. Without one it may take any time. What
// failed because the time was over is one error that says so.
func (m *packageModel) inTime(ctx context.Context, before *packageModel, work func(context.Context) diag.Diagnostics) diag.Diagnostics {
	name, get := "create", m.Timeouts.Create
	if before != nil {
		name, get = "update", m.Timeouts.Update
	}
	limit, diags := get(ctx, 0)
	if diags.HasError() || limit <= 0 {
		return append(diags, work(ctx)...)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errOutOfTime)
	defer cancel()
	diags.Append(work(ctx)...)
	if diags.HasError() && errors.Is(context.Cause(ctx), errOutOfTime) {
		return diag.Diagnostics{diagnostic.At("timeouts", diag.NewErrorDiagnostic(fmt.Sprintf("The package was not made within %s", limit),
			fmt.Sprintf("timeouts.%s bounds how long resolving and building may take, at plan and at apply. What was fetched is kept in the cache, so another run goes on from there. Write a longer time if that is not enough.", name)))}
	}
	return diags
}

// errOutOfTime tells the end of a timeout from that of a run.
var errOutOfTime = errors.New("the timeout is over")

// severity returns what the user made of a check, or its default.
func (m *packageModel) severity(check func(*checksModel) types.String, otherwise fault.Severity) fault.Severity {
	if m.Checks == nil {
		return otherwise
	}
	return cmp.Or(fault.Severity(check(m.Checks).ValueString()), otherwise)
}

// sizeSeverity returns the severity of the check of the size.
func (m *packageModel) sizeSeverity() fault.Severity {
	return m.severity(func(c *checksModel) types.String { return c.Size }, fault.SeverityError)
}

// shadowSeverity returns the severity of the check of the AWS SDK.
func (m *packageModel) shadowSeverity() fault.Severity {
	return m.severity(func(c *checksModel) types.String { return c.SDKShadow }, fault.SeverityWarning)
}

// earlier reports whether the package's own cut-off is earlier than that of the
// state: only then may locked versions be too new.
func (m *packageModel) earlier(before *packageModel) bool {
	if before == nil || m.Python == nil {
		return false
	}
	var was string
	if before.Python != nil {
		was = before.Python.ExcludeNewer.ValueString()
	}
	return earlierMoment(m.Python.ExcludeNewer.ValueString(), was)
}

// earlierMoment reports whether a moment is before another; "" is none, which
// everything is before.
func earlierMoment(now, before string) bool {
	moment, err := values.ParseMoment(now)
	if now == "" || err != nil {
		return false
	}
	if before == "" {
		return true
	}
	was, err := values.ParseMoment(before)
	return err == nil && moment.Before(was)
}

// runtimeDates returns the severity of the check of the runtimes' dates.
func (m *packageModel) runtimeDates() fault.Severity {
	return m.severity(func(c *checksModel) types.String { return c.RuntimeDates }, fault.SeverityWarning)
}

// withdrawn returns the severity of the check of yanked and removed files,
// which is the only one that asks the network in a plan without changes.
func (m *packageModel) withdrawn() fault.Severity {
	return m.severity(func(c *checksModel) types.String { return c.Withdrawn }, fault.SeverityOff)
}

// setLock writes what the lock alone decides.
func (m *packageModel) setLock(l *layer.Lock) error {
	text, err := l.Encode()
	if err != nil {
		return err
	}
	digest, err := l.Digest()
	if err != nil {
		return err
	}
	m.Lock = types.StringValue(text)
	m.ID = types.StringValue(digest.Hex())
	m.Contents = values.MapOf(l.Contents())
	return nil
}

// setArtifact writes what was built. What was planned was judged then, and its
// findings stay.
func (m *packageModel) setArtifact(a layer.Artifact) {
	m.Filename = types.StringValue(m.output(nil).PathOf(a.SHA256))
	m.SourceCodeHash = types.StringValue(a.SHA256.Base64())
	m.SHA256 = types.StringValue(a.SHA256.Hex())
	m.Size = types.Int64Value(a.Size)
	m.UnzippedSize = types.Int64Value(a.Unzipped)
	if m.Findings.IsUnknown() {
		m.Findings = findings.List(a.Findings)
	}
}

// setComputed copies all computed values of another model.
func (m *packageModel) setComputed(from *packageModel) {
	m.ID, m.Lock, m.Contents = from.ID, from.Lock, from.Contents
	m.Filename, m.SourceCodeHash, m.SHA256 = from.Filename, from.SourceCodeHash, from.SHA256
	m.Size, m.UnzippedSize, m.Findings, m.SBOM = from.Size, from.UnzippedSize, from.Findings, from.SBOM
	if m.Findings.IsNull() {
		m.Findings = types.ListNull(findings.Type)
	}
}

// setUnknown marks all computed values as known after apply.
func (m *packageModel) setUnknown() {
	m.setComputed(&packageModel{
		ID: types.StringUnknown(), Lock: types.StringUnknown(), Contents: types.MapUnknown(types.StringType),
		Filename: types.StringUnknown(), SourceCodeHash: types.StringUnknown(), SHA256: types.StringUnknown(),
		Size: types.Int64Unknown(), UnzippedSize: types.Int64Unknown(), Findings: types.ListUnknown(findings.Type), SBOM: types.StringUnknown(),
	})
}

// computed returns the computed values by attribute.
func (m *packageModel) computed() map[string]attr.Value {
	return map[string]attr.Value{
		"id": m.ID, "lock": m.Lock, "contents": m.Contents, "filename": m.Filename,
		"source_code_hash": m.SourceCodeHash, "sha256": m.SHA256, "size": m.Size, "unzipped_size": m.UnzippedSize,
		"findings": m.Findings, "sbom": m.SBOM,
	}
}

// audits returns the severities that the user chose for what is found in the
// files.
func (m *packageModel) audits() map[string]fault.Severity {
	if m.Checks == nil {
		return nil
	}
	chosen := map[string]fault.Severity{}
	for name, value := range map[string]types.String{
		"layout": m.Checks.Layout, "native": m.Checks.Native, "libraries": m.Checks.Libraries,
		"executables": m.Checks.Executables, "imports": m.Checks.Imports,
	} {
		if value.ValueString() != "" {
			chosen[name] = fault.Severity(value.ValueString())
		}
	}
	return chosen
}

// The values of write_zip.
const (
	writeAlways   = "always"
	writeOnChange = "on_change"
)

// nodeCutOff returns the package's own cut-off for Node.js, "" for none.
func (m *packageModel) nodeCutOff() string {
	if m == nil || m.NodeJS == nil {
		return ""
	}
	return m.NodeJS.ExcludeNewer.ValueString()
}

// reconsider makes the spec resolve anew where locked versions may be too new
// for the package's own cut-offs.
func (m *packageModel) reconsider(s *layer.Spec, before *packageModel) {
	s.Reconsider = m.earlier(before)
	if s.NodeJS != nil && before != nil {
		s.NodeJS.Reconsider = earlierMoment(m.nodeCutOff(), before.nodeCutOff())
	}
}

// scriptsSeverity returns the severity of the check of install scripts.
func (m *packageModel) scriptsSeverity() fault.Severity {
	return m.severity(func(c *checksModel) types.String { return c.InstallScripts }, fault.SeverityError)
}

// sameScripts reports whether install scripts are judged alike.
func (m *packageModel) sameScripts(before *packageModel) bool {
	if m.scriptsSeverity() != before.scriptsSeverity() {
		return false
	}
	if m.NodeJS == nil || before.NodeJS == nil {
		return m.NodeJS == before.NodeJS
	}
	return m.NodeJS.AllowInstallScripts.Equal(before.NodeJS.AllowInstallScripts)
}

// lockOf returns the lock of a model, or nil where there is none that this
// version reads.
func lockOf(m *packageModel) *layer.Lock {
	if m == nil || m.Lock.ValueString() == "" {
		return nil
	}
	lock, err := layer.DecodeLock(m.Lock.ValueString())
	if err != nil {
		return nil
	}
	return lock
}
