package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

const someVersion = "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1"

// havingOne returns a Publisher whose layer "deps" has version 1.
func havingOne(t *testing.T, a *lambdatest.AWS, change ...func(*Config)) *Publisher {
	t.Helper()
	p := against(t, a, change...)
	if _, _, err := p.Publish(t.Context(), request(zipOf(t, "x"))); err != nil {
		t.Fatal(err)
	}
	return p
}

// Calls that the SDK retries wait as long as AWS asks, and so does every other
// call in the region: the rate is the account's.
func TestRetryAfterHoldsAllCallsBack(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := havingOne(t, a)
	refused := make(chan struct{})
	a.Inject(lambdatest.Fault{Operation: "GetLayerVersion", Status: 429, ErrorType: "TooManyRequestsException", RetryAfter: 2, Do: func() { close(refused) }})
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := p.Read(t.Context(), someVersion); err != nil {
			t.Error(err)
		}
	})
	<-refused
	until(t, func() bool { return p.paceOf(home).held() > 0 })
	if _, err := p.Users(t.Context(), "", layerOfNobody); err != nil {
		t.Error(err)
	}
	wait.Wait()
	reads, scans := a.Calls("GetLayerVersion"), a.Calls("ListFunctions")
	if len(reads) != 2 || len(scans) != 1 {
		t.Fatalf("%d reads and %d scans, want 2 and 1", len(reads), len(scans))
	}
	for _, c := range []lambdatest.Call{reads[1], scans[0]} {
		if gap := c.At.Sub(reads[0].At); gap < 2*time.Second {
			t.Errorf("%s came %v after the refusal, want two seconds or more", c.Operation, gap)
		}
	}
}

// A pause of one region is none of another.
func TestRetryAfterHoldsOneRegion(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := havingOne(t, a)
	p.paceOf(home).hold(time.Hour)
	if _, err := p.Users(t.Context(), "us-east-1", "arn:aws:lambda:us-east-1:123456789012:layer:deps"); err != nil {
		t.Errorf("another region: %v", err)
	}
	ctx, was := newDeadline(t), p.paceOf(home).place()
	go func() {
		until(t, func() bool { return p.paceOf(home).place() != was }) // it waits in the row
		ctx.pass()
	}()
	if _, err := p.Read(ctx, someVersion); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "rate of requests") {
		t.Errorf("the region that is held: %v, want the deadline, while waiting for the rate", err)
	}
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

func TestReadsOutliveFaults(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]lambdatest.Fault{
		"429 of a proxy, without AWS's code": {{Status: 429, Body: []byte("<html>slow down</html>")}},
		"429 thrice":                         {{Status: 429, ErrorType: "TooManyRequestsException", Times: 3}},
		"HTML with 200":                      {{Status: 200, Body: []byte("<html>sign in</html>"), Times: 2}},
		"reply cut":                          {{At: lambdatest.InReply, Times: 2}},
		"503":                                {{Status: 503, ErrorType: "ServiceUnavailable", Times: 2}},
		"closed":                             {{Close: true, Times: 2}},
		"reset":                              {{Reset: true, Times: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p := havingOne(t, a)
			for _, f := range faults {
				f.Operation = "GetLayerVersion"
				a.Inject(f)
			}
			if v, err := p.Read(t.Context(), someVersion); err != nil || v.Number != 1 {
				t.Errorf("got version %d, %v; want 1", v.Number, err)
			}
		})
	}
}

// A proxy that always answers in AWS's place is not asked 25 times.
func TestHTMLForeverEndsSoon(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(lambdatest.Fault{Operation: "ListLayerVersions", Status: 200, Body: []byte("<html>sign in</html>"), Times: -1})
	_, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	if err == nil || !strings.Contains(err.Error(), "looking for the version before publishing it") {
		t.Errorf("got %v, want an error about the look", err)
	}
	if n := len(a.Calls("ListLayerVersions")); n != 4 {
		t.Errorf("%d calls, want 4", n)
	}
	if n := len(a.Calls("PublishLayerVersion")); n != 0 {
		t.Errorf("%d publishes, want none", n)
	}
}

