// Package publish puts layer versions into AWS Lambda, reads them, removes them
// and finds who uses them. It is the only room that speaks to AWS.
//
// A publish happens once. AWS makes a new version of every PublishLayerVersion
// call and offers no client token, so Publish looks before the first call and
// after every call whose outcome is not known, and takes what it finds.
package publish

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Publish makes sure that the layer has a version with the request's bytes and
// metadata, and returns it. It reports true when that version was there before
// the call, or another run made it meanwhile: another resource may point at it.
// One that a run of this machine was publishing when it was cut is the caller's
// own. A version that comes with an error is there
// and belongs to this call; most errors come with none.
//
// Typed errors: *LimitError, *TooLargeError, *DigestError (the zip is not what
// it was said to be), *AlteredError (AWS keeps other bytes), *UncertainError
// (an answer was lost and could not be found again), *AccessDeniedError,
// *QuotaError, *CredentialsError, *ConfigError, *SigningError,
// *ForeignAccountError.
func (p *Publisher) Publish(ctx context.Context, r Request) (Version, bool, error) {
	if err := r.check(); err != nil {
		return Version{}, false, err
	}
	s, region, err := p.client.Reach(ctx, r.Region)
	if err != nil {
		return Version{}, false, err
	}
	done, err := p.turn(ctx, region+"/"+r.LayerName)
	if err != nil {
		return Version{}, false, err
	}
	defer done()
	r.Staging = r.Staging.in(region)
	j := &job{
		request: r, session: s, region: region, api: s.Lambda(region),
		stagings: &p.stagings, transfer: p.transfer, patience: p.patience,
		intend: func(above int64) error { return p.intend(ctx, r, region, above) },
	}
	v, found, err := j.run(ctx)
	if err != nil {
		return v, found, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	if err := p.refuseForeign(ctx, r, v, found); err != nil {
		return Version{}, false, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	own, err := p.point(ctx, r, v, found)
	if err != nil {
		return v, found, fmt.Errorf("publishing layer %q in %s: %w", r.LayerName, region, err)
	}
	p.remember(v.ARN)
	v.UnsignedSHA256 = r.Zip.SHA256.Base64()
	return v, !own, nil
}

// check finds what AWS would refuse, before anything is sent.
func (r Request) check() error {
	for _, err := range []error{
		CheckName(r.LayerName), CheckDescription(r.Description), CheckLicenseInfo(r.LicenseInfo),
		CheckRuntimes(r.Runtimes), CheckArchitectures(r.Architectures), r.Staging.check(), checkSigning(r.Signing, r.Staging),
	} {
		if err != nil {
			return err
		}
	}
	if r.Zip.Size <= 0 {
		return &LimitError{Attribute: "package", Problem: "is empty: AWS takes no layer without a file"}
	}
	if r.Staging == nil && r.Zip.Size > runtimes.MaxDirectUpload {
		return &TooLargeError{Size: r.Zip.Size, Limit: runtimes.MaxDirectUpload}
	}
	return nil
}
