package publish

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const home = "eu-west-1"

// against returns a Publisher that speaks to the stand-in and does not wait as
// long as one that speaks to AWS.
func against(t testing.TB, a *lambdatest.AWS, change ...func(*Config)) *Publisher {
	t.Helper()
	c := Config{
		Region: home, AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI",
		Endpoints:            Endpoints{Lambda: a.URL(), S3: a.URL(), Signer: a.URL(), STS: a.URL()},
		SharedConfigFiles:    []string{t.TempDir() + "/config"},
		S3UsePathStyle:       true,
		SkipMetadataAPICheck: new(true),
	}
	for _, f := range change {
		f(&c)
	}
	p, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p.patience.First, p.patience.Longest = time.Millisecond, 5*time.Millisecond
	p.patience.Looks = []time.Duration{0, 5 * time.Millisecond, 10 * time.Millisecond}
	return p
}

// zipOf returns a zip with one file.
func zipOf(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("python/m.py")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bigZip returns a zip of more than n bytes that do not compress.
func bigZip(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "python/noise", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, rand.NewChaCha8([32]byte{1}), int64(n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func inMemory(b []byte) Zip {
	return Zip{
		Open:   func() (Reader, error) { return memory{bytes.NewReader(b)}, nil },
		SHA256: store.Sum(b), Size: int64(len(b)),
	}
}

func request(b []byte) Request {
	return Request{
		LayerName: "deps", Description: "HTTP utilities", LicenseInfo: "Apache-2.0",
		Runtimes: []string{"python3.11", "python3.12"}, Architectures: []string{"x86_64"},
		Zip: inMemory(b),
	}
}

func TestPublishSendsEverythingAndReadsItBack(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	data := zipOf(t, "x = 1")

	v, adopted, err := p.Publish(t.Context(), request(data))
	if err != nil || adopted {
		t.Fatalf("Publish: adopted %t, error %v", adopted, err)
	}
	want := Version{
		ARN: "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1", LayerARN: "arn:aws:lambda:eu-west-1:123456789012:layer:deps",
		Number: 1, CreatedDate: v.CreatedDate, CodeSHA256: store.Sum(data).Base64(), CodeSize: int64(len(data)),
		Description: "HTTP utilities", LicenseInfo: "Apache-2.0",
		Runtimes: []string{"python3.11", "python3.12"}, Architectures: []string{"x86_64"},
		UnsignedSHA256: store.Sum(data).Base64(),
	}
	if got := fmt.Sprintf("%+v", v); got != fmt.Sprintf("%+v", want) {
		t.Errorf("Publish returned\n%s, want\n%+v", got, want)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000-0700", v.CreatedDate); err != nil {
		t.Errorf("created date: %v", err)
	}
	if read, err := p.Read(t.Context(), v.ARN); err != nil || fmt.Sprint(read) != fmt.Sprint(v) {
		t.Errorf("Read returned %+v, %v; want what Publish returned", read, err)
	}
	if got := a.Versions(home, "deps")[0].Zip; !bytes.Equal(got, data) {
		t.Errorf("AWS got %d bytes, want the %d of the zip", len(got), len(data))
	}
}

// A publish is one look and one call, no more.
func TestPublishMakesTwoCalls(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, func(c *Config) { c.SkipCredentialsValidation = true })
	if _, _, err := p.Publish(t.Context(), request(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range a.Calls() {
		got = append(got, c.Operation)
	}
	if want := []string{"ListLayerVersions", "PublishLayerVersion"}; !slices.Equal(got, want) {
		t.Errorf("calls: %q, want %q", got, want)
	}
}

// Every way in which an answer can get lost leaves one version, and Publish
// returns it.
func TestPublishHappensOnce(t *testing.T) {
	t.Parallel()
	const op = "PublishLayerVersion"
	for name, faults := range map[string][]lambdatest.Fault{
		"close before processing":         {{Operation: op, Close: true}},
		"reset before processing":         {{Operation: op, Reset: true}},
		"close after processing":          {{Operation: op, At: lambdatest.AfterProcessing, Close: true}},
		"reset after processing":          {{Operation: op, At: lambdatest.AfterProcessing, Reset: true}},
		"close after processing, always":  {{Operation: op, At: lambdatest.AfterProcessing, Close: true, Times: -1}},
		"504 after processing":            {{Operation: op, At: lambdatest.AfterProcessing, Status: 504, ErrorType: "GatewayTimeout"}},
		"500 after processing":            {{Operation: op, At: lambdatest.AfterProcessing, Status: 500, ErrorType: "ServiceException"}},
		"500 before processing":           {{Operation: op, Status: 500, ErrorType: "ServiceException"}},
		"503 before processing, thrice":   {{Operation: op, Status: 503, ErrorType: "ServiceUnavailable", Times: 3}},
		"empty answer":                    {{Operation: op, At: lambdatest.AfterProcessing, Status: 201, Body: []byte("{}")}},
		"an ARN alone":                    {{Operation: op, At: lambdatest.AfterProcessing, Status: 201, Body: []byte(`{"LayerVersionArn":"arn:aws:lambda:eu-west-1:123456789012:layer:deps:1","Version":1}`)}},
		"null before processing":          {{Operation: op, Status: 200, Body: []byte("null")}},
		"HTML with 200 after processing":  {{Operation: op, At: lambdatest.AfterProcessing, Status: 200, Body: []byte("<html>proxy</html>")}},
		"reply cut":                       {{Operation: op, At: lambdatest.InReply}},
		"throttled five times":            {{Operation: op, Status: 429, ErrorType: "TooManyRequestsException", Times: 5}},
		"throttled as 400":                {{Operation: op, Status: 400, ErrorType: "ThrottlingException", Times: 4}},
		"throttled, then lost":            {{Operation: op, Status: 429, ErrorType: "TooManyRequestsException"}, {Operation: op, At: lambdatest.AfterProcessing, Close: true}},
		"lost before, then lost after":    {{Operation: op, Close: true}, {Operation: op, At: lambdatest.AfterProcessing, Close: true}},
		"lost, and the look is throttled": {{Operation: op, At: lambdatest.AfterProcessing, Close: true}, {Operation: "ListLayerVersions", Skip: 1, Status: 429, ErrorType: "TooManyRequestsException"}},
		"lost, and the look is lost":      {{Operation: op, At: lambdatest.AfterProcessing, Close: true}, {Operation: "ListLayerVersions", Skip: 1, Close: true}},
		"lost, and the comparison is cut": {{Operation: op, At: lambdatest.AfterProcessing, Close: true}, {Operation: "GetLayerVersion", At: lambdatest.InReply}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p := against(t, a)
			a.Inject(faults...)
			data := zipOf(t, "x = 1")
			v, adopted, err := p.Publish(t.Context(), request(data))
			if err != nil {
				t.Fatal(err)
			}
			if v.Number != 1 || v.CodeSHA256 != store.Sum(data).Base64() || adopted {
				t.Errorf("got version %d, %s, adopted %t; want version 1 of these bytes, its own", v.Number, v.CodeSHA256, adopted)
			}
			if n := len(a.Versions(home, "deps")); n != 1 {
				t.Errorf("%d versions were made, want 1", n)
			}
		})
	}
}

// A listing that does not show the new version yet is asked again.
func TestPublishFindsItsVersionInALaggingListing(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Close: true})
	a.HideNewVersions(3) // the first look, and two after the loss
	if _, _, err := p.Publish(t.Context(), request(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	if n := len(a.Versions(home, "deps")); n != 1 {
		t.Errorf("%d versions were made, want 1", n)
	}
}

// A call that answers 504 and is carried out much later, after the repeated
// one: the double goes again.
func TestPublishRemovesALateDouble(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(
		lambdatest.Fault{Operation: "PublishLayerVersion", Status: 504, ErrorType: "GatewayTimeout", Late: 60 * time.Millisecond},
		lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() { until(t, func() bool { return len(a.Versions(home, "deps")) > 0 }) }},
	)
	v, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	if err != nil {
		t.Fatal(err)
	}
	live := a.Live(home, "deps")
	if len(live) != 1 || live[0].ARN != v.ARN {
		t.Errorf("alive are %+v, want only %s, which Publish returned", live, v.ARN)
	}
}

// The caller's deadline ends the wait for the answer, not the care for it.
func TestPublishFindsItsVersionAfterTheDeadline(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	ctx := newDeadline(t)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Do: ctx.pass, Delay: time.Hour})
	v, _, err := p.Publish(ctx, request(zipOf(t, "x")))
	if err != nil || v.Number != 1 {
		t.Errorf("got version %d, %v; want 1, found after the deadline", v.Number, err)
	}
}

