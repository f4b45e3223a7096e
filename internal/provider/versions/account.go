package versions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// guardState refuses to act on what a state has with credentials of another account
// or partition: nothing is read, written or deleted then.
func guardState(ctx context.Context, m *versionstate.Model, publisher *publish.Publisher) (diags diag.Diagnostics) {
	arns := map[string]bool{m.LayerARN.ValueString(): true}
	for _, r := range m.Releases(ctx, &diags) {
		arns[r.ARN] = true
	}
	delete(arns, "")
	if diags.HasError() || len(arns) == 0 {
		return diags
	}
	if err := publisher.Guard(ctx, slices.Sorted(maps.Keys(arns))...); err != nil {
		diags.Append(refusal(m, err))
	}
	return diags
}

// refusal returns the diagnostic of a Guard that did not let the model pass.
func refusal(m *versionstate.Model, err error) diag.Diagnostic {
	foreign, ok := errors.AsType[*publish.ForeignAccountError](err)
	switch {
	case !ok:
		return diagnostic.Of("The account of the credentials is not known", err)
	case m.LayerName.IsNull():
		return diag.NewErrorDiagnostic("The layer version belongs to another account", diagnostic.Sentence(foreign.Error())+
			" Import it with credentials of "+foreign.Owner.String()+". What is shared with yours needs no import: write its ARN where it is used.")
	}
	return diag.NewErrorDiagnostic("The state is of another AWS account", fmt.Sprintf(
		"Layer %q of the state is of %s, and the credentials are of %s (%s). Nothing was changed in either.\n\n"+
			"Use credentials of %[2]s. To publish the layer in %[3]s instead, first remove it from this state (\"terraform state rm\"), or give %[3]s a state of its own.",
		m.LayerName.ValueString(), foreign.Owner, foreign.Caller, foreign.ARN))
}

// guardPlan refuses, at plan, a change or a destroy that could not be carried
// out: of another account's state, and without credentials that work. before is
// nil where the resource is to be created.
func guardPlan(ctx context.Context, tools *toolbox.Tools, m, before *versionstate.Model) (diags diag.Diagnostics) {
	if tools == nil || len(tools.Unknown) > 0 {
		return nil
	}
	publisher := tools.Reach(&diags)
	if publisher == nil {
		return diags
	}
	if before != nil {
		return guardState(ctx, before, publisher)
	}
	if m.Region.IsUnknown() {
		return nil
	}
	if _, err := publisher.Caller(ctx, m.Region.ValueString()); err != nil {
		diags.Append(diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", m.LayerName.ValueString()), err))
	}
	return diags
}
