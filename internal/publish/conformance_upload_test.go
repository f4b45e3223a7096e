package publish

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
)

// uploading is an upload in two parts on its way.
type uploading struct {
	*service
	id    *string
	parts []s3types.CompletedPart
	body  []byte
	sums  upload.Sums
}

// uploads begins an upload, in a bucket of the probe's own, of parts with the
// given sizes.
func (s *service) uploads(sizes ...int) (*uploading, error) {
	if _, err := s.bucket("x", s.zip, false); err != nil {
		return nil, err
	}
	created, err := s.s3.CreateMultipartUpload(s, &s3.CreateMultipartUploadInput{
		Bucket: &s.name, Key: aws.String("y"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumType: s3types.ChecksumTypeComposite,
	})
	if err != nil {
		return nil, err
	}
	u := &uploading{service: s, id: created.UploadId}
	for i, size := range sizes {
		part := bytes.Repeat([]byte{byte('a' + i)}, size)
		sum := sha256.Sum256(part)
		text := base64.StdEncoding.EncodeToString(sum[:])
		out, err := u.part(int32(i+1), part, text)
		if err != nil {
			return nil, err
		}
		u.body, u.sums = append(u.body, part...), append(u.sums, sum)
		u.parts = append(u.parts, s3types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: out.ETag, ChecksumSHA256: &text})
	}
	return u, nil
}

func (u *uploading) part(number int32, body []byte, sum string) (*s3.UploadPartOutput, error) {
	return u.s3.UploadPart(u, &s3.UploadPartInput{
		Bucket: &u.name, Key: aws.String("y"), UploadId: u.id, PartNumber: &number, Body: bytes.NewReader(body),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256, ChecksumSHA256: &sum,
	})
}

func (u *uploading) complete(change ...func(*s3.CompleteMultipartUploadInput)) (*s3.CompleteMultipartUploadOutput, error) {
	in := &s3.CompleteMultipartUploadInput{
		Bucket: &u.name, Key: aws.String("y"), UploadId: u.id, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: u.parts},
	}
	for _, f := range change {
		f(in)
	}
	return u.s3.CompleteMultipartUpload(u, in)
}

// refusedUpload probes that an upload cannot be completed.
func refusedUpload(name string, sizes []int, prepare func(*uploading) error, change func(*s3.CompleteMultipartUploadInput), status int, codes ...string) probe {
	return probe{name, func(s *service) error {
		u, err := s.uploads(sizes...)
		if err != nil {
			return err
		}
		if err := prepare(u); err != nil {
			return err
		}
		_, err = u.complete(change)
		return refusal(err, status, codes...)
	}}
}

func uploadProbes() []probe {
	const most = 5 << 20
	ready := func(*uploading) error { return nil }
	unchanged := func(*s3.CompleteMultipartUploadInput) {}
	return []probe{
		{"parts make an object with a checksum of checksums", func(s *service) error {
			u, err := s.uploads(most, 3)
			if err != nil {
				return err
			}
			out, err := u.complete()
			if err != nil {
				return err
			}
			head, err := s.s3.HeadObject(s, &s3.HeadObjectInput{Bucket: &s.name, Key: aws.String("y"), ChecksumMode: s3types.ChecksumModeEnabled})
			if err != nil {
				return err
			}
			return errors.Join(
				same("the answer's checksum", aws.ToString(out.ChecksumSHA256), u.sums.Composite()),
				same("the checksum", aws.ToString(head.ChecksumSHA256), u.sums.Composite()),
				same("the size", aws.ToInt64(head.ContentLength), int64(len(u.body))),
			)
		}},
		{"a part with another SHA-256 is refused", func(s *service) error {
			u, err := s.uploads()
			if err != nil {
				return err
			}
			_, err = u.part(1, []byte("x"), base64.StdEncoding.EncodeToString(make([]byte, 32)))
			return refusal(err, 400, "BadDigest", "InvalidRequest", "XAmzContentChecksumMismatch")
		}},
		refusedUpload("a small part before others is refused", []int{3, 3}, ready, unchanged, 400, "EntityTooSmall"),
		refusedUpload("parts out of order are refused", []int{most, most}, func(u *uploading) error { slices.Reverse(u.parts); return nil }, unchanged, 400, "InvalidPartOrder"),
		refusedUpload("an upload does not replace an object on condition that there is none", []int{3}, func(u *uploading) error {
			_, err := u.s3.PutObject(u, &s3.PutObjectInput{Bucket: &u.name, Key: aws.String("y"), Body: bytes.NewReader(u.zip)})
			return err
		}, func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }, 412, "PreconditionFailed"),
		refusedUpload("an aborted upload is gone", []int{3}, func(u *uploading) error {
			_, err := u.s3.AbortMultipartUpload(u, &s3.AbortMultipartUploadInput{Bucket: &u.name, Key: aws.String("y"), UploadId: u.id})
			return err
		}, unchanged, 404, "NoSuchUpload"),
	}
}

func objectProbes() []probe {
	return []probe{
		{"an object is put on condition that there is none", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			_, err := s.s3.PutObject(s, &s3.PutObjectInput{Bucket: &s.name, Key: aws.String("x"), Body: bytes.NewReader(s.zip), IfNoneMatch: aws.String("*")})
			return refusal(err, 412, "PreconditionFailed")
		}},
		{"an object is replaced on condition of what it is", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			_, err := s.s3.PutObject(s, &s3.PutObjectInput{Bucket: &s.name, Key: aws.String("x"), Body: bytes.NewReader(s.zip), IfMatch: aws.String(`"0123456789abcdef0123456789abcdef"`)})
			return refusal(err, 412, "PreconditionFailed")
		}},
		{"an object keeps metadata", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			if _, err := s.s3.PutObject(s, &s3.PutObjectInput{Bucket: &s.name, Key: aws.String("y"), Body: bytes.NewReader(s.zip), Metadata: map[string]string{upload.Uploader: "abc"}}); err != nil {
				return err
			}
			head, err := s.s3.HeadObject(s, &s3.HeadObjectInput{Bucket: &s.name, Key: aws.String("y")})
			if err != nil {
				return err
			}
			return same("the metadata", head.Metadata[upload.Uploader], "abc")
		}},
		{"a deleted version of an object leaves no trace", func(s *service) error {
			version, err := s.bucket("x", s.zip, true)
			if err != nil {
				return err
			}
			if _, err := s.s3.DeleteObject(s, &s3.DeleteObjectInput{Bucket: &s.name, Key: aws.String("x"), VersionId: &version}); err != nil {
				return err
			}
			_, err = s.s3.HeadObject(s, &s3.HeadObjectInput{Bucket: &s.name, Key: aws.String("x")})
			if awsclient.StatusOf(err) != 404 {
				return fmt.Errorf("got %w, want that it is not there", err)
			}
			return nil
		}},
		{"a bucket tells whether it has versions", func(s *service) error {
			if _, err := s.bucket("x", s.zip, true); err != nil {
				return err
			}
			out, err := s.s3.GetBucketVersioning(s, &s3.GetBucketVersioningInput{Bucket: &s.name})
			if err != nil {
				return err
			}
			return same("the status", out.Status, s3types.BucketVersioningStatusEnabled)
		}},
		{"a bucket without a policy says so", func(s *service) error {
			if _, err := s.bucket("x", s.zip, false); err != nil {
				return err
			}
			_, err := s.s3.GetBucketPolicy(s, &s3.GetBucketPolicyInput{Bucket: &s.name})
			return refusal(err, 404, "NoSuchBucketPolicy")
		}},
	}
}