// A deadline that comes between two looks does not end them.
func TestPublishGoesOnLookingAfterTheDeadline(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	ctx := newDeadline(t)
	a.Inject(
		lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Close: true},
		lambdatest.Fault{Operation: "ListLayerVersions", At: lambdatest.AfterProcessing, Skip: 1, Do: ctx.pass},
	)
	a.HideNewVersions(2)
	if v, _, err := p.Publish(ctx, request(zipOf(t, "x"))); err != nil || v.Number != 1 {
		t.Errorf("got version %d, %v; want 1, found after the deadline", v.Number, err)
	}
}

func TestPublishStopsAtTheDeadlineWithoutAVersion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	ctx := newDeadline(t)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: ctx.pass, Delay: time.Hour, Close: true, Times: -1})
	_, _, err := p.Publish(ctx, request(zipOf(t, "x")))
	var uncertain *UncertainError
	if !errors.As(err, &uncertain) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want an UncertainError about the deadline", err)
	}
	if n := len(a.Calls("PublishLayerVersion")); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// A refusal that is cut off on its way is asked for once more, so that its reason
// can be told.
func TestPublishReadsARefusalThatWasCutOff(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.InReply})
	r := request(zipOf(t, "x"))
	r.Runtimes = []string{"python9.99"}
	_, _, err := against(t, a).Publish(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "python9.99") {
		t.Errorf("got %v, want the reason of the refusal", err)
	}
	if n := len(a.Calls("PublishLayerVersion")); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

