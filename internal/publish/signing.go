package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	signertypes "github.com/aws/aws-sdk-go-v2/service/signer/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

var profileName = regexp.MustCompile(`^[a-zA-Z0-9_]{2,64}$`)

func (s *Signing) check(staging *Staging) error {
	switch {
	case s == nil:
		return nil
	case staging == nil:
		return &LimitError{"signing", "needs s3: Signer reads the zip from a bucket, and writes the signed one there"}
	case s.ProfileOwner != "":
		return errors.Join(CheckProfileName(s.ProfileName), CheckProfileOwner(s.ProfileOwner))
	}
	return CheckProfileName(s.ProfileName)
}

// CheckProfileName returns a *LimitError when AWS would refuse the name of a
// signing profile.
func CheckProfileName(name string) error {
	if !profileName.MatchString(name) {
		return &LimitError{"signing", fmt.Sprintf("has profile_name %q: AWS takes 2 to 64 letters, digits and underscores", name)}
	}
	return nil
}

// CheckProfileOwner returns a *LimitError for an owner that is not 12 digits.
func CheckProfileOwner(id string) error {
	if !isAccountID(id) {
		return &LimitError{"signing", fmt.Sprintf("has profile_owner %q, want an account of 12 digits", id)}
	}
	return nil
}

// SigningError tells that a signing job did not end as it should.
type SigningError struct {
	// Profile is the name of the signing profile, JobID the job's.
	Profile, JobID string
	// Reason is in the words of AWS, where it gave some.
	Reason string
}

func (e *SigningError) Error() string {
	return fmt.Sprintf("signing with the profile %q did not succeed (job %q): %s", e.Profile, e.JobID, e.Reason)
}

// jobs is the part of Signer that signing uses.
type jobs interface {
	StartSigningJob(context.Context, *signer.StartSigningJobInput, ...func(*signer.Options)) (*signer.StartSigningJobOutput, error)
	DescribeSigningJob(context.Context, *signer.DescribeSigningJobInput, ...func(*signer.Options)) (*signer.DescribeSigningJobOutput, error)
}

func (s *session) signer(region string) *signer.Client {
	return signer.NewFromConfig(s.aws, func(o *signer.Options) {
		o.Region = region
		override(&o.BaseEndpoint, s.config.Endpoints.Signer)
	})
}

// signedObject is what a signing job made.
type signedObject struct {
	jobID string
	*stagedObject
	// sha256 is base64; "" where S3 does not tell.
	sha256 string
}

// folderSigned holds the signed zips that Lambda reads by REFERENCE.
const folderSigned = "signed/"

// sign has the staged zip signed and waits for the result. The job is named by
// what it signs and for which layer, so that a call whose answer was lost starts
// no second one.
func (j *job) sign(ctx context.Context, u *upload, source *stagedObject) (*signedObject, error) {
	want := j.request.Signing
	if !hasVersion(source.version) {
		return nil, unversioned(u.place.Bucket, "signing")
	}
	folder := temporary
	if u.place.reference() {
		folder = folderSigned
	}
	prefix := u.place.Prefix + folder + u.zip.SHA256.Hex() + "-"
	token := sha256.Sum256([]byte(strings.Join([]string{
		want.ProfileName, want.ProfileOwner, u.place.Bucket, source.key, source.version, prefix, j.request.LayerName,
	}, "\n")))
	started, err := j.signer().StartSigningJob(ctx, &signer.StartSigningJobInput{
		ClientRequestToken: aws.String(hex.EncodeToString(token[:])),
		ProfileName:        &want.ProfileName, ProfileOwner: optional(want.ProfileOwner),
		Source:      &signertypes.Source{S3: &signertypes.S3Source{BucketName: &u.place.Bucket, Key: &source.key, Version: &source.version}},
		Destination: &signertypes.Destination{S3: &signertypes.S3Destination{BucketName: &u.place.Bucket, Prefix: &prefix}},
	})
	if err == nil && aws.ToString(started.JobId) == "" {
		err = errIncomplete
	}
	if err != nil {
		return nil, fmt.Errorf("signing the zip at s3://%s/%s: %w", u.place.Bucket, source.key, j.explainSigner(err))
	}
	id := aws.ToString(started.JobId)
	done, err := j.awaitSigning(ctx, id)
	if err != nil {
		if done == nil {
			j.warn(fmt.Sprintf("The signing job %q for layer %q continues, and the object that it writes stays in the bucket %q below %q. Delete it by hand, or by a lifecycle rule.",
				id, j.request.LayerName, u.place.Bucket, prefix))
		}
		return nil, fmt.Errorf("signing the zip at s3://%s/%s: %w", u.place.Bucket, source.key, err)
	}
	if done.SignedObject == nil || done.SignedObject.S3 == nil || aws.ToString(done.SignedObject.S3.Key) == "" {
		return nil, &SigningError{want.ProfileName, id, "AWS does not say where the signed zip is"}
	}
	signed := &signedObject{jobID: id, stagedObject: &stagedObject{key: *done.SignedObject.S3.Key, ours: true}}
	return signed, u.describe(ctx, signed)
}

