package publish

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The control plane of Lambda takes 15 requests a second from an account in a
// region, all callers together. A Publisher keeps to that in any one second,
// its short burst included.
const (
	requestsPerSecond = 12
	burst             = 3
)

// pace lets requests through at a steady rate.
type pace struct {
	mu   sync.Mutex
	next time.Time // when the next request may go if there is no burst left
}

func (p *Publisher) paceOf(region string) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paces[region] == nil {
		p.paces[region] = &pace{}
	}
	return p.paces[region]
}

// wait blocks until one more request keeps to the rate.
func (p *pace) wait(ctx context.Context) error {
	const interval = time.Second / requestsPerSecond
	p.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-burst * interval); p.next.Before(earliest) {
		p.next = earliest
	}
	p.next = p.next.Add(interval)
	delay := p.next.Sub(now)
	p.mu.Unlock()
	return sleep(ctx, delay)
}

// middleware makes every attempt of every call keep the pace.
func (p *pace) middleware(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if err := p.wait(ctx); err != nil {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleFinalize(ctx, in)
		}), "Retry", middleware.After)
}

// sleep waits for d, or returns the context's error. It does not wait for
// nothing: a zero delay passes even on a context that is over.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// patience says how long a publish goes on.
type patience struct {
	// attempts bounds the calls in all, blind those after a lost answer.
	attempts, blind int
	// first and longest bound the wait between refused calls, which doubles.
	first, longest time.Duration
	// looks are the waits before each look for a version whose answer was
	// lost: listings may lag, and AWS may still be at work.
	looks []time.Duration
	// grace is how long the looks may take once the caller's context is over.
	grace time.Duration
	// asked bounds what a Retry-After header may ask for.
	asked time.Duration
}

func defaultPatience(attempts int) patience {
	return patience{
		attempts: attempts, blind: min(attempts, 4),
		first: 500 * time.Millisecond, longest: 20 * time.Second,
		looks: []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second},
		grace: 10 * time.Second, asked: 5 * time.Minute,
	}
}

// delay returns how long to wait after the attempt (from 1) that ended in err:
// a doubling time with jitter, and no less than what AWS asked for.
func (p patience) delay(attempt int, err error) time.Duration {
	backoff := p.longest
	if attempt < 16 {
		backoff = min(p.first<<(attempt-1), p.longest)
	}
	backoff = backoff/2 + rand.N(backoff/2+1)
	return max(backoff, min(retryAfter(err), p.asked))
}

// retryAfter reads the Retry-After header of a refusal, in seconds; 0 without.
func retryAfter(err error) time.Duration {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return 0
	}
	seconds, err := strconv.Atoi(answer.Response.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// outcome is what is known of a call after it ended in an error.
type outcome int

const (
	// refused: AWS said no, or nothing was sent. Another try changes nothing.
	refused outcome = iota
	// notYet: AWS or the network kept the call out; another try may pass.
	notYet
	// unknown: the call may have been carried out.
	unknown
)

// outcomeOf judges the error of a single attempt.
func outcomeOf(err error) outcome {
	status := statusOf(err)
	switch {
	case throttled(err):
		return notYet
	case status >= 500, status >= 200 && status < 300, status == 408:
		return unknown
	case status > 0:
		return refused
	}
	var dial *net.OpError
	var cancelled *smithy.CanceledError
	var requestCancelled *aws.RequestCanceledError
	var sending *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &cancelled), errors.As(err, &requestCancelled):
		return unknown
	case errors.As(err, &dial) && dial.Op == "dial":
		return notYet
	case errors.As(err, &sending):
		return unknown
	}
	return refused
}
