package provider

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// defaultTimeout bounds each operation where the user set none.
const defaultTimeout = 20 * time.Minute

// toolset is what the resources share. The cache is opened and AWS is reached
// at the first use, so that a configuration pays only for what it has.
type toolset struct {
	// known is false when settings that resolving needs are known only after
	// apply.
	known      bool
	builder    *layer.Builder
	publisher  func() (*publish.Publisher, error)
	now        func() time.Time
	newest     time.Time // zero: none was named
	releaseAge time.Duration
	// region is the provider's, where it is known without asking AWS.
	region string
	// unknown are the settings of AWS that are known only after an apply.
	// Until then AWS is not asked anything.
	unknown []string
	// checkRegions is false where skip_region_validation is set.
	checkRegions bool
	// claims are the layers that this run has planned to publish.
	claims claims
	// name is of this run of the provider alone; published is set where it has
	// created a layerbuild_version.
	name      string
	published atomic.Bool
}

// cutOff returns the provider's cut-off for releases.
func (t *toolset) cutOff() layer.CutOff {
	if !t.newest.IsZero() {
		return layer.CutOff{At: t.newest, Explicit: true}
	}
	return layer.AgeCutOff(t.now(), t.releaseAge)
}

// regionUnknown reports whether the provider's region is known only after an
// apply.
func (t *toolset) regionUnknown() bool { return slices.Contains(t.unknown, "region") }

// reach returns the publisher, nil where the AWS settings cannot work or are
// not known yet.
func (t *toolset) reach(diags *diag.Diagnostics) *publish.Publisher {
	publisher, err := t.publisher()
	if err != nil {
		diags.Append(diagnose("Unusable AWS settings", err))
		return nil
	}
	return publisher
}

// toolsFrom unpacks what Configure handed to the resources; nil before that.
func toolsFrom(data any, diags *diag.Diagnostics) *toolset {
	if data == nil {
		return nil
	}
	tools, ok := data.(*toolset)
	if !ok {
		diags.AddError("Unusable provider data", fmt.Sprintf("A resource was configured with %T. This is a fault of the provider: please report it.", data))
	}
	return tools
}

// configured has the tools of a resource, nil until the provider is configured.
type configured struct {
	tools *toolset
}

// Configure takes the tools.
func (c *configured) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.tools = toolsFrom(req.ProviderData, &resp.Diagnostics)
}

// notRefreshed says that the state of something stays as it was: AWS cannot be
// asked yet.
func (t *toolset) notRefreshed(what string) diag.Diagnostic {
	unknown := &unknownSettings{names: t.unknown}
	return diag.NewWarningDiagnostic(what+" was not refreshed",
		sentence(unknown.Error())+" AWS cannot be asked yet, so the plan takes everything to be as the state has it. What changed outside shows in the next plan.")
}

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}
