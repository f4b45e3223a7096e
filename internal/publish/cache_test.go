package publish

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func newCache(t *testing.T, change ...func(*Config)) (*lambdatest.AWS, *Cache) {
	t.Helper()
	a := lambdatest.New(t)
	a.CreateBucket(home, "cache", false)
	return a, against(t, a, change...).Cache(CacheConfig{Bucket: "cache", Prefix: "layerbuild/"})
}

func cached(content string) store.Object {
	return store.Object{Body: strings.NewReader(content), Size: int64(len(content)), SHA256: store.Sum([]byte(content))}
}

func get(ctx context.Context, c *Cache, name string) (string, error) {
	body, err := c.Get(ctx, name)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(body)
	return string(content), errors.Join(err, body.Close())
}

// operations counts the calls to S3, and refuses any that lists or deletes.
func operations(t *testing.T, a *lambdatest.AWS) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, c := range a.Calls() {
		if !slices.Contains([]string{"GetObject", "HeadObject", "PutObject", "GetCallerIdentity"}, c.Operation) {
			t.Errorf("the cache called %q", c.Operation)
		}
		count[c.Operation]++
	}
	return count
}

func TestCacheKeepsTheFirstObject(t *testing.T) {
	t.Parallel()
	a, c := newCache(t)
	if got := c.String(); got != "s3://cache/layerbuild/" {
		t.Errorf("String() = %q", got)
	}
	if _, err := get(t.Context(), c, "sha256/aa"); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		t.Errorf("Get of an absent object = %v", err)
	}
	if has, err := c.Has(t.Context(), "sha256/aa"); has || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Has of an absent object = %t, %v", has, err)
	}
	for _, step := range []struct {
		content string
		replace bool
		want    string
	}{{"first", false, "first"}, {"second", false, "first"}, {"third", true, "third"}} {
		if err := c.Put(t.Context(), "sha256/aa", cached(step.content), step.replace); err != nil {
			t.Fatal(err)
		}
		if got, err := get(t.Context(), c, "sha256/aa"); got != step.want || err != nil {
			t.Errorf("after Put(%q, replace %t) Get = %q, %v, want %q", step.content, step.replace, got, err, step.want)
		}
	}
	if has, err := c.Has(t.Context(), "sha256/aa"); !has || err != nil {
		t.Errorf("Has = %t, %v", has, err)
	}
	if got := a.Objects("cache"); len(got) != 1 || got[0].Key != "layerbuild/sha256/aa" || got[0].SHA256 != store.Sum([]byte("third")).Base64() {
		t.Errorf("the bucket holds %+v", got)
	}
	if n := operations(t, a); n["PutObject"] != 3 || n["GetObject"] != 4 || n["HeadObject"] != 2 {
		t.Errorf("calls: %v", n)
	}
}

func TestCacheEncrypts(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket("us-west-2", "cache", false)
	c := against(t, a).Cache(CacheConfig{Bucket: "cache", Region: "us-west-2", KMSKeyID: "alias/cache"})
	if err := c.Put(t.Context(), "sha256/aa", cached("x"), false); err != nil {
		t.Fatal(err)
	}
	if got := a.Objects("cache"); len(got) != 1 || got[0].KMSKeyID != "alias/cache" {
		t.Errorf("the bucket holds %+v", got)
	}
}

// S3 refuses a body that is not what its digest says: a damaged file on this
// machine does not spread.
func TestCacheDoesNotTakeOtherBytes(t *testing.T) {
	t.Parallel()
	a, c := newCache(t)
	o := cached("right")
	o.Body = strings.NewReader("wrong")
	if err := c.Put(t.Context(), "sha256/aa", o, false); err == nil || len(a.Objects("cache")) != 0 {
		t.Errorf("Put = %v, the bucket holds %d objects", err, len(a.Objects("cache")))
	}
}