// describe adds version and digest of a signed object. A digest over parts is
// not that of the zip. A look that is not allowed leaves them out.
func (u *upload) describe(ctx context.Context, signed *signedObject) error {
	head, err := u.head(ctx, signed.key)
	if hidden(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if head == nil {
		return &vanishedError{&LimitError{"s3", fmt.Sprintf("lacks the signed zip s3://%s/%s, which something has removed: exclude objects of the last day from lifecycle rules", u.place.Bucket, signed.key)}}
	}
	signed.version = aws.ToString(head.VersionId)
	if sum, err := ParseCodeSHA256(aws.ToString(head.ChecksumSHA256)); err == nil {
		signed.sha256 = sum.Base64()
	}
	return nil
}

// awaitSigning waits until the job has ended, for a bounded time. It returns
// the job with the error of one that has failed, and none with other errors.
func (j *job) awaitSigning(ctx context.Context, id string) (*signer.DescribeSigningJobOutput, error) {
	profile, deadline := j.request.Signing.ProfileName, time.Now().Add(j.transfer.signing)
	for wait := j.transfer.poll; ; wait = min(2*wait, j.transfer.longest) {
		out, err := j.signer().DescribeSigningJob(ctx, &signer.DescribeSigningJobInput{JobId: &id})
		if err != nil {
			return nil, fmt.Errorf("waiting for the signing job %q: %w", id, j.explainSigner(err))
		}
		switch out.Status {
		case signertypes.SigningStatusSucceeded:
			return out, nil
		case signertypes.SigningStatusFailed:
			return out, &SigningError{profile, id, aws.ToString(out.StatusReason)}
		}
		if time.Now().After(deadline) {
			return nil, &SigningError{profile, id, fmt.Sprintf("it still runs after %s", j.transfer.signing)}
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("waiting for the signing job %q: %w", id, err)
		}
	}
}

// explainSigner is explain for Signer, where what is missing is a profile.
func (j *job) explainSigner(err error) error {
	if isCode(err, "ResourceNotFoundException") {
		return &LimitError{"signing", fmt.Sprintf("names the profile %q, which does not exist in %s: create it there, or set profile_owner to the account that has it (%s)",
			j.request.Signing.ProfileName, j.region, message(err))}
	}
	return j.explain(err)
}

// holds reports whether the version was made of the request's zip: its bytes
// are equal, or the signing job that made them had the zip as its source.
func (j *job) holds(ctx context.Context, v Version) (bool, error) {
	want := j.request.Signing
	if want == nil || v.SigningJobARN == "" {
		return want == nil && v.CodeSHA256 == j.request.Zip.SHA256.Base64(), nil
	}
	if j.delivery != nil && j.delivery.signed != nil && jobID(v.SigningJobARN) == j.delivery.signed.jobID {
		return true, nil
	}
	if !want.made(v) {
		return false, nil
	}
	out, err := describeSigning(ctx, j.signer(), v.SigningJobARN)
	if err != nil || out == nil {
		return false, err
	}
	return sourceDigest(out) == j.request.Zip.SHA256.Base64() && valid(out), nil
}

// made reports whether the version was signed with the profile, in any of its
// versions.
func (s *Signing) made(v Version) bool {
	account, name := profileOf(v.SigningProfileVersionARN)
	owner := s.ProfileOwner
	if a, err := ParseARN(v.ARN); err == nil && owner == "" {
		owner = a.AccountID
	}
	return name == s.ProfileName && account == owner
}

// profileOf reads arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION.
func profileOf(arn string) (account, name string) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[2] != "signer" {
		return "", ""
	}
	path := strings.Split(strings.TrimPrefix(part[5], "/"), "/")
	if len(path) != 3 || path[0] != "signing-profiles" {
		return "", ""
	}
	return part[4], path[1]
}

