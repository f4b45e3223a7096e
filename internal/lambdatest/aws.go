// Package lambdatest is a stand-in for the parts of AWS that layers touch:
// Lambda's layers and functions, S3 objects, Signer's jobs, STS identities and
// CodeArtifact tokens, spoken over HTTP as AWS speaks them, with AWS's limits, pages, filters
// and errors.
//
// What sets it apart from other stand-ins is what tests of a publisher need:
// a Fault strikes at a chosen moment of a chosen call, and every call is on
// record. Credentials must be there but are not verified. All state is in
// memory; the region comes from the signature's scope.
package lambdatest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/codeartifact"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/s3"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/signer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/ssm"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/sts"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// Account is the account that calls act for whose access key is not one of 12
// digits, and the one that the methods of AWS are about which name none.
const Account = wire.Account

// What tests write and read of the services.
type (
	// Fault is something that goes wrong, once or more often.
	Fault = wire.Fault
	// Call is one request as it arrived.
	Call = wire.Call
	// Object is a stored object, for assertions.
	Object = s3.Object
	// SigningProfile is what signs, in one region.
	SigningProfile = signer.SigningProfile
	// Parameter is a parameter of Systems Manager, for assertions.
	Parameter = ssm.Parameter
)

// The moments of a call at which a Fault strikes.
const (
	BeforeProcessing = wire.BeforeProcessing
	AfterProcessing  = wire.AfterProcessing
	InReply          = wire.InReply
)

// maxRequest is the largest body that Lambda reads, in bytes.
const maxRequest = 70_167_211

// AWS is all accounts and regions. An access key of 12 digits acts for the
// account of that number. Each account has layers, functions and parameters of
// its own; buckets are everybody's. It is safe for concurrent use.
type AWS struct {
	*wire.State
	*wire.Watch
	*s3.S3
	*signer.Signer
	*ssm.SSM
	*codeartifact.CodeArtifact
	*sts.STS

	url string

	regions   map[wire.Scope]*region
	downloads map[string][]byte // by path
	updates   updates

	unlisted int // how many more listings leave out what is hidden
	hidden   int // the serial after which layer versions are hidden
}

type region struct {
	scope     wire.Scope
	layers    map[string]*layer
	functions []*function // by name
}

// New starts an AWS on the loopback interface and stops it when the test ends.
func New(t testing.TB) *AWS {
	t.Helper()
	a := Unserved()
	server := httptest.NewUnstartedServer(a)
	a.url = "http://" + server.Listener.Addr().String()
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a call that is delayed ends
		server.Close()
	})
	return a
}

// URL is the endpoint of every service, such as "http://127.0.0.1:34567".
func (a *AWS) URL() string { return a.url }

type (
	call  = wire.Request
	reply = wire.Reply
)

// ServeHTTP answers one call: it identifies it, lets faults strike, and
// carries it out.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, downloadPrefix) {
		a.download(w, r)
		return
	}
	c := &wire.Request{Request: r}
	c.Identify()
	var err error
	limit := int64(maxRequest)
	if c.Service == "s3" {
		limit = 5 << 30
	}
	c.Payload, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return // the client went away within its request: nothing happened
	}
	handle := a.route(c)
	record := a.Record(c)
	answer := func() reply { return a.carryOut(c, handle, int64(len(c.Payload)) > limit) }
	if a.Strike(w, c, BeforeProcessing, record, answer, nil) {
		return
	}
	result := answer()
	if a.Strike(w, c, AfterProcessing, record, answer, &result) || a.Strike(w, c, InReply, record, answer, &result) {
		return
	}
	a.SetStatus(record, result.Status)
	result.Send(w, r)
}

// carryOut checks what is alike for all calls, then calls the handler.
func (a *AWS) carryOut(c *call, handle wire.Handler, tooLarge bool) reply {
	switch {
	case c.AccessKey == "" && c.Operation != "AssumeRoleWithWebIdentity":
		return c.Fail(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	case tooLarge:
		return c.Fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the %s operation", maxRequest, c.Operation))
	case handle == nil:
		return c.Fail(http.StatusNotFound, "UnknownOperationException", "no such operation: "+c.Method+" "+c.URL.Path)
	case !a.Allow(c):
		answer := c.Fail(http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
		answer.Header.Set("Retry-After", "1")
		return answer
	}
	a.Lock()
	defer a.Unlock()
	if a.Expired(c) {
		return c.Fail(http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return handle.Answer(c)
}

// route finds operation and handler by method, path and body; nil for none.
func (a *AWS) route(c *call) wire.Handler {
	switch c.Service {
	case "lambda":
		return a.routeLambda(c)
	case "s3":
		return a.S3.Route(c)
	case "codeartifact":
		return a.CodeArtifact.Route(c)
	case "ssm":
		return a.SSM.Route(c)
	case "signer":
		return a.Signer.Route(c)
	case "sts":
		return a.STS.Route(c)
	}
	return nil
}

// region returns a region of Account.
func (a *AWS) region(name string) *region { return a.in(wire.Scope{Account: Account, Region: name}) }

// own returns the region that the call is about, of the account that it acts
// for.
func (a *AWS) own(c *call) *region { return a.in(c.Scope()) }

func (a *AWS) in(s wire.Scope) *region {
	if a.regions[s] == nil {
		a.regions[s] = &region{scope: s, layers: map[string]*layer{}}
	}
	return a.regions[s]
}
