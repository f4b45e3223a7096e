package layerzip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// spillAfter is how many packed bytes of a large file are held in memory,
// until its header can be written before them.
const spillAfter = 2 << 20

// Streamer packs files that arrive one after another, such as those of a
// tarball, into a zip that [filetree.FromZip] reads: deflated by [Encoder], or
// stored where a file of up to 1 MiB would not get smaller. The bytes depend on
// what is added and its order alone. It makes one zip after another with the
// same buffers, about 6 MiB whatever the files' sizes, and is not safe for
// concurrent use.
type Streamer struct {
	spill   *store.Store
	out     *sink
	encoder *flate.Writer
	plain   []byte
	packed  bytes.Buffer
	records []record
	at      map[string]int // path to its place in records
	offset  int64
}

// NewStreamer returns a Streamer that puts what it cannot hold into temporary
// files of the store.
func NewStreamer(spill *store.Store) *Streamer { return &Streamer{spill: spill} }

// Start begins a zip on w, and forgets one that was not finished.
func (s *Streamer) Start(w io.Writer) {
	if s.out == nil {
		s.out = newSink(w)
	}
	s.out.reset(w)
	s.records, s.at, s.offset = s.records[:0], map[string]int{}, 0
}

// Add packs a file of size bytes. One of the same path as an earlier one takes
// its place. A path that is not clean is a *filetree.PathError. After an error
// the zip is lost.
func (s *Streamer) Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("packing %q: %w", path, err)
	}
	r := record{name: path, exec: exec, size: size, offset: s.offset}
	var err error
	if size <= smallFile {
		err = s.addSmall(&r, content)
	} else {
		err = s.addLarge(ctx, &r, content)
	}
	if err != nil {
		return err
	}
	s.offset += r.localLen() + r.packed
	if s.offset > max32 {
		return &LimitError{Size: s.offset}
	}
	if i, again := s.at[path]; again {
		s.records[i].name = "" // its bytes stay behind, unlisted
	}
	s.at[path] = len(s.records)
	s.records = append(s.records, r)
	return nil
}

// SetExec makes a file executable; there may be none of that path.
func (s *Streamer) SetExec(path string) {
	if i, ok := s.at[path]; ok {
		s.records[i].exec = true
	}
}

// Finish writes what is left of the zip. Without files it is an empty one.
func (s *Streamer) Finish() error {
	listed := s.records[:0]
	for _, r := range s.records {
		if r.name != "" {
			listed = append(listed, r)
		}
	}
	return s.out.finish(listed, s.offset)
}

// addSmall packs a file in memory.
func (s *Streamer) addSmall(r *record, content io.Reader) error {
	if s.plain == nil {
		s.plain = make([]byte, smallFile+1)
	}
	n, err := io.ReadFull(content, s.plain[:r.size+1])
	if err := wholeFile(r, int64(n), err); err != nil {
		return err
	}
	plain := s.plain[:n]
	s.packed.Reset()
	if err := s.deflate(&s.packed, func(w io.Writer) error { _, err := w.Write(plain); return err }); err != nil {
		return fmt.Errorf("deflating %q: %w", r.name, err)
	}
	r.crc, r.method, r.packed = crc32.ChecksumIEEE(plain), filetree.Deflated, int64(s.packed.Len())
	packed := s.packed.Bytes()
	if r.packed >= r.size {
		r.method, r.packed, packed = filetree.Stored, r.size, plain
	}
	if err := s.out.render(r.appendLocal); err != nil {
		return err
	}
	return s.out.add(packed)
}

// addLarge packs a file of any size. Its packed bytes go into a file where
// they are many.
func (s *Streamer) addLarge(ctx context.Context, r *record, content io.Reader) (err error) {
	if s.plain == nil {
		s.plain = make([]byte, smallFile+1)
	}
	s.packed.Reset()
	to := &spillWriter{held: &s.packed, store: s.spill}
	defer func() { err = errors.Join(err, to.close()) }()
	crc := crc32.NewIEEE()
	var size int64
	pump := func(w io.Writer) error {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, errRead := io.ReadFull(content, s.plain[:smallFile])
			size += int64(n)
			crc.Write(s.plain[:n])
			if _, err := w.Write(s.plain[:n]); err != nil {
				return err
			}
			if errRead != nil {
				return wholeFile(r, size, errRead)
			}
			if size > r.size {
				return wholeFile(r, size, nil)
			}
		}
	}
	if err := s.deflate(to, pump); err != nil {
		return fmt.Errorf("packing %q: %w", r.name, err)
	}
	r.crc, r.method, r.packed = crc.Sum32(), filetree.Deflated, to.size
	if err := s.out.render(r.appendLocal); err != nil {
		return err
	}
	return to.copyTo(s.out, s.plain)
}

// wholeFile judges the end of reading a file that was announced with r.size
// bytes.
func wholeFile(r *record, got int64, err error) error {
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case got != r.size:
		return fmt.Errorf("packing %q: it has other than the %d bytes it was announced with", r.name, r.size)
	}
	return nil
}

// deflate packs into w what pump writes.
func (s *Streamer) deflate(w io.Writer, pump func(io.Writer) error) error {
	if s.encoder == nil {
		encoder, err := flate.NewWriter(w, encoderLevel)
		if err != nil {
			return err
		}
		s.encoder = encoder
	} else {
		s.encoder.Reset(w)
	}
	if err := pump(s.encoder); err != nil {
		return err
	}
	return s.encoder.Close()
}

// spillWriter holds bytes in memory until they are too many.
type spillWriter struct {
	held  *bytes.Buffer
	store *store.Store
	file  *store.Writer
	size  int64
}

func (w *spillWriter) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	if w.file == nil && w.held.Len()+len(p) <= spillAfter {
		return w.held.Write(p)
	}
	if w.file == nil {
		file, err := w.store.NewWriter()
		if err != nil {
			return 0, err
		}
		w.file = file
		if _, err := w.file.Write(w.held.Bytes()); err != nil {
			return 0, err
		}
	}
	return w.file.Write(p)
}

// copyTo writes all of it to out, through buf.
func (w *spillWriter) copyTo(out *sink, buf []byte) error {
	if w.file == nil {
		return out.add(w.held.Bytes())
	}
	for at := int64(0); at < w.size; {
		n, err := w.file.File().ReadAt(buf[:min(int64(len(buf)), w.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			return fmt.Errorf("reading a temporary file: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		if err := out.add(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

// close removes the file, if there is one.
func (w *spillWriter) close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Abort()
}