func TestPublishDoesNotCallAgainBlindly(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a, func(c *Config) { c.MaxRetries = 2 })
	a.Inject(
		lambdatest.Fault{Operation: "PublishLayerVersion", At: lambdatest.AfterProcessing, Close: true},
		lambdatest.Fault{Operation: "ListLayerVersions", Skip: 1, Close: true, Times: -1},
	)
	_, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	var uncertain *UncertainError
	if !errors.As(err, &uncertain) || uncertain.Above != 0 {
		t.Fatalf("got %v, want an UncertainError above 0", err)
	}
	if n := len(a.Versions(home, "deps")); n != 1 {
		t.Errorf("%d versions were made, want 1", n)
	}
}

func TestPublishTakesOverWhatAnInterruptedRunLeft(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	data, other := zipOf(t, "x = 1"), zipOf(t, "x = 2")
	for _, b := range [][]byte{data, other} {
		if _, _, err := against(t, a).Publish(t.Context(), request(b)); err != nil {
			t.Fatal(err)
		}
	}
	r := request(data)
	r.Runtimes = []string{"python3.12", "python3.11"}
	v, adopted, err := against(t, a).Publish(t.Context(), r)
	if err != nil || !adopted || v.Number != 1 {
		t.Errorf("got version %d, adopted %t, %v; want 1, adopted", v.Number, adopted, err)
	}
	if n := len(a.Calls("PublishLayerVersion")); n != 2 {
		t.Errorf("%d versions were published, want 2", n)
	}
}

func TestPublishMakesANewVersionOfOtherMetadata(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Request){
		"description":   func(r *Request) { r.Description = "other" },
		"license":       func(r *Request) { r.LicenseInfo = "" },
		"runtimes":      func(r *Request) { r.Runtimes = []string{"python3.12"} },
		"architectures": func(r *Request) { r.Architectures = []string{"x86_64", "arm64"} },
		"bytes":         func(r *Request) { r.Zip = inMemory(zipOf(t, "y")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p := against(t, a)
			r := request(zipOf(t, "x"))
			if _, _, err := p.Publish(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			change(&r)
			if v, adopted, err := p.Publish(t.Context(), r); err != nil || adopted || v.Number != 2 {
				t.Errorf("got version %d, adopted %t, %v; want a new version 2", v.Number, adopted, err)
			}
		})
	}
}

func TestPublishLooksThroughPages(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	p.client.Paces.Of(home, 1)
	first := request(zipOf(t, "0"))
	if _, _, err := p.Publish(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	c := a.Versions(home, "deps")
	for i := range 60 {
		r := request(zipOf(t, fmt.Sprint(i)))
		r.Description = "another"
		if err := publishRaw(t, p, r); err != nil {
			t.Fatal(err)
		}
	}
	v, adopted, err := p.Publish(t.Context(), first)
	if err != nil || !adopted || v.ARN != c[0].ARN {
		t.Errorf("got %s, adopted %t, %v; want %s from the second page", v.ARN, adopted, err, c[0].ARN)
	}
}

func TestPublishTwiceAtOnceMakesOneVersion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Delay: 50 * time.Millisecond})
	data := zipOf(t, "x")
	results := make(chan error, 4)
	for range cap(results) {
		go func() {
			_, _, err := p.Publish(t.Context(), request(data))
			results <- err
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := len(a.Versions(home, "deps")); n != 1 {
		t.Errorf("%d versions were made, want 1", n)
	}
}

func TestUnknownRegionIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	r := request(zipOf(t, "x"))
	r.Region = "eu-west-99"
	_, _, publishErr := p.Publish(t.Context(), r)
	_, readErr := p.Read(t.Context(), "arn:aws:lambda:eu-west-99:123456789012:layer:deps:1")
	_, usersErr := usersOf(t.Context(), p, "eu-west-99", "arn:aws:lambda:eu-west-99:123456789012:layer:deps")
	for _, err := range []error{publishErr, readErr, usersErr} {
		var limit *awsclient.LimitError
		if !errors.As(err, &limit) || limit.Attribute != "region" || !strings.Contains(err.Error(), "eu-west-99") {
			t.Errorf("got %v, want a LimitError of region", err)
		}
	}
}

