package publish

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func staged(b []byte, s Staging) Request {
	r := request(b)
	r.Staging = &s
	return r
}

func TestStagingPutsTheZipUnderItsDigestOnce(t *testing.T) {
	t.Parallel()
	for _, versioned := range []bool{false, true} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", versioned)
		p := against(t, a)
		data := zipOf(t, "x = 1")
		r := staged(data, Staging{Bucket: "artifacts", Prefix: "layers/", KMSKeyID: "alias/layers"})
		if _, _, err := p.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		r.Description = "again, from the same bytes"
		if _, _, err := p.Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		objects := a.Objects("artifacts")
		if len(objects) != 1 {
			t.Fatalf("the bucket (versioned: %t) holds %d objects, want 1", versioned, len(objects))
		}
		o := objects[0]
		if want := "layers/" + store.Sum(data).Hex() + ".zip"; o.Key != want || !bytes.Equal(o.Body, data) {
			t.Errorf("the bucket holds %q with %d bytes, want %q with %d", o.Key, len(o.Body), want, len(data))
		}
		if o.KMSKeyID != "alias/layers" || o.SHA256 != store.Sum(data).Base64() {
			t.Errorf("the object has key %q and SHA-256 %q", o.KMSKeyID, o.SHA256)
		}
		if n := len(a.Calls("PutObject")); n != 1 {
			t.Errorf("%d uploads, want 1", n)
		}
		if got := a.Versions(home, "deps"); len(got) != 2 || !bytes.Equal(got[0].Zip, data) {
			t.Errorf("%d versions, want 2 of the zip", len(got))
		}
	}
}

func TestStagingReplacesAnObjectWithOtherBytes(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p := against(t, a)
	data := zipOf(t, "x = 1")
	a.PutObject("artifacts", store.Sum(data).Hex()+".zip", zipOf(t, "somebody else's"))
	if _, _, err := p.Publish(t.Context(), staged(data, Staging{Bucket: "artifacts"})); err != nil {
		t.Fatal(err)
	}
	if got := a.Objects("artifacts"); len(got) != 1 || !bytes.Equal(got[0].Body, data) {
		t.Error("the bucket does not hold the zip")
	}
	if n := len(a.Calls("PutObject")); n != 1 {
		t.Errorf("%d uploads, want 1", n)
	}
}

func TestStagingByReferenceNamesTheObjectVersion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "versioned", true)
	a.CreateBucket(home, "plain", false)
	p := against(t, a)
	data := zipOf(t, "x")
	if _, _, err := p.Publish(t.Context(), staged(data, Staging{Bucket: "versioned", StorageMode: "REFERENCE"})); err != nil {
		t.Error(err)
	}
	_, _, err := p.Publish(t.Context(), staged(zipOf(t, "y"), Staging{Bucket: "plain", StorageMode: "REFERENCE"}))
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Attribute != "s3" || !strings.Contains(err.Error(), "not versioned") {
		t.Errorf("without versions: got %v, want a LimitError of s3", err)
	}
}

func TestStagingFailures(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket("us-east-1", "elsewhere", false)
	a.CreateBucket(home, "closed", false)
	p := against(t, a)
	for bucket, want := range map[string]string{"none": "NoSuchBucket", "elsewhere": "PermanentRedirect"} {
		_, _, err := p.Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: bucket}))
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Attribute != "s3" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s3://"+bucket+"/") {
			t.Errorf("bucket %q: got %v, want a LimitError of s3 with %s and the place", bucket, err, want)
		}
	}
	a.Inject(
		lambdatest.Fault{Operation: "HeadObject", Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"},
		lambdatest.Fault{Operation: "PutObject", Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"},
	)
	_, _, err := p.Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: "closed"}))
	var denied *AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "s3:PutObject" {
		t.Errorf("got %v, want an AccessDeniedError for s3:PutObject", err)
	}
	a.Inject(lambdatest.Fault{
		Operation: "PublishLayerVersion", Status: 403, ErrorType: "AccessDeniedException",
		Message: "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for closed/x.zip.",
	})
	if _, _, err = p.Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: "closed"})); !errors.As(err, &denied) || denied.Action != "s3:GetObject" {
		t.Errorf("got %v, want an AccessDeniedError for s3:GetObject", err)
	}
	if n := len(a.Versions(home, "deps")); n != 0 {
		t.Errorf("%d versions were made, want none", n)
	}
}

