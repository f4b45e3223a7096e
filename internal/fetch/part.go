package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// wholeLimit bounds the body of a server that answers a range with the whole
// file.
const wholeLimit = 256 << 20

// Tail returns the last n bytes of a file, or all of a shorter one. A server
// without ranges sends the whole file, which is returned: Offset is 0 then; one
// above 256 MiB is a *SizeError.
func (c *Client) Tail(ctx context.Context, rawURL string, n int64) (*Part, error) {
	u, err := c.partURL(rawURL, n)
	if err != nil {
		return nil, err
	}
	part, err := c.part(ctx, u, fmt.Sprintf("bytes=-%d", n), n)
	if !refusesSuffix(err) {
		return part, err
	}
	// Some servers know no suffix: ask for the length, then for the place.
	first, err := c.part(ctx, u, "bytes=0-0", 1)
	if err != nil || first.Total == int64(len(first.Data)) {
		return first, err
	}
	offset := max(0, first.Total-n)
	return c.part(ctx, u, fmt.Sprintf("bytes=%d-%d", offset, first.Total-1), n)
}

// Range returns n bytes of a file from offset on; a file that ends earlier is
// an error that matches io.ErrUnexpectedEOF.
func (c *Client) Range(ctx context.Context, rawURL string, offset, n int64) ([]byte, error) {
	u, err := c.partURL(rawURL, n)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("fetching %s: negative offset %d", redact(u), offset)
	}
	part, err := c.part(ctx, u, fmt.Sprintf("bytes=%d-%d", offset, offset+n-1), n)
	if err != nil {
		return nil, err
	}
	from := offset - part.Offset
	if from < 0 || from+n > int64(len(part.Data)) {
		return nil, fmt.Errorf("fetching %d bytes from %d of %s: %w", n, offset, redact(u), io.ErrUnexpectedEOF)
	}
	return part.Data[from : from+n], nil
}

func (c *Client) partURL(rawURL string, n int64) (*url.URL, error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fmt.Errorf("fetching a part of %s: length %d", redact(u), n)
	}
	if c.offline {
		return nil, &OfflineError{URL: redact(u)}
	}
	return u, nil
}

// part fetches a range of at most n bytes, or the whole file when the server
// sends that.
func (c *Client) part(ctx context.Context, u *url.URL, want string, n int64) (*Part, error) {
	header := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"identity"}, "Range": {want}}
	var part *Part
	err := c.get(ctx, u, header, func(a *http.Response) error {
		if a.StatusCode == http.StatusOK {
			body, done, err := c.readBody(ctx, a, wholeLimit)
			defer done()
			part = &Part{Data: body, Total: int64(len(body))}
			return err
		}
		r, ok := contentRange(a.Header)
		if !ok || a.StatusCode != http.StatusPartialContent || r.last-r.first+1 > n {
			return fmt.Errorf("asking for %s: the server sent another range", want)
		}
		body, done, err := c.readBody(ctx, a, n)
		if err != nil {
			return err
		}
		defer done()
		if int64(len(body)) != r.last-r.first+1 {
			return &temporary{err: io.ErrUnexpectedEOF}
		}
		part = &Part{Data: body, Offset: r.first, Total: r.total}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return part, nil
}

// refusesSuffix reports whether err is the answer of a server that knows no
// suffix ranges.
func refusesSuffix(err error) bool {
	var s *StatusError
	if !errors.As(err, &s) {
		return false
	}
	switch s.Code {
	case http.StatusRequestedRangeNotSatisfiable, http.StatusBadRequest, http.StatusNotImplemented:
		return true
	}
	return false
}

type byteRange struct{ first, last, total int64 }

// contentRange reads "bytes first-last/total" (RFC 9110, 14.4). A range of
// unknown total is not ok.
func contentRange(h http.Header) (byteRange, bool) {
	spec, ok := strings.CutPrefix(h.Get("Content-Range"), "bytes ")
	if !ok {
		return byteRange{}, false
	}
	span, total, _ := strings.Cut(spec, "/")
	first, last, _ := strings.Cut(span, "-")
	var r byteRange
	for _, field := range []struct {
		text string
		to   *int64
	}{{first, &r.first}, {last, &r.last}, {total, &r.total}} {
		n, err := strconv.ParseUint(strings.TrimSpace(field.text), 10, 62)
		if err != nil {
			return byteRange{}, false
		}
		*field.to = int64(n)
	}
	return r, r.first <= r.last && r.last < r.total
}