// A session that AWS ends early is renewed where its source can do so, at
// every moment of a publish, and nothing is published twice.
func TestExpiredSessionIsRenewed(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"ListLayerVersions", "GetLayerVersion", "PublishLayerVersion"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			p := against(t, a, func(c *Config) {
				c.AssumeRole = []AssumeRole{{RoleARN: "arn:aws:iam::123456789012:role/deploy", SessionName: "s"}}
			})
			if _, _, err := p.Publish(t.Context(), request(zipOf(t, "other bytes"))); err != nil {
				t.Fatal(err)
			}
			a.Inject(lambdatest.Fault{Operation: operation, Do: a.ExpireSessions})
			v, adopted, err := p.Publish(t.Context(), request(zipOf(t, "x")))
			if err != nil || adopted || v.Number != 2 {
				t.Errorf("got version %d, adopted %t, %v; want a new version 2", v.Number, adopted, err)
			}
			if n := len(a.Versions(home, "deps")); n != 2 {
				t.Errorf("%d versions were made, want 2", n)
			}
			if _, err := p.Read(t.Context(), v.ARN); err != nil {
				t.Errorf("reading it: %v", err)
			}
		})
	}
}

// Credentials of the settings stay as they are: that is told at once.
func TestExpiredCredentialsOfTheSettings(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"ListLayerVersions", "PublishLayerVersion"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			a.Inject(lambdatest.Fault{Operation: operation, Status: 403, ErrorType: "ExpiredTokenException", Message: "The security token included in the request is expired", Times: -1})
			_, _, err := against(t, a).Publish(t.Context(), request(zipOf(t, "x")))
			var login *CredentialsError
			if !errors.As(err, &login) || !strings.Contains(err.Error(), "expired") {
				t.Errorf("got %v, want a CredentialsError that says expired", err)
			}
			if n := len(a.Calls(operation)); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
			if n := len(a.Versions(home, "deps")); n != 0 {
				t.Errorf("%d versions were made, want none", n)
			}
		})
	}
}

// Credentials that were renewed are hidden as the first ones are, and the
// permission that is missing for the renewal is the one that is named.
func TestRenewalKeepsSecretsAndNamesItsOwnFaults(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := havingOne(t, a, func(c *Config) {
		c.AssumeRole = []AssumeRole{{RoleARN: "arn:aws:iam::123456789012:role/deploy", SessionName: "s"}}
	})
	a.ExpireSessions()
	if _, err := p.Read(t.Context(), someVersion); err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, token := range p.session.keys.secrets() {
		if strings.HasPrefix(token, "assumed-token-deploy-") {
			tokens = append(tokens, token)
		}
	}
	if len(tokens) < 2 {
		t.Fatalf("%d session tokens are known, want those before and after the renewal", len(tokens))
	}
	a.Inject(lambdatest.Fault{Operation: "GetLayerVersion", Status: 400, ErrorType: "InvalidParameterValueException", Message: fmt.Sprint(tokens)})
	if _, err := p.Read(t.Context(), someVersion); err == nil || strings.Contains(err.Error(), "assumed-token") {
		t.Errorf("got %v, want an error that shows no token", err)
	}
	p.session.keys.renewed = time.Time{}
	a.ExpireSessions()
	p.session.keys.source.(interface{ Invalidate() }).Invalidate()
	a.Inject(lambdatest.Fault{Operation: "AssumeRole", Status: 403, ErrorType: "AccessDenied", Message: "not authorized to perform sts:AssumeRole", Times: -1})
	_, err := p.Read(t.Context(), someVersion)
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

// place is the last place in the row that was taken.
func (p *pace) place() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

// deadline is a context whose deadline is an event, and no time.
type deadline struct {
	context.Context
	over chan struct{}
	once sync.Once
}

func newDeadline(t *testing.T) *deadline {
	return &deadline{Context: t.Context(), over: make(chan struct{})}
}

func (d *deadline) pass() { d.once.Do(func() { close(d.over) }) }

func (d *deadline) Done() <-chan struct{} { return d.over }

func (d *deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// until waits for a condition, a minute at most.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("the condition does not come about")
			return
		}
	}
}
