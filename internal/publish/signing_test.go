package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/signing"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// signs returns an AWS with a versioned bucket and a signing profile, and a
// Publisher on it that sends small zips directly if it may.
func signs(t testing.TB, profile lambdatest.SigningProfile) (*lambdatest.AWS, *Publisher) {
	t.Helper()
	a := lambdatest.New(t)
	a.CreateBucket(home, "artifacts", true)
	profile.Name = "layers"
	a.CreateSigningProfile(home, profile)
	p := stages(t, a)
	p.transfer.direct = 50 << 20
	return a, p
}

func signed(b []byte) Request {
	r := staged(b, Staging{Bucket: "artifacts", Prefix: "p/"})
	r.Signing = &Signing{ProfileName: "layers"}
	return r
}

func TestSignedZipIsPublished(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		a, p := signs(t, lambdatest.SigningProfile{Polls: 3})
		if known {
			a.KeepSignedChecksums()
		}
		data := zipOf(t, "x")
		v, adopted, err := p.Publish(t.Context(), signed(data))
		if err != nil || adopted {
			t.Fatalf("adopted %t, %v", adopted, err)
		}
		jobs, live := a.SigningJobs(home), a.Live(home, "deps")
		if len(jobs) != 1 || len(live) != 1 {
			t.Fatalf("%d jobs and %d versions, want 1 and 1", len(jobs), len(live))
		}
		if want := "p/staging/" + store.Sum(data).Hex() + ".zip"; jobs[0].SourceKey != want || jobs[0].SourceVersion == "" {
			t.Errorf("signed was %q in version %q, want %q in some", jobs[0].SourceKey, jobs[0].SourceVersion, want)
		}
		if v.UnsignedSHA256 != store.Sum(data).Base64() || v.CodeSHA256 == v.UnsignedSHA256 || v.CodeSHA256 != store.Sum(live[0].Zip).Base64() {
			t.Errorf("the hashes are %q and %q, want that of the zip and that of the signed one", v.UnsignedSHA256, v.CodeSHA256)
		}
		if want := "arn:aws:signer:eu-west-1:123456789012:/signing-jobs/" + jobs[0].ID; v.SigningJobARN != want {
			t.Errorf("the job is %q, want %q", v.SigningJobARN, want)
		}
		if want := "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/layers/"; !strings.HasPrefix(v.SigningProfileVersionARN, want) {
			t.Errorf("the profile is %q, want %s…", v.SigningProfileVersionARN, want)
		}
		if n := len(a.Calls("DescribeSigningJob")); n != 4 {
			t.Errorf("%d looks at the job, want 4", n)
		}
		nothingStaged(t, a, "artifacts")

		read, err := p.Read(t.Context(), v.ARN)
		if err != nil || read.UnsignedSHA256 != "" || read.SigningJobARN != v.SigningJobARN {
			t.Errorf("Read: %+v, %v; want the job and no digest of the unsigned zip", read, err)
		}
		digest, by, err := p.Unsigned(t.Context(), read)
		if err != nil || digest != store.Sum(data).Base64() || by != (Signing{ProfileName: "layers", ProfileOwner: lambdatest.Account}) {
			t.Errorf("Unsigned: %q, %+v, %v", digest, by, err)
		}
	}
}

// What was signed and published before is taken over, without another job.
func TestSignedVersionIsTakenOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(*lambdatest.AWS)
		change  func(*Request)
		adopted bool
	}{
		"as it was":          {adopted: true},
		"of the own account": {change: func(r *Request) { r.Signing.ProfileOwner = lambdatest.Account }, adopted: true},
		"other bytes":        {change: func(r *Request) { r.Zip = inMemory(zipOf(t, "y")) }},
		"other metadata":     {change: func(r *Request) { r.Description = "new" }},
		"another profile": {
			prepare: func(a *lambdatest.AWS) { a.CreateSigningProfile(home, lambdatest.SigningProfile{Name: "other"}) },
			change:  func(r *Request) { r.Signing.ProfileName = "other" },
		},
		"a revoked signature": {prepare: func(a *lambdatest.AWS) { a.RevokeSignature(a.SigningJobs(home)[0].ID, "key lost") }},
		"not signed":          {change: func(r *Request) { r.Signing = nil }},
		"a forgotten job": {prepare: func(a *lambdatest.AWS) {
			a.Inject(lambdatest.Fault{Operation: "DescribeSigningJob", Status: 404, ErrorType: "ResourceNotFoundException", Message: "Signing job not found"})
		}},
	} {
		a, p := signs(t, lambdatest.SigningProfile{})
		data := zipOf(t, "x")
		if _, _, err := p.Publish(t.Context(), signed(data)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.prepare != nil {
			c.prepare(a)
		}
		r := signed(data)
		if c.change != nil {
			c.change(&r)
		}
		v, adopted, err := p.Publish(t.Context(), r)
		if err != nil || adopted != c.adopted {
			t.Errorf("%s: adopted %t, %v; want %t", name, adopted, err, c.adopted)
		}
		if v.UnsignedSHA256 != r.Zip.SHA256.Base64() {
			t.Errorf("%s: the digest of the unsigned zip is %q, want %q", name, v.UnsignedSHA256, r.Zip.SHA256.Base64())
		}
		want := 2
		if c.adopted {
			want = 1
		}
		if n := len(a.Live(home, "deps")); n != want {
			t.Errorf("%s: %d versions, want %d", name, n, want)
		}
		if r.Signing != nil && len(a.SigningJobs(home)) != want {
			t.Errorf("%s: %d jobs, want %d", name, len(a.SigningJobs(home)), want)
		}
	}
}

