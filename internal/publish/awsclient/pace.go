package awsclient

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
)

// The control plane of Lambda takes 15 requests a second from an account in a
// region, all callers together. A client keeps to that in any one second,
// its short burst included.
const (
	lambdaInterval = time.Second / 12
	burst          = 3
)

// pace lets requests through at a steady rate, and holds all of them back while
// AWS asks for a pause: the rate is the account's, not one caller's.
type pace struct {
	// interval is the time between requests.
	interval time.Duration

	mu    sync.Mutex
	next  time.Time // when the next request may go if there is no burst left
	pause time.Time // until then none goes
}

// paces are the paces of the services in their regions.
type paces struct {
	by sync.Map // of *pace
}

// Of returns the pace of a region, or of one kind of calls there.
func (p *paces) Of(key string, interval time.Duration) *pace {
	kept, _ := p.by.LoadOrStore(key, &pace{interval: interval})
	of, _ := kept.(*pace)
	return of
}

// wait blocks until one more request keeps to the rate.
func (p *pace) wait(ctx context.Context) error {
	for delay := p.reserve(); delay > 0; delay = p.held() {
		if err := backoff.Sleep(ctx, delay); err != nil {
			return err
		}
	}
	return nil
}

// reserve takes the next place in the row and returns the time until then.
func (p *pace) reserve() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if earliest := now.Add(-burst * p.interval); p.next.Before(earliest) {
		p.next = earliest
	}
	p.next = p.next.Add(p.interval)
	return p.next.Sub(now)
}

// held returns what is left of a pause for a request whose turn has come. It
// then waits for a new place, so that the end of the pause is no stampede.
func (p *pace) held() time.Duration {
	p.mu.Lock()
	left := time.Until(p.pause)
	p.mu.Unlock()
	if left <= 0 {
		return 0
	}
	return max(left, p.reserve())
}

// hold lets no request through for d, beginning now.
func (p *pace) hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(d)
	if until.After(p.pause) {
		p.pause = until
	}
	if until.After(p.next) {
		p.next = until
	}
}

// middleware makes every attempt of every call keep the pace, and the pauses
// that AWS asks for.
func (p *pace) middleware(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if err := p.wait(ctx); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, &unsentError{err}
			}
			out, metadata, err := next.HandleFinalize(ctx, in)
			if asked := retryAfter(err); asked > 0 {
				Inform(ctx, "AWS asks for a pause", map[string]any{"pause": asked.String()})
				p.hold(asked)
			}
			return out, metadata, err
		}), "Retry", middleware.After)
}

// unsentError tells that a call ended before its request was sent.
type unsentError struct{ cause error }

func (e *unsentError) Error() string {
	return "waiting for the rate of requests that AWS allows: " + e.cause.Error()
}

func (e *unsentError) Unwrap() error { return e.cause }

// Patience says how long a publish goes on.
type Patience struct {
	// Attempts bounds the calls in all, blind those after a lost answer.
	Attempts, Blind int
	// First and longest bound the wait between refused calls, which doubles.
	First, Longest time.Duration
	// Looks are the waits before each look for a version whose answer was
	// lost: listings may lag, and AWS may still be at work.
	Looks []time.Duration
	// Answer is how long one call may take, its upload apart.
	Answer time.Duration
	// Grace is how long the looks may take once the caller's context is over.
	Grace time.Duration
}

// DefaultPatience returns what the settings leave to the publisher.
func DefaultPatience(c Config) Patience {
	attempts := c.maxAttempts()
	return Patience{
		Attempts: attempts, Blind: min(attempts, 4),
		First: 500 * time.Millisecond, Longest: 20 * time.Second,
		Looks:  []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		Answer: 5 * time.Minute, Grace: 10 * time.Second,
	}
}

// Delay returns how long to wait after the attempt (from 1) that ended in err:
// a doubling time with jitter, and no less than what AWS asked for.
func (p Patience) Delay(attempt int, err error) time.Duration {
	return max(backoff.Delay(attempt-1, p.First, p.Longest), retryAfter(err))
}

// Outcome is what is known of a call after it ended in an error.
type Outcome int

const (
	// Refused says that AWS said no, or that nothing was sent. Another try changes nothing.
	Refused Outcome = iota
	// NotYet says that AWS or the network kept the call out. Another try may pass.
	NotYet
	// Unknown says that the call may have been carried out.
	Unknown
)

// BrokenOff reports whether the connection ended within an answer.
func BrokenOff(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// OutcomeOf judges the error of a single attempt.
func OutcomeOf(err error) Outcome {
	status := StatusOf(err)
	_, unsent := errors.AsType[*unsentError](err)
	switch {
	case unsent, throttled(err):
		return NotYet
	case errors.Is(err, ErrIncomplete):
		return Unknown
	case status >= 500, status >= 200 && status < 300, status == 408:
		return Unknown
	case status > 0 && BrokenOff(err): // a refusal whose reason did not arrive
		return NotYet
	case status > 0:
		return Refused
	}
	var dial *net.OpError
	var cancelled *smithy.CanceledError
	var requestCancelled *aws.RequestCanceledError
	var sending *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &cancelled), errors.As(err, &requestCancelled):
		return Unknown
	case errors.As(err, &dial) && dial.Op == "dial":
		return NotYet
	case errors.As(err, &sending):
		return Unknown
	}
	return Refused
}
