package publish

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
)

// objects is the part of S3 that staging uses.
type objects interface {
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error)
}

// uploader is the metadata that tells who put an object: a put whose answer was
// lost is found again by it.
const uploader = "layerbuild-upload"

// conflicts is how often an upload gives way to another one of the same object.
const conflicts = 4

// upload is a zip, checked against its digest, on its way to its object.
type upload struct {
	client   objects
	place    *Staging
	region   string
	zip      Zip
	key      string
	sums     sums
	transfer transfer
	grace    time.Duration // for what is still to be done when the context is over
	explain  func(error) error
	warn     func(string)
	nonce    string

	// class is the storage class of the object, "" for the bucket's own.
	class s3types.StorageClass
	// afresh puts the object even where one with the same bytes is there.
	afresh bool
	// mayReplace, if set, refuses to write over what is there.
	mayReplace func(*s3.HeadObjectOutput) error
	// faults describes a fault of the bucket; nil describes it as for staging.
	faults *bucketFaults
}

// condition guards a put: nothing is there, or what was seen there.
type condition struct {
	noneMatch, match *string
}

// upload reads the zip and prepares its way.
func (j *job) upload(ctx context.Context) (*upload, error) {
	zip := j.request.Zip
	sums, err := zip.verify(ctx, io.Discard, j.transfer.part)
	if err != nil {
		return nil, err
	}
	return &upload{
		client: j.s3(), place: j.request.Staging, region: j.region, zip: zip, key: j.request.key(), sums: sums,
		transfer: j.transfer, grace: j.patience.grace, explain: j.explain, warn: j.warn, nonce: rand.Text(),
	}, nil
}

func (u *upload) address() string { return "s3://" + u.place.Bucket + "/" + u.key }

// identity tells apart what may not be shared.
func (u *upload) identity() string {
	return strings.Join([]string{u.region, u.place.Bucket, u.key, u.place.KMSKeyID, aws.ToString(u.place.tagging())}, "\n")
}

// stage makes sure that the object holds the zip, and overwrites one that holds
// something else.
func (u *upload) stage(ctx context.Context) (*stagedObject, error) {
	for attempt := 1; ; attempt++ {
		head, err := u.head(ctx, u.key)
		if err != nil && !hidden(err) {
			return nil, err
		}
		if head != nil && u.serves(head) {
			inform(ctx, "the zip is staged already", map[string]any{"object": u.address()})
			return u.found(head), nil
		}
		if head != nil && archived(head) && u.place.reference() {
			return nil, &LimitError{"s3", fmt.Sprintf("has the object %s in storage class %s, which Lambda cannot read: restore or delete it, and exclude objects of layer versions from lifecycle rules",
				u.address(), class(head))}
		}
		guard := condition{noneMatch: aws.String("*")}
		if head != nil {
			if u.mayReplace != nil {
				if err := u.mayReplace(head); err != nil {
					return nil, err
				}
			}
			guard = condition{match: head.ETag}
		}
		put, putErr := u.put(ctx, guard)
		if putErr == nil {
			inform(ctx, "staged the zip", map[string]any{"object": u.address(), "bytes": u.zip.Size, "parts": len(u.sums)})
			return put, nil
		}
		o, lookErr := u.lookAgain(ctx, putErr)
		if o != nil {
			return o, nil
		}
		status := statusOf(putErr)
		raced := status == statusPrecondition || status == statusConflict
		switch {
		case raced && hidden(lookErr):
			return nil, u.fault("looking at "+u.address(), "s3:GetObject", lookErr)
		case !raced || attempt == conflicts || backoff.Sleep(ctx, time.Duration(attempt)*u.transfer.poll/2) != nil:
			return nil, putErr
		}
	}
}

// lookAgain looks for the object after a put that failed: its answer may have
// been lost, or another run was faster. It does so even if the context is over,
// so that what was put is known and removed.
func (u *upload) lookAgain(ctx context.Context, putErr error) (*stagedObject, error) {
	switch status := statusOf(putErr); {
	case status == 0, status >= 500, status == statusPrecondition, status == statusConflict, status == statusNotFound:
	default:
		return nil, nil // refused
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.grace)
	defer cancel()
	head, err := u.head(ctx, u.key)
	if head == nil || !u.serves(head) {
		return nil, err
	}
	return u.found(head), nil
}

