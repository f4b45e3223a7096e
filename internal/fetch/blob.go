package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Blob returns the blob, open for reading at its start; the caller closes it.
// It comes from the store, else from the one that machines share, which offline
// is asked too, else from the server: hashed while it arrives,
// resumed after a broken transfer, vetted, and only then stored. The error of a
// wrong digest is a *store.DigestError or an *IntegrityError, of too large a
// body a *SizeError.
// Callers that ask at the same time, in any process, share one download.
func (c *Client) Blob(ctx context.Context, s Source) (*os.File, error) {
	return c.blob(ctx, s, c.offline)
}

// Stored returns the blob where the store has it, or the one that machines
// share, open for reading; the caller closes it. The server is not asked. The
// error is a *store.UnusableError.
func (c *Client) Stored(ctx context.Context, s Source) (f *os.File, ok bool, err error) {
	f, err = c.blob(ctx, s, true)
	if _, absent := errors.AsType[*OfflineError](err); absent || errors.Is(err, fs.ErrNotExist) { // or was trimmed since
		return nil, false, nil
	}
	return f, err == nil, err
}

// blob is Blob; offline, no server is asked.
func (c *Client) blob(ctx context.Context, s Source, offline bool) (*os.File, error) {
	u, err := c.parse(s.URL)
	if err != nil {
		return nil, err
	}
	name := s.sharedName()
	f, s, err := c.stored(ctx, s)
	if err != nil {
		return nil, err
	}
	if f != nil {
		c.store.Offer(name, s.SHA256, "")
		return f, nil
	}
	if offline && !c.store.Shared() {
		return nil, &OfflineError{URL: redact(u)}
	}
	key := "blob " + u.String()
	switch {
	case !s.SHA256.IsZero():
		key = "blob " + s.SHA256.Hex()
	case !s.Integrity.IsZero():
		key = "blob " + s.Integrity.String()
	}
	found, err := c.blobs.do(ctx, fmt.Sprint(key, " offline ", offline), func(ctx context.Context) (store.Digest, error) {
		return c.bring(ctx, u, s, key, offline)
	})
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("fetching %s: %w", redact(u), context.Cause(ctx))
		}
		return nil, err
	}
	return c.store.Open(found, knownSize(s))
}

// bring downloads the blob unless another process has done so meanwhile. The
// lock only spares work: after a while it goes on without.
func (c *Client) bring(ctx context.Context, u *url.URL, s Source, key string, offline bool) (digest store.Digest, err error) {
	lockCtx, cancel := context.WithTimeout(ctx, c.lockWait)
	unlock, lockErr := c.store.Lock(lockCtx, key)
	cancel()
	switch {
	case lockErr == nil:
		defer func() { err = errors.Join(err, unlock()) }()
	case ctx.Err() != nil:
		return store.Digest{}, context.Cause(ctx)
	default:
		c.log.DebugContext(ctx, "fetching without a lock", "url", redact(u), "error", lockErr)
	}
	f, s, err := c.stored(ctx, s)
	if err != nil {
		return store.Digest{}, err
	}
	if f != nil {
		return s.SHA256, f.Close()
	}
	if err := c.blobSlots.Acquire(ctx, 1); err != nil {
		return store.Digest{}, err
	}
	defer c.blobSlots.Release(1)
	if digest, ok, err := c.pull(ctx, s); ok || err != nil {
		return digest, err
	}
	if offline {
		return store.Digest{}, &OfflineError{URL: redact(u)}
	}
	return c.download(ctx, u, s)
}

