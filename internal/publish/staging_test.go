package publish

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func staged(b []byte, s Staging) Request {
	r := request(b)
	r.Staging = &s
	return r
}

// stages returns a Publisher that sends no zip directly, that waits less, and
// that uploads in the smallest parts that S3 takes.
func stages(t testing.TB, a *lambdatest.AWS) *Publisher {
	t.Helper()
	p := against(t, a)
	p.transfer.direct, p.transfer.sections.Size, p.transfer.sections.Wait = 0, 5<<20, time.Millisecond
	p.transfer.signing.Poll, p.transfer.signing.Longest = time.Millisecond, 4*time.Millisecond
	s, err := p.client.Connect(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	patient := s.AWS.Retryer
	s.AWS.Retryer = func() aws.Retryer { return retry.AddWithMaxBackoffDelay(patient(), 5*time.Millisecond) }
	return p
}

// nothingStaged fails the test where a bucket holds an object or parts of one.
func nothingStaged(t testing.TB, a *lambdatest.AWS, bucket string) {
	t.Helper()
	for _, o := range a.Objects(bucket) {
		t.Errorf("the bucket %q still holds %q in version %q", bucket, o.Key, o.VersionID)
	}
	if n := a.Uploads(bucket); n != 0 {
		t.Errorf("the bucket %q still holds the parts of %d uploads", bucket, n)
	}
}

// A small zip goes into the request, even if a bucket is there.
func TestSmallZipIsNotStaged(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	if _, _, err := against(t, a).Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: "none"})); err != nil {
		t.Error(err)
	}
	if n := len(a.Live(home, "deps")); n != 1 {
		t.Errorf("%d versions were made, want 1", n)
	}
}

func TestStagingPutsTheZipUnderItsDigestAndRemovesIt(t *testing.T) {
	t.Parallel()
	for name, versioned := range map[string]bool{"artifacts-eu-west-1": false, "versioned-eu-west-1": true} {
		a := lambdatest.New(t)
		a.CreateBucket(home, name, versioned)
		p := stages(t, a)
		data := zipOf(t, "x = 1")
		var seen []lambdatest.Object
		a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() { seen = a.Objects(name) }})
		r := staged(data, Staging{
			Bucket: strings.ReplaceAll(name, home, "{region}"), Prefix: "layers/", KMSKeyID: "alias/layers",
			Tags: map[string]string{"team": "a b", "cost": "1"},
		})
		v, _, err := p.Publish(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) != 1 {
			t.Fatalf("the bucket %q held %d objects at the publish, want 1", name, len(seen))
		}
		o := seen[0]
		if want := "layers/staging/" + store.Sum(data).Hex() + ".zip"; o.Key != want || !bytes.Equal(o.Body, data) {
			t.Errorf("the bucket held %q with %d bytes, want %q with %d", o.Key, len(o.Body), want, len(data))
		}
		if o.KMSKeyID != "alias/layers" || o.SHA256 != store.Sum(data).Base64() || o.Tagging != "cost=1&team=a%20b" {
			t.Errorf("the object had key %q, SHA-256 %q and tags %q", o.KMSKeyID, o.SHA256, o.Tagging)
		}
		if v.CodeSHA256 != store.Sum(data).Base64() {
			t.Errorf("AWS keeps %q, want the digest of the zip", v.CodeSHA256)
		}
		nothingStaged(t, a, name)
	}
}

