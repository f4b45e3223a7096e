package upload

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Verify reads the zip once, copies it to w, and returns a *DigestError if it
// is not what it was said to be. Of a zip that is larger than part bytes it
// returns the digests of its parts.
func (z Zip) Verify(ctx context.Context, w io.Writer, part int64) (parts Sums, err error) {
	r, err := z.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var digests *partSums
	if z.Size > part {
		digests = newPartSums(part)
		w = io.MultiWriter(w, digests)
	}
	// One byte more than announced shows a longer file without reading it all.
	got, n, err := store.SumReader(ctx, io.TeeReader(io.LimitReader(r, z.Size+1), w))
	if err != nil {
		return nil, fmt.Errorf("reading the zip: %w", err)
	}
	if got != z.SHA256 || n != z.Size {
		return nil, &DigestError{Want: z.SHA256, Got: got}
	}
	if digests == nil {
		return nil, nil
	}
	return digests.sums(), nil
}

// Sums are the SHA-256 digests of a zip's parts, which are of one size but for
// the last.
type Sums [][sha256.Size]byte

// Composite returns the checksum of an object that was put in these parts: the
// base64 digest of the digests and their number ("Checking object integrity for
// data uploads" in the user guide of S3), or "" without parts.
func (s Sums) Composite() string {
	if len(s) == 0 {
		return ""
	}
	all := sha256.New()
	for _, part := range s {
		_, _ = all.Write(part[:]) // a hash takes every write
	}
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(all.Sum(nil)), len(s))
}

// partSums digests what is written to it in parts of a size.
type partSums struct {
	size, left int64
	current    hash.Hash
	done       Sums
}

func newPartSums(size int64) *partSums {
	return &partSums{size: size, left: size, current: sha256.New()}
}

// Write digests on. It never fails.
func (p *partSums) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		n := min(int64(len(b)), p.left)
		_, _ = p.current.Write(b[:n]) // a hash takes every write
		b, p.left = b[n:], p.left-n
		if p.left == 0 {
			p.end()
		}
	}
	return total, nil
}

func (p *partSums) end() {
	p.done = append(p.done, [sha256.Size]byte(p.current.Sum(nil)))
	p.current.Reset()
	p.left = p.size
}

// sums ends the last part.
func (p *partSums) sums() Sums {
	if p.left < p.size {
		p.end()
	}
	return p.done
}

// Zip is an archive whose bytes are known in advance.
type Zip struct {
	// Open returns a new reader at the start of the archive; it is called
	// again for every pass over the bytes.
	Open func() (Reader, error)
	// SHA256 is the digest of the bytes. Nothing with another digest is
	// published.
	SHA256 store.Digest
	// Size is in bytes.
	Size int64
}

// Reader is an open archive.
type Reader interface {
	io.ReadSeekCloser
}

// DigestError tells that a zip does not hold the bytes it was announced with.
// Nothing was published.
type DigestError struct {
	Want, Got store.Digest
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the zip's SHA-256 is %s, planned was %s", e.Got.Base64(), e.Want.Base64())
}
