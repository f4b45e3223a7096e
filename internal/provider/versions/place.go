package versions

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// place is one region's share of a layerbuild_version. Every region goes
// through the same steps, beside the others.
type place struct {
	region string
	// primary is set for the region of the resource itself.
	primary bool
	// life is what the resource has there, which the steps change; holder names
	// the resource in the layer's register.
	life   *lifecycle.Place
	holder string
	// layerARN is the layer's, without a version; "" until it is known.
	layerARN string
	// seen is what the layer's register knew when the resource was read, or its
	// end was planned. unseen is set where that cannot be known: see
	// lifecycle.Ending.
	seen   lifecycle.Witness
	unseen bool

	// outcome says what is due, and how far the steps came.
	outcome lifecycle.Outcome
	// retired are the numbers of the versions that the policy retired.
	retired []int64

	// version is what AWS said of the release last; nil where it was not asked.
	version *publish.Version
	// signedBy is who signed the version, where Signer was asked.
	signedBy publish.Signing
	// shared says who may use the version; nil where AWS was not asked.
	shared *publish.Sharing
	// unread is set where AWS did not tell what the region has.
	unread bool
	// stray is set where the parameter does not hold the ARN.
	stray bool

	diags diag.Diagnostics
}

// unreadable returns what a refresh that cannot read the place says. Of a further
// region it is a warning, and what the state has stands: the outage of one keeps
// nobody from the others, nor from giving it up.
func (p *place) unreadable(d diag.Diagnostic) diag.Diagnostic {
	p.unread = true
	if p.primary {
		return d
	}
	return diag.NewWarningDiagnostic(d.Summary(), d.Detail()+"\n\nWhat the state has of this region stands until a refresh can read it.")
}

// versionARN returns the ARN of another version of the place's layer.
func (p *place) versionARN(number int64) string { return fmt.Sprintf("%s:%d", p.layerARN, number) }

// inParallel does the same in all places at once. Each keeps the pace of its
// own region.
func inParallel(places []*place, do func(*place)) {
	var all sync.WaitGroup
	for _, p := range places {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

// report gathers what the places have to say, in their order. Where there are
// several, the region is named.
func report(places []*place) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, p := range places {
		for _, d := range p.diags {
			if len(places) > 1 && p.region != "" {
				d = inRegion(p.region, d)
			}
			diags.Append(d)
		}
	}
	return diags
}

// inRegion names a region in a diagnostic.
func inRegion(region string, d diag.Diagnostic) diag.Diagnostic {
	summary := region + ": " + d.Summary()
	named := diag.Diagnostic(diag.NewErrorDiagnostic(summary, d.Detail()))
	if d.Severity() == diag.SeverityWarning {
		named = diag.NewWarningDiagnostic(summary, d.Detail())
	}
	if withPath, ok := d.(diag.DiagnosticWithPath); ok {
		return diag.WithPath(withPath.Path(), named)
	}
	return named
}

// made reports whether there is anything to be kept in the state.
func made(places []*place) bool {
	return slices.ContainsFunc(places, func(p *place) bool { return p.life.Release.ARN != "" || len(p.life.Owned) > 0 })
}

// describe writes what AWS says of the version.
func describe(r *lifecycle.Release, v publish.Version) {
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

// layerOf returns the ARN of the layer of a version, "" for none.
func layerOf(arn string) string {
	parsed, err := publish.ParseARN(arn)
	if err != nil {
		return ""
	}
	return parsed.LayerARN()
}