// A lost answer anywhere leaves one job and one version.
func TestLostAnswersWhileSigning(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"StartSigningJob", "DescribeSigningJob", "PublishLayerVersion"} {
		for _, f := range []lambdatest.Fault{
			{Close: true},
			{At: lambdatest.AfterProcessing, Close: true},
			{At: lambdatest.AfterProcessing, Status: 503, ErrorType: "ServiceUnavailable", Message: "x"},
			{At: lambdatest.InReply},
		} {
			a, p := signs(t, lambdatest.SigningProfile{Polls: 1})
			f.Operation = operation
			a.Inject(f)
			v, adopted, err := p.Publish(t.Context(), signed(zipOf(t, "x")))
			if err != nil || adopted || v.Number != 1 {
				t.Errorf("%s, %+v: version %d, adopted %t, %v", operation, f, v.Number, adopted, err)
			}
			if jobs, versions := len(a.SigningJobs(home)), len(a.Versions(home, "deps")); jobs != 1 || versions != 1 {
				t.Errorf("%s, %+v: %d jobs and %d versions, want 1 and 1", operation, f, jobs, versions)
			}
			nothingStaged(t, a, "artifacts")
		}
	}
}

// signingFailure is a publish that fails because of signing.
type signingFailure struct {
	profile lambdatest.SigningProfile
	change  func(*Request, *lambdatest.AWS)
	check   func(error) bool
	words   []string
}

func signingFailures(t *testing.T) map[string]signingFailure {
	t.Helper()
	return map[string]signingFailure{
		"a failed job": {
			profile: lambdatest.SigningProfile{Failure: "the file is too odd to sign"},
			check:   isSigning,
			words:   []string{`"layers"`, "the file is too odd to sign", "00000000-0000-4000-8000-"},
		},
		"no such profile": {
			change: func(r *Request, _ *lambdatest.AWS) { r.Signing.ProfileName = "nobody" },
			check:  isLimit("signing"), words: []string{`"nobody"`, "eu-west-1", "profile_owner"},
		},
		"an owner that has none": {
			change: func(r *Request, _ *lambdatest.AWS) { r.Signing.ProfileOwner = "999999999999" },
			check:  isLimit("signing"), words: []string{`"layers"`},
		},
		"no versions": {
			change: func(r *Request, a *lambdatest.AWS) {
				a.CreateBucket(home, "plain", false)
				r.Staging.Bucket = "plain"
			},
			check: isLimit("s3"), words: []string{`"plain"`, "not versioned", "signing"},
		},
		"denied": {
			change: func(_ *Request, a *lambdatest.AWS) {
				a.Inject(lambdatest.Fault{Operation: "StartSigningJob", Status: 403, ErrorType: "AccessDeniedException", Message: "no"})
			},
			check: isDenied("signer:StartSigningJob"), words: []string{"signing the zip at s3://artifacts/p/staging/"},
		},
		"denied looks": {
			change: func(_ *Request, a *lambdatest.AWS) {
				a.Inject(lambdatest.Fault{Operation: "DescribeSigningJob", Status: 403, ErrorType: "AccessDeniedException", Message: "no"})
			},
			check: isDenied("signer:DescribeSigningJob"), words: []string{"waiting for the signing job"},
		},
		"no bucket":     {change: func(r *Request, _ *lambdatest.AWS) { r.Staging = nil }, check: isLimit("signing"), words: []string{"needs s3"}},
		"an odd name":   {change: func(r *Request, _ *lambdatest.AWS) { r.Signing.ProfileName = "a-b" }, check: isLimit("signing"), words: []string{`"a-b"`}},
		"an odd owner":  {change: func(r *Request, _ *lambdatest.AWS) { r.Signing.ProfileOwner = "me" }, check: isLimit("signing"), words: []string{`"me"`}},
		"a signed file": {change: func(r *Request, _ *lambdatest.AWS) { r.Zip = inMemory(signedAlready(t)) }, check: isSigning, words: []string{"signed already"}},
	}
}

