package packages

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
)

// packageModel is the state, plan and configuration of layerbuild_package.
type packageModel struct {
	asked
	Checks     types.Object   `tfsdk:"checks"`
	WriteZip   types.String   `tfsdk:"write_zip"`
	UnpackPath types.String   `tfsdk:"unpack_path"`
	SBOMFormat types.String   `tfsdk:"sbom_format"`
	Timeouts   timeouts.Value `tfsdk:"timeouts"`
	computed
}

// asked are the arguments that a layer.Spec has under the same names.
type asked struct {
	Runtimes      types.List      `tfsdk:"runtimes"`
	Architectures types.List      `tfsdk:"architectures"`
	Python        *pythonModel    `tfsdk:"python"`
	NodeJS        *nodejsModel    `tfsdk:"nodejs"`
	Files         types.List      `tfsdk:"files"`
	Downloads     []downloadModel `tfsdk:"downloads"`
	Images        types.List      `tfsdk:"images"`
	Builds        types.List      `tfsdk:"builds"`
	Kind          types.String    `tfsdk:"kind"`
	Exclude       types.List      `tfsdk:"exclude"`
	Prune         types.List      `tfsdk:"prune"`
	Keep          types.List      `tfsdk:"keep"`
	Executables   types.List      `tfsdk:"executables"`
	Triggers      types.Map       `tfsdk:"triggers"`
	Output        types.String    `tfsdk:"output_path"`
	Beside        types.String    `tfsdk:"sbom_path"`
}

// computed is what the provider fills in.
type computed struct {
	ID             types.String `tfsdk:"id"`
	Filename       types.String `tfsdk:"filename"`
	SourceCodeHash types.String `tfsdk:"source_code_hash"`
	SHA256         types.String `tfsdk:"sha256"`
	Size           types.Int64  `tfsdk:"size"`
	UnzippedSize   types.Int64  `tfsdk:"unzipped_size"`
	Contents       types.Map    `tfsdk:"contents"`
	Findings       types.List   `tfsdk:"findings"`
	Lock           types.String `tfsdk:"lock"`
	SBOM           types.String `tfsdk:"sbom"`
}

// spec returns what the model asks for. All its inputs must be known.
func (m *packageModel) spec(defaults release.CutOff) (layer.Spec, diag.Diagnostics) {
	var diags diag.Diagnostics
	s := layer.Spec{CutOff: defaults}
	values.Fill(&s, m.asked, "ExcludeNewer", "Imports", "Extract")
	for i, d := range m.Downloads {
		s.Downloads[i].AsIs = !d.Extract.IsNull() && !d.Extract.ValueBool()
	}
	if p := m.Python; p != nil && p.asksNothing() {
		s.Python = nil
	} else if p != nil {
		s.Python.CutOff = cutOff("python.exclude_newer", p.ExcludeNewer, &diags)
	}
	if n := m.NodeJS; n != nil && n.asksNothing() {
		s.NodeJS = nil
	} else if n != nil {
		s.NodeJS.CutOff = cutOff("nodejs.exclude_newer", n.ExcludeNewer, &diags)
	}
	return s, diags
}

// cutOff reads a moment that the user named, or "".
func cutOff(attribute string, text types.String, diags *diag.Diagnostics) release.CutOff {
	if text.ValueString() == "" {
		return release.CutOff{}
	}
	moment, err := values.ParseMoment(text.ValueString())
	if err != nil {
		diags.Append(diagnostic.At(attribute, diag.NewErrorDiagnostic(fmt.Sprintf("Malformed moment %q", text.ValueString()), diagnostic.Sentence(err.Error()))))
	}
	return release.CutOff{At: moment, Explicit: true}
}

// output returns where the zip goes and what its checks mean. A file that the
// state says is ours may be replaced.
func (m *packageModel) output(before *packageModel) layer.Output {
	chosen := findings.Chosen(m.Checks)
	o := layer.Output{
		Path: m.Output.ValueString(), Size: cmp.Or(chosen["size"], fault.SeverityError), Shadow: cmp.Or(chosen["sdk_shadow"], fault.SeverityWarning),
		Scripts: cmp.Or(chosen["install_scripts"], fault.SeverityError), Audits: chosen,
	}
	for _, other := range []string{"size", "sdk_shadow", "install_scripts", "withdrawn", "runtime_dates"} {
		delete(chosen, other) // no audit of files
	}
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

// The values of write_zip.
const (
	writeAlways   = "always"
	writeOnChange = "on_change"
)

// cutOffs returns the package's own cut-offs for Python and Node.js, "" for none.
func (m *packageModel) cutOffs() (python, nodejs string) {
	if m.Python != nil {
		python = m.Python.ExcludeNewer.ValueString()
	}
	if m.NodeJS != nil {
		nodejs = m.NodeJS.ExcludeNewer.ValueString()
	}
	return python, nodejs
}

// reconsider makes the spec resolve anew where locked versions may be too new
// for the package's own cut-offs: where these are earlier than those of the state.
func (m *packageModel) reconsider(s *layer.Spec, before *packageModel) {
	if before == nil {
		return
	}
	python, nodejs := m.cutOffs()
	pythonWas, nodejsWas := before.cutOffs()
	if s.Python != nil {
		s.Python.Reconsider = earlierMoment(python, pythonWas)
	}
	if s.NodeJS != nil {
		s.NodeJS.Reconsider = earlierMoment(nodejs, nodejsWas)
	}
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
