package publish

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
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
