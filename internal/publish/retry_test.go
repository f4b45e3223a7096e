package publish

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
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
			var login *awsclient.CredentialsError
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
