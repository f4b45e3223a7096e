// Package signing has zips in S3 signed by AWS Signer, and tells of a signed one
// what it was made of.
package signing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/signer"
	signertypes "github.com/aws/aws-sdk-go-v2/service/signer/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Profile names a signing profile of AWS Signer. The signed zip has another digest
// than the zip.
type Profile struct {
	// ProfileName is that of a signing profile in the region of the layer, for
	// the platform AWSLambda-SHA384-ECDSA.
	ProfileName string
	// ProfileOwner is the account of the profile; "" is the caller's own.
	ProfileOwner string
}

// Error tells that a signing job did not end as it should.
type Error struct {
	// Profile is the name of the signing profile, JobID the job's.
	Profile, JobID string
	// Reason is in the words of AWS, where it gave some.
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("signing with the profile %q did not succeed (job %q): %s", e.Profile, e.JobID, e.Reason)
}

// Times bound the wait between looks at a signing job, which doubles from Poll to
// Longest; Limit is how long a job may take.
type Times struct {
	Poll, Longest, Limit time.Duration
}

// Signer has zips signed with one profile.
type Signer struct {
	Profile
	Jobs *signer.Client
	// Region and LayerName are those of the layer.
	Region, LayerName string
	Times             Times
	Explain           func(error) error
	// Warn is told what stays behind.
	Warn func(string)
}

// Signed is what a signing job made.
type Signed struct {
	JobID string
	s3object.Stored
	// SHA256 is base64; "" where S3 does not tell.
	SHA256 string
}

// Sign has the staged zip signed and waits for the result, whose name begins with
// the folder below the prefix of the upload. The job is named by
// what it signs and for which layer, so that a call whose answer was lost starts
// no second one.
func (s *Signer) Sign(ctx context.Context, u *upload.Upload, source s3object.Stored, folder string) (*Signed, error) {
	if source.VersionID == "" {
		return nil, upload.Unversioned(u.Place.Bucket, "signing")
	}
	prefix := folder + u.Zip.SHA256.Hex() + "-"
	token := sha256.Sum256([]byte(strings.Join([]string{
		s.ProfileName, s.ProfileOwner, u.Place.Bucket, source.Key, source.VersionID, prefix, s.LayerName,
	}, "\n")))
	started, err := s.Jobs.StartSigningJob(ctx, &signer.StartSigningJobInput{
		ClientRequestToken: aws.String(hex.EncodeToString(token[:])),
		ProfileName:        &s.ProfileName, ProfileOwner: awsclient.Optional(s.ProfileOwner),
		Source:      &signertypes.Source{S3: &signertypes.S3Source{BucketName: &u.Place.Bucket, Key: &source.Key, Version: &source.VersionID}},
		Destination: &signertypes.Destination{S3: &signertypes.S3Destination{BucketName: &u.Place.Bucket, Prefix: &prefix}},
	})
	if err == nil && aws.ToString(started.JobId) == "" {
		err = awsclient.ErrIncomplete
	}
	if err != nil {
		return nil, fmt.Errorf("signing the zip at s3://%s/%s: %w", u.Place.Bucket, source.Key, s.explain(err))
	}
	id := aws.ToString(started.JobId)
	done, err := s.await(ctx, id)
	if err != nil {
		if done == nil {
			s.Warn(fmt.Sprintf("The signing job %q for layer %q continues, and the object that it writes stays in the bucket %q below %q. Delete it by hand, or by a lifecycle rule.",
				id, s.LayerName, u.Place.Bucket, prefix))
		}
		return nil, fmt.Errorf("signing the zip at s3://%s/%s: %w", u.Place.Bucket, source.Key, err)
	}
	if done.SignedObject == nil || done.SignedObject.S3 == nil || aws.ToString(done.SignedObject.S3.Key) == "" {
		return nil, &Error{s.ProfileName, id, "AWS does not say where the signed zip is"}
	}
	signed := &Signed{JobID: id, Stored: s3object.Stored{Key: *done.SignedObject.S3.Key}}
	return signed, signed.describe(ctx, u)
}

