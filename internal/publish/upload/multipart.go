package upload

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// putParts writes the object in parts, of which several travel at once straight
// from the zip: no part is held in memory. After a failure no part stays behind.
func (u *Upload) putParts(ctx context.Context, guard condition) (put *Object, err error) {
	encryption, key := Encryption(u.Place.KMSKeyID)
	created, err := u.Client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.Place.Bucket, Key: &u.Key, ContentType: aws.String(zipType),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumType: s3types.ChecksumTypeComposite,
		ServerSideEncryption: encryption, SSEKMSKeyId: key, Tagging: u.Place.tagging(), StorageClass: u.Place.Class,
		Metadata: map[string]string{Uploader: u.nonce},
	})
	if err == nil && aws.ToString(created.UploadId) == "" {
		err = awsclient.ErrIncomplete
	}
	if err != nil {
		return nil, u.Fault("beginning the upload of "+u.Address(), u.putting(), err)
	}
	defer func() {
		if err != nil {
			u.abort(ctx, created.UploadId)
		}
	}()
	parts, err := u.sendParts(ctx, created.UploadId)
	if err != nil {
		return nil, err
	}
	out, err := u.Client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.Place.Bucket, Key: &u.Key, UploadId: created.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}, MpuObjectSize: &u.Zip.Size,
		IfNoneMatch: guard.noneMatch, IfMatch: guard.match,
	})
	if err != nil {
		return nil, u.Fault(fmt.Sprintf("completing the upload of %s from %d parts", u.Address(), len(parts)), "s3:PutObject", err)
	}
	put = &Object{Stored: StoredOf(u.Key, out.VersionId, out.ETag), Ours: true}
	if got, want := aws.ToString(out.ChecksumSHA256), u.Sums.Composite(); got != "" && got != want {
		err := fmt.Errorf("completing the upload of %s: S3 made an object with the checksum %q of parts whose checksum is %q", u.Address(), got, want)
		return nil, errors.Join(err, u.Remove(ctx, put.Stored))
	}
	return put, nil
}

// sendParts uploads every part and returns what completes the upload. The first
// part that fails ends the others.
func (u *Upload) sendParts(ctx context.Context, id *string) (parts []s3types.CompletedPart, err error) {
	zip, err := u.Zip.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, zip.Close()) }()
	parts = make([]s3types.CompletedPart, len(u.Sums))
	streams, ctx := errgroup.WithContext(ctx)
	streams.SetLimit(u.Sections.Streams)
	for i, digest := range u.Sums {
		streams.Go(func() error {
			from := int64(i) * u.Sections.Size
			length := min(u.Sections.Size, u.Zip.Size-from)
			number, sum := int32(i+1), digest.Base64()
			out, err := u.Client.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: &u.Place.Bucket, Key: &u.Key, UploadId: id, PartNumber: &number,
				Body: io.NewSectionReader(zip, from, length), ContentLength: &length,
				ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: &sum,
			})
			if err != nil {
				return u.Fault(fmt.Sprintf("uploading part %d of %d of %s", number, len(parts), u.Address()), "s3:PutObject", err)
			}
			parts[i] = s3types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumSHA256: &sum}
			return nil
		})
	}
	return parts, streams.Wait()
}

// abort removes the parts of an upload, even if the context is over. It is
// called when no part is on its way any more.
func (u *Upload) abort(ctx context.Context, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), u.Grace)
	defer cancel()
	_, err := u.Client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.Place.Bucket, Key: &u.Key, UploadId: id})
	if err == nil || awsclient.IsCode(err, "NoSuchUpload") {
		return
	}
	err = u.Fault("aborting the upload of "+u.Address(), "s3:AbortMultipartUpload", err)
	u.Warn(fmt.Sprintf("Parts of a zip stay in the bucket %q: %v. S3 charges for them until a lifecycle rule with AbortIncompleteMultipartUpload removes them.", u.Place.Bucket, err))
}