func TestTwoMachinesPutOneObject(t *testing.T) {
	t.Parallel()
	a, c := newCache(t)
	other := against(t, a).Cache(c.Config)
	content := strings.Repeat("x", 3<<20) // above the size that waits for a 100
	var wg sync.WaitGroup
	for _, machine := range []*Cache{c, other, c, other} {
		wg.Go(func() {
			if err := machine.Put(t.Context(), "sha256/aa", cached(content), false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := a.Objects("cache"); len(got) != 1 || string(got[0].Body) != content {
		t.Errorf("the bucket holds %d objects", len(got))
	}
}

func TestCacheFaults(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, c := range map[string]struct {
		fault lambdatest.Fault
		ok    bool
		want  string
		hides bool // the error may mean an absent object
	}{
		"denied":          {lambdatest.Fault{Status: 403, ErrorType: "AccessDenied", Message: "no"}, false, "s3:GetObject", true},
		"wrong signature": {lambdatest.Fault{Status: 403, ErrorType: "SignatureDoesNotMatch", Message: "no"}, false, "does not accept the credentials", false},
		"busy once":       {lambdatest.Fault{Status: 503, ErrorType: "SlowDown", Message: "slow down"}, true, "", false},
		"busy always":     {lambdatest.Fault{Status: 503, ErrorType: "SlowDown", Message: "slow down", Times: -1}, false, "SlowDown", false},
		"silent":          {lambdatest.Fault{Delay: time.Hour, Times: -1}, false, "no answer within 300ms", false},
		"cut":             {lambdatest.Fault{At: lambdatest.InReply}, false, "EOF", false},
		"reset always":    {lambdatest.Fault{Reset: true, Times: -1}, false, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, cache := newCache(t)
			cache.Patience = time.Hour
			if c.fault.Delay > 0 {
				cache.Patience = 300 * time.Millisecond
			}
			a.PutObject("cache", "layerbuild/sha256/aa", big)
			c.fault.Operation = "GetObject"
			a.Inject(c.fault)
			got, err := get(t.Context(), cache, "sha256/aa")
			switch {
			case c.ok && (err != nil || got != string(big)):
				t.Errorf("Get = %d bytes, %v, want all", len(got), err)
			case !c.ok && (err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, fs.ErrNotExist) != c.hides):
				t.Errorf("Get = %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "wJalrXUtnFEMI") {
				t.Errorf("the error shows the secret key: %v", err)
			}
		})
	}
}

func TestCacheOfWrongSettings(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.CreateBucket("us-west-2", "elsewhere", false)
	p := against(t, a)
	for bucket, want := range map[string]string{"none": `there is no bucket "none"`, "elsewhere": "write its region into cache.s3"} {
		c := p.Cache(CacheConfig{Bucket: bucket})
		if _, err := get(t.Context(), c, "sha256/aa"); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Get from %q = %v, want %q", bucket, err, want)
		}
		if err := c.Put(t.Context(), "sha256/aa", cached("x"), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Put to %q = %v, want %q", bucket, err, want)
		}
	}
}

func TestCacheWithoutCredentials(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.Inject(lambdatest.Fault{Operation: "GetCallerIdentity", Status: http.StatusForbidden, ErrorType: "InvalidClientTokenId", Message: "The security token included in the request is invalid.", Times: -1})
	c := against(t, a).Cache(CacheConfig{Bucket: "cache"})
	_, err := c.Get(t.Context(), "sha256/aa")
	var unusable *store.UnusableError
	if !errors.As(err, &unusable) || !strings.Contains(err.Error(), "s3://cache/") || strings.Contains(err.Error(), "wJalrXUtnFEMI") {
		t.Errorf("Get = %v, want an UnusableError", err)
	}
}

// An AWS that does not answer is no fault of the settings: the build goes on.
func TestCacheDoesNotWaitForCredentials(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.Inject(lambdatest.Fault{Operation: "GetCallerIdentity", Delay: time.Hour, Times: -1})
	c := against(t, a).Cache(CacheConfig{Bucket: "cache"})
	c.Patience = 200 * time.Millisecond
	for range 2 {
		_, err := c.Get(t.Context(), "sha256/aa")
		if _, unusable := errors.AsType[*store.UnusableError](err); unusable || err == nil || !strings.Contains(err.Error(), "no answer within 200ms") {
			t.Errorf("Get = %v, want that AWS does not answer", err)
		}
	}
	if n := len(a.Calls("GetCallerIdentity")); n != 1 {
		t.Errorf("AWS was asked %d times, want once", n)
	}
}
