// Package backoff says how long to wait before a request is made again.
package backoff

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Delay returns the wait after the attempt, counted from 0: it doubles from first to
// longest, and is spread around that, so that many clients do not come back together.
func Delay(attempt int, first, longest time.Duration) time.Duration {
	wait := longest
	if attempt < 16 {
		wait = min(first<<attempt, longest)
	}
	return wait/2 + rand.N(wait/2+1)
}

// timeFormat is that of dates in headers (RFC 9110, 5.6.7).
const timeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// RetryAfter reads the header of that name (RFC 9110, 10.2.3): seconds, or a date,
// which it compares with now. It returns 0 where there is none that can be read, and
// no more than longest.
func RetryAfter(header string, now time.Time, longest time.Duration) time.Duration {
	header = strings.TrimSpace(header)
	var wait time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, int(longest/time.Second))) * time.Second
	} else if at, err := time.Parse(timeFormat, header); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longest))
}

// Sleep waits for d, or returns the context's error. It does not wait for
// nothing: a zero delay passes even on a context that is over.
func Sleep(ctx context.Context, d time.Duration) error {
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
