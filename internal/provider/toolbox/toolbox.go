// Package toolbox has what the provider block makes for all resources: the builder,
// the way to AWS, the clock, and what one run knows across its resources.
package toolbox

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// DefaultTimeout bounds each operation where the user set none.
const DefaultTimeout = 20 * time.Minute

// Tools is what the resources share. The cache is opened and AWS is reached
// at the first use, so that a configuration pays only for what it has.
type Tools struct {
	// known is false when settings that resolving needs are known only after
	// apply.
	Known      bool
	Builder    *layer.Builder
	Publisher  func() (*publish.Publisher, error)
	Now        func() time.Time
	Newest     time.Time // zero: none was named
	ReleaseAge time.Duration
	// region is the provider's, where it is known without asking AWS.
	Region string
	// unknown are the settings of AWS that are known only after an apply.
	// Until then AWS is not asked anything.
	Unknown []string
	// checkRegions is false where skip_region_validation is set.
	CheckRegions bool
	// claims are the layers that this run has planned to publish.
	Claims claims
	// name is of this run of the provider alone; published is set where it has
	// created a layerbuild_version.
	Name      string
	Published atomic.Bool
}

// CutOff returns the provider's cut-off for releases.
func (t *Tools) CutOff() layer.CutOff {
	if !t.Newest.IsZero() {
		return layer.CutOff{At: t.Newest, Explicit: true}
	}
	return layer.AgeCutOff(t.Now(), t.ReleaseAge)
}

// RegionUnknown reports whether the provider's region is known only after an
// apply.
func (t *Tools) RegionUnknown() bool { return slices.Contains(t.Unknown, "region") }

// Reach returns the publisher, nil where the AWS settings cannot work or are
// not known yet.
func (t *Tools) Reach(diags *diag.Diagnostics) *publish.Publisher {
	publisher, err := t.Publisher()
	if err != nil {
		diags.Append(diagnostic.Of("Unusable AWS settings", err))
		return nil
	}
	return publisher
}

// From unpacks what Configure handed to the resources; nil before that.
func From(data any, diags *diag.Diagnostics) *Tools {
	if data == nil {
		return nil
	}
	tools, ok := data.(*Tools)
	if !ok {
		diags.AddError("Unusable provider data", fmt.Sprintf("A resource was configured with %T. This is a fault of the provider: please report it.", data))
	}
	return tools
}

// Configured has the tools of a resource, nil until the provider is configured.
type Configured struct {
	Tools *Tools
}

// Configure takes the tools.
func (c *Configured) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.Tools = From(req.ProviderData, &resp.Diagnostics)
}

// NotRefreshed says that the state of something stays as it was: AWS cannot be
// asked yet.
func (t *Tools) NotRefreshed(what string) diag.Diagnostic {
	unknown := &diagnostic.UnknownSettings{Names: t.Unknown}
	return diag.NewWarningDiagnostic(what+" was not refreshed",
		diagnostic.Sentence(unknown.Error())+" AWS cannot be reached yet, so this plan uses what the state has. Changes made outside Terraform show in the next plan.")
}

// PrivateReader reads the private state of a resource.
type PrivateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// PrivateWriter writes the private state of a resource.
type PrivateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}
