package wire

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Moment is when a Fault strikes.
type Moment int

// The moments of a call. BeforeProcessing: nothing has happened yet.
// AfterProcessing: the call is carried out, no byte of the Reply is sent.
// InReply: the head and half of the body are sent.
const (
	BeforeProcessing Moment = iota
	AfterProcessing
	InReply
)

// Fault is something that goes wrong, once or more often.
type Fault struct {
	// Operation is the call that it strikes, such as "PublishLayerVersion";
	// "" strikes every call.
	Operation string
	// Region is where it strikes; "" is everywhere.
	Region string
	// At is when it strikes.
	At Moment
	// Skip lets so many calls pass first. Times is how many calls it
	// strikes: 0 means one, a negative number all.
	Skip, Times int

	// Do runs first, if set.
	Do func()
	// Delay is waited before all else; a client that leaves ends it.
	Delay time.Duration
	// Status, ErrorType and Message are the error that is answered; Body
	// takes the place of AWS's form when set. Status 0 answers nothing of
	// its own.
	Status             int
	ErrorType, Message string
	Body               []byte
	// RetryAfter is a header, in seconds; 0 leaves it out.
	RetryAfter int
	// Late carries the call out this long after the answer, at
	// BeforeProcessing: what an overloaded service does.
	Late time.Duration
	// Close ends the connection without an answer, Reset does so with a
	// TCP reset. At InReply the connection is cut in any case.
	Close, Reset bool
}

// Call is one request as it arrived.
type Call struct {
	Operation, Region, AccessKey string
	Method, Path, UserAgent      string
	// RevisionId is what a change of a policy was based on.
	RevisionId string
	// VersionId is the version of an S3 object that the call names.
	VersionId string
	// Body is the request's length in bytes.
	Body int
	// Status is what was answered; 0 if the connection was cut.
	Status int
	At     time.Time
}

// Watch is the record of calls, and the faults that strike them. It is safe for
// concurrent use.
type Watch struct {
	mu     sync.Mutex
	faults []*Fault
	calls  []Call
	limit  int         // of Lambda's calls in a second; 0 is none
	recent []time.Time // calls to Lambda of the last second
}

// Inject adds faults. Of several that fit a call at a moment the oldest
// strikes.
func (a *Watch) Inject(faults ...Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range faults {
		a.faults = append(a.faults, &f)
	}
}

// Calm takes back the faults that have not struck.
func (a *Watch) Calm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
}

// Calls returns the calls of the named operations in the order of their
// arrival, or all calls without a name.
func (a *Watch) Calls(operations ...string) []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	var calls []Call
	for _, c := range a.calls {
		if len(operations) == 0 || slices.Contains(operations, c.Operation) {
			calls = append(calls, c)
		}
	}
	return calls
}

// LimitRate makes Lambda refuse more than n calls within a second, as AWS does
// with 15. 0 lifts the limit.
func (a *Watch) LimitRate(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limit, a.recent = n, nil
}

// Record notes a call and returns its place.
func (a *Watch) Record(c *Request) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, Call{
		Operation: c.Operation, Region: c.Region, AccessKey: c.AccessKey,
		Method: c.Method, Path: c.URL.Path, UserAgent: c.UserAgent(), Body: len(c.Payload), At: time.Now(),
		RevisionId: c.URL.Query().Get("RevisionId"), VersionId: c.URL.Query().Get("versionId"),
	})
	return len(a.calls) - 1
}

// SetStatus notes how the call of a place was answered.
func (a *Watch) SetStatus(record, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls[record].Status = status
}

// due returns the fault that strikes the call at the moment, if any.
func (a *Watch) due(c *Request, at Moment) *Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, f := range a.faults {
		if f.At != at || f.Operation != "" && f.Operation != c.Operation || f.Region != "" && f.Region != c.Region {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		switch f.Times {
		case 0, 1:
			a.faults = slices.Delete(a.faults, i, i+1)
		default:
			f.Times--
		}
		struck := *f
		return &struck
	}
	return nil
}

// Strike lets a fault happen. It reports true if the call is over.
func (a *Watch) Strike(w http.ResponseWriter, c *Request, at Moment, record int, carryOut func() Reply, result *Reply) bool {
	f := a.due(c, at)
	if f == nil {
		return false
	}
	if f.Do != nil {
		f.Do()
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.Context().Done():
		}
	}
	if f.Late > 0 {
		time.AfterFunc(f.Late, func() { carryOut() })
	}
	switch {
	case at == InReply:
		cut(w, *result)
		return true
	case f.Close, f.Reset:
		hangUp(w, f.Reset)
		return true
	case f.Status != 0:
		answer := c.Fail(f.Status, f.ErrorType, f.Message)
		if f.Body != nil {
			answer.Body = f.Body
			answer.Header.Set("Content-Type", "text/html")
		}
		if f.RetryAfter > 0 {
			answer.Header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		a.SetStatus(record, f.Status)
		answer.Send(w, c.Request)
		return true
	}
	return false
}

// cut sends the head and half of the body, and ends the connection.
func cut(w http.ResponseWriter, r Reply) {
	maps.Copy(w.Header(), r.Header)
	w.Header().Set("Content-Length", strconv.Itoa(max(len(r.Body), 1)))
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body[:len(r.Body)/2]) // the connection ends here anyway
	_ = http.NewResponseController(w).Flush()
	hangUp(w, false)
}

// hangUp ends the connection, with a TCP reset if asked.
func hangUp(w http.ResponseWriter, reset bool) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // without it the close below is only less rude
	}
	_ = connection.Close()
}

// Allow reports whether the rate has room for one more call to Lambda.
func (a *Watch) Allow(c *Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limit == 0 || c.Service != "lambda" {
		return true
	}
	now := time.Now()
	a.recent = slices.DeleteFunc(a.recent, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(a.recent) >= a.limit {
		return false
	}
	a.recent = append(a.recent, now)
	return true
}
