package lambdatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// send makes a call as an SDK would, with a signature that nobody checks. It
// returns the status, the header and the body.
func send(t *testing.T, a *AWS, service, method, path string, body []byte) (int, http.Header, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if service != "" {
		request.Header.Set("Authorization",
			"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	}
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return 0, nil, "", err
	}
	text, err := io.ReadAll(answer.Body)
	if closeErr := answer.Body.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	return answer.StatusCode, answer.Header, string(text), err
}

const layersPath = "/2018-10-31/layers"

func TestCallsMustBeSigned(t *testing.T) {
	t.Parallel()
	a := New(t)
	status, header, _, err := send(t, a, "", "GET", layersPath, nil)
	if err != nil || status != 403 {
		t.Errorf("without a signature: %d, %v; want 403", status, err)
	}
	if status, _, _, err = send(t, a, "lambda", "GET", layersPath, nil); err != nil || status != 200 {
		t.Errorf("with a signature: %d, %v; want 200", status, err)
	}
	if got := header.Get("X-Amzn-Errortype"); got == "ResourceNotFoundException" {
		t.Errorf("error type %q", got)
	}
}

func TestRequestsHaveALimit(t *testing.T) {
	t.Parallel()
	a := New(t)
	for size, want := range map[int]int{70_167_211: 400, 70_167_212: 413} {
		status, header, _, err := send(t, a, "lambda", "POST", layersPath+"/deps/versions", make([]byte, size))
		if err != nil || status != want {
			t.Errorf("%d bytes: %d %s, %v; want %d", size, status, header.Get("X-Amzn-Errortype"), err, want)
		}
	}
	if a.Versions("eu-west-1", "deps") != nil {
		t.Error("a version was made")
	}
}

func TestErrorsInTheFormOfEachService(t *testing.T) {
	t.Parallel()
	a := New(t)
	for service, c := range map[string]struct{ path, want string }{
		"lambda": {layersPath + "/deps/versions/1", `{"Type":"User","message":"The resource you requested does not exist."}`},
		"s3":     {"/bucket/key", "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message>"},
	} {
		if status, _, text, err := send(t, a, service, "GET", c.path, nil); err != nil || status != 404 || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s, %v; want 404 with %s", service, status, text, err, c.want)
		}
	}
	if status, _, text, _ := send(t, a, "lambda", "PATCH", "/nowhere", nil); status != 404 || !strings.Contains(text, "PATCH /nowhere") {
		t.Errorf("an unknown call: %d %s, want 404 that names it", status, text)
	}
}

func TestFaultsStrikeWhenAndAsOftenAsTheySay(t *testing.T) {
	t.Parallel()
	a := New(t)
	a.Inject(
		Fault{Operation: "ListLayers", Skip: 1, Times: 2, Status: 503, ErrorType: "ServiceUnavailable", RetryAfter: 7},
		Fault{Operation: "GetLayerVersion", Times: -1, Status: 500, Body: []byte("<html>")},
	)
	var got []int
	for range 5 {
		status, _, _, err := send(t, a, "lambda", "GET", layersPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := "[200 503 503 200 200]"; fmt.Sprint(got) != want {
		t.Errorf("answers %v, want %s", got, want)
	}
	for range 3 {
		if status, _, text, _ := send(t, a, "lambda", "GET", layersPath+"/deps/versions/1", nil); status != 500 || text != "<html>" {
			t.Errorf("answered %d %q, want 500 with its own body", status, text)
		}
	}
	calls := a.Calls("ListLayers")
	if len(calls) != 5 || calls[1].Status != 503 || calls[4].Status != 200 || calls[0].AccessKey != "AKIDEXAMPLE" || calls[0].Region != "eu-west-1" {
		t.Errorf("the log says %+v", calls)
	}
	if n := len(a.Calls()); n != 8 {
		t.Errorf("the log has %d calls, want 8", n)
	}
}

func TestMomentsOfAFault(t *testing.T) {
	t.Parallel()
	body := []byte(`{"Content":{"ZipFile":"UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUABQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA=="}}`)
	for name, c := range map[string]struct {
		fault  Fault
		status int // 0: no answer
		cut    bool
		made   int
	}{
		"none":        {Fault{Operation: "Other"}, 201, false, 1},
		"close early": {Fault{Close: true}, 0, false, 0},
		"reset early": {Fault{Reset: true}, 0, false, 0},
		"close late":  {Fault{At: AfterProcessing, Close: true}, 0, false, 1},
		"504 late":    {Fault{At: AfterProcessing, Status: 504}, 504, false, 1},
		"cut":         {Fault{At: InReply}, 201, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := New(t)
			a.Inject(c.fault)
			status, _, _, err := send(t, a, "lambda", "POST", layersPath+"/deps/versions", body)
			if status != c.status || (err != nil) != (c.cut || c.status == 0) || c.cut && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("answered %d, %v; want %d, cut %t", status, err, c.status, c.cut)
			}
			if got := len(a.Versions("eu-west-1", "deps")); got != c.made {
				t.Errorf("%d versions, want %d", got, c.made)
			}
		})
	}
}

func TestLateProcessing(t *testing.T) {
	t.Parallel()
	a := New(t)
	if err := a.CreateFunction("eu-west-1", "f", 0); err != nil {
		t.Fatal(err)
	}
	a.Inject(Fault{Status: 504, Late: 50 * time.Millisecond})
	count := func() int {
		a.Lock()
		defer a.Unlock()
		return len(a.regions[wire.Scope{Account: Account, Region: "eu-west-1"}].functions)
	}
	if status, _, _, err := send(t, a, "lambda", "DELETE", "/2015-03-31/functions/f", nil); err != nil || status != 504 {
		t.Fatalf("answered %d, %v; want 504", status, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for count() != 0 {
		select {
		case <-ctx.Done():
			t.Fatal("the call was never carried out")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	a := New(t)
	a.LimitRate(2)
	var last int
	var header http.Header
	for range 3 {
		last, header, _, _ = send(t, a, "lambda", "GET", layersPath, nil)
	}
	if last != 429 || header.Get("Retry-After") == "" || header.Get("X-Amzn-Errortype") != "TooManyRequestsException" {
		t.Errorf("the third call is answered %d %v, want 429 with Retry-After", last, header)
	}
	a.LimitRate(0)
	if status, _, _, _ := send(t, a, "lambda", "GET", layersPath, nil); status != 200 {
		t.Errorf("without a limit: %d, want 200", status)
	}
}
