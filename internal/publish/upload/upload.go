// Package upload brings a zip to its object in S3: whole or in parts, on condition
// that nobody else is faster, and found again after a lost answer. It knows nothing
// of layers.
package upload

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// Uploader is the metadata that tells who put an object: a put whose answer was
// lost is found again by it.
const Uploader = "layerbuild-upload"

// conflicts is how often an upload gives way to another one of the same object.
const conflicts = 4

// Place is where an object of S3 is put, and how.
type Place struct {
	Bucket   string
	KMSKeyID string // "" leaves encryption to the bucket
	Tags     map[string]string
	Class    s3types.StorageClass // "" is the bucket's own
}

// tagging writes tags as the header of a PUT; nil stands for none.
func (p Place) tagging() *string {
	query := url.Values{}
	for k, v := range p.Tags {
		query.Set(k, v)
	}
	return awsclient.Optional(strings.ReplaceAll(query.Encode(), "+", "%20"))
}

// Sections says how a large zip travels.
type Sections struct {
	Size    int64         // the largest zip that is put in one piece, and the size of pieces, in bytes
	Streams int           // how many pieces travel at once
	Wait    time.Duration // before a put that met another is made again, for each attempt
}

// Upload is a zip, checked against its digest, on its way to its object.
type Upload struct {
	Client   *s3.Client
	Place    Place
	Region   string
	Zip      Zip
	Key      string
	Sums     Sums
	Sections Sections
	Grace    time.Duration // for what is still to be done when the context is over
	Explain  func(error) error
	Warn     func(string)
	nonce    string // by which stage knows what it has put

	// Readable refuses an object of the same bytes that Lambda cannot read.
	Readable bool
	// Afresh puts the object even where one with the same bytes is there.
	Afresh bool
	// MayReplace, if set, refuses to write over what is there.
	MayReplace func(*s3.HeadObjectOutput) error
	// Faults describes a fault of the bucket; nil describes it as for staging.
	Faults *BucketFaults
}

// condition guards a put: nothing is there, or what was seen there.
type condition struct {
	noneMatch, match *string
}

// Address returns where the object lies, as s3://bucket/key.
func (u *Upload) Address() string { return "s3://" + u.Place.Bucket + "/" + u.Key }

// identity tells apart what may not be shared.
func (u *Upload) identity() string {
	return strings.Join([]string{u.Region, u.Place.Bucket, u.Key, u.Place.KMSKeyID, aws.ToString(u.Place.tagging())}, "\n")
}

// Stage makes sure that the object holds the zip, and overwrites one that holds
// something else.
func (u *Upload) Stage(ctx context.Context) (*Object, error) {
	u.nonce = cmp.Or(u.nonce, rand.Text())
	for attempt := 1; ; attempt++ {
		head, err := u.Head(ctx, u.Key)
		if err != nil && !Hidden(err) {
			return nil, err
		}
		if head != nil && u.serves(head) {
			awsclient.Inform(ctx, "the zip is staged already", map[string]any{"object": u.Address()})
			return u.found(head), nil
		}
		if head != nil && Archived(head) && u.Readable {
			return nil, &awsclient.LimitError{Attribute: "s3", Problem: fmt.Sprintf("has the object %s in storage class %s, which Lambda cannot read: restore or delete it, and exclude objects of layer versions from lifecycle rules",
				u.Address(), class(head))}
		}
		guard := condition{noneMatch: aws.String("*")}
		if head != nil {
			if u.MayReplace != nil {
				if err := u.MayReplace(head); err != nil {
					return nil, err
				}
			}
			guard = condition{match: head.ETag}
		}
		put, putErr := u.put(ctx, guard)
		if putErr == nil {
			awsclient.Inform(ctx, "staged the zip", map[string]any{"object": u.Address(), "bytes": u.Zip.Size, "parts": len(u.Sums)})
			return put, nil
		}
		o, lookErr := u.lookAgain(ctx, putErr)
		if o != nil {
			return o, nil
		}
		status := awsclient.StatusOf(putErr)
		raced := status == awsclient.StatusPrecondition || status == awsclient.StatusConflict
		switch {
		case raced && Hidden(lookErr):
			return nil, u.Fault("looking at "+u.Address(), "s3:GetObject", lookErr)
		case !raced || attempt == conflicts || backoff.Sleep(ctx, time.Duration(attempt)*u.Sections.Wait/2) != nil:
			return nil, putErr
		}
	}
}

// lookAgain looks for the object after a put that failed: its answer may have
// been lost, or another run was faster. It does so even if the context is over,
// so that what was put is known and removed.
func (u *Upload) lookAgain(ctx context.Context, putErr error) (*Object, error) {
	switch status := awsclient.StatusOf(putErr); {
	case status == 0, status >= 500, status == awsclient.StatusPrecondition, status == awsclient.StatusConflict, status == awsclient.StatusNotFound:
	default:
		return nil, nil // refused
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.Grace)
	defer cancel()
	head, err := u.Head(ctx, u.Key)
	if head == nil || !u.serves(head) {
		return nil, err
	}
	return u.found(head), nil
}

