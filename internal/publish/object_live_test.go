//go:build live

package publish

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

func TestMotoKeepsObjects(t *testing.T) {
	t.Parallel()
	keepOver(t, moto(t))
}

func TestMiniStackKeepsObjects(t *testing.T) {
	t.Parallel()
	keepOver(t, miniStack(t))
}

// keepOver puts a small zip and one of 20 MB in parts, over each other, into a
// bucket with versions and one without, looks at them and deletes them.
func keepOver(t *testing.T, url string) {
	t.Helper()
	p := livePublisher(t, url)
	s, err := p.client.Connect(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	client := s.S3(home)
	small, large := inMemory(zipOf(t, "x = 1")), inMemory(bigZip(t, 20<<20))
	for _, bucket := range []string{"plain", "versioned"} {
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: home},
		}); err != nil {
			t.Fatal(err)
		}
		if bucket == "versioned" {
			if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.CheckBucket(t.Context(), home, bucket); err != nil {
			t.Error(err)
		}
		var record s3object.Record
		for _, zip := range []Zip{small, large} {
			w := s3object.Wish{Key: "deps.zip", SHA256: zip.SHA256.Base64()}
			put, found, err := p.PutObject(t.Context(), ObjectRequest{Region: home, Bucket: bucket, Key: w.Key, Zip: zip, Replaceable: record.Replaceable(w.Key)})
			if err != nil || found {
				t.Fatalf("%s: PutObject = %+v, found %t, %v", bucket, put, found, err)
			}
			record = record.After(w, put, found)
			sight, err := p.LookAgain(t.Context(), home, bucket, put)
			if err != nil || sight.Latest != put || sight.Size != zip.Size {
				t.Errorf("%s: LookAgain = %+v, %v, want %+v", bucket, sight, err, put)
			}
		}
		if want := map[string]int{"plain": 1, "versioned": 2}[bucket]; len(record.Owned()) != want {
			t.Errorf("%s: owned are %+v, want %d", bucket, record.Owned(), want)
		}
		for _, o := range record.Owned() {
			if err := p.DeleteObject(t.Context(), home, bucket, o); err != nil {
				t.Error(err)
			}
		}
		listed, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
		if err != nil {
			t.Fatal(err)
		}
		if len(listed.Versions)+len(listed.DeleteMarkers) != 0 {
			t.Errorf("%s: %d versions and %d delete markers are left", bucket, len(listed.Versions), len(listed.DeleteMarkers))
		}
		if _, err := p.FindObject(t.Context(), home, bucket, record.Current); !errors.Is(err, ErrNoObject) {
			t.Errorf("%s: FindObject of what is gone: %v", bucket, err)
		}
		_, _, err = p.PutObject(t.Context(), ObjectRequest{Region: home, Bucket: bucket + "-absent", Key: "k", Zip: small})
		if limit, ok := errors.AsType[*LimitError](err); !ok || limit.Attribute != "bucket" {
			t.Errorf("a bucket that is not there: %v", err)
		}
	}
}
