package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// ObjectRequest asks for a zip in S3 that stays there for others to read.
type ObjectRequest struct {
	// Region is the bucket's; "" means the provider's own.
	Region, Bucket, Key string
	Settings            s3object.Settings
	Zip                 Zip
	// Replaceable is what may be written over at the key: what the caller knows
	// to be there. Anything else with other bytes is a *TakenError.
	Replaceable []s3object.Stored
	// Afresh puts the object even where one with the same bytes is there, since
	// its settings are others.
	Afresh bool
	// Warn, if set, gets a sentence about what went wrong without ending the call.
	Warn func(string)
}

// TakenError tells that a key holds what the caller does not know of.
type TakenError struct {
	// Address is that of the object, "s3://bucket/key".
	Address string
	// Unverified is set where S3 keeps no SHA-256 of it, so that its bytes may
	// be the wanted ones.
	Unverified bool
}

func (e *TakenError) Error() string {
	if e.Unverified {
		return fmt.Sprintf("%s is there, and S3 keeps no SHA-256 checksum of it, so it is not known what it holds", e.Address)
	}
	return fmt.Sprintf("%s is there and holds other bytes", e.Address)
}

// CheckBucketName returns a *LimitError for what is no name of a bucket. Those of
// before 2018 may have capitals and underscores ("Bucket naming rules" in the
// user guide of S3).
func CheckBucketName(name string) error {
	if !bucketName.MatchString(name) {
		return &LimitError{Attribute: "bucket", Problem: fmt.Sprintf("is %q: write only the name of the bucket, without s3://. Folders belong in prefix", name)}
	}
	return nil
}

var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)

// CheckKey returns a *LimitError for what S3 or Lambda does not take as the key
// of an object: it has 1 to 1024 bytes.
func CheckKey(key string) error {
	const longest = 1024
	switch {
	case key == "" || len(key) > longest:
		return &LimitError{Attribute: "key", Problem: fmt.Sprintf("has %d bytes, S3 takes 1 to %d", len(key), longest)}
	case strings.HasPrefix(key, "/"):
		return &LimitError{Attribute: "key", Problem: fmt.Sprintf("is %q: remove the slash at the beginning, which would make a folder without a name", key)}
	}
	return nil
}

// ErrNoObject tells that a bucket has no object of a key, or no such version.
var ErrNoObject = errors.New("no such object")

// objectFaults are the faults of a bucket that was named for an object.
var objectFaults = upload.BucketFaults{
	Attribute: "bucket",
	Elsewhere: "names %q, which is in %s, and not in %s: write region = %[2]q",
	Missing:   "names %q, which does not exist (NoSuchBucket): correct the name, or, where this configuration makes the bucket, refer to the id of it, as in bucket = aws_s3_bucket.artifacts.id, which is known when it is there",
}

// PutObject makes sure that the key holds the zip, and returns the object. It
// reports true where it was there before the call, put by somebody else. Large
// zips travel in parts, and after a lost answer the object is looked for.
//
// Typed errors: *LimitError, *DigestError, *TakenError, *AccessDeniedError,
// *CredentialsError, *ConfigError.
func (p *Publisher) PutObject(ctx context.Context, r ObjectRequest) (s3object.Stored, bool, error) {
	at := upload.Place{Bucket: r.Bucket, KMSKeyID: r.Settings.KMSKeyID, Tags: r.Settings.Tags, Class: s3types.StorageClass(r.Settings.StorageClass)}
	if err := CheckTags("tags", at.Tags); err != nil {
		return s3object.Stored{}, false, err
	}
	sums, err := r.Zip.Verify(ctx, io.Discard, p.transfer.sections.Size)
	if err != nil {
		return s3object.Stored{}, false, err
	}
	u, err := p.objectAt(ctx, r.Region, at, r.Key)
	if err != nil {
		return s3object.Stored{}, false, err
	}
	u.Zip, u.Sums, u.Afresh = r.Zip, sums, r.Afresh
	if r.Warn != nil {
		u.Warn = r.Warn
	}
	u.MayReplace = func(head *s3.HeadObjectOutput) error {
		if slices.Contains(r.Replaceable, upload.StoredOf(r.Key, head.VersionId, head.ETag)) || u.Holds(head) {
			return nil
		}
		return &TakenError{Address: u.Address(), Unverified: aws.ToString(head.ChecksumSHA256) == ""}
	}
	o, err := u.Stage(ctx)
	if err != nil {
		return s3object.Stored{}, false, err
	}
	return o.Stored, !o.Ours, nil
}

