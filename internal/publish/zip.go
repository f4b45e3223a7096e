package publish

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// FileZip describes the archive at a path whose digest and size are known. The
// file is opened when its bytes are needed.
func FileZip(path string, sha256 store.Digest, size int64) Zip {
	return Zip{
		Open:   func() (Reader, error) { return os.Open(path) },
		SHA256: sha256, Size: size,
	}
}

// MeasureZip reads the archive at a path and returns it with its digest and
// size. A file that does not begin as a zip with entries is an error.
func MeasureZip(ctx context.Context, path string) (zip Zip, err error) {
	f, err := os.Open(path)
	if err != nil {
		return Zip{}, fmt.Errorf("opening the zip: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest, size, err := store.SumReader(ctx, f)
	if err != nil {
		return Zip{}, fmt.Errorf("reading the zip %q: %w", path, err)
	}
	head := make([]byte, 4)
	if n, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) || string(head[:n]) != "PK\x03\x04" {
		return Zip{}, fmt.Errorf("reading the zip %q: it is not a zip, or an empty one, which AWS would refuse", path)
	}
	return FileZip(path, digest, size), nil
}

// ParseCodeSHA256 reads a digest in the form of CodeSha256 and
// source_code_hash: 32 bytes in standard base64.
func ParseCodeSHA256(s string) (store.Digest, error) {
	if _, err := store.ParseDigest(s); err == nil {
		return store.Digest{}, fmt.Errorf("reading code hash %q: it is in the hexadecimal form, want base64: write filebase64sha256(…), or source_code_hash of the package", s)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(store.Digest{}) {
		return store.Digest{}, fmt.Errorf("reading code hash %q: want a SHA-256 in base64, as filebase64sha256 writes it", s)
	}
	return store.Digest(b), nil
}

// verify reads the zip once, copies it to w, and returns a *DigestError if it
// is not what it was said to be. Of a zip that is larger than part bytes it
// returns the digests of its parts.
func (z Zip) verify(ctx context.Context, w io.Writer, part int64) (parts sums, err error) {
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

// sums are the SHA-256 digests of a zip's parts, which are of one size but for
// the last.
type sums [][sha256.Size]byte

// composite returns the checksum of an object that was put in these parts: the
// base64 digest of the digests and their number ("Checking object integrity for
// data uploads" in the user guide of S3), or "" without parts.
func (s sums) composite() string {
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
	done       sums
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
func (p *partSums) sums() sums {
	if p.left < p.size {
		p.end()
	}
	return p.done
}
