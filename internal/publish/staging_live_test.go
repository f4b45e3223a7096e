//go:build live

package publish

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestMotoStages(t *testing.T) {
	t.Parallel()
	stageOver(t, moto(t))
}

func TestMiniStackStages(t *testing.T) {
	t.Parallel()
	stageOver(t, miniStack(t))
}

// stageOver publishes 51 MB through a bucket with versions and one without, and
// by reference. Nothing else than what a version refers to is left.
func stageOver(t *testing.T, url string) {
	t.Helper()
	p := livePublisher(t, url)
	s, err := p.client.Connect(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	client := s.S3(home)
	for _, bucket := range []string{"plain", "versioned"} {
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: home},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: aws.String("versioned"), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatal(err)
	}
	zip, err := MeasureZip(t.Context(), noise(t, 51<<20))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		bucket, mode string
		left         string // the end of what stays in the bucket, "" for nothing
	}{
		{"plain", "", ""},
		{"versioned", "COPY", ""},
		{"versioned", "REFERENCE", "layers/" + zip.SHA256.Hex() + ".zip"},
	} {
		name := "by-" + c.bucket + c.mode
		v, adopted, err := p.Publish(t.Context(), Request{
			LayerName: name, Zip: zip,
			Staging: &Staging{Bucket: c.bucket, Prefix: "layers/", StorageMode: c.mode, Tags: map[string]string{"team": "a b"}},
			Warn:    func(text string) { t.Logf("%s: %s", name, text) },
		})
		if err != nil || adopted || v.CodeSHA256 != zip.SHA256.Base64() {
			t.Errorf("%s: %+v, adopted %t, %v", name, v, adopted, err)
			continue
		}
		listed, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &c.bucket})
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, o := range listed.Versions {
			left = append(left, aws.ToString(o.Key))
		}
		if got := strings.Join(left, " "); got != c.left || len(listed.DeleteMarkers) > 0 {
			t.Errorf("%s: the bucket holds %q and %d delete markers, want %q and none", name, got, len(listed.DeleteMarkers), c.left)
		}
		uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &c.bucket})
		if err != nil {
			t.Fatal(err)
		}
		if len(uploads.Uploads) != 0 {
			t.Errorf("%s: %d uploads are not completed, want none", name, len(uploads.Uploads))
		}
	}
}
