package awsclient

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"context"
	"fmt"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

const ireland = "eu-west-1"

// connected returns a session that speaks to the stand-in.
func connected(t *testing.T, a *lambdatest.AWS, change ...func(*Config)) *Session {
	t.Helper()
	c := Config{
		Region: ireland, AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI",
		Endpoints:         Endpoints{Lambda: a.URL(), STS: a.URL()},
		SharedConfigFiles: []string{t.TempDir() + "/config"}, SkipMetadataAPICheck: new(true),
		SkipCredentialsValidation: true, SkipRequestingAccountID: true,
	}
	for _, f := range change {
		f(&c)
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// listFunctions is any call of Lambda.
func (s *Session) listFunctions(ctx context.Context, region string) error {
	_, err := s.Lambda(region).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	return s.Explain(err)
}

// Calls that the SDK retries wait as long as AWS asks, and so does every other
// call in the region: the rate is the account's.
func TestRetryAfterHoldsAllCallsBack(t *testing.T) {
	t.Parallel()
	a := lambdatest.Unserved()
	s := connected(t, a)
	synctest.Test(t, func(t *testing.T) {
		s.AWS.HTTPClient = a
		a.Inject(lambdatest.Fault{Operation: "ListLayers", Status: 429, ErrorType: "TooManyRequestsException", RetryAfter: 2})
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := s.Lambda(ireland).ListLayers(t.Context(), &lambda.ListLayersInput{}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // it was refused, and waits
		if err := s.listFunctions(t.Context(), ireland); err != nil {
			t.Error(err)
		}
		wait.Wait()
		first, others := a.Calls("ListLayers"), a.Calls("ListFunctions")
		if len(first) != 2 || len(others) != 1 {
			t.Fatalf("%d calls of the refused and %d of another, want 2 and 1", len(first), len(others))
		}
		for _, c := range []lambdatest.Call{first[1], others[0]} {
			if gap := c.At.Sub(first[0].At); gap < 2*time.Second {
				t.Errorf("%s came %v after the refusal, want two seconds or more", c.Operation, gap)
			}
		}
	})
}

// A pause of one region is none of another.
func TestRetryAfterHoldsOneRegion(t *testing.T) {
	t.Parallel()
	a := lambdatest.Unserved()
	s := connected(t, a)
	synctest.Test(t, func(t *testing.T) {
		s.AWS.HTTPClient = a
		s.paces.Of(ireland, lambdaInterval).hold(time.Hour)
		if err := s.listFunctions(t.Context(), "us-east-1"); err != nil {
			t.Errorf("another region: %v", err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := s.listFunctions(ctx, ireland); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "rate of requests") {
			t.Errorf("the region that is held: %v, want the deadline, while waiting for the rate", err)
		}
	})
}

// What a pause meets in the row, and what comes within it, goes at the usual
// pace afterwards, not all at once.
func TestPauseEndsWithoutAStampede(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const interval = 20 * time.Millisecond
		p := &pace{interval: interval}
		passed := make(chan time.Time, 30)
		queue := func(n int) {
			for range n {
				go func() {
					if err := p.wait(t.Context()); err != nil {
						t.Error(err)
					}
					passed <- time.Now()
				}()
			}
		}
		queue(15)
		time.Sleep(2 * interval)
		start := time.Now()
		p.hold(20 * interval)
		queue(15)
		var late []time.Time
		for range cap(passed) {
			at := <-passed
			if gap := at.Sub(start); gap > interval && gap < 20*interval {
				t.Errorf("one passed %v after the beginning of a pause of %v", gap, 20*interval)
			}
			if at.Sub(start) >= 20*interval {
				late = append(late, at)
			}
		}
		slices.SortFunc(late, time.Time.Compare)
		if len(late) < 15 {
			t.Fatalf("%d passed after the pause, want 15 or more", len(late))
		}
		if spread := late[len(late)-1].Sub(late[0]); spread < time.Duration(len(late)-5)*interval {
			t.Errorf("%d passed within %v after the pause, want them %v apart but for a short burst", len(late), spread, interval)
		}
	})
}

// Credentials that were renewed are hidden as the first ones are, and the
// permission that is missing for the renewal is the one that is named.
func TestRenewalKeepsSecretsAndNamesItsOwnFaults(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	s := connected(t, a, func(c *Config) {
		c.AssumeRole = []AssumeRole{{RoleARN: "arn:aws:iam::123456789012:role/deploy", SessionName: "s"}}
	})
	before, err := s.AWS.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.ExpireSessions()
	if err := s.listFunctions(t.Context(), ireland); err != nil {
		t.Fatal(err)
	}
	after, err := s.AWS.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tokens := []string{before.SessionToken, after.SessionToken}
	if !strings.HasPrefix(tokens[0], "assumed-token-deploy-") || !strings.HasPrefix(tokens[1], "assumed-token-deploy-") || tokens[0] == tokens[1] {
		t.Fatalf("the session tokens are %q, want those before and after the renewal", tokens)
	}
	a.Inject(lambdatest.Fault{Operation: "ListFunctions", Status: 400, ErrorType: "InvalidParameterValueException", Message: fmt.Sprint(tokens)})
	if err := s.listFunctions(t.Context(), ireland); err == nil || strings.Contains(err.Error(), "assumed-token") {
		t.Errorf("got %v, want an error that shows no token", err)
	}
	s.keys.renewed = time.Time{}
	a.ExpireSessions()
	s.keys.source.(interface{ Invalidate() }).Invalidate()
	a.Inject(lambdatest.Fault{Operation: "AssumeRole", Status: 403, ErrorType: "AccessDenied", Message: "not authorized to perform sts:AssumeRole", Times: -1})
	err = s.listFunctions(t.Context(), ireland)
	var denied *AccessDeniedError
	if !errors.As(err, &denied) || denied.Action != "sts:AssumeRole" {
		t.Errorf("got %v, want the permission sts:AssumeRole to be missing", err)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]time.Duration{
		"7":       {7 * time.Second, 7 * time.Second},
		"0":       {0, 0},
		"-3":      {0, 0},
		"soon":    {0, 0},
		"":        {0, 0},
		"9000000": {5 * time.Minute, 5 * time.Minute},
		time.Now().Add(30 * time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"): {28 * time.Second, 30 * time.Second},
		time.Now().Add(-time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"):       {0, 0},
	} {
		if got := retryAfter(answered(429, "Retry-After", text)); got < want[0] || got > want[1] {
			t.Errorf("Retry-After %q: %v, want %v to %v", text, got, want[0], want[1])
		}
	}
	if got := retryAfter(errors.New("no answer")); got != 0 {
		t.Errorf("without an answer: %v, want 0", got)
	}
}

// answered returns the error of a call that was answered with a header.
func answered(status int, header, value string) error {
	response := &http.Response{StatusCode: status, Header: http.Header{}}
	response.Header.Set(header, value)
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: response}, Err: errors.New("refused"),
	}}
}

func TestAddressesAreLoggedWithoutUserAndQuery(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("https://user:pw@bucket.s3.amazonaws.com/key?X-Amz-Signature=abc#part")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := withoutQuery(u), "https://bucket.s3.amazonaws.com/key"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What the settings hold is hidden, also where it stands within an address.
func TestSecretsOfTheSettings(t *testing.T) {
	t.Parallel()
	var hidden secret.Keeper
	Config{
		AccessKey: "AKIDEXAMPLE", SecretKey: "hunter2secret", Token: "session-token",
		AssumeRoleWithWebIdentity: &AssumeRoleWithWebIdentity{WebIdentityToken: "oidc-token"},
		HTTPProxy:                 new("http://proxyuser:proxy%20word@proxy:3128"), HTTPSProxy: new(""),
	}.hide(&hidden)
	got := hidden.Show("AKIDEXAMPLE hunter2secret session-token oidc-token proxyuser 'proxy word' http://proxyuser:proxy%20word@proxy:3128")
	if want := "(hidden) (hidden) (hidden) (hidden) (hidden) '(hidden)' http://(hidden)@proxy:3128"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