// What another run has staged is used and left to that run.
func TestStagingUsesWhatIsThere(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	data := bigZip(t, 11<<20)
	stage := func() *upload.Lease {
		t.Helper()
		p := stages(t, a)
		s, err := p.client.Connect(t.Context(), home)
		if err != nil {
			t.Fatal(err)
		}
		j := &job{
			request: staged(data, Staging{Bucket: "artifacts"}), session: s, region: home,
			patience: p.patience, transfer: p.transfer,
		}
		u, err := j.upload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l, err := p.stagings.Acquire(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first, second := stage(), stage()
	if !first.Object.Ours || second.Object.Ours {
		t.Errorf("the first run put the object: %t, the second: %t; want true and false", first.Object.Ours, second.Object.Ours)
	}
	if n := len(a.Calls("CreateMultipartUpload", "PutObject")); n != 1 {
		t.Errorf("%d uploads, want 1", n)
	}
	if err := second.Release(t.Context(), true); err != nil || len(a.Objects("artifacts")) != 1 {
		t.Errorf("after the second run %d objects are left, want 1 (%v)", len(a.Objects("artifacts")), err)
	}
	if err := first.Release(t.Context(), true); err != nil || len(a.Objects("artifacts")) != 0 {
		t.Errorf("after the first run %d objects are left, want none (%v)", len(a.Objects("artifacts")), err)
	}
}

func TestStagingReplacesAnObjectWithOtherBytes(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{"in one piece": zipOf(t, "x = 1"), "in parts": bigZip(t, 11<<20)} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", false)
		a.PutObject("artifacts", "staging/"+store.Sum(data).Hex()+".zip", zipOf(t, "somebody else's"))
		if _, _, err := stages(t, a).Publish(t.Context(), staged(data, Staging{Bucket: "artifacts"})); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := a.Live(home, "deps"); len(got) != 1 || !bytes.Equal(got[0].Zip, data) {
			t.Errorf("%s: AWS does not hold the zip", name)
		}
	}
}

// S3 says that access is denied where it may not say that nothing is there.
func TestStagingWithoutTheRightToLook(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	a.Inject(lambdatest.Fault{Operation: "HeadObject", Times: -1, Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"})
	data := zipOf(t, "x")
	r := staged(data, Staging{Bucket: "artifacts"})
	if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
		t.Error(err)
	}
	a.PutObject("artifacts", "staging/"+store.Sum(data).Hex()+".zip", data)
	r.Description = "another"
	_, _, err := stages(t, a).Publish(t.Context(), r)
	var denied *awsclient.AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "s3:GetObject" {
		t.Errorf("got %v, want an AccessDeniedError for s3:GetObject", err)
	}
}

// Two layers of equal bytes at once: the bytes travel once within a Publisher,
// and Publishers that know nothing of each other end well too.
func TestEqualBytesForTwoLayersAtOnce(t *testing.T) {
	t.Parallel()
	data := bigZip(t, 11<<20)
	for name, shared := range map[string]bool{"one Publisher": true, "two Publishers": false} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", false)
		both := []*Publisher{stages(t, a), stages(t, a)}
		if shared {
			both[1] = both[0]
			// The second publish waits for the bytes of the first one.
			a.Inject(lambdatest.Fault{Operation: "UploadPart", Delay: 50 * time.Millisecond})
		}
		errs := make([]error, 2)
		var wait sync.WaitGroup
		for i, layer := range []string{"one", "two"} {
			wait.Go(func() {
				r := staged(data, Staging{Bucket: "artifacts"})
				r.LayerName = layer
				_, _, errs[i] = both[i].Publish(t.Context(), r)
			})
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n := len(a.Live(home, "one")) + len(a.Live(home, "two")); n != 2 {
			t.Errorf("%s: %d versions, want 2", name, n)
		}
		nothingStaged(t, a, "artifacts")
	}
}

// Another run removes the object before Lambda has read it.
func TestStagedObjectThatIsGoneIsStagedAgain(t *testing.T) {
	t.Parallel()
	data := zipOf(t, "x")
	key := "staging/" + store.Sum(data).Hex() + ".zip"
	for _, times := range []int{1, 2} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", true)
		a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Times: times, Do: func() { a.DeleteObject("artifacts", key) }})
		_, _, err := stages(t, a).Publish(t.Context(), staged(data, Staging{Bucket: "artifacts"}))
		var limit *awsclient.LimitError
		if times == 1 && err != nil || times == 2 && (!errors.As(err, &limit) || !strings.Contains(err.Error(), "NoSuchKey")) {
			t.Errorf("gone %d times: %v", times, err)
		}
		if n := len(a.Calls("PutObject")); n != 2 {
			t.Errorf("gone %d times: %d uploads, want 2", times, n)
		}
		nothingStaged(t, a, "artifacts")
	}
}

// A refused publish leaves nothing in the bucket, and what cannot be removed is
// told.
func TestStagingIsCleanedUpAfterARefusal(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", true)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Times: 2, Status: 400, ErrorType: "InvalidParameterValueException", Message: "no"})
	r := staged(zipOf(t, "x"), Staging{Bucket: "artifacts"})
	var told []string
	r.Warn = func(text string) { told = append(told, text) }
	p := stages(t, a)
	if _, _, err := p.Publish(t.Context(), r); err == nil || len(told) != 0 {
		t.Errorf("got %v with the warnings %q, want an error without", err, told)
	}
	nothingStaged(t, a, "artifacts")
	a.Inject(lambdatest.Fault{Operation: "DeleteObject", Times: -1, Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"})
	if _, _, err := p.Publish(t.Context(), r); err == nil {
		t.Error("the second publish went well, want a refusal")
	}
	if len(told) != 1 || !strings.Contains(told[0], "s3:DeleteObjectVersion") || !strings.Contains(told[0], `"artifacts"`) {
		t.Errorf("the warnings are %q, want one that names bucket and permission", told)
	}
}

// A publish that is interrupted cleans up all the same.
func TestStagingIsCleanedUpAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	data := bigZip(t, 11<<20)
	for _, operation := range []string{"UploadPart", "CompleteMultipartUpload", "PublishLayerVersion"} {
		ctx, cancel := context.WithCancel(t.Context())
		a.Inject(lambdatest.Fault{Operation: operation, At: lambdatest.AfterProcessing, Do: cancel, Close: true})
		r := staged(data, Staging{Bucket: "artifacts"})
		r.LayerName = operation
		_, _, err := stages(t, a).Publish(ctx, r)
		if operation != "PublishLayerVersion" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want that the context is cancelled", operation, err)
		}
		nothingStaged(t, a, "artifacts")
		cancel()
	}
}