// objectAt prepares what is done with an object of a bucket.
func (p *Publisher) objectAt(ctx context.Context, region string, at upload.Place, key string) (*upload.Upload, error) {
	s, region, err := p.client.Reach(ctx, region)
	if err != nil {
		return nil, err
	}
	return &upload.Upload{
		Client: s.S3(region), Place: at, Region: region, Key: key, Sections: p.transfer.sections, Grace: p.patience.Grace,
		Explain: s.Explain, Warn: func(string) {}, Faults: &objectFaults,
	}, nil
}

// FindObject looks at a key, or at one version of it, and returns what is there
// and the base64 SHA-256 that S3 keeps of it, "" where it keeps none. Nothing is
// an ErrNoObject.
func (p *Publisher) FindObject(ctx context.Context, region, bucket string, at s3object.Stored) (s3object.Sight, error) {
	u, err := p.objectAt(ctx, region, upload.Place{Bucket: bucket}, at.Key)
	if err != nil {
		return s3object.Sight{}, err
	}
	in := &s3.HeadObjectInput{Bucket: &bucket, Key: &at.Key, ChecksumMode: s3types.ChecksumModeEnabled, VersionId: awsclient.Optional(at.VersionID)}
	head, err := u.Client.HeadObject(ctx, in)
	if awsclient.NoObject(err) || in.VersionId != nil && awsclient.IsCode(err, "NoSuchVersion") {
		return s3object.Sight{}, fmt.Errorf("looking at %s: %w", at.Address(bucket), ErrNoObject)
	}
	if err != nil {
		return s3object.Sight{}, u.Fault("looking at "+at.Address(bucket), "s3:GetObject and s3:ListBucket", err)
	}
	sight := s3object.Sight{Latest: upload.StoredOf(at.Key, head.VersionId, head.ETag), Size: aws.ToInt64(head.ContentLength), Unreadable: upload.Archived(head)}
	sight.SHA256, sight.InParts = upload.WholeSHA256(head)
	return sight, nil
}

// LookAgain looks at the object of a record, and behind what came after it.
func (p *Publisher) LookAgain(ctx context.Context, region, bucket string, was s3object.Stored) (s3object.Sight, error) {
	sight, err := p.FindObject(ctx, region, bucket, s3object.Stored{Key: was.Key})
	if err != nil && !errors.Is(err, ErrNoObject) {
		return sight, err
	}
	if sight.Latest == was || was.VersionID == "" {
		return sight, nil
	}
	switch _, err := p.FindObject(ctx, region, bucket, was); {
	case err == nil:
		sight.Own = true
	case !errors.Is(err, ErrNoObject):
		return sight, err
	}
	return sight, nil
}

// DeleteObject deletes an object, its version where it has one. One that is
// gone is no error. One that holds other bytes by now is left, which is a
// *TakenError.
func (p *Publisher) DeleteObject(ctx context.Context, region, bucket string, o s3object.Stored) error {
	u, err := p.objectAt(ctx, region, upload.Place{Bucket: bucket}, o.Key)
	if err != nil {
		return err
	}
	if o.VersionID == "" {
		now, err := p.FindObject(ctx, region, bucket, o)
		switch {
		case errors.Is(err, ErrNoObject):
			return nil
		case err != nil:
			return err
		case now.Latest != o:
			return &TakenError{Address: o.Address(bucket)}
		}
	}
	err = u.Remove(ctx, o)
	if awsclient.IsCode(err, "NoSuchBucket") {
		return nil
	}
	return err
}

// CheckBucket finds what would keep a put from the bucket: that it is not there,
// or in another region. What may not be asked is not judged.
func (p *Publisher) CheckBucket(ctx context.Context, region, bucket string) error {
	u, err := p.objectAt(ctx, region, upload.Place{Bucket: bucket}, "")
	if err != nil {
		return err
	}
	_, err = u.Overwrites(ctx)
	return err
}
