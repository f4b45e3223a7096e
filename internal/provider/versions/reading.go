package versions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// reading is what a refresh has to know of the resource.
type reading struct {
	publisher *publish.Publisher
	// layer is its name, "" while a version is being imported.
	layer string
	// policy says which versions are kept; retention is set where the resource has one.
	policy    lifecycle.Policy
	retention bool
	now       func() time.Time
}

// readAll asks AWS for what all places have.
func (r *reading) readAll(ctx context.Context, places []*place) {
	inParallel(places, func(p *place) {
		p.diags.Append(r.readAt(ctx, p)...)
		if r.layer != "" && !p.diags.HasError() {
			p.diags.Append(r.readFreed(ctx, p)...)
		}
	})
}

// readAt asks AWS for what a place has.
func (r *reading) readAt(ctx context.Context, p *place) diag.Diagnostics {
	has := p.life.Release
	if has.ARN == "" {
		return nil
	}
	v, err := r.publisher.Read(ctx, has.ARN)
	switch {
	case errors.Is(err, publish.ErrNotFound) && r.layer == "": // being imported
		return diag.Diagnostics{diag.NewErrorDiagnostic("No such layer version", fmt.Sprintf("AWS has no %s: check the region, the name and the number.", has.ARN))}
	case errors.Is(err, publish.ErrNotFound):
		return p.lose(r.layer)
	case err != nil:
		return diag.Diagnostics{p.unreadable(diagnostic.Of("The layer version cannot be read", err))}
	}
	p.version = &v
	if p.primary || has.CodeSHA256 != "" {
		describe(&p.life.Release, v)
		diags := p.point(ctx, r.publisher, r.layer == "")
		if p.life.Threatened {
			diags.Append(p.threatened(r.layer))
		}
		return append(diags, p.describeSigning(ctx, r.publisher)...)
	}
	return nil
}

// lose notes that AWS does not have the version any more. In the region of the
// resource its ARN stays in the state.
func (p *place) lose(layer string) (diags diag.Diagnostics) {
	was := p.life.Release
	if !p.life.Gone() {
		diags.AddWarning(fmt.Sprintf("Version %d of layer %q was deleted outside of Terraform", was.Number, layer), fmt.Sprintf(
			"AWS does not have %s any more. The next apply publishes the layer anew, under another number; functions that have the old version keep it.", was.ARN))
	}
	p.life.Forget(was.Number)
	p.life.Release.CodeSHA256 = ""
	if !p.primary {
		p.life.Release = lifecycle.Release{}
	}
	return diags
}

// describeSigning adds what a signed version was made of, where neither AWS nor
// the state tells it, as after an import. It asks Signer.
func (p *place) describeSigning(ctx context.Context, publisher *publish.Publisher) (diags diag.Diagnostics) {
	r := &p.life.Release
	if r.SigningJobARN == "" || r.UnsignedSHA256 != "" {
		return nil
	}
	digest, by, err := publisher.Unsigned(ctx, *p.version)
	if err != nil {
		return append(diags, diag.NewWarningDiagnostic("It is not known what was signed",
			diagnostic.Sentence(err.Error())+" The next apply signs and publishes the zip again."))
	}
	r.UnsignedSHA256, p.version.UnsignedSHA256, p.signedBy = digest, digest, by
	return nil
}

// readFreed looks whether versions that only their users kept are free now, and
// forgets those that are gone. It costs nothing where none was kept so, and a
// call for each where its users still have it.
func (r *reading) readFreed(ctx context.Context, p *place) (diags diag.Diagnostics) {
	p.life.Freed = nil
	if len(p.life.InUse) == 0 || !r.policy.KeepInUse || p.layerARN == "" || p.unread || !r.retention {
		return diags
	}
	for _, n := range slices.Sorted(maps.Keys(p.life.InUse)) {
		free, err := r.publisher.Free(ctx, p.versionARN(n), p.life.InUse[n])
		if err != nil {
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", r.layer), err))
		}
		if !free {
			continue
		}
		_, err = r.publisher.Read(ctx, p.versionARN(n))
		switch {
		case errors.Is(err, publish.ErrNotFound):
			p.life.Forget(n)
		case err != nil:
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", r.layer), err))
		default:
			p.life.Freed = append(p.life.Freed, n)
		}
	}
	return diags
}

// readRetention refreshes what the record knows of versions: when they were
// published, which others the layer has where the policy is about all of them,
// and the midnight that ages are counted at.
func (r *reading) readRetention(ctx context.Context, places []*place) (diags diag.Diagnostics) {
	for _, p := range places {
		p.life.Date(p.life.Release.Number, lifecycle.Date(p.life.Release.CreatedDate))
		p.life.Seen = time.Time{}
		if r.policy.MaxAge > 0 {
			// A day's precision: a refresh does not change the state every time.
			p.life.Seen = r.now().UTC().Truncate(24 * time.Hour)
		}
		if p.unread {
			continue
		}
		if !r.policy.WholeLayer || p.layerARN == "" {
			p.life.Others, p.life.Listed = nil, false
			continue
		}
		if err := p.list(ctx, r.publisher, r.layer); err != nil {
			diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("The versions of layer %q in %s cannot be listed", r.layer, p.region), err))
		}
	}
	return diags
}
