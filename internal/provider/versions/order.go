package versions

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// order is what an apply brings about, the same in every region.
type order struct {
	publisher *publish.Publisher
	// request is what is published, without what differs from region to region.
	request publish.Request
	sharing publish.Sharing
	// parameter is nil where none is wanted; parameterKept is set where the argument
	// is what it was.
	parameter     *parameter
	parameterKept bool
	// removal is how versions go that are not wanted any more.
	removal
	// retiring are the versions of the resource's own region that the plan names;
	// named is false where the plan could not name them.
	retiring []int64
	named    bool
	now      func() time.Time

	// uploads has room for as many publishes at once as memory allows.
	uploads chan struct{}
}

// parameter is the parameter that holds the ARN of the version.
type parameter struct {
	publish.Parameter // without a value
	// overwrite is set where one that somebody else wrote may be replaced.
	overwrite bool
}

// zipsInFlight bounds the bytes of zips that are on their way to several regions
// at once: one in a request takes some four times its size of memory.
const zipsInFlight = 150 << 20

// makeRoom makes room for so many uploads of the zip at once.
func (o *order) makeRoom() {
	o.uploads = make(chan struct{}, min(max(1, zipsInFlight/max(1, o.request.Zip.Size)), 64))
}

// advanceAll takes all places through their steps, beside each other.
func (o *order) advanceAll(ctx context.Context, places []*place) {
	o.makeRoom()
	inParallel(places, func(p *place) {
		o.advance(ctx, p)
		p.done(ctx, o.publisher)
	})
}

// advance takes a place through its steps until one fails.
func (o *order) advance(ctx context.Context, p *place) {
	for _, step := range []struct {
		lifecycle.Step
		run func(context.Context, *place) diag.Diagnostics
	}{
		{lifecycle.Publishing, o.publishAt}, {lifecycle.Sharing, o.shareAt}, {lifecycle.Naming, o.parameterAt}, {lifecycle.Retiring, o.retireAt},
	} {
		diags := step.run(ctx, p)
		p.diags.Append(diags...)
		if diags.HasError() {
			p.outcome.Failed = step.Step
			return
		}
	}
}

// publishAt makes sure of the planned version.
func (o *order) publishAt(ctx context.Context, p *place) (diags diag.Diagnostics) {
	if p.outcome.Due.Publish == lifecycle.None {
		return nil
	}
	request := o.request
	request.Region, request.LayerARN, request.Holder = p.region, p.layerARN, p.holder
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
	v, adopted, err := o.publisher.Publish(ctx, request)
	if err != nil {
		if made, parseErr := publish.ParseARN(v.ARN); parseErr == nil { // it is there, and to be cleaned up
			p.layerARN = made.LayerARN()
			p.life.Own(v.Number, lifecycle.Date(v.CreatedDate))
		}
		return append(diags, diagnostic.Of(fmt.Sprintf("Layer %q cannot be published", request.LayerName), err))
	}
	arn, err := publish.ParseARN(v.ARN)
	if err != nil {
		return append(diags, diagnostic.Of("The layer version cannot be read", err))
	}
	was, threatened := p.life.Release.ARN, p.life.Threatened
	p.version, p.layerARN, p.life.Threatened = &v, arn.LayerARN(), false
	describe(&p.life.Release, v)
	if !adopted || threatened && v.ARN == was { // its owner is being destroyed, and leaves it
		p.life.Own(v.Number, lifecycle.Date(v.CreatedDate))
	} else if p.life.TakenOver() {
		diags.Append(p.tookOver(request.LayerName))
	}
	if v.Double != "" {
		diags.AddWarning(fmt.Sprintf("Layer %q has a version twice", request.LayerName),
			fmt.Sprintf("An answer of AWS was lost, and %s has the same bytes as %s. If nothing uses it, delete it by hand.", v.Double, v.ARN))
	}
	return diags
}

// leave deletes what the resource has in regions that are not named any more. A
// region where that fails is tried again by the next apply.
func (o *order) leave(ctx context.Context, places []*place) {
	inParallel(places, func(p *place) {
		p.diags.Append(o.destroyAt(ctx, o.publisher, p)...)
		p.outcome.Cleared = !p.diags.HasError()
	})
}
