package fetch

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

const (
	// smallBody is what every request may hold of a body in memory, in bytes: most
	// pages are smaller.
	smallBody = 4 << 20
	// largeParallel is how many requests may hold more than that at once.
	largeParallel = 4
)

// readBody reads a body of at most limit bytes. At most four large ones are in memory:
// others wait until the caller of one calls done, when it has made something smaller
// of it.
func (c *Client) readBody(ctx context.Context, a *http.Response, limit int64) (body []byte, done func(), err error) {
	done = func() {}
	defer func() {
		if err != nil {
			done()
			done = func() {}
		}
	}()
	if a.ContentLength > limit {
		return nil, done, &SizeError{URL: redact(a.Request.URL), Limit: limit}
	}
	var buffer bytes.Buffer
	if a.ContentLength > 0 {
		buffer.Grow(int(min(a.ContentLength, smallBody)) + bytes.MinRead)
	}
	if _, err = buffer.ReadFrom(io.LimitReader(a.Body, min(limit+1, smallBody))); err != nil {
		return nil, done, err
	}
	if buffer.Len() == smallBody && limit >= smallBody {
		if err := c.large.Acquire(ctx, 1); err != nil {
			return nil, done, err
		}
		done = func() { c.large.Release(1) }
		if a.ContentLength > smallBody {
			buffer.Grow(int(a.ContentLength-smallBody) + bytes.MinRead)
		}
		if _, err = buffer.ReadFrom(io.LimitReader(a.Body, limit+1-smallBody)); err != nil {
			return nil, done, err
		}
	}
	if int64(buffer.Len()) > limit {
		return nil, done, &SizeError{URL: redact(a.Request.URL), Limit: limit}
	}
	return buffer.Bytes(), done, nil
}