// head describes an object; nil where there is none. An answer that does not
// tell whether there is one is an error that hidden knows.
func (u *upload) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	out, err := u.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &u.place.Bucket, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled})
	switch {
	case err == nil:
		return out, nil
	case noObject(err):
		return nil, nil
	}
	return nil, u.fault("looking at "+u.address(), "s3:GetObject", err)
}

// hidden reports whether a look was refused because a permission is missing: S3 says
// so as well where nothing is there and s3:ListBucket is not granted.
func hidden(err error) bool {
	_, ok := errors.AsType[*AccessDeniedError](err)
	return ok
}

// holds reports whether a checksum tells that the object is the zip.
func (u *upload) holds(head *s3.HeadObjectOutput) bool {
	sum := aws.ToString(head.ChecksumSHA256)
	return aws.ToInt64(head.ContentLength) == u.zip.Size && sum != "" && (sum == u.zip.SHA256.Base64() || sum == u.sums.composite())
}

// serves reports whether the object can be used as it is.
func (u *upload) serves(head *s3.HeadObjectOutput) bool {
	return u.holds(head) && !archived(head) && (!u.afresh || head.Metadata[uploader] == u.nonce)
}

func (u *upload) found(head *s3.HeadObjectOutput) *stagedObject {
	return &stagedObject{key: u.key, version: aws.ToString(head.VersionId), etag: aws.ToString(head.ETag), ours: head.Metadata[uploader] == u.nonce}
}

// class names the storage class that keeps an object from being read.
func class(head *s3.HeadObjectOutput) string {
	return strings.TrimSpace(string(head.StorageClass) + " " + string(head.ArchiveStatus))
}

// archived reports whether Lambda cannot read the object for its storage class.
func archived(head *s3.HeadObjectOutput) bool {
	switch head.StorageClass {
	case s3types.StorageClassGlacier, s3types.StorageClassGlacierIr, s3types.StorageClassDeepArchive:
		return true
	}
	return head.ArchiveStatus != ""
}

// put writes the object and returns it, in pieces if it is large.
func (u *upload) put(ctx context.Context, guard condition) (*stagedObject, error) {
	if u.zip.Size > u.transfer.part {
		return u.putParts(ctx, guard)
	}
	body, err := u.zip.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the zip: %w", err)
	}
	encryption, key := encryption(u.place.KMSKeyID)
	out, err := u.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &u.place.Bucket, Key: &u.key, Body: body, ContentLength: &u.zip.Size, ContentType: aws.String(zipType),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(u.zip.SHA256.Base64()),
		ServerSideEncryption: encryption, SSEKMSKeyId: key, Tagging: u.place.tagging(), StorageClass: u.class,
		Metadata: map[string]string{uploader: u.nonce}, IfNoneMatch: guard.noneMatch, IfMatch: guard.match,
	})
	if err := errors.Join(u.fault("putting "+u.address(), u.putting(), err), body.Close()); err != nil {
		return nil, err
	}
	return &stagedObject{key: u.key, version: aws.ToString(out.VersionId), etag: aws.ToString(out.ETag), ours: true}, nil
}

const zipType = "application/zip"

// encryption returns what a put says of it; without a key the bucket decides.
func encryption(kmsKeyID string) (s3types.ServerSideEncryption, *string) {
	if kmsKeyID == "" {
		return "", nil
	}
	return s3types.ServerSideEncryptionAwsKms, &kmsKeyID
}

// putting names the permissions of a put.
func (u *upload) putting() string {
	if len(u.place.Tags) > 0 {
		return "s3:PutObject and s3:PutObjectTagging"
	}
	return "s3:PutObject"
}

// remove deletes an object: its version where it has one, so that nothing is
// left of it. One that is gone is no error.
func (u *upload) remove(ctx context.Context, o *stagedObject) error {
	input, action := &s3.DeleteObjectInput{Bucket: &u.place.Bucket, Key: &o.key}, "s3:DeleteObject"
	if hasVersion(o.version) {
		input.VersionId, action = &o.version, "s3:DeleteObjectVersion"
	}
	_, err := u.client.DeleteObject(ctx, input)
	if noObject(err) {
		return nil
	}
	return u.fault(fmt.Sprintf("deleting s3://%s/%s", u.place.Bucket, o.key), action, err)
}

func hasVersion(id string) bool { return id != "" && id != "null" }