func TestSigningFailures(t *testing.T) {
	t.Parallel()
	for name, c := range signingFailures(t) {
		a, p := signs(t, c.profile)
		r := signed(zipOf(t, "x"))
		var told []string
		r.Warn = func(text string) { told = append(told, text) }
		if c.change != nil {
			c.change(&r, a)
		}
		_, _, err := p.Publish(t.Context(), r)
		if err == nil || !c.check(err) {
			t.Errorf("%s: got %v (%T)", name, err, err)
			continue
		}
		for _, word := range c.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", name, err, word)
			}
		}
		if n := len(a.Versions(home, "deps")); n != 0 {
			t.Errorf("%s: %d versions, want none", name, n)
		}
		if told := strings.Join(told, "\n"); (name == "denied looks") != strings.Contains(told, "continues") {
			t.Errorf("%s: the warnings are %q", name, told)
		}
		if len(told) == 0 {
			nothingStaged(t, a, "artifacts")
		}
	}
}

func isSigning(err error) bool { _, ok := errors.AsType[*SigningError](err); return ok }

func isLimit(attribute string) func(error) bool {
	return func(err error) bool {
		limit, ok := errors.AsType[*LimitError](err)
		return ok && limit.Attribute == attribute
	}
}

func isDenied(action string) func(error) bool {
	return func(err error) bool {
		denied, ok := errors.AsType[*AccessDeniedError](err)
		return ok && denied.Action == action
	}
}

// signedAlready returns a zip that Signer has signed.
func signedAlready(t *testing.T) []byte {
	t.Helper()
	a, p := signs(t, lambdatest.SigningProfile{})
	if _, _, err := p.Publish(t.Context(), signed(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	return a.Live(home, "deps")[0].Zip
}

// A job that does not end is not waited for without end, and an interrupt ends
// the wait at once.
func TestSigningIsBounded(t *testing.T) {
	t.Parallel()
	a, p := signs(t, lambdatest.SigningProfile{Polls: 1 << 30})
	p.transfer.signing.Limit = 20 * time.Millisecond
	if _, _, err := p.Publish(t.Context(), signed(zipOf(t, "x"))); !isSigning(err) || !strings.Contains(fmt.Sprint(err), "still runs after 20ms") {
		t.Errorf("got %v, want that the job still runs", err)
	}
	p.transfer.signing = signing.Times{Poll: time.Hour, Longest: time.Hour, Limit: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a.Inject(lambdatest.Fault{Operation: "DescribeSigningJob", At: lambdatest.AfterProcessing, Do: func() { time.AfterFunc(20*time.Millisecond, cancel) }})
	if _, _, err := p.Publish(ctx, signed(zipOf(t, "y"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context is cancelled", err)
	}
}

// With REFERENCE the signed zip stays, and the unsigned one goes.
func TestSignedByReference(t *testing.T) {
	t.Parallel()
	a, p := signs(t, lambdatest.SigningProfile{})
	data := zipOf(t, "x")
	r := signed(data)
	r.Staging.StorageMode = "REFERENCE"
	if _, _, err := p.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	objects, live := a.Objects("artifacts"), a.Live(home, "deps")
	if len(objects) != 1 || len(live) != 1 {
		t.Fatalf("%d objects and %d versions, want 1 and 1", len(objects), len(live))
	}
	if o := objects[0]; !strings.HasPrefix(o.Key, "p/signed/"+store.Sum(data).Hex()+"-") || live[0].ReferenceVersion != o.VersionID {
		t.Errorf("%s refers to version %q, the bucket holds %q in version %q", live[0].ARN, live[0].ReferenceVersion, o.Key, o.VersionID)
	}
}

// Another zip in place of the signed one is noticed: by its digest where S3
// tells it, else by the signing job.
func TestSignedZipThatIsReplaced(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		a, p := signs(t, lambdatest.SigningProfile{})
		if known {
			a.KeepSignedChecksums()
		}
		a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() {
			a.PutObject("artifacts", a.SigningJobs(home)[0].SignedKey, zipOf(t, "evil"))
		}})
		_, _, err := p.Publish(t.Context(), signed(zipOf(t, "x")))
		var altered *AlteredError
		if !errors.As(err, &altered) || !altered.Removed {
			t.Errorf("digest known %t: got %v, want an AlteredError", known, err)
		}
		if n := len(a.Live(home, "deps")); n != 0 {
			t.Errorf("digest known %t: %d versions are left, want none", known, n)
		}
	}
}
