package publish

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestLargeZipTravelsInParts(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", true)
	data := bigZip(t, 11<<20)
	var seen []lambdatest.Object
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() { seen = a.Objects("artifacts") }})
	r := staged(data, Staging{Bucket: "artifacts", KMSKeyID: "alias/layers", Tags: map[string]string{"team": "x"}})
	v, _, err := stages(t, a).Publish(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if v.CodeSHA256 != store.Sum(data).Base64() {
		t.Errorf("AWS keeps %q, want the digest of the zip", v.CodeSHA256)
	}
	if len(seen) != 1 || seen[0].Parts != 3 || !bytes.Equal(seen[0].Body, data) {
		t.Fatalf("the bucket held %d objects, want the zip in 3 parts", len(seen))
	}
	if o := seen[0]; o.KMSKeyID != "alias/layers" || o.Tagging != "team=x" || !strings.HasSuffix(o.SHA256, "-3") {
		t.Errorf("the object had key %q, tags %q and checksum %q", o.KMSKeyID, o.Tagging, o.SHA256)
	}
	nothingStaged(t, a, "artifacts")
}

// Every step of an upload fails in every way, once: one version comes of it,
// and nothing is left in the bucket.
func TestFaultsOfAnUpload(t *testing.T) {
	t.Parallel()
	small, large := zipOf(t, "x"), bigZip(t, 5<<20)
	for _, operation := range []string{"HeadObject", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "DeleteObject"} {
		data := large
		if operation == "PutObject" {
			data = small
		}
		for name, f := range map[string]lambdatest.Fault{
			"closed before":   {Close: true},
			"reset before":    {Reset: true},
			"closed after":    {At: lambdatest.AfterProcessing, Close: true},
			"reset after":     {At: lambdatest.AfterProcessing, Reset: true},
			"cut in reply":    {At: lambdatest.InReply},
			"500":             {Status: 500, ErrorType: "InternalError", Message: "We encountered an internal error. Please try again."},
			"503":             {Status: 503, ErrorType: "SlowDown", Message: "Please reduce your request rate."},
			"503 after":       {At: lambdatest.AfterProcessing, Status: 503, ErrorType: "ServiceUnavailable", Message: "Service is unable to handle request."},
			"a page of HTML":  {Status: 502, Body: []byte("<html>Bad Gateway</html>")},
			"409 in conflict": {Status: 409, ErrorType: "ConditionalRequestConflict", Message: "A conflicting conditional operation is in progress"},
		} {
			if name == "409 in conflict" && operation != "CompleteMultipartUpload" && operation != "PutObject" {
				continue
			}
			a := lambdatest.New(t)
			a.CreateBucket(home, "artifacts", true)
			f.Operation = operation
			if operation == "UploadPart" {
				f.Skip = 1
			}
			a.Inject(f)
			r := staged(data, Staging{Bucket: "artifacts"})
			r.Warn = func(text string) { t.Errorf("%s, %s: a warning: %s", operation, name, text) }
			if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
				t.Errorf("%s, %s: %v", operation, name, err)
				continue
			}
			if got := a.Versions(home, "deps"); len(got) != 1 || !bytes.Equal(got[0].Zip, data) {
				t.Errorf("%s, %s: %d versions, want 1 of the zip", operation, name, len(got))
			}
			left := a.Uploads("artifacts")
			if operation == "CreateMultipartUpload" && slices.Contains([]string{"closed after", "reset after", "cut in reply", "503 after"}, name) {
				left-- // nobody knows the id of an upload whose answer was lost
			}
			if left != 0 || len(a.Objects("artifacts")) != 0 {
				t.Errorf("%s, %s: %d uploads and %d objects are left", operation, name, left, len(a.Objects("artifacts")))
			}
		}
	}
}

// An upload that fails for good leaves no parts; what keeps it from removing
// them is told.
func TestAbortedUpload(t *testing.T) {
	t.Parallel()
	data := bigZip(t, 5<<20)
	for _, operation := range []string{"UploadPart", "CompleteMultipartUpload"} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", false)
		refusal := lambdatest.Fault{Operation: operation, Times: -1, Status: 400, ErrorType: "InvalidRequest", Message: "no"}
		a.Inject(refusal)
		r := staged(data, Staging{Bucket: "artifacts"})
		var told []string
		r.Warn = func(text string) { told = append(told, text) }
		if _, _, err := stages(t, a).Publish(t.Context(), r); err == nil || !strings.Contains(err.Error(), "InvalidRequest") || len(told) > 0 {
			t.Errorf("%s: got %v with the warnings %q", operation, err, told)
		}
		if n := len(a.Calls("AbortMultipartUpload")); n != 1 {
			t.Errorf("%s: aborted %d times, want once", operation, n)
		}
		nothingStaged(t, a, "artifacts")
		a.Inject(lambdatest.Fault{Operation: "AbortMultipartUpload", Times: -1, Status: 403, ErrorType: "AccessDenied", Message: "Access Denied"})
		if _, _, err := stages(t, a).Publish(t.Context(), r); err == nil {
			t.Errorf("%s: went well, want a refusal", operation)
		}
		if len(told) != 1 || !strings.Contains(told[0], "s3:AbortMultipartUpload") {
			t.Errorf("%s: the warnings are %q, want one that names the permission", operation, told)
		}
	}
}

// Bytes that change on the way are refused by S3, part by part.
func TestZipThatChangesOnTheWay(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{zipOf(t, "x"), bigZip(t, 11<<20)} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", false)
		changed := bytes.Clone(data)
		changed[len(changed)-30] ^= 1
		r := staged(data, Staging{Bucket: "artifacts"})
		opened := make(chan bool, 1)
		r.Zip.Open = func() (Reader, error) {
			select {
			case opened <- true:
				return memory{bytes.NewReader(data)}, nil
			default:
				return memory{bytes.NewReader(changed)}, nil
			}
		}
		_, _, err := stages(t, a).Publish(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), "the zip changed on the way") {
			t.Errorf("%d bytes: got %v, want that the zip changed", len(data), err)
		}
		nothingStaged(t, a, "artifacts")
		if n := len(a.Versions(home, "deps")); n != 0 {
			t.Errorf("%d bytes: %d versions, want none", len(data), n)
		}
	}
}

// A slow link takes its time.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	data := bigZip(t, 11<<20)
	r := staged(data, Staging{Bucket: "artifacts"})
	r.Zip.Open = func() (Reader, error) { return &slow{memory: memory{bytes.NewReader(data)}}, nil }
	begun := time.Now()
	if _, _, err := stages(t, a).Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 500*time.Millisecond {
		t.Errorf("the upload took %s: the test's link is not slow", took)
	}
}

// slow is a zip of which every megabyte takes its time.
type slow struct {
	memory
	read atomic.Int64
}

func (s *slow) ReadAt(b []byte, at int64) (int, error) {
	n, err := s.memory.ReadAt(b, at)
	if read := s.read.Add(int64(n)); read>>20 > (read-int64(n))>>20 {
		time.Sleep(40 * time.Millisecond)
	}
	return n, err
}

// A context that is over ends an upload at once, and the parts go.
func TestInterruptedUploadLeavesNoParts(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a.Inject(lambdatest.Fault{Operation: "UploadPart", Skip: 1, Do: cancel, Delay: time.Minute})
	_, _, err := stages(t, a).Publish(ctx, staged(bigZip(t, 21<<20), Staging{Bucket: "artifacts"}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context is cancelled", err)
	}
	if n := len(a.Calls("AbortMultipartUpload")); n != 1 {
		t.Errorf("aborted %d times, want once", n)
	}
	nothingStaged(t, a, "artifacts")
}
