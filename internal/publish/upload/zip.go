package upload

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
	whole := sha256.New()
	// One byte more than announced shows a longer file without reading it all.
	in := io.TeeReader(io.NewSectionReader(r, 0, z.Size+1), io.MultiWriter(w, whole))
	var size int64
	for {
		sum, n, err := store.SumReader(ctx, io.LimitReader(in, part))
		if err != nil {
			return nil, fmt.Errorf("reading the zip: %w", err)
		}
		if n == 0 {
			break
		}
		parts, size = append(parts, sum), size+n
	}
	if got := store.Digest(whole.Sum(nil)); got != z.SHA256 || size != z.Size {
		return nil, &DigestError{Want: z.SHA256, Got: got}
	}
	if z.Size <= part {
		return nil, nil
	}
	return parts, nil
}

// Sums are the SHA-256 digests of a zip's parts, which are of one size but for
// the last.
type Sums []store.Digest

// Composite returns the checksum of an object that was put in these parts: the
// base64 digest of the digests and their number ("Checking object integrity for
// data uploads" in the user guide of S3), or "" without parts.
func (s Sums) Composite() string {
	if len(s) == 0 {
		return ""
	}
	var all []byte
	for _, part := range s {
		all = append(all, part[:]...)
	}
	return fmt.Sprintf("%s-%d", store.Sum(all).Base64(), len(s))
}

// Zip is an archive whose bytes are known in advance.
type Zip struct {
	// Open opens the archive; it is called again for every pass over the bytes.
	Open func() (Reader, error)
	// SHA256 is the digest of the bytes. Nothing with another digest is
	// published.
	SHA256 store.Digest
	// Size is in bytes.
	Size int64
}

// Reader is an open archive. Several parts of it may be read at once.
type Reader interface {
	io.ReaderAt
	io.Closer
}

// DigestError tells that a zip does not hold the bytes it was announced with.
// Nothing was published.
type DigestError struct {
	Want, Got store.Digest
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the zip's SHA-256 is %s, planned was %s", e.Got.Base64(), e.Want.Base64())
}