func TestZipAboveTheDirectLimit(t *testing.T) {
	t.Parallel()
	data := bigZip(t, 51<<20)
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p := against(t, a)

	_, _, err := p.Publish(t.Context(), request(data))
	var large *TooLargeError
	if !errors.As(err, &large) || large.Size != int64(len(data)) || !strings.Contains(err.Error(), "s3 = { bucket") {
		t.Errorf("got %v, want a TooLargeError that names the way out", err)
	}
	if n := len(a.Calls()); n != 0 {
		t.Errorf("%d calls before the error, want none", n)
	}
	v, _, err := p.Publish(t.Context(), staged(data, Staging{Bucket: "artifacts"}))
	if err != nil || v.CodeSize != int64(len(data)) {
		t.Errorf("through S3: %d bytes, %v; want %d", v.CodeSize, err, len(data))
	}
}

// The largest zip that Publish sends directly is one that AWS takes.
func TestZipAtTheDirectLimit(t *testing.T) {
	t.Parallel()
	data := bigZip(t, 50<<20-200)
	if len(data) > 50<<20 {
		t.Fatalf("the test's zip has %d bytes, want at most 50 MiB", len(data))
	}
	a := lambdatest.New(t)
	if _, _, err := against(t, a).Publish(t.Context(), request(data)); err != nil {
		t.Error(err)
	}
}

// AWS took other bytes from the bucket than were put there: the version goes.
func TestAlteredVersionIsRemoved(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p := against(t, a)
	data, other := zipOf(t, "x"), zipOf(t, "signed")
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() {
		a.PutObject("artifacts", store.Sum(data).Hex()+".zip", other)
	}})
	_, _, err := p.Publish(t.Context(), staged(data, Staging{Bucket: "artifacts"}))
	var altered *AlteredError
	if !errors.As(err, &altered) || !altered.Removed || altered.Got != store.Sum(other).Base64() {
		t.Errorf("got %v, want an AlteredError with the digest that AWS has", err)
	}
	if n := len(a.Live(home, "deps")); n != 0 {
		t.Errorf("%d versions are left, want none", n)
	}
}

func TestZipWithOtherBytesThanPlannedIsNotSent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "layer.zip")
	data := zipOf(t, "x")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	planned, err := MeasureZip(path)
	if err != nil || planned.SHA256 != store.Sum(data) || planned.Size != int64(len(data)) {
		t.Fatalf("MeasureZip: %s, %d, %v", planned.SHA256, planned.Size, err)
	}
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p := against(t, a)
	for name, b := range map[string][]byte{
		"other bytes": append(bytes.Clone(data[:len(data)-1]), 'x'),
		"longer":      append(bytes.Clone(data), 0),
		"shorter":     data[:len(data)-1],
	} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, staging := range []*Staging{nil, {Bucket: "artifacts"}} {
			r := request(data)
			r.Zip, r.Staging = FileZip(path, planned.SHA256, planned.Size), staging
			_, _, err := p.Publish(t.Context(), r)
			var digest *DigestError
			if !errors.As(err, &digest) || digest.Want != planned.SHA256 {
				t.Errorf("%s: got %v, want a DigestError", name, err)
			}
		}
	}
	if n := len(a.Calls("PublishLayerVersion", "PutObject")); n != 0 {
		t.Errorf("%d times bytes were sent, want none", n)
	}
}

func TestZipReaderIsClosed(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	data := zipOf(t, "x")
	open := 0
	r := staged(data, Staging{Bucket: "artifacts"})
	r.Zip.Open = func() (Reader, error) {
		open++
		return counted{bytes.NewReader(data), &open}, nil
	}
	if _, _, err := against(t, a).Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if open != 0 {
		t.Errorf("%d readers are left open", open)
	}
}

type counted struct {
	io.ReadSeeker
	open *int
}

func (c counted) Close() error { *c.open--; return nil }
