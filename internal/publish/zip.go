package publish

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Reader is an open archive.
type Reader interface {
	io.ReadSeekCloser
}

// FileZip describes the archive at a path whose digest and size are known. The
// file is opened when its bytes are needed.
func FileZip(path string, sha256 store.Digest, size int64) Zip {
	return Zip{
		Open:   func() (Reader, error) { return os.Open(path) },
		SHA256: sha256, Size: size,
	}
}

// MeasureZip reads the archive at a path and returns it with its digest and
// size. A file that does not begin as a zip with entries is an error.
func MeasureZip(path string) (zip Zip, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Zip{}, fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest, size, err := store.SumReader(f)
	if err != nil {
		return Zip{}, fmt.Errorf("reading the zip %q: %w", path, err)
	}
	head := make([]byte, 4)
	if n, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) || string(head[:n]) != "PK\x03\x04" {
		return Zip{}, fmt.Errorf("reading the zip %q: it is no zip, or an empty one, which AWS would refuse", path)
	}
	return FileZip(path, digest, size), nil
}

// ParseCodeSHA256 reads a digest in the form of CodeSha256 and
// source_code_hash: 32 bytes in standard base64.
func ParseCodeSHA256(s string) (store.Digest, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(store.Digest{}) {
		return store.Digest{}, fmt.Errorf("reading code hash %q: want a SHA-256 in base64, as filebase64sha256 writes it", s)
	}
	return store.Digest(b), nil
}

// objects is the part of S3 that staging uses.
type objects interface {
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// content brings the zip on its way: into the request, or into the bucket.
// Either way its bytes were checked against the digest before.
func (j *job) content(ctx context.Context) (*types.LayerVersionContentInput, error) {
	if j.request.Staging != nil {
		return j.stage(ctx)
	}
	var zip bytes.Buffer
	if err := j.request.Zip.verify(&zip); err != nil {
		return nil, err
	}
	return &types.LayerVersionContentInput{ZipFile: zip.Bytes()}, nil
}

// verify reads the zip once, copies it to w, and returns a *DigestError if it
// is not what it was said to be.
func (z Zip) verify(w io.Writer) (err error) {
	r, err := z.Open()
	if err != nil {
		return fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	// One byte more than announced shows a longer file without reading it all.
	got, n, err := store.SumReader(io.TeeReader(io.LimitReader(r, z.Size+1), w))
	if err != nil {
		return fmt.Errorf("reading the zip: %w", err)
	}
	if got != z.SHA256 || n != z.Size {
		return &DigestError{Want: z.SHA256, Got: got}
	}
	return nil
}

// stage puts the zip into the bucket under its own digest, unless it is there.
func (j *job) stage(ctx context.Context) (*types.LayerVersionContentInput, error) {
	place, zip := j.request.Staging, j.request.Zip
	key := place.Prefix + zip.SHA256.Hex() + ".zip"
	if err := zip.verify(io.Discard); err != nil {
		return nil, err
	}
	client := j.s3()
	version := j.staged(ctx, client, key)
	if version == nil {
		var err error
		if version, err = j.put(ctx, client, key); err != nil {
			return nil, fmt.Errorf("staging the zip at s3://%s/%s: %w", place.Bucket, key, err)
		}
	}
	content := &types.LayerVersionContentInput{
		S3Bucket: &place.Bucket, S3Key: &key,
		S3ObjectStorageMode: types.S3ObjectStorageMode(place.StorageMode),
	}
	if content.S3ObjectStorageMode == types.S3ObjectStorageModeReference {
		if *version == "" || *version == "null" {
			return nil, &LimitError{"s3", fmt.Sprintf("has storage_mode \"REFERENCE\", but the bucket %q is not versioned: switch versioning on", place.Bucket)}
		}
		content.S3ObjectVersion = version
	}
	return content, nil
}

// staged returns the version id ("" in a bucket without versions) of an object
// that holds the zip already, or nil. A look that is not allowed is no error:
// the zip is then put again.
func (j *job) staged(ctx context.Context, client objects, key string) *string {
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &j.request.Staging.Bucket, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled,
	})
	if err != nil || aws.ToString(head.ChecksumSHA256) != j.request.Zip.SHA256.Base64() || aws.ToInt64(head.ContentLength) != j.request.Zip.Size {
		return nil
	}
	return aws.String(aws.ToString(head.VersionId))
}

func (j *job) put(ctx context.Context, client objects, key string) (version *string, err error) {
	place, zip := j.request.Staging, j.request.Zip
	body, err := zip.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	input := &s3.PutObjectInput{
		Bucket: &place.Bucket, Key: &key, Body: body,
		ContentLength:     aws.Int64(zip.Size),
		ContentType:       aws.String("application/zip"),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256,
		ChecksumSHA256:    aws.String(zip.SHA256.Base64()),
	}
	if place.KMSKeyID != "" {
		input.ServerSideEncryption = s3types.ServerSideEncryptionAwsKms
		input.SSEKMSKeyId = &place.KMSKeyID
	}
	out, err := client.PutObject(ctx, input)
	if err != nil {
		return nil, j.explain(err)
	}
	return aws.String(aws.ToString(out.VersionId)), nil
}
