package layerzip

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const (
	writeBuffer   = 256 << 10
	longestRecord = centralSize + 4096 // with the longest path that checkPath lets pass
)

// sink gathers the zip in large pieces, and digests each on its way out.
type sink struct {
	w    io.Writer
	hash hash.Hash
	buf  []byte
}

func newSink(w io.Writer) *sink {
	return &sink{w: w, hash: sha256.New(), buf: make([]byte, 0, writeBuffer)}
}

// reset makes the sink begin anew, on w.
func (s *sink) reset(w io.Writer) {
	s.w, s.buf = w, s.buf[:0]
	s.hash.Reset()
}

// add appends b.
func (s *sink) add(b []byte) error {
	for len(b) > 0 {
		n := min(len(b), cap(s.buf)-len(s.buf))
		s.buf = append(s.buf, b[:n]...)
		b = b[n:]
		if len(s.buf) == cap(s.buf) {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// render appends what appendTo appends: one record.
func (s *sink) render(appendTo func([]byte) []byte) error {
	if cap(s.buf)-len(s.buf) < longestRecord {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.buf = appendTo(s.buf)
	return nil
}

// finish writes the directory, which starts at offset, and all that is left.
func (s *sink) finish(records []record, offset int64) error {
	var size int64
	for i := range records {
		if err := s.render(records[i].appendCentral); err != nil {
			return err
		}
		size += records[i].centralLen()
	}
	err := s.render(func(b []byte) []byte { return appendEnd(b, len(records), offset, size) })
	if err != nil {
		return err
	}
	return s.flush()
}

func (s *sink) flush() error {
	s.hash.Write(s.buf)
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("writing a layer: %w", err)
	}
	s.buf = s.buf[:0]
	return nil
}

func (s *sink) sum() store.Digest { return store.Digest(s.hash.Sum(nil)) }
