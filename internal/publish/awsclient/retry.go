package awsclient

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
)

const (
	// statusThrottled is HTTP's own word for "too many requests".
	statusThrottled = 429
	// longestPause bounds what a Retry-After header may ask for.
	longestPause = 5 * time.Minute
	// garbledAttempts is how often a call is made whose answers are not AWS's:
	// a proxy that answers for it does not go away, a cut connection does.
	garbledAttempts = 4
)

// persistent adds to the SDK's own retries what it lacks: it waits as long as
// a Retry-After header asks, retries a 429 of any sender and an answer that was
// cut or is not AWS's, and renews credentials that AWS says have expired.
//
// It serves calls that may be made twice. A publish is retried by hand.
type persistent struct {
	aws.RetryerV2
	keys *keyring
}

func (p persistent) IsErrorRetryable(err error) bool {
	if _, unsent := errors.AsType[*unsentError](err); unsent {
		return false // the caller's time is over
	}
	return p.RetryerV2.IsErrorRetryable(err) || StatusOf(err) == statusThrottled || garbled(err) || Expired(err) && p.keys.renew()
}

func (p persistent) RetryDelay(attempt int, err error) (time.Duration, error) {
	if garbled(err) && attempt >= garbledAttempts {
		return 0, &retry.MaxAttemptsError{Attempt: attempt, Err: err}
	}
	delay, stop := p.RetryerV2.RetryDelay(attempt, err)
	return max(delay, retryAfter(err)), stop
}

// retryerOf returns what the SDK itself retries with, by the settings.
func retryerOf(c aws.Config) aws.RetryerV2 {
	if v2, ok := c.Retryer().(aws.RetryerV2); ok {
		return v2
	}
	return retry.NewStandard()
}

// throttledAttempts is how often a call is made that was refused for its rate.
const throttledAttempts = 5

// OnceTaken is the retryer of calls that must not be made twice: it makes again
// what was refused for its rate, since that was not carried out, and nothing else.
func OnceTaken() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = throttledAttempts
		o.Retryables = []retry.IsErrorRetryable{
			retry.IsErrorRetryableFunc(func(err error) aws.Ternary { return aws.BoolTernary(throttled(err)) }),
		}
	})
}

// throttled reports whether a call was refused for its rate alone.
func throttled(err error) bool {
	return StatusOf(err) == statusThrottled || retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// garbled reports whether there was an answer that cannot be read.
func garbled(err error) bool {
	_, ok := errors.AsType[*smithy.DeserializationError](err)
	return (ok || errors.Is(err, io.ErrUnexpectedEOF)) && StatusOf(err) < 300
}

// Expired reports whether AWS took the credentials once and does no longer.
func Expired(err error) bool {
	said, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasPrefix(said.ErrorCode(), "ExpiredToken")
}

// retryAfter returns how long the Retry-After header of a refusal asks to wait, 0
// without one.
func retryAfter(err error) time.Duration {
	return backoff.RetryAfter(HeaderOf(err, "Retry-After"), time.Now(), longestPause)
}
