package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// The calls that a proxy tells apart.
const (
	publishCall = "publish"
	listCall    = "list"
)

// blow is what a proxy does to a call.
type blow struct {
	// on is the call that it strikes, times how often: 0 means once, a
	// negative number always.
	on    string
	times int
	// after strikes when AWS has carried the call out, else AWS never sees it.
	after bool

	// One of these is what happens. status answers with text and retry, a
	// Retry-After header; cut and reset end the connection; halfway ends it
	// within the request, or after, within the reply; truncated sends half of
	// AWS's JSON as if it were all; silent never answers; slow takes the
	// request in at so many bytes a second.
	status      int
	text, retry string
	cut, reset  bool
	halfway     bool
	truncated   bool
	silent      bool
	slow        int
}

// proxy stands between a Publisher and a service, and understands what it
// carries.
type proxy struct {
	upstream string

	mu    sync.Mutex
	blows []*blow
	calls map[string]int
}

// behind starts a proxy and returns it with its address.
func behind(t *testing.T, upstream string, blows []blow) (*proxy, string) {
	t.Helper()
	p := &proxy{upstream: upstream, calls: map[string]int{}}
	for _, b := range blows {
		p.blows = append(p.blows, &b)
	}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return p, server.URL
}

func (p *proxy) count(call string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[call]
}

// due returns what strikes a call, an empty blow if nothing does.
func (p *proxy) due(r *http.Request) blow {
	call := ""
	if strings.HasSuffix(r.URL.Path, "/versions") {
		call = map[string]string{http.MethodPost: publishCall, http.MethodGet: listCall}[r.Method]
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[call]++
	for _, b := range p.blows {
		if b.on != call || b.times == -2 {
			continue
		}
		struck := *b
		switch b.times {
		case 0, 1:
			b.times = -2 // it is over
		case -1:
		default:
			b.times--
		}
		return struck
	}
	return blow{after: true}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := p.due(r)
	var body io.Reader = r.Body
	if b.slow > 0 {
		body = trickle{r.Body, b.slow}
	}
	if b.halfway && !b.after {
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		end(w, false)
		return
	}
	sent, err := io.ReadAll(body)
	if err != nil {
		return // the client is gone
	}
	if !b.after && b.slow == 0 {
		b.strike(w, r, nil, nil)
		return
	}
	answer, reply, err := p.forward(r, sent)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	b.strike(w, r, answer, reply)
}

// forward lets the service carry the call out, whoever waits for it.
func (p *proxy) forward(r *http.Request, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.upstream+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil, err
	}
	reply, err := io.ReadAll(answer.Body)
	return answer, reply, errors.Join(err, answer.Body.Close())
}

// strike answers. answer is nil where the service was not asked.
func (b blow) strike(w http.ResponseWriter, r *http.Request, answer *http.Response, reply []byte) {
	switch {
	case b.cut, b.reset:
		end(w, b.reset)
		return
	case b.silent:
		<-r.Context().Done()
		return
	case b.status != 0:
		if b.retry != "" {
			w.Header().Set("Retry-After", b.retry)
		}
		if code, _, ok := strings.Cut(b.text, ": "); ok && !strings.HasPrefix(b.text, "<") {
			w.Header().Set("X-Amzn-Errortype", code)
			w.Header().Set("Content-Type", "application/json")
			b.text = fmt.Sprintf(`{"message": %q}`, b.text)
		}
		w.WriteHeader(b.status)
		_, _ = io.WriteString(w, b.text)
		return
	}
	if b.truncated {
		reply = reply[:len(reply)/2]
	}
	maps.Copy(w.Header(), answer.Header)
	w.Header().Set("Content-Length", fmt.Sprint(len(reply)))
	w.WriteHeader(answer.StatusCode)
	if b.halfway {
		_, _ = w.Write(reply[:len(reply)/2])
		_ = http.NewResponseController(w).Flush()
		end(w, false)
		return
	}
	_, _ = w.Write(reply)
}

// end ends the connection.
func end(w http.ResponseWriter, reset bool) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// trickle reads at so many bytes a second.
type trickle struct {
	io.Reader
	rate int
}

func (t trickle) Read(p []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return t.Reader.Read(p[:min(len(p), t.rate/20)])
}

