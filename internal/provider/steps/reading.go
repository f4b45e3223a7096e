package steps

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

// Reading is what a refresh has to know of the resource.
type Reading struct {
	Publisher *publish.Publisher
	// Layer is its name, "" while a version is being imported.
	Layer string
	// Policy says which versions are kept; HasRetention is set where the resource has one.
	Policy       lifecycle.Policy
	HasRetention bool
	Now          func() time.Time
}

// ReadPlaces asks AWS for what all places have.
func (r *Reading) ReadPlaces(ctx context.Context, places []*Place) {
	InParallel(places, func(p *Place) {
		p.Diags.Append(r.readAt(ctx, p)...)
		if r.Layer != "" && !p.Diags.HasError() {
			p.Diags.Append(r.readFreed(ctx, p)...)
		}
	})
}

// readAt asks AWS for what a place has.
func (r *Reading) readAt(ctx context.Context, p *Place) diag.Diagnostics {
	has := p.Life.Release
	if has.ARN == "" {
		return nil
	}
	v, err := r.Publisher.Read(ctx, has.ARN)
	switch {
	case errors.Is(err, publish.ErrNotFound) && r.Layer == "": // being imported
		return diag.Diagnostics{diag.NewErrorDiagnostic("No such layer version", fmt.Sprintf("AWS has no %s: check the region, the name and the number.", has.ARN))}
	case errors.Is(err, publish.ErrNotFound):
		return p.lose(r.Layer)
	case err != nil:
		return diag.Diagnostics{p.unreadable(diagnostic.Of("The layer version cannot be read", err))}
	}
	p.Version = &v
	if p.Primary || has.CodeSHA256 != "" {
		Describe(&p.Life.Release, v)
		diags := p.Point(ctx, r.Publisher, r.Layer == "")
		if p.Life.Threatened {
			diags.Append(p.threatened(r.Layer))
		}
		return append(diags, p.describeSigning(ctx, r.Publisher)...)
	}
	return nil
}

// lose notes that AWS does not have the version any more. In the region of the
// resource its ARN stays in the state.
func (p *Place) lose(layer string) (diags diag.Diagnostics) {
	was := p.Life.Release
	if !p.Life.Gone() {
		diags.AddWarning(fmt.Sprintf("Version %d of layer %q was deleted outside of Terraform", was.Number, layer), fmt.Sprintf(
			"AWS no longer has %s. The next apply publishes the layer again under another number. Functions that have the old version keep it.", was.ARN))
	}
	p.Life.Forget(was.Number)
	p.Life.Release.CodeSHA256 = ""
	if !p.Primary {
		p.Life.Release = lifecycle.Release{}
	}
	return diags
}

// describeSigning adds what a signed version was made of, where neither AWS nor
// the state tells it, as after an import. It asks Signer.
func (p *Place) describeSigning(ctx context.Context, publisher *publish.Publisher) (diags diag.Diagnostics) {
	r := &p.Life.Release
	if r.SigningJobARN == "" || r.UnsignedSHA256 != "" {
		return nil
	}
	digest, by, err := publisher.Unsigned(ctx, *p.Version)
	if err != nil {
		return append(diags, diag.NewWarningDiagnostic("It is not known what was signed",
			diagnostic.Sentence(err.Error())+" The next apply signs and publishes the zip again."))
	}
	r.UnsignedSHA256, p.Version.UnsignedSHA256, p.SignedBy = digest, digest, by
	return nil
}

// readFreed looks whether versions that only their users kept are free now, and
// forgets those that are gone. It costs nothing where none was kept so, and a
// call for each where its users still have it.
func (r *Reading) readFreed(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	p.Life.Freed = nil
	if len(p.Life.InUse) == 0 || !r.Policy.KeepInUse || p.LayerARN == "" || p.unread || !r.HasRetention {
		return diags
	}
	for _, n := range slices.Sorted(maps.Keys(p.Life.InUse)) {
		free, err := r.Publisher.Free(ctx, p.versionARN(n), p.Life.InUse[n])
		if err != nil {
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", r.Layer), err))
		}
		if !free {
			continue
		}
		_, err = r.Publisher.Read(ctx, p.versionARN(n))
		switch {
		case errors.Is(err, publish.ErrNotFound):
			p.Life.Forget(n)
		case err != nil:
			return append(diags, diagnostic.CleanUpWarning(fmt.Sprintf("Older versions of layer %q stay", r.Layer), err))
		default:
			p.Life.Freed = append(p.Life.Freed, n)
		}
	}
	return diags
}

// ReadRetention refreshes what the record knows of versions: when they were
// published, which others the layer has where the policy is about all of them,
// and the midnight that ages are counted at.
func (r *Reading) ReadRetention(ctx context.Context, places []*Place) (diags diag.Diagnostics) {
	for _, p := range places {
		p.Life.Date(p.Life.Release.Number, lifecycle.Date(p.Life.Release.CreatedDate))
		p.Life.Seen = time.Time{}
		if r.Policy.MaxAge > 0 {
			// A day's precision: a refresh does not change the state every time.
			p.Life.Seen = r.Now().UTC().Truncate(24 * time.Hour)
		}
		if p.unread {
			continue
		}
		if !r.Policy.WholeLayer || p.LayerARN == "" {
			p.Life.Others, p.Life.Listed = nil, false
			continue
		}
		if err := p.list(ctx, r.Publisher, r.Layer); err != nil {
			diags.Append(diagnostic.CleanUpWarning(fmt.Sprintf("The versions of layer %q in %s cannot be listed", r.Layer, p.Region), err))
		}
	}
	return diags
}