// describe adds version and digest of a signed object. A digest over parts is
// not that of the zip. A look that is not allowed leaves them out.
func (signed *Signed) describe(ctx context.Context, u *upload.Upload) error {
	head, err := u.Head(ctx, signed.Key)
	if upload.Hidden(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if head == nil {
		return &awsclient.VanishedError{LimitError: &awsclient.LimitError{Attribute: "s3", Problem: fmt.Sprintf("lacks the signed zip s3://%s/%s, which something has removed: exclude objects of the last day from lifecycle rules", u.Place.Bucket, signed.Key)}}
	}
	signed.Stored = upload.StoredOf(signed.Key, head.VersionId, head.ETag)
	signed.SHA256, _ = upload.WholeSHA256(head)
	return nil
}

// await waits until the job has ended, for a bounded time. It returns
// the job with the error of one that has failed, and none with other errors.
func (s *Signer) await(ctx context.Context, id string) (*signer.DescribeSigningJobOutput, error) {
	profile, deadline := s.ProfileName, time.Now().Add(s.Times.Limit)
	for wait := s.Times.Poll; ; wait = min(2*wait, s.Times.Longest) {
		out, err := s.Jobs.DescribeSigningJob(ctx, &signer.DescribeSigningJobInput{JobId: &id})
		if err != nil {
			return nil, fmt.Errorf("waiting for the signing job %q: %w", id, s.explain(err))
		}
		switch out.Status {
		case signertypes.SigningStatusSucceeded:
			return out, nil
		case signertypes.SigningStatusFailed:
			return out, &Error{profile, id, aws.ToString(out.StatusReason)}
		}
		if time.Now().After(deadline) {
			return nil, &Error{profile, id, fmt.Sprintf("it still runs after %s", s.Times.Limit)}
		}
		if err := backoff.Sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("waiting for the signing job %q: %w", id, err)
		}
	}
}

// explain is Explain for Signer, where what is missing is a profile.
func (s *Signer) explain(err error) error {
	if awsclient.IsCode(err, "ResourceNotFoundException") {
		return &awsclient.LimitError{Attribute: "signing", Problem: fmt.Sprintf("names the profile %q, which does not exist in %s: create it there, or set profile_owner to the account that has it (%s)",
			s.ProfileName, s.Region, awsclient.Message(err))}
	}
	return s.Explain(err)
}

// Made reports whether a version was signed with the profile, in any of its
// versions. account is the version's own.
func (p Profile) Made(profileVersionARN, account string) bool {
	by := ProfileOf(profileVersionARN)
	return by.ProfileName == p.ProfileName && by.ProfileOwner == cmp.Or(p.ProfileOwner, account)
}

// ProfileOf reads arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION.
func ProfileOf(arn string) Profile {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[2] != "signer" {
		return Profile{}
	}
	path := strings.Split(strings.TrimPrefix(part[5], "/"), "/")
	if len(path) != 3 || path[0] != "signing-profiles" {
		return Profile{}
	}
	return Profile{ProfileName: path[1], ProfileOwner: part[4]}
}

// JobID reads arn:aws:signer:REGION:ACCOUNT:/signing-jobs/ID.
func JobID(arn string) string {
	_, id, _ := strings.Cut(arn, ":/signing-jobs/")
	return id
}

// Source returns the base64 SHA-256 of the zip that a signing job had as its source,
// and whether the signature still stands. The digest is "" where we did not give the
// source its name, and where AWS has forgotten the job, as it does after two years.
func Source(ctx context.Context, api *signer.Client, jobARN string) (digest string, stands bool, err error) {
	id := JobID(jobARN)
	out, err := api.DescribeSigningJob(ctx, &signer.DescribeSigningJobInput{JobId: &id})
	if awsclient.IsCode(err, "ResourceNotFoundException") {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	return sourceDigest(out), valid(out), nil
}

// sourceDigest returns the base64 digest that the name of a job's source tells,
// if we gave the name.
func sourceDigest(out *signer.DescribeSigningJobOutput) string {
	if out.Source == nil || out.Source.S3 == nil {
		return ""
	}
	key := aws.ToString(out.Source.S3.Key)
	name, ok := strings.CutSuffix(key[strings.LastIndex(key, "/")+1:], upload.Suffix)
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
