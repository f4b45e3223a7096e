package publish

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/policy"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/signing"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// Signing has the zip signed by AWS Signer before it is published. The signed
// zip has another digest than the zip.
type Signing = signing.Profile

// SigningError tells that a signing job did not end as it should.
type SigningError = signing.Error

var profileName = regexp.MustCompile(`^[a-zA-Z0-9_]{2,64}$`)

// checkSigning finds what AWS would refuse.
func checkSigning(s *Signing, staging *Staging) error {
	switch {
	case s == nil:
		return nil
	case staging == nil:
		return &LimitError{Attribute: "signing", Problem: "needs s3: Signer reads the zip from a bucket, and writes the signed one there"}
	case s.ProfileOwner != "":
		return errors.Join(CheckProfileName(s.ProfileName), CheckProfileOwner(s.ProfileOwner))
	}
	return CheckProfileName(s.ProfileName)
}

// CheckProfileName returns a *LimitError when AWS would refuse the name of a
// signing profile.
func CheckProfileName(name string) error {
	if !profileName.MatchString(name) {
		return &LimitError{Attribute: "signing", Problem: fmt.Sprintf("has profile_name %q: AWS takes 2 to 64 letters, digits and underscores", name)}
	}
	return nil
}

// CheckProfileOwner returns a *LimitError for an owner that is not 12 digits.
func CheckProfileOwner(id string) error {
	if !policy.IsAccountID(id) {
		return &LimitError{Attribute: "signing", Problem: fmt.Sprintf("has profile_owner %q, want an account of 12 digits", id)}
	}
	return nil
}

// folderSigned holds the signed zips that Lambda reads by REFERENCE.
const folderSigned = "signed/"

// sign has the staged zip signed.
func (j *job) sign(ctx context.Context, u *upload.Upload, source s3object.Stored) (*signing.Signed, error) {
	at := j.request.Staging
	s := signing.Signer{
		Profile: *j.request.Signing, Jobs: j.session.Signer(j.region), Region: j.region, LayerName: j.request.LayerName,
		Times: j.transfer.signing, Explain: j.session.Explain, Warn: j.warn,
	}
	folder := temporary
	if at.reference() {
		folder = folderSigned
	}
	return s.Sign(ctx, u, source, at.Prefix+folder)
}

// holds reports whether the version was made of the request's zip: its bytes
// are equal, or the signing job that made them had the zip as its source.
func (j *job) holds(ctx context.Context, v Version) (bool, error) {
	want := j.request.Signing
	if want == nil || v.SigningJobARN == "" {
		return want == nil && v.CodeSHA256 == j.request.Zip.SHA256.Base64(), nil
	}
	if j.delivery != nil && j.delivery.signed != nil && signing.JobID(v.SigningJobARN) == j.delivery.signed.JobID {
		return true, nil
	}
	if !want.Made(v.SigningProfileVersionARN, callerOf(v.ARN).AccountID) {
		return false, nil
	}
	digest, stands, err := signing.Source(ctx, j.session.Signer(j.region), v.SigningJobARN)
	return err == nil && stands && digest == j.request.Zip.SHA256.Base64(), err
}

// Unsigned returns the base64 SHA-256 of the zip that a signed version was made
// of, and the name and account of the signing profile. The digest is "" where
// the zip was not staged by a Publisher, or the job is forgotten.
func (p *Publisher) Unsigned(ctx context.Context, v Version) (digest string, by Signing, err error) {
	by = signing.ProfileOf(v.SigningProfileVersionARN)
	a, err := ParseARN(v.ARN)
	if err != nil {
		return "", by, err
	}
	s, err := p.client.Connect(ctx, a.Region)
	if err != nil {
		return "", by, err
	}
	digest, _, err = signing.Source(ctx, s.Signer(a.Region), v.SigningJobARN)
	if err != nil {
		return "", by, fmt.Errorf("reading the signing job of %s: %w", v.ARN, s.Explain(err))
	}
	return digest, by, nil
}

// altered returns what is wrong with a version that was just made, or nil: its
// bytes are not those delivered, or another job has signed them.
func (d *delivery) altered(v Version) *AlteredError {
	if d.sha256 != "" && v.CodeSHA256 != d.sha256 || d.signed != nil && signing.JobID(v.SigningJobARN) != d.signed.JobID {
		return &AlteredError{ARN: v.ARN, Want: d.sha256, Got: v.CodeSHA256}
	}
	return nil
}
