// Package steps is what is done for a layer version in one region, and in all regions
// beside each other: publishing, sharing, naming, retiring; reading; and the end. It
// acts on plain structs and has no attribute of Terraform but the paths of diagnostics.
package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Place is one region's share of a layerbuild_version. Every region goes
// through the same steps, beside the others.
type Place struct {
	Region string
	// Primary is set for the region of the resource itself.
	Primary bool
	// Life is what the resource has there, which the steps change; Holder names
	// the resource in the layer's register.
	Life   *lifecycle.Place
	Holder string
	// LayerARN is the layer's, without a version; "" until it is known.
	LayerARN string
	// Seen is what the layer's register knew when the resource was read, or its
	// end was planned. Unseen is set where that cannot be known: see
	// lifecycle.Ending.
	Seen   lifecycle.Witness
	Unseen bool

	// Outcome says what is due, and how far the steps came.
	Outcome lifecycle.Outcome
	// Retired are the numbers of the versions that the policy retired.
	Retired []int64

	// Version is what AWS said of the release last; nil where it was not asked.
	Version *publish.Version
	// SignedBy is who signed the version, where Signer was asked.
	SignedBy publish.Signing
	// Shared says who may use the version; nil where AWS was not asked.
	Shared *publish.Sharing
	// unread is set where AWS did not tell what the region has.
	unread bool
	// Stray is set where the parameter does not hold the ARN.
	Stray bool

	Diags diag.Diagnostics
}

// unreadable returns what a refresh that cannot read the place says. Of a further
// region it is a warning, and what the state has stands: the outage of one keeps
// nobody from the others, nor from giving it up.
func (p *Place) unreadable(d diag.Diagnostic) diag.Diagnostic {
	p.unread = true
	if p.Primary {
		return d
	}
	return diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nUntil a refresh can read this region, the plan uses what the state has.")
}

// versionARN returns the ARN of another version of the place's layer.
func (p *Place) versionARN(number int64) string { return fmt.Sprintf("%s:%d", p.LayerARN, number) }

// InParallel does the same in all places at once. Each keeps the pace of its
// own region.
func InParallel(places []*Place, do func(*Place)) {
	var all sync.WaitGroup
	for _, p := range places {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

// Report gathers what the places have to say, in their order. Where there are
// several, the region is named.
func Report(places []*Place) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, p := range places {
		for _, d := range p.Diags {
			if len(places) > 1 && p.Region != "" {
				d = diagnostic.Reworded(d, p.Region+": "+d.Summary(), d.Detail())
			}
			diags.Append(d)
		}
	}
	return diags
}

// HasAny reports whether there is anything to be kept in the state.
func HasAny(places []*Place) bool {
	return slices.ContainsFunc(places, func(p *Place) bool { return p.Life.Release.ARN != "" || len(p.Life.Owned) > 0 })
}

// Describe writes what AWS says of the version.
func Describe(r *lifecycle.Release, v publish.Version) {
	r.ARN, r.Number, r.CreatedDate = v.ARN, v.Number, v.CreatedDate
	r.CodeSHA256, r.CodeSize = v.CodeSHA256, v.CodeSize
	switch {
	case v.SigningJobARN == "":
		r.UnsignedSHA256 = ""
	case v.UnsignedSHA256 != "" || v.SigningJobARN != r.SigningJobARN:
		r.UnsignedSHA256 = v.UnsignedSHA256
	}
	r.SigningJobARN, r.SigningProfileVersionARN = v.SigningJobARN, v.SigningProfileVersionARN
}

// LayerOf returns the ARN of the layer of a version, "" for none.
func LayerOf(arn string) string {
	parsed, err := publish.ParseARN(arn)
	if err != nil {
		return ""
	}
	return parsed.LayerARN()
}

// shareAt puts the policy on the place's version and, where that is due, on the
// older ones that AWS still has.
func (o *Order) shareAt(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	due := p.Outcome.Due
	if due.Share == lifecycle.None {
		return nil
	}
	current := p.Life.Release.Number
	numbers := []int64{current}
	if due.ShareOlder {
		numbers = append(numbers, p.Life.Older()...)
	}
	for _, number := range numbers {
		err := o.Publisher.Share(ctx, p.versionARN(number), o.Sharing)
		if errors.Is(err, publish.ErrNotFound) && number != current {
			continue
		}
		if err != nil {
			diags.Append(diagnostic.Of(fmt.Sprintf("Version %d of layer %q cannot be shared as planned", number, o.Layer), err))
		}
	}
	return diags
}

// ReadSharing asks AWS who may use the versions.
func (r *Reading) ReadSharing(ctx context.Context, places []*Place, importing bool) {
	InParallel(places, func(p *Place) {
		if p.Version == nil || p.Life.Release.CodeSHA256 == "" { // gone, or not what the state describes
			return
		}
		s, err := r.Publisher.SharedWith(ctx, p.Life.Release.ARN)
		switch {
		case err == nil:
			p.Shared = &s
		case importing: // who may not read policies can import
			p.Diags.AddWarning("The sharing of the layer version cannot be read", diagnostic.Sentence(err.Error())+" The import goes on as if the version were not shared.")
		default:
			p.Diags.Append(p.unreadable(diagnostic.Of("The sharing of the layer version cannot be read", err)))
		}
	})
}
