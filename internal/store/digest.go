package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Digest is the SHA-256 of a sequence of bytes: the identity of every blob.
// The zero Digest means "not known".
type Digest [sha256.Size]byte

// ParseDigest reads 64 hexadecimal digits, of either case.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*len(d) {
		return Digest{}, fmt.Errorf("parsing digest %q: want %d hexadecimal digits", s, 2*len(d))
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("parsing digest %q: %w", s, err)
	}
	return d, nil
}

// Sum returns the digest of b.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// SumJSON returns the digest of v's JSON, which sorts the keys of maps.
func SumJSON(v any) (Digest, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Digest{}, fmt.Errorf("encoding for a digest: %w", err)
	}
	return Sum(body), nil
}

// SumReader reads r to its end and returns the digest and the number of bytes. It
// ends with ctx.
func SumReader(ctx context.Context, r io.Reader) (Digest, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, Reader(ctx, r))
	if err != nil {
		return Digest{}, n, fmt.Errorf("reading for a digest: %w", err)
	}
	return Digest(h.Sum(nil)), n, nil
}

// SumFile returns the digest and the size of the regular file at name. What is no
// regular file, such as a pipe that nobody writes to, is an error, as *fs.PathError.
// It ends with ctx.
func SumFile(ctx context.Context, name string) (d Digest, size int64, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return Digest{}, 0, err
	}
	if !info.Mode().IsRegular() {
		return Digest{}, 0, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	f, err := os.Open(name)
	if err != nil {
		return Digest{}, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return SumReader(ctx, f)
}

// Reader returns r, but its reads end with ctx: the error is the cause of that.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &stoppable{stopped: ctx, in: r} }

type stoppable struct {
	stopped context.Context
	in      io.Reader
}

func (s *stoppable) Read(b []byte) (int, error) {
	if s.stopped.Err() != nil {
		return 0, context.Cause(s.stopped)
	}
	return s.in.Read(b)
}

// Hex returns the digest in lower-case hexadecimal, as indexes write it.
func (d Digest) Hex() string { return hex.EncodeToString(d[:]) }

// Base64 returns the digest in standard base64, as AWS writes CodeSha256.
func (d Digest) Base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// String is Hex.
func (d Digest) String() string { return d.Hex() }

// IsZero reports whether the digest is not known.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes Hex.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.Hex()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(b []byte) error {
	parsed, err := ParseDigest(string(b))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