func (c *Client) download(ctx context.Context, u *url.URL, s Source) (digest store.Digest, err error) {
	start := time.Now()
	w, err := c.store.NewWriter()
	if err != nil {
		return store.Digest{}, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	t := &transfer{
		client: c, url: u, writer: w, size: s.Size, limit: cmp.Or(s.Size, s.MaxBytes, defaultBlobBytes), hash: s.Integrity.newHash(),
		known: !s.SHA256.IsZero() || !s.Integrity.IsZero(), patience: c.newPatience(),
	}
	if err := c.retry(ctx, u, func() (bool, error) { return t.attempt(ctx) }); err != nil {
		return store.Digest{}, err
	}
	if t.resumed && t.judge(s) != nil {
		// The pieces may be of two files: once more, as one.
		if err := t.restart(); err != nil {
			return store.Digest{}, err
		}
		if err := c.retry(ctx, u, func() (bool, error) { return t.attempt(ctx) }); err != nil {
			return store.Digest{}, err
		}
	}
	if err := t.judge(s); err != nil {
		return store.Digest{}, fmt.Errorf("fetching %s: %w", redact(u), err)
	}
	digest, size := w.Sum(), w.Size()
	if s.Vet != nil {
		if err := s.Vet(ctx, w.File(), size); err != nil {
			return store.Digest{}, fmt.Errorf("fetching %s: %w", redact(u), err)
		}
	}
	if err := w.Commit(s.SHA256); err != nil {
		return store.Digest{}, fmt.Errorf("fetching %s: %w", redact(u), err)
	}
	if err := c.remember(s, digest); err != nil {
		return store.Digest{}, err
	}
	c.log.InfoContext(ctx, LogFetched, "url", redact(u), "bytes", size, "sha256", digest.Hex(), "took", time.Since(start))
	c.store.Offer(cmp.Or(s.sharedName(), store.RemoteName(digest)), digest, "")
	return digest, nil
}

// transfer is a download that may take several attempts.
type transfer struct {
	client    *Client
	url       *url.URL
	writer    *store.Writer
	size      int64     // exact, or 0
	limit     int64     // of what is written
	hash      hash.Hash // of what is written, for its integrity; may be nil
	known     bool      // a digest will tell whether the pieces are of one file
	patience  *patience
	validator string // names the version of the file that was begun
	resumed   bool
}

// judge compares the whole file with what s asks for.
func (t *transfer) judge(s Source) error {
	if !s.SHA256.IsZero() && t.writer.Sum() != s.SHA256 {
		return &store.DigestError{Want: s.SHA256, Got: t.writer.Sum(), Size: t.writer.Size()}
	}
	return s.Integrity.judge(t.hash, t.writer.Size())
}

// Write appends to the file.
func (t *transfer) Write(p []byte) (int, error) {
	n, err := t.writer.Write(p)
	t.client.received(n)
	if t.hash != nil {
		t.hash.Write(p[:n])
	}
	return n, err
}

// attempt brings the rest of the file and reports whether it came far.
func (t *transfer) attempt(ctx context.Context) (progress bool, err error) {
	held := t.writer.Size()
	if held > 0 && !t.known && t.validator == "" {
		if err := t.restart(); err != nil {
			return false, err
		}
	}
	begin := t.writer.Size()
	header := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"identity"}}
	if begin > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", begin))
		setIf(header, "If-Range", t.validator)
	}
	err = t.client.attempt(ctx, t.url, header, t.patience, func(a *http.Response) error { return t.take(a, begin) })
	var status *StatusError
	if begin > 0 && errors.As(err, &status) && status.Code == http.StatusRequestedRangeNotSatisfiable {
		return false, t.restartAfter(err)
	}
	if progress = t.writer.Size() >= held+progressBytes; progress {
		t.patience.restore()
	}
	return progress, err
}

// take writes an answer behind the first begin bytes.
func (t *transfer) take(a *http.Response, begin int64) error {
	switch {
	case a.StatusCode == http.StatusOK:
		if err := t.restart(); err != nil {
			return err
		}
		t.validator = validator(a.Header)
	case a.StatusCode == http.StatusPartialContent && begin > 0:
		if r, ok := contentRange(a.Header); !ok || r.first != begin {
			return t.restartAfter(errors.New("resuming: the server sent another range"))
		}
		t.resumed = true
	default:
		return &StatusError{URL: redact(a.Request.URL), Code: a.StatusCode}
	}
	if a.ContentLength > t.limit-t.writer.Size() {
		return &SizeError{URL: redact(a.Request.URL), Limit: t.limit}
	}
	_, err := io.Copy(t, io.LimitReader(a.Body, t.limit-t.writer.Size()+1))
	if err != nil {
		return err
	}
	got := t.writer.Size()
	if got > t.limit {
		return &SizeError{URL: redact(a.Request.URL), Limit: t.limit}
	}
	if t.size > 0 && got < t.size {
		return &temporary{err: fmt.Errorf("reading the answer: it ended after %d of %d bytes", got, t.size)}
	}
	return nil
}

// restart forgets what was written.
func (t *transfer) restart() error {
	t.resumed, t.validator = false, ""
	if t.hash != nil {
		t.hash.Reset()
	}
	return t.writer.Reset()
}

// restartAfter makes the next attempt begin anew, because of err.
func (t *transfer) restartAfter(err error) error {
	if fault := t.restart(); fault != nil {
		return errors.Join(err, fault)
	}
	return &temporary{err: err}
}

// validator returns a value for If-Range: a strong ETag, else the date.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}
