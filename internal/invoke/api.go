package invoke

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// apiPath is the start of every path of the Runtime API (Lambda Developer
	// Guide, "Using the Lambda runtime API for custom runtimes").
	apiPath = "/2018-06-01/runtime/"
	// maxAnswer is how much a handler may return, in bytes ("Lambda quotas",
	// invocation payload of a synchronous call).
	maxAnswer = 6 << 20
	// MaxEvent is how large an event may be, in bytes (as for the answer).
	MaxEvent = 6 << 20
)

// runtimeAPI serves the Runtime API for one call.
type runtimeAPI struct {
	event   []byte
	id      string
	timeout time.Duration

	server   *http.Server
	listener net.Listener

	mu sync.Mutex
	// called is when the runtime asked for the event.
	called time.Time
	answer *Answer
	// done is closed with the first answer or error.
	done chan struct{}
	// began is closed when the runtime has asked for the event.
	began chan struct{}
}

// serveRuntimeAPI starts a server on the loopback interface for one event.
func serveRuntimeAPI(r Request) (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the runtime: %w", err)
	}
	api := &runtimeAPI{
		event: r.Event, id: requestID(), timeout: r.Timeout, listener: listener,
		done: make(chan struct{}), began: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiPath+"invocation/next", api.next)
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/response", api.respond)
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/error", api.fail)
	mux.HandleFunc("POST "+apiPath+"init/error", api.fail)
	api.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = api.server.Serve(listener) }() // ends with close
	return api, nil
}

func (a *runtimeAPI) address() string { return a.listener.Addr().String() }

func (a *runtimeAPI) close() error { return a.server.Close() }

// requestID returns a random UUID (RFC 9562, 5.4).
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// next hands out the event once. A runtime that asks again waits until it is
// ended, as one does that Lambda has no further event for.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	again := !a.called.IsZero()
	if !again {
		a.called = time.Now()
		close(a.began)
	}
	deadline := a.called.Add(a.timeout)
	a.mu.Unlock()
	if again {
		<-r.Context().Done()
		return
	}
	trace := make([]byte, 12)
	_, _ = rand.Read(trace) // never fails (crypto/rand)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", a.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+region+":123456789012:function:"+functionName)
	h.Set("Lambda-Runtime-Trace-Id", fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", a.called.Unix(), trace, trace[:8]))
	_, _ = w.Write(a.event) // a runtime that is gone has its exit noticed
}

func (a *runtimeAPI) respond(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	if len(body) == 0 {
		body = []byte("null")
	}
	a.conclude(Answer{Payload: body})
	reply(w, http.StatusAccepted, `{"status":"OK"}`)
}

// fail takes an error of the handler or of the start.
func (a *runtimeAPI) fail(w http.ResponseWriter, r *http.Request) {
	body, ok := a.body(w, r)
	if !ok {
		return
	}
	a.conclude(Answer{Payload: body, Fault: faultType(body, r.Header.Get("Lambda-Runtime-Function-Error-Type"))})
	reply(w, http.StatusAccepted, `{"status":"OK"}`)
}

// faultType returns the errorType of a description of an error, else what the
// header says.
func faultType(body []byte, header string) string {
	var told struct {
		ErrorType string `json:"errorType"`
	}
	if err := json.Unmarshal(body, &told); err == nil && told.ErrorType != "" {
		return told.ErrorType
	}
	if header != "" {
		return header
	}
	return "Unhandled"
}

// body reads a request that is about the call under way.
func (a *runtimeAPI) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if id := r.PathValue("id"); id != "" && id != a.id {
		reply(w, http.StatusBadRequest, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		a.conclude(described("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxAnswer)))
		reply(w, http.StatusRequestEntityTooLarge, `{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size"}`)
		return nil, false
	}
	return body, err == nil
}

// conclude keeps the first answer.
func (a *runtimeAPI) conclude(answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answer != nil {
		return
	}
	if !a.called.IsZero() {
		answer.Duration = time.Since(a.called)
	}
	a.answer = &answer
	close(a.done)
}

// result returns the answer, nil before there is one, and when the handler was
// called.
func (a *runtimeAPI) result() (*Answer, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.answer, a.called
}

// await waits for the answer of a runtime whose end exited tells. The time of
// the handler counts from when the event was handed out.
func (a *runtimeAPI) await(ctx context.Context, exited <-chan string) error {
	began := a.began
	var late <-chan time.Time
	for {
		select {
		case <-a.done:
			return nil
		case <-began:
			began = nil // a nil channel is never ready
			timer := time.NewTimer(a.timeout)
			defer timer.Stop()
			late = timer.C
		case <-late:
			a.conclude(described("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", a.id, a.timeout.Seconds())))
		case how := <-exited:
			a.conclude(described("Runtime.ExitError", fmt.Sprintf("RequestId: %s Error: Runtime exited: %s", a.id, how)))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// described returns an error as Lambda describes one that the runtime did not.
func described(kind, message string) Answer {
	body, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message})
	if err != nil {
		body = []byte("{}")
	}
	return Answer{Payload: body, Fault: kind}
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
