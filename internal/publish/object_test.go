package publish

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

func objectRequest(b []byte) ObjectRequest {
	return ObjectRequest{Region: home, Bucket: "artifacts", Key: "deps/layer.zip", Zip: inMemory(b)}
}

// TestObjectIsPutOnceAndRead puts a zip, whole and in parts, with and without
// versions, and finds it again.
func TestObjectIsPutOnceAndRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		versioned bool
		data      []byte
		parts     int
	}{
		"whole":    {false, zipOf(t, "x = 1"), 0},
		"versions": {true, zipOf(t, "x = 1"), 0},
		"parts":    {true, bigZip(t, 11<<20), 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			a.CreateBucket(home, "artifacts", c.versioned)
			p := stages(t, a)
			r := objectRequest(c.data)
			r.Settings = s3object.Settings{KMSKeyID: "alias/layers", StorageClass: "STANDARD_IA", Tags: map[string]string{"team": "a b"}}
			put, found, err := p.PutObject(t.Context(), r)
			if err != nil || found {
				t.Fatalf("PutObject = %+v, found %t, %v", put, found, err)
			}
			there := a.Objects("artifacts")
			if len(there) != 1 || there[0].Key != "deps/layer.zip" || !bytes.Equal(there[0].Body, c.data) || there[0].Parts != c.parts ||
				there[0].KMSKeyID != "alias/layers" || there[0].StorageClass != "STANDARD_IA" || there[0].Tagging != "team=a%20b" {
				t.Fatalf("the bucket holds %d objects, the first with key %q in %d parts, %q, %q, %q", len(there), there[0].Key, there[0].Parts, there[0].KMSKeyID, there[0].StorageClass, there[0].Tagging)
			}
			if (put.VersionID != "") != c.versioned || put.ETag == "" {
				t.Errorf("the object is %+v", put)
			}
			again, found, err := p.PutObject(t.Context(), r)
			if err != nil || !found || again != put || len(a.Objects("artifacts")) != 1 {
				t.Errorf("the second PutObject = %+v, found %t, %v, and the bucket holds %d objects", again, found, err, len(a.Objects("artifacts")))
			}
			sight, err := p.LookAgain(t.Context(), home, "artifacts", put)
			if err != nil || sight.Latest != put || sight.Unreadable || c.parts == 0 && sight.SHA256 != r.Zip.SHA256.Base64() {
				t.Errorf("LookAgain = %+v, %v", sight, err)
			}
			if err := p.DeleteObject(t.Context(), home, "artifacts", put); err != nil {
				t.Error(err)
			}
			nothingStaged(t, a, "artifacts")
			if err := p.DeleteObject(t.Context(), home, "artifacts", put); err != nil {
				t.Errorf("deleting what is gone: %v", err)
			}
		})
	}
}

// TestObjectLeavesWhatIsNotItsOwn has somebody else's bytes at the key.
func TestObjectLeavesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", false)
	p := stages(t, a)
	a.PutObject("artifacts", "deps/layer.zip", []byte("theirs"))
	_, _, err := p.PutObject(t.Context(), objectRequest(zipOf(t, "x = 1")))
	if taken, ok := errors.AsType[*TakenError](err); !ok || taken.Address != "s3://artifacts/deps/layer.zip" {
		t.Fatalf("PutObject over theirs: %v, want a *TakenError", err)
	}
	sight, err := p.FindObject(t.Context(), home, "artifacts", s3object.Stored{Key: "deps/layer.zip"})
	if err != nil {
		t.Fatal(err)
	}
	stale := sight.Latest
	stale.ETag = `"other"`
	if _, ok := errors.AsType[*TakenError](p.DeleteObject(t.Context(), home, "artifacts", stale)); !ok {
		t.Error("an object with other bytes was deleted")
	}
	if got := a.Objects("artifacts"); len(got) != 1 || string(got[0].Body) != "theirs" {
		t.Fatalf("the bucket holds %+v", got)
	}
	r := objectRequest(zipOf(t, "x = 1"))
	r.Replaceable = []s3object.Stored{sight.Latest}
	if _, found, err := p.PutObject(t.Context(), r); err != nil || found {
		t.Errorf("PutObject over what the plan has named: found %t, %v", found, err)
	}
	// What appears between the look and the put is seen by the condition.
	r = objectRequest(zipOf(t, "x = 2"))
	r.Key = "deps/late.zip"
	a.Inject(lambdatest.Fault{Operation: "PutObject", Do: func() { a.PutObject("artifacts", "deps/late.zip", []byte("late")) }})
	if _, _, err := p.PutObject(t.Context(), r); !strings.Contains(err.Error(), "s3://artifacts/deps/late.zip is there") {
		t.Errorf("a race: %v", err)
	}
}

// TestObjectIsPutAfresh changes the settings of equal bytes, and loses answers.
func TestObjectIsPutAfresh(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]lambdatest.Fault{
		"no fault":           {Operation: "GetObject"},
		"a lost answer":      {Operation: "PutObject", At: lambdatest.AfterProcessing, Close: true, Times: 5},
		"not processed once": {Operation: "PutObject", Status: http.StatusServiceUnavailable, ErrorType: "SlowDown"},
	} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", true)
		p := stages(t, a)
		r := objectRequest(zipOf(t, "x = 1"))
		first, _, err := p.PutObject(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		a.Inject(fault)
		r.Settings.Tags, r.Afresh, r.Replaceable = map[string]string{"a": "b"}, true, []s3object.Stored{first}
		second, found, err := p.PutObject(t.Context(), r)
		there := a.Objects("artifacts")
		if err != nil || found || second == first || there[len(there)-1].Tagging != "a=b" || there[len(there)-1].VersionID != second.VersionID {
			t.Errorf("%s: %+v, found %t, %v; the bucket holds %d", name, second, found, err, len(there))
		}
	}
}

// TestObjectNamesWhatIsWrongWithTheBucket asks before and while putting.
func TestObjectNamesWhatIsWrongWithTheBucket(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket("us-east-1", "elsewhere", false)
	a.CreateBucket(home, "closed", false)
	a.CreateBucket(home, "artifacts", false)
	p := stages(t, a)
	for bucket, want := range map[string]string{
		"absent":    `bucket names "absent", which does not exist (NoSuchBucket): correct the name, or, where this configuration makes the bucket, refer to the id of it`,
		"elsewhere": `bucket names "elsewhere", which is in us-east-1, and not in eu-west-1: write region = "us-east-1"`,
	} {
		if err := p.CheckBucket(t.Context(), home, bucket); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CheckBucket(%q) = %v, want %q", bucket, err, want)
		}
		r := objectRequest(zipOf(t, "x"))
		r.Bucket = bucket
		if _, _, err := p.PutObject(t.Context(), r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("PutObject into %q: %v, want %q", bucket, err, want)
		}
	}
	denied := lambdatest.Fault{Operation: "GetBucketVersioning", Status: http.StatusForbidden, ErrorType: "AccessDenied", Message: "no", Times: -1}
	a.Inject(denied)
	if err := p.CheckBucket(t.Context(), home, "closed"); err != nil {
		t.Errorf("what may not be asked was judged: %v", err)
	}
	a.Inject(lambdatest.Fault{Operation: "PutObject", Status: http.StatusForbidden, ErrorType: "AccessDenied", Message: "no", Times: -1})
	_, _, err := p.PutObject(t.Context(), objectRequest(zipOf(t, "x")))
	if lacks, ok := errors.AsType[*AccessDeniedError](err); !ok || lacks.Action != "s3:PutObject" {
		t.Errorf("a refused put: %v", err)
	}
}
