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
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Account is the account that calls act for whose access key is not one of 12
// digits, and the one that the methods of AWS are about which name none.
const Account = "123456789012"

// maxRequest is the largest body that Lambda reads, in bytes.
const maxRequest = 70_167_211

// AWS is all accounts and regions. An access key of 12 digits acts for the
// account of that number. Each account has layers, functions and parameters of
// its own; buckets are everybody's. It is safe for concurrent use.
type AWS struct {
	url   string
	close func() error
	clock atomic.Pointer[func() time.Time] // nil is the machine's

	mu        sync.Mutex
	regions   map[scope]*region
	buckets   map[string]*bucket
	downloads map[string][]byte // by path
	serial    int
	// CodeArtifact: repositories, and tokens by themselves.
	repositories []repository
	tokens       map[string]issued
	tokenLife    time.Duration
	sessions     map[string]bool // STS: whether a token is still good
	// Signer: profiles by region and name, jobs as they were started.
	profiles    map[string]*signingProfile
	signingJobs []*signingJob
	signedSums  bool // whether S3 knows the SHA-256 of what Signer writes
	updates     updates

	watch    sync.Mutex
	faults   []*Fault
	calls    []Call
	unlisted int     // how many more listings leave out what is hidden
	hidden   []int64 // serials of the layer versions that they leave out
	rate     *rate
}

// scope is where things are kept: a region of an account.
type scope struct{ account, region string }

type region struct {
	scope
	layers    map[string]*layer
	functions map[string]*function
	order     []string // of the functions' names; nil when it has to be made
	// parameters are those of Systems Manager, by name.
	parameters map[string]*Parameter
}

// New starts an AWS on the loopback interface and stops it when the test ends.
func New(t testing.TB) *AWS {
	t.Helper()
	a, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Errorf("stopping the AWS stand-in: %v", err)
		}
	})
	return a
}

// Start is New for use outside of tests. The caller closes it.
func Start() (*AWS, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the AWS stand-in: %w", err)
	}
	a := Unserved()
	a.url = "http://" + listener.Addr().String()
	server := &http.Server{Handler: a, ReadHeaderTimeout: time.Minute}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	a.close = func() error {
		if err := server.Close(); err != nil {
			return err
		}
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
	return a, nil
}

// URL is the endpoint of every service, such as "http://127.0.0.1:34567".
func (a *AWS) URL() string { return a.url }

// SetClock sets what dates what is made from now on.
func (a *AWS) SetClock(clock func() time.Time) { a.clock.Store(&clock) }

func (a *AWS) now() time.Time {
	if clock := a.clock.Load(); clock != nil {
		return (*clock)()
	}
	return time.Now()
}

// Close stops the server and cuts open connections.
func (a *AWS) Close() error { return a.close() }

// call is one request on its way through.
type call struct {
	*http.Request
	service   string // "lambda", "s3", "signer", "ssm", "codeartifact" or "sts"
	operation string
	region    string
	accessKey string
	body      []byte
	part      []string // variable parts of the path
}

// reply is an answer that has not been sent yet.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// handler carries out a call, with the AWS locked.
type handler func(*AWS, *call) reply

// ServeHTTP answers one call: it identifies it, lets faults strike, and
// carries it out.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, downloadPrefix) {
		a.download(w, r)
		return
	}
	c := &call{Request: r}
	c.identify()
	handle := c.route()
	var err error
	limit := int64(maxRequest)
	if c.service == "s3" {
		limit = 5 << 30
	}
	c.body, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return // the client went away within its request: nothing happened
	}
	if c.service == "sts" {
		handle = c.routeSTS()
	}
	record := a.record(c)
	answer := func() reply { return a.carryOut(c, handle, int64(len(c.body)) > limit) }
	done := a.strike(w, c, BeforeProcessing, record, answer, nil)
	if done {
		return
	}
	result := answer()
	if a.strike(w, c, AfterProcessing, record, answer, &result) {
		return
	}
	if a.strike(w, c, InReply, record, answer, &result) {
		return
	}
	a.setStatus(record, result.status)
	result.send(w, r)
}

// carryOut checks what is alike for all calls, then calls the handler.
func (a *AWS) carryOut(c *call, handle handler, tooLarge bool) reply {
	switch {
	case c.accessKey == "" && c.operation != "AssumeRoleWithWebIdentity":
		return c.fail(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	case tooLarge:
		return c.fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("Request must be smaller than %d bytes for the %s operation", maxRequest, c.operation))
	case handle == nil:
		return c.fail(http.StatusNotFound, "UnknownOperationException", "no such operation: "+c.Method+" "+c.URL.Path)
	case !a.allow(c):
		answer := c.fail(http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
		answer.header.Set("Retry-After", "1")
		return answer
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.expired(c) {
		return c.fail(http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired")
	}
	return handle(a, c)
}

// identify reads service, region and key from the signature's scope:
// "Credential=AKID/20260101/eu-west-1/lambda/aws4_request".
func (c *call) identify() {
	scope := c.URL.Query().Get("X-Amz-Credential")
	if _, after, ok := strings.Cut(c.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ = strings.Cut(after, ",")
	}
	c.service = "sts" // the one service with a call that is not signed
	if part := strings.Split(scope, "/"); len(part) >= 5 {
		n := len(part)
		c.accessKey, c.region, c.service = part[0], part[n-3], part[n-2]
	}
}

// account returns whom the call acts for: an access key of 12 digits names it.
func (c *call) account() string {
	if len(c.accessKey) == len(Account) && strings.Trim(c.accessKey, "0123456789") == "" {
		return c.accessKey
	}
	return Account
}

// route finds operation and handler by method and path.
func (c *call) route() handler {
	switch c.service {
	case "lambda":
		return c.routeLambda()
	case "s3":
		return c.routeS3()
	case "codeartifact":
		return c.routeCodeArtifact()
	case "ssm":
		return c.routeSSM()
	case "signer":
		return c.routeSigner()
	}
	return nil
}

// region returns a region of Account.
func (a *AWS) region(name string) *region { return a.in(scope{Account, name}) }

// own returns the region that the call is about, of the account that it acts
// for.
func (a *AWS) own(c *call) *region { return a.in(scope{c.account(), c.region}) }

func (a *AWS) in(s scope) *region {
	if a.regions[s] == nil {
		a.regions[s] = &region{scope: s, layers: map[string]*layer{}, functions: map[string]*function{}, parameters: map[string]*Parameter{}}
	}
	return a.regions[s]
}

// arn returns the ARN of what a service keeps there.
func (s scope) arn(service, resource string) string {
	return "arn:" + partitionOf(s.region) + ":" + service + ":" + s.region + ":" + s.account + ":" + resource
}

// partitionOf returns the partition of a region, as in its ARNs.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// next returns a number that was never returned before.
func (a *AWS) next() int {
	a.serial++
	return a.serial
}

func (r reply) send(w http.ResponseWriter, request *http.Request) {
	maps.Copy(w.Header(), r.header)
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", fmt.Sprint(len(r.body)))
	}
	w.WriteHeader(r.status)
	if request.Method != http.MethodHead {
		_, _ = w.Write(r.body) // a client that left has no use for the answer
	}
}
