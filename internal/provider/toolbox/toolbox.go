// Package toolbox has what the provider block makes for all resources: the builder,
// the way to AWS, the clock, and what one run knows across its resources.
package toolbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
)

// DefaultTimeout bounds each operation where the user set none.
const DefaultTimeout = 20 * time.Minute

// Limit bounds an operation by its timeout, as timeouts.Value.Create returns it.
func Limit(ctx context.Context, timeout func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	limit, more := timeout(ctx, DefaultTimeout)
	diags.Append(more...)
	return context.WithTimeout(ctx, limit)
}

// Tools is what the resources share. The cache is opened and AWS is reached
// at the first use, so that a configuration pays only for what it has.
type Tools struct {
	// Known is false when settings that resolving needs are known only after
	// apply.
	Known      bool
	Builder    *layer.Builder
	Publisher  func() (*publish.Publisher, error)
	Now        func() time.Time
	Newest     time.Time // zero: none was named
	ReleaseAge time.Duration
	// Region is the provider's, where it is known without asking AWS.
	Region string
	// Unknown are the settings of AWS that are known only after an apply.
	// Until then AWS is not asked anything.
	Unknown []string
	// CheckRegions is false where skip_region_validation is set.
	CheckRegions bool
	// Claims are the layers that this run has planned to publish.
	Claims claims
	// Name is of this run of the provider alone; Published is set where it has
	// created a layerbuild_version.
	Name      string
	Published atomic.Bool
}

// CutOff returns the provider's cut-off for releases.
func (t *Tools) CutOff() release.CutOff {
	if !t.Newest.IsZero() {
		return release.CutOff{At: t.Newest, Explicit: true}
	}
	return release.OfAge(t.Now(), t.ReleaseAge)
}

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

// Resource is what all resources have in common.
type Resource struct {
	Type  string // such as "_package", behind the name of the provider
	Tools *Tools // nil until the provider is configured
}

// Metadata names the type.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + r.Type
}

// Configure takes the tools.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Tools = From(req.ProviderData, &resp.Diagnostics)
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

// claims are the layers that resources of one configuration publish, as far as
// this run has planned them.
type claims struct {
	mu sync.Mutex
	// of is by region and layer.
	of map[[2]string][]Claim
}

// Claim is one resource's. Terraform tells no resource its address, and plans one
// that is replaced twice: a resource is known by its configuration.
type Claim struct {
	Config tftypes.Value
	// Whole is set where its retention is about all versions of the layer.
	Whole bool
}

// Add notes a claim and returns those of other resources on the same layer.
func (c *claims) Add(region, layer string, mine Claim) (others []Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, known := [2]string{region, layer}, false
	for _, other := range c.of[key] {
		if other.Config.Equal(mine.Config) {
			known = true
		} else {
			others = append(others, other)
		}
	}
	if !known {
		if c.of == nil {
			c.of = map[[2]string][]Claim{}
		}
		c.of[key] = append(c.of[key], mine)
	}
	return others
}
