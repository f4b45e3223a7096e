package upload

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

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
	put = &Object{Key: u.Key, Version: aws.ToString(out.VersionId), ETag: aws.ToString(out.ETag), Ours: true}
	if got, want := aws.ToString(out.ChecksumSHA256), u.Sums.Composite(); got != "" && got != want {
		err := fmt.Errorf("completing the upload of %s: S3 made an object with the checksum %q of parts whose checksum is %q", u.Address(), got, want)
		return nil, errors.Join(err, u.Remove(ctx, put))
	}
	return put, nil
}

// sendParts uploads every part and returns what completes the upload. The first
// part that fails ends the others.
func (u *Upload) sendParts(ctx context.Context, id *string) ([]s3types.CompletedPart, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := make([]s3types.CompletedPart, len(u.Sums))
	var next atomic.Int64
	var streams sync.WaitGroup
	for range min(u.Sections.Streams, len(parts)) {
		streams.Go(func() {
			if err := u.stream(ctx, id, &next, parts); err != nil {
				cancel(err)
			}
		})
	}
	streams.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return parts, nil
}

// stream uploads parts, one after the other, until none is left.
func (u *Upload) stream(ctx context.Context, id *string, next *atomic.Int64, parts []s3types.CompletedPart) (err error) {
	zip, err := u.Zip.Open()
	if err != nil {
		return fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, zip.Close()) }()
	for {
		i := next.Add(1) - 1
		if i >= int64(len(parts)) {
			return nil
		}
		from := i * u.Sections.Size
		length := min(u.Sections.Size, u.Zip.Size-from)
		number, sum := int32(i+1), base64.StdEncoding.EncodeToString(u.Sums[i][:])
		out, err := u.Client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &u.Place.Bucket, Key: &u.Key, UploadId: id, PartNumber: &number,
			Body: &section{zip: zip, from: from, length: length}, ContentLength: &length,
			ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: &sum,
		})
		if err != nil {
			return u.Fault(fmt.Sprintf("uploading part %d of %d of %s", number, len(parts), u.Address()), "s3:PutObject", err)
		}
		parts[i] = s3types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumSHA256: &sum}
	}
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

// section is a part of an open zip.
type section struct {
	zip              io.ReadSeeker
	from, length, at int64 // at counts from the part's own beginning
	placed           bool
}

// Read reads the part's next bytes.
func (s *section) Read(b []byte) (int, error) {
	if s.at >= s.length {
		return 0, io.EOF
	}
	if !s.placed {
		if _, err := s.zip.Seek(s.from+s.at, io.SeekStart); err != nil {
			return 0, err
		}
		s.placed = true
	}
	n, err := s.zip.Read(b[:min(int64(len(b)), s.length-s.at)])
	s.at += int64(n)
	return n, err
}

// Seek moves within the part.
func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.length
	}
	if offset < 0 {
		return 0, errors.New("seeking before the beginning of a part")
	}
	s.at, s.placed = offset, false
	return offset, nil
}