// jobID reads arn:aws:signer:REGION:ACCOUNT:/signing-jobs/ID.
func jobID(arn string) string {
	_, id, _ := strings.Cut(arn, ":/signing-jobs/")
	return id
}

// describeSigning describes the job of a version; nil where AWS has forgotten
// it, as it does after two years.
func describeSigning(ctx context.Context, api jobs, arn string) (*signer.DescribeSigningJobOutput, error) {
	id := jobID(arn)
	out, err := api.DescribeSigningJob(ctx, &signer.DescribeSigningJobInput{JobId: &id})
	if isCode(err, "ResourceNotFoundException") {
		return nil, nil
	}
	return out, err
}

// sourceDigest returns the base64 digest that the name of a job's source tells,
// if we gave the name.
func sourceDigest(out *signer.DescribeSigningJobOutput) string {
	if out.Source == nil || out.Source.S3 == nil {
		return ""
	}
	key := aws.ToString(out.Source.S3.Key)
	name, ok := strings.CutSuffix(key[strings.LastIndex(key, "/")+1:], zipSuffix)
	if !ok {
		return ""
	}
	digest, err := store.ParseDigest(name)
	if err != nil {
		return ""
	}
	return digest.Base64()
}

// valid reports whether the signature still stands.
func valid(out *signer.DescribeSigningJobOutput) bool {
	return out.RevocationRecord == nil && (out.SignatureExpiresAt == nil || time.Now().Before(*out.SignatureExpiresAt))
}

// Unsigned returns the base64 SHA-256 of the zip that a signed version was made
// of, and the name and account of the signing profile. The digest is "" where
// the zip was not staged by a Publisher, or the job is forgotten.
func (p *Publisher) Unsigned(ctx context.Context, v Version) (digest string, by Signing, err error) {
	by.ProfileOwner, by.ProfileName = profileOf(v.SigningProfileVersionARN)
	a, err := ParseARN(v.ARN)
	if err != nil {
		return "", by, err
	}
	s, err := p.connect(ctx, a.Region)
	if err != nil {
		return "", by, err
	}
	out, err := describeSigning(ctx, s.signer(a.Region), v.SigningJobARN)
	if err != nil {
		return "", by, fmt.Errorf("reading the signing job of %s: %w", v.ARN, s.explain(err))
	}
	if out == nil {
		return "", by, nil
	}
	return sourceDigest(out), by, nil
}

// altered returns what is wrong with a version that was just made, or nil: its
// bytes are not those delivered, or another job has signed them.
func (d *delivery) altered(v Version) *AlteredError {
	if d.sha256 != "" && v.CodeSHA256 != d.sha256 || d.signed != nil && jobID(v.SigningJobARN) != d.signed.jobID {
		return &AlteredError{ARN: v.ARN, Want: d.sha256, Got: v.CodeSHA256}
	}
	return nil
}