// blows are what can happen to a publish. All but the last two leave one
// version and a Publisher that knows it.
func blows() []struct {
	name     string
	blows    []blow
	refusal  string
	versions int
} {
	const throttled, html = "TooManyRequestsException: Rate exceeded", "<html><body>gateway</body></html>"
	return []struct {
		name     string
		blows    []blow
		refusal  string
		versions int
	}{
		{"cut, before", []blow{{on: publishCall, cut: true}}, "", 1},
		{"reset, before", []blow{{on: publishCall, reset: true}}, "", 1},
		{"cut, within the request", []blow{{on: publishCall, halfway: true}}, "", 1},
		{"cut, after", []blow{{on: publishCall, after: true, cut: true}}, "", 1},
		{"reset, after", []blow{{on: publishCall, after: true, reset: true}}, "", 1},
		{"cut, after, always", []blow{{on: publishCall, after: true, cut: true, times: -1}}, "", 1},
		{"cut, within the reply", []blow{{on: publishCall, after: true, halfway: true}}, "", 1},
		{"JSON truncated", []blow{{on: publishCall, after: true, truncated: true}}, "", 1},
		{"silence, after", []blow{{on: publishCall, after: true, silent: true}}, "", 1},
		{"slow upload", []blow{{on: publishCall, slow: 400_000}}, "", 1},
		{"429 with Retry-After", []blow{{on: publishCall, status: 429, text: throttled, retry: "1"}}, "", 1},
		{"429 without, thrice", []blow{{on: publishCall, status: 429, text: throttled, times: 3}}, "", 1},
		{"429 as HTML", []blow{{on: publishCall, status: 429, text: html, times: 2}}, "", 1},
		{"400 Throttling", []blow{{on: publishCall, status: 400, text: "ThrottlingException: Rate exceeded", times: 2}}, "", 1},
		{"500, before", []blow{{on: publishCall, status: 500, text: "ServiceException: internal"}}, "", 1},
		{"500, after", []blow{{on: publishCall, after: true, status: 500, text: "ServiceException: internal"}}, "", 1},
		{"503, before, twice", []blow{{on: publishCall, status: 503, text: html, times: 2}}, "", 1},
		{"503, after", []blow{{on: publishCall, after: true, status: 503, text: html}}, "", 1},
		{"504, after", []blow{{on: publishCall, after: true, status: 504, text: html}}, "", 1},
		{"HTML with 200, after", []blow{{on: publishCall, after: true, status: 200, text: html}}, "", 1},
		{"HTML with 200, before", []blow{{on: publishCall, status: 200, text: html}}, "", 1},
		{"the look throttled", []blow{{on: listCall, status: 429, text: throttled, retry: "1"}}, "", 1},
		{"the look as HTML", []blow{{on: listCall, status: 200, text: html, times: 2}}, "", 1},
		{"the look truncated", []blow{{on: listCall, after: true, truncated: true}}, "", 1},
		{"lost, then the look cut", []blow{{on: publishCall, after: true, cut: true}, {on: listCall, after: true, times: 1}, {on: listCall, cut: true, times: 2}}, "", 1},
		{"credentials expired, before", []blow{{on: publishCall, status: 403, text: "ExpiredTokenException: The security token included in the request is expired", times: -1}}, "expired", 0},
		{"permission missing", []blow{{on: publishCall, status: 403, text: "AccessDeniedException: no", times: -1}}, "lambda:PublishLayerVersion", 0},
	}
}

// sufferAt lets all blows fall on publishes to a service, and writes the table
// of what came of them.
func sufferAt(t *testing.T, url string) {
	for i, c := range blows() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proxied, address := behind(t, url, c.blows)
			p := throughAddress(t, address)
			if slices.ContainsFunc(c.blows, func(b blow) bool { return b.silent }) {
				p.patience.Answer = time.Second
			}
			r := request(bigZip(t, 300_000))
			r.LayerName = fmt.Sprintf("blow-%d", i)
			start := time.Now()
			v, adopted, err := p.Publish(t.Context(), r)
			took := time.Since(start).Round(10 * time.Millisecond)
			left := versionsAt(t, url, r.LayerName)
			t.Logf("| %s | %d calls | %v | %d versions | %v |", c.name, proxied.count(publishCall), took, left, errText(err))
			switch {
			case left != c.versions:
				t.Errorf("%d versions are left, want %d", left, c.versions)
			case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
				t.Errorf("got %v, want an error about %q", err, c.refusal)
			case c.refusal == "" && (err != nil || adopted || v.Number != 1 || v.CodeSHA256 != r.Zip.SHA256.Base64()):
				t.Errorf("got version %d of %s, adopted %t, %v; want version 1 of these bytes, its own", v.Number, v.CodeSHA256, adopted, err)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return "published"
	}
	return err.Error()
}

// throughAddress returns a Publisher for a service at an address that waits
// less than one that speaks to AWS.
func throughAddress(t *testing.T, url string) *Publisher {
	t.Helper()
	p, err := New(t.Context(), Config{
		Region: home, AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI", SkipCredentialsValidation: true, SkipRequestingAccountID: true,
		Endpoints: Endpoints{Lambda: url, S3: url, STS: url}, SharedConfigFiles: []string{t.TempDir() + "/config"}, SkipMetadataAPICheck: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.patience.First, p.patience.Longest, p.patience.Answer = time.Millisecond, 5*time.Millisecond, time.Minute
	p.patience.Looks = []time.Duration{0, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}
	return p
}

// versionsAt asks the service itself how many versions a layer has.
func versionsAt(t *testing.T, url, layer string) int {
	t.Helper()
	out, err := lambda.NewFromConfig(aws.Config{
		Region: home, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	}).ListLayerVersions(t.Context(), &lambda.ListLayerVersionsInput{LayerName: &layer})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.LayerVersions)
}

func TestFaultsOnTheWayToTheStandIn(t *testing.T) {
	t.Parallel()
	sufferAt(t, lambdatest.New(t).URL())
}