func TestPublishInAnotherRegion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	r := request(zipOf(t, "x"))
	r.Region = "us-east-1"
	p := against(t, a)
	v, _, err := p.Publish(t.Context(), r)
	if err != nil || v.ARN != "arn:aws:lambda:us-east-1:123456789012:layer:deps:1" {
		t.Fatalf("got %q, %v; want it in us-east-1", v.ARN, err)
	}
	if _, err := p.Read(t.Context(), v.ARN); err != nil {
		t.Errorf("reading it back: %v", err)
	}
	if err := p.Delete(t.Context(), v.ARN); err != nil || len(a.Live("us-east-1", "deps")) != 0 {
		t.Errorf("deleting it: %v", err)
	}
}

// TestRefusals checks that what AWS refuses for good is asked once, and told
// in the form that a caller can act on.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault lambdatest.Fault
		want  any
		text  string
	}{
		"access denied": {
			lambdatest.Fault{Status: 403, ErrorType: "AccessDeniedException", Message: "User: x is not authorized"},
			new(*AccessDeniedError), "lambda:PublishLayerVersion",
		},
		"code storage": {
			lambdatest.Fault{Status: 400, ErrorType: "CodeStorageExceededException", Message: "Code storage limit exceeded."},
			new(*QuotaError), "code storage",
		},
		"expired token": {
			lambdatest.Fault{Status: 403, ErrorType: "ExpiredTokenException", Message: "The security token included in the request is expired"},
			new(*CredentialsError), "expired",
		},
		"request too large": {
			lambdatest.Fault{Status: 413, ErrorType: "RequestEntityTooLargeException", Message: "Request must be smaller than 70167211 bytes"},
			new(*LimitError), "70167211",
		},
		"unzipped": {
			lambdatest.Fault{Status: 400, ErrorType: "InvalidParameterValueException", Message: "Unzipped size must be smaller than 262144000 bytes"},
			new(*LimitError), "262144000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			c.fault.Operation, c.fault.Times = "PublishLayerVersion", -1
			a.Inject(c.fault)
			_, _, err := against(t, a).Publish(t.Context(), request(zipOf(t, "x")))
			if !errors.As(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want a %T with %q", err, c.want, c.text)
			}
			if n := len(a.Calls("PublishLayerVersion")); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

func TestThrottlingForeverIsAQuotaError(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Status: 429, ErrorType: "TooManyRequestsException", Message: "Rate exceeded", Times: -1})
	_, _, err := against(t, a, func(c *Config) { c.MaxRetries = 6 }).Publish(t.Context(), request(zipOf(t, "x")))
	var quota *awsclient.QuotaError
	if !errors.As(err, &quota) || quota.Quota != "request rate" {
		t.Errorf("got %v, want a QuotaError for the request rate", err)
	}
	if n := len(a.Calls("PublishLayerVersion")); n != 6 {
		t.Errorf("%d calls, want 6", n)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Status: 429, ErrorType: "TooManyRequestsException", RetryAfter: 1})
	if _, _, err := against(t, a).Publish(t.Context(), request(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	calls := a.Calls("PublishLayerVersion")
	if gap := calls[1].At.Sub(calls[0].At); gap < time.Second {
		t.Errorf("called again after %v, want a second or more", gap)
	}
}

// A Publisher alone in its account is never throttled.
func TestPublisherKeepsToTheRequestRate(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	if _, err := p.client.Connect(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	a.LimitRate(17) // AWS's 15, and room for the jitter of a busy machine
	for range 30 {
		if _, err := usersOf(t.Context(), p, "", "arn:aws:lambda:eu-west-1:123456789012:layer:deps"); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range a.Calls("ListFunctions") {
		if c.Status != 200 {
			t.Errorf("a call was answered %d, want none throttled", c.Status)
		}
	}
}

// publishRaw makes a version without a look, to fill a layer.
func publishRaw(t *testing.T, p *Publisher, r Request) error {
	t.Helper()
	s, err := p.client.Connect(t.Context(), "")
	if err != nil {
		return err
	}
	j := &job{request: r, session: s, region: home, api: s.Lambda(home), patience: p.patience, transfer: p.transfer}
	d, err := j.deliver(t.Context())
	if err != nil {
		return err
	}
	_, err = j.call(t.Context(), j.input(d.content))
	return err
}