func TestStagingFailures(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket("us-east-1", "elsewhere", false)
	a.CreateBucket(home, "closed", false)
	p := stages(t, a)
	for bucket, want := range map[string]string{"none": `the bucket "none", which does not exist (NoSuchBucket)`, "elsewhere": "us-east-1"} {
		_, _, err := p.Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: bucket}))
		var limit *awsclient.LimitError
		if !errors.As(err, &limit) || limit.Attribute != "s3" || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "s3://"+bucket+"/") {
			t.Errorf("bucket %q: got %v, want a LimitError of s3 with %s and the place", bucket, err, want)
		}
	}
	a.Inject(lambdatest.Fault{
		Operation: "PublishLayerVersion", Status: 403, ErrorType: "AccessDeniedException",
		Message: "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for closed/x.zip.",
	})
	var denied *awsclient.AccessDeniedError
	if _, _, err := p.Publish(t.Context(), staged(zipOf(t, "x"), Staging{Bucket: "closed"})); !errors.As(err, &denied) || denied.Action != "s3:GetObject" {
		t.Errorf("got %v, want an AccessDeniedError for s3:GetObject", err)
	}
	nothingStaged(t, a, "closed")
	if n := len(a.Versions(home, "deps")); n != 0 {
		t.Errorf("%d versions were made, want none", n)
	}
}

// Each call of S3 that is denied names itself and the permission.
func TestDeniedCallsOfS3(t *testing.T) {
	t.Parallel()
	small, large := zipOf(t, "x"), bigZip(t, 11<<20)
	for _, c := range []struct {
		operation, message string
		data               []byte
		tags               map[string]string
		action, words      string
	}{
		{operation: "PutObject", data: small, action: "s3:PutObject", words: "putting s3://closed/staging/"},
		{operation: "PutObject", data: small, tags: map[string]string{"a": "b"}, action: "s3:PutObject and s3:PutObjectTagging", words: "putting"},
		{
			operation: "PutObject", data: small, action: "kms:GenerateDataKey", words: "putting",
			message: "User: x is not authorized to perform: kms:GenerateDataKey on resource: y",
		},
		{operation: "CreateMultipartUpload", data: large, action: "s3:PutObject", words: "beginning the upload of s3://closed/"},
		{operation: "UploadPart", data: large, action: "s3:PutObject", words: "of 3 of s3://closed/"},
		{operation: "CompleteMultipartUpload", data: large, action: "s3:PutObject", words: "from 3 parts"},
	} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "closed", false)
		message := c.message
		if message == "" {
			message = "Access Denied"
		}
		a.Inject(lambdatest.Fault{Operation: c.operation, Times: -1, Status: 403, ErrorType: "AccessDenied", Message: message})
		_, _, err := stages(t, a).Publish(t.Context(), staged(c.data, Staging{Bucket: "closed", Tags: c.tags}))
		var denied *awsclient.AccessDeniedError
		if !errors.As(err, &denied) || denied.Action != c.action || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), c.action) {
			t.Errorf("%s: got %v, want an AccessDeniedError for %s with %q", c.operation, err, c.action, c.words)
		}
		nothingStaged(t, a, "closed")
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
	p := stages(t, a)
	data, other := zipOf(t, "x"), zipOf(t, "signed")
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() {
		a.PutObject("artifacts", "staging/"+store.Sum(data).Hex()+".zip", other)
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
	planned, err := MeasureZip(t.Context(), path)
	if err != nil || planned.SHA256 != store.Sum(data) || planned.Size != int64(len(data)) {
		t.Fatalf("MeasureZip: %s, %d, %v", planned.SHA256, planned.Size, err)
	}
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p, through := against(t, a), stages(t, a)
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
			by := p
			if staging != nil {
				by = through
			}
			_, _, err := by.Publish(t.Context(), r)
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
	for _, data := range [][]byte{zipOf(t, "x"), bigZip(t, 11<<20)} {
		var open atomic.Int64
		r := staged(data, Staging{Bucket: "artifacts"})
		r.Zip.Open = func() (Reader, error) {
			open.Add(1)
			return counted{bytes.NewReader(data), &open}, nil
		}
		if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if open.Load() != 0 {
			t.Errorf("%d readers are left open", open.Load())
		}
	}
}

type counted struct {
	io.ReaderAt
	open *atomic.Int64
}

func (c counted) Close() error { c.open.Add(-1); return nil }
