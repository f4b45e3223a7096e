package fetch

import (
	"bytes"
	"context"
	"io"
)

const (
	// smallBody is what every request may hold of a body in memory, in bytes: most
	// pages are smaller.
	smallBody = 4 << 20
	// largeParallel is how many requests may hold more than that at once.
	largeParallel = 4
)

// readBody reads a body of at most limit bytes. A large one waits until few others are
// held, so that 48 of them at once do not take 48 times the limit; the caller calls
// done when it has made something smaller of it.
func (c *Client) readBody(ctx context.Context, a *answer, limit int64) (body []byte, done func(), err error) {
	var buffer bytes.Buffer
	done = func() {}
	if a.length > limit {
		return nil, done, &SizeError{URL: redact(a.url), Limit: limit}
	}
	if a.length > 0 {
		buffer.Grow(int(min(a.length, smallBody)) + bytes.MinRead)
	}
	if _, err = buffer.ReadFrom(io.LimitReader(a.body, min(limit+1, smallBody))); err != nil {
		return nil, done, err
	}
	if buffer.Len() == smallBody && limit >= smallBody {
		if err := c.large.acquire(ctx); err != nil {
			return nil, done, err
		}
		done = c.large.release
		if a.length > smallBody {
			buffer.Grow(int(a.length-smallBody) + bytes.MinRead)
		}
		if _, err = buffer.ReadFrom(io.LimitReader(a.body, limit+1-smallBody)); err != nil {
			done()
			return nil, func() {}, err
		}
	}
	if int64(buffer.Len()) > limit {
		done()
		return nil, func() {}, &SizeError{URL: redact(a.url), Limit: limit}
	}
	return buffer.Bytes(), done, nil
}
