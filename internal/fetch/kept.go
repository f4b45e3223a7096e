package fetch

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// locate fills in the SHA-256 of a source that is named by its integrity, if
// the store holds such a blob.
func (c *Client) locate(s Source) Source {
	if !s.SHA256.IsZero() || s.Integrity.IsZero() {
		return s
	}
	if digests[s.Integrity.algorithm].name == "sha256" && len(s.Integrity.sums) == 1 {
		s.SHA256 = store.Digest([]byte(s.Integrity.sums[0]))
		return s
	}
	body, _, err := c.store.GetRecord(integrityBucket, s.Integrity.String())
	if err != nil {
		return s
	}
	if known, err := store.ParseDigest(string(body)); err == nil && c.store.Has(known, knownSize(s)) {
		s.SHA256 = known
	}
	return s
}

// stored opens the blob of a source that the store holds, at its start, and returns
// the source with its SHA-256. Its bytes were read and are those that the source
// asks for, by SHA-256 and by integrity: a damaged blob is dropped, and one that
// only a record gives for the integrity is passed over. f is nil where there is no
// such blob.
func (c *Client) stored(ctx context.Context, s Source) (f *os.File, found Source, err error) {
	asked := s
	if s = c.locate(s); s.SHA256.IsZero() {
		return nil, asked, nil
	}
	f, err = c.store.OpenVerified(ctx, s.SHA256, knownSize(s))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, asked, nil
	}
	if err != nil || s.Integrity.IsZero() {
		return f, s, err
	}
	key := s.Integrity.String() + " " + s.SHA256.Hex()
	if _, known := c.matched.Load(key); known {
		return f, s, nil
	}
	err = s.Integrity.Check(f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		c.matched.Store(key, true)
		return f, s, nil
	}
	closed := f.Close()
	if _, wrong := errors.AsType[*IntegrityError](err); wrong {
		return nil, asked, closed
	}
	return nil, asked, errors.Join(err, closed)
}

// remember notes under which digest the store holds a blob of an integrity.
func (c *Client) remember(s Source, digest store.Digest) error {
	if s.Integrity.IsZero() {
		return nil
	}
	return c.store.PutRecord(integrityBucket, s.Integrity.String(), []byte(digest.Hex()))
}

func knownSize(s Source) int64 {
	if s.Size == 0 {
		return -1
	}
	return s.Size
}

const (
	defaultBlobBytes = 4 << 30
	// progressBytes is how much an attempt must bring not to count against
	// the retries: a long file over a bad line gets through in pieces.
	progressBytes = 1 << 20
)