// Head describes an object; nil where there is none. An answer that does not
// tell whether there is one is an error that hidden knows.
func (u *Upload) Head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	out, err := u.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &u.Place.Bucket, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled})
	switch {
	case err == nil:
		return out, nil
	case awsclient.NoObject(err):
		return nil, nil
	}
	return nil, u.Fault("looking at "+u.Address(), "s3:GetObject", err)
}

// Overwrites reports whether the bucket is known to keep no versions of its objects.
// What may not be asked is not judged; a bucket that is elsewhere, or not there, is
// an error.
func (u *Upload) Overwrites(ctx context.Context) (bool, error) {
	out, err := u.Client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &u.Place.Bucket})
	if err := u.Fault("looking at the bucket "+u.Place.Bucket, "s3:GetBucketVersioning", err); err != nil {
		if Hidden(err) {
			return false, nil
		}
		return false, err
	}
	return out.Status != s3types.BucketVersioningStatusEnabled, nil
}

// Hidden reports whether a look was refused because a permission is missing: S3 says
// so as well where nothing is there and s3:ListBucket is not granted.
func Hidden(err error) bool {
	_, ok := errors.AsType[*awsclient.AccessDeniedError](err)
	return ok
}

// Holds reports whether a checksum tells that the object is the zip.
func (u *Upload) Holds(head *s3.HeadObjectOutput) bool {
	sum := aws.ToString(head.ChecksumSHA256)
	return aws.ToInt64(head.ContentLength) == u.Zip.Size && sum != "" && (sum == u.Zip.SHA256.Base64() || sum == u.Sums.Composite())
}

// serves reports whether the object can be used as it is.
func (u *Upload) serves(head *s3.HeadObjectOutput) bool {
	return u.Holds(head) && !Archived(head) && (!u.Afresh || head.Metadata[Uploader] == u.nonce)
}

func (u *Upload) found(head *s3.HeadObjectOutput) *Object {
	return &Object{Stored: StoredOf(u.Key, head.VersionId, head.ETag), Ours: head.Metadata[Uploader] == u.nonce}
}

// class names the storage class that keeps an object from being read.
func class(head *s3.HeadObjectOutput) string {
	return strings.TrimSpace(string(head.StorageClass) + " " + string(head.ArchiveStatus))
}

// Archived reports whether Lambda cannot read the object for its storage class.
func Archived(head *s3.HeadObjectOutput) bool {
	switch head.StorageClass {
	case s3types.StorageClassGlacier, s3types.StorageClassGlacierIr, s3types.StorageClassDeepArchive:
		return true
	}
	return head.ArchiveStatus != ""
}

// put writes the object and returns it, in pieces if it is large.
func (u *Upload) put(ctx context.Context, guard condition) (*Object, error) {
	if u.Zip.Size > u.Sections.Size {
		return u.putParts(ctx, guard)
	}
	zip, err := u.Zip.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the zip: %w", err)
	}
	encryption, key := Encryption(u.Place.KMSKeyID)
	out, err := u.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.Place.Bucket, Key: &u.Key, Body: io.NewSectionReader(zip, 0, u.Zip.Size), ContentLength: &u.Zip.Size, ContentType: aws.String(zipType),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(u.Zip.SHA256.Base64()),
		ServerSideEncryption: encryption, SSEKMSKeyId: key, Tagging: u.Place.tagging(), StorageClass: u.Place.Class,
		Metadata: map[string]string{Uploader: u.nonce}, IfNoneMatch: guard.noneMatch, IfMatch: guard.match,
	})
	if err := errors.Join(u.Fault("putting "+u.Address(), u.putting(), err), zip.Close()); err != nil {
		return nil, err
	}
	return &Object{Stored: StoredOf(u.Key, out.VersionId, out.ETag), Ours: true}, nil
}

// Suffix ends the name of a zip that is staged.
const Suffix = ".zip"

const zipType = "application/zip"

// Encryption returns what a put says of it; without a key the bucket decides.
func Encryption(kmsKeyID string) (s3types.ServerSideEncryption, *string) {
	if kmsKeyID == "" {
		return "", nil
	}
	return s3types.ServerSideEncryptionAwsKms, &kmsKeyID
}

// putting names the permissions of a put.
func (u *Upload) putting() string {
	if len(u.Place.Tags) > 0 {
		return "s3:PutObject and s3:PutObjectTagging"
	}
	return "s3:PutObject"
}

// Remove deletes an object: its version where it has one, so that nothing is
// left of it. One that is gone is no error.
func (u *Upload) Remove(ctx context.Context, o s3object.Stored) error {
	input, action := &s3.DeleteObjectInput{Bucket: &u.Place.Bucket, Key: &o.Key}, "s3:DeleteObject"
	if o.VersionID != "" {
		input.VersionId, action = &o.VersionID, "s3:DeleteObjectVersion"
	}
	_, err := u.Client.DeleteObject(ctx, input)
	if awsclient.NoObject(err) {
		return nil
	}
	return u.Fault(fmt.Sprintf("deleting s3://%s/%s", u.Place.Bucket, o.Key), action, err)
}

// WholeSHA256 returns the base64 SHA-256 of an object, "" where S3 does not tell,
// and whether it tells that of its parts alone.
func WholeSHA256(head *s3.HeadObjectOutput) (sum string, inParts bool) {
	sum = aws.ToString(head.ChecksumSHA256)
	if strings.Contains(sum, "-") {
		return "", true
	}
	return sum, false
}
