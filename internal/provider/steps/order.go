package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Order is what an apply brings about, the same in every region.
type Order struct {
	Publisher *publish.Publisher
	// Request is what is published, without what differs from region to region.
	Request publish.Request
	Sharing publish.Sharing
	// Parameter is nil where none is wanted; ParameterKept is set where the argument
	// is what it was.
	Parameter     *Parameter
	ParameterKept bool
	// Removal is how versions go that are not wanted any more.
	Removal
	// Retiring are the versions of the resource's own region that the plan names;
	// Named is false where the plan could not name them.
	Retiring []int64
	Named    bool
	Now      func() time.Time

	// uploads has room for as many publishes at once as memory allows.
	uploads chan struct{}
}

// Parameter is the parameter that holds the ARN of the version.
type Parameter struct {
	publish.Parameter // without a value
	// Overwrite is set where one that somebody else wrote may be replaced.
	Overwrite bool
}

// zipsInFlight bounds the bytes of zips that are on their way to several regions
// at once: one in a request takes some four times its size of memory.
const zipsInFlight = 150 << 20

// makeRoom makes room for so many uploads of the zip at once.
func (o *Order) makeRoom() {
	o.uploads = make(chan struct{}, min(max(1, zipsInFlight/max(1, o.Request.Zip.Size)), 64))
}

// AdvanceAll takes all places through their steps, beside each other.
func (o *Order) AdvanceAll(ctx context.Context, places []*Place) {
	o.makeRoom()
	InParallel(places, func(p *Place) {
		o.advance(ctx, p)
		p.done(ctx, o.Publisher)
	})
}

// advance takes a place through its steps until one fails.
func (o *Order) advance(ctx context.Context, p *Place) {
	for _, step := range []struct {
		lifecycle.Step
		run func(context.Context, *Place) diag.Diagnostics
	}{
		{lifecycle.Publishing, o.publishAt}, {lifecycle.Sharing, o.shareAt}, {lifecycle.Naming, o.parameterAt}, {lifecycle.Retiring, o.retireAt},
	} {
		diags := step.run(ctx, p)
		p.Diags.Append(diags...)
		if diags.HasError() {
			p.Outcome.Failed = step.Step
			return
		}
	}
}

// publishAt makes sure of the planned version.
func (o *Order) publishAt(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	if p.Outcome.Due.Publish == lifecycle.None {
		return nil
	}
	request := o.Request
	request.Region, request.LayerARN, request.Holder = p.Region, p.LayerARN, p.Holder
	select {
	case o.uploads <- struct{}{}:
		defer func() { <-o.uploads }()
	case <-ctx.Done():
		return append(diags, diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", request.LayerName),
			fmt.Errorf("waiting for the publishes in other regions: %w", ctx.Err())))
	}
	request.Warn = func(text string) {
		diags.Append(diagnostic.At("s3", diag.NewWarningDiagnostic(fmt.Sprintf("Staging layer %q had problems", request.LayerName), text)))
	}
	v, adopted, err := o.Publisher.Publish(ctx, request)
	if err != nil {
		if made, parseErr := publish.ParseARN(v.ARN); parseErr == nil { // it is there, and to be cleaned up
			p.LayerARN = made.LayerARN()
			p.Life.Own(v.Number, lifecycle.Date(v.CreatedDate))
		}
		return append(diags, diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", request.LayerName), err))
	}
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return append(diags, diagnostic.Of("The layer version cannot be read", err))
	}
	was, threatened := p.Life.Release.ARN, p.Life.Threatened
	p.Version, p.LayerARN, p.Life.Threatened = &v, arn.LayerARN(), false
	Describe(&p.Life.Release, v)
	if !adopted || threatened && v.ARN == was { // its owner is being destroyed, and leaves it
		p.Life.Own(v.Number, lifecycle.Date(v.CreatedDate))
	} else if p.Life.TakenOver() {
		diags.Append(p.tookOver(request.LayerName))
	}
	if v.Double != "" {
		diags.AddWarning(fmt.Sprintf("Layer %q has a version twice", request.LayerName),
			fmt.Sprintf("An answer of AWS was lost, and %s has the same bytes as %s. If nothing uses it, delete it by hand.", v.Double, v.ARN))
	}
	return diags
}

// Leave deletes what the resource has in regions that are not named any more. A
// region where that fails is tried again by the next apply.
func (o *Order) Leave(ctx context.Context, places []*Place) {
	InParallel(places, func(p *Place) {
		p.Diags.Append(o.DestroyAt(ctx, o.Publisher, p)...)
		p.Outcome.Cleared = !p.Diags.HasError()
	})
}
