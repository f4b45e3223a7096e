package layerzip

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/klauspost/compress/flate"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const (
	encoderLevel = 6

	// smallFile is packed in memory.
	smallFile = 1 << 20
	// spillAfter is how many packed bytes of a large file are held in memory,
	// until its header can be written before them.
	spillAfter = 2 << 20
)

// Streamer packs files that arrive one after another, such as those of a
// tarball, into a zip that [filetree.FromZip] reads: deflated by [Encoder], or
// stored where a file of up to 1 MiB would not get smaller. The bytes depend on
// what is added and its order alone, not on the number of workers. It makes one zip
// after another with the same buffers, about 4 MiB for each worker whatever the
// files' sizes, and is not safe for concurrent use.
type Streamer struct {
	spill   *store.Store
	out     sink
	workers []worker // take small files in turn
	turn    int
	records []record
	at      map[string]int // path to its place in records
	offset  int64
}

// worker deflates a file.
type worker struct {
	encoder *flate.Writer
	plain   []byte
	packed  bytes.Buffer

	// done yields once, where a small file is with the worker: the one at this
	// place in records.
	done   chan error
	record int
}

// NewStreamer returns a Streamer that puts what it cannot hold into temporary
// files of the store. It deflates so many small files at once.
func NewStreamer(spill *store.Store, workers int) *Streamer {
	return &Streamer{spill: spill, out: newSink(nil), workers: make([]worker, workers)}
}

// Start begins a zip on w, and forgets one that was not finished.
func (s *Streamer) Start(w io.Writer) {
	s.out.Reset(w)
	for i := range s.workers {
		if done := s.workers[i].done; done != nil {
			<-done //nolint:errcheck // the zip is forgotten
			s.workers[i].done = nil
		}
	}
	s.records, s.at, s.offset = s.records[:0], map[string]int{}, 0
}

// Add packs a file of size bytes. One of the same path as an earlier one takes
// its place. A path that is not clean is a *filetree.PathError. After an error
// the zip is lost.
func (s *Streamer) Add(ctx context.Context, path string, exec bool, size int64, content io.Reader) error {
	return s.add(ctx, record{name: path, exec: exec, size: size}, content, nil)
}

// AddFile packs a file of the disk as it was scanned, not executable: the caller
// decides that by layer path. It is stored where it would not get smaller, however
// large it is. A file whose content is not what the scan found is a *ChangedError.
// watch, which may be nil, gets what is read, of a stored large file twice.
func (s *Streamer) AddFile(ctx context.Context, f filetree.File, watch io.Writer) error {
	in, err := os.Open(f.Source)
	if err != nil {
		return fmt.Errorf("packing %q: %w", f.Path, err)
	}
	defer func() { _ = in.Close() }()
	changed := &ChangedError{Path: f.Path, Source: f.Source}
	sum := sha256.New()
	same := func() bool { return store.Digest(sum.Sum(nil)) == f.SHA256 }
	again := func() error {
		if !same() {
			return changed
		}
		sum.Reset()
		_, err := in.Seek(0, io.SeekStart)
		return err
	}
	read := io.TeeReader(in, sum)
	if watch != nil {
		read = io.TeeReader(read, watch)
	}
	err = s.add(ctx, record{name: f.Path, size: f.Size}, read, again)
	if _, other := errors.AsType[*sizeError](err); other || errors.Is(err, changed) || err == nil && !same() {
		return changed
	}
	return err
}

// SetExec makes a file executable; there may be none of that path.
func (s *Streamer) SetExec(path string) {
	if i, ok := s.at[path]; ok {
		s.records[i].exec = true
	}
}

// Finish writes what is left of the zip. Without files it is an empty one.
func (s *Streamer) Finish() error {
	if err := s.collect(); err != nil {
		return err
	}
	listed := s.records[:0]
	for i, r := range s.records {
		if s.at[r.name] == i { // else its bytes stay behind, unlisted
			listed = append(listed, r)
		}
	}
	return s.out.finish(listed, s.offset)
}

// add packs a file. again, where it is not nil, lets its content be read once more,
// from the start.
func (s *Streamer) add(ctx context.Context, r record, content io.Reader, again func() error) error {
	if err := checkPath(r.name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("packing %q: %w", r.name, err)
	}
	s.at[r.name] = len(s.records)
	s.records = append(s.records, r)
	if r.size <= smallFile {
		return s.addSmall(&r, content)
	}
	if err := s.collect(); err != nil {
		return err
	}
	if err := s.addLarge(ctx, &s.records[len(s.records)-1], content, again); err != nil {
		return fmt.Errorf("packing %q: %w", r.name, err)
	}
	return nil
}

// addSmall reads a file, and has the next worker deflate it in memory.
func (s *Streamer) addSmall(r *record, content io.Reader) error {
	w := &s.workers[s.turn]
	s.turn = (s.turn + 1) % len(s.workers)
	if err := s.write(w); err != nil {
		return err
	}
	n, err := io.ReadFull(content, w.buffer()[:r.size+1])
	if err := wholeFile(r, int64(n), err); err != nil {
		return fmt.Errorf("packing %q: %w", r.name, err)
	}
	w.record, w.done = len(s.records)-1, make(chan error, 1)
	pack := func() {
		w.done <- w.deflate(&w.packed, func(to io.Writer) error { _, err := to.Write(w.plain[:n]); return err })
	}
	if len(s.workers) == 1 {
		pack()
	} else {
		go pack()
	}
	return nil
}

// write writes the small file that a worker has, if it has one.
func (s *Streamer) write(w *worker) error {
	if w.done == nil {
		return nil
	}
	err := <-w.done
	w.done = nil
	r := &s.records[w.record]
	if err != nil {
		return fmt.Errorf("deflating %q: %w", r.name, err)
	}
	plain, packed := w.plain[:r.size], w.packed.Bytes()
	r.crc, r.method = crc32.ChecksumIEEE(plain), filetree.Deflated
	if len(packed) >= len(plain) {
		r.method, packed = filetree.Stored, plain
	}
	if err := s.begin(r, int64(len(packed))); err != nil {
		return err
	}
	_, err = s.out.Write(packed)
	return err
}

// collect writes what all workers have, in the order in which it came.
func (s *Streamer) collect() error {
	for i := range s.workers {
		if err := s.write(&s.workers[(s.turn+i)%len(s.workers)]); err != nil {
			return err
		}
	}
	return nil
}

// begin writes the header before so many packed bytes.
func (s *Streamer) begin(r *record, packed int64) error {
	r.offset, r.packed = s.offset, packed
	s.offset += r.localLen() + r.packed
	if s.offset > max32 {
		return &LimitError{Size: s.offset}
	}
	return s.out.render(r.appendLocal)
}

// addLarge packs a file of any size. Its packed bytes go into a file where
// they are many.
func (s *Streamer) addLarge(ctx context.Context, r *record, content io.Reader, again func() error) (err error) {
	w := &s.workers[0]
	to := &spillWriter{held: &w.packed, store: s.spill}
	defer func() { err = errors.Join(err, to.close()) }()
	crc := crc32.NewIEEE()
	err = w.deflate(to, func(out io.Writer) error { return w.pump(ctx, r, io.TeeReader(content, crc), out) })
	if err != nil {
		return err
	}
	r.crc, r.method = crc.Sum32(), filetree.Deflated
	if again == nil || to.size < r.size {
		if err := s.begin(r, to.size); err != nil {
			return err
		}
		return to.copyTo(s.out)
	}
	r.method = filetree.Stored
	if err := again(); err != nil {
		return err
	}
	if err := s.begin(r, r.size); err != nil {
		return err
	}
	return w.pump(ctx, r, content, s.out)
}

// buffer returns what plain bytes are read into.
func (w *worker) buffer() []byte {
	if w.plain == nil {
		w.plain = make([]byte, smallFile+1)
	}
	return w.plain
}

// pump copies a file in large pieces, and no more than one beyond its size.
func (w *worker) pump(ctx context.Context, r *record, content io.Reader, out io.Writer) error {
	for size := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, errRead := io.ReadFull(content, w.buffer()[:smallFile])
		size += int64(n)
		if _, err := out.Write(w.plain[:n]); err != nil {
			return err
		}
		if errRead != nil || size > r.size {
			return wholeFile(r, size, errRead)
		}
	}
}

// wholeFile judges the end of reading a file that was announced with r.size
// bytes.
func wholeFile(r *record, got int64, err error) error {
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case got != r.size:
		return &sizeError{r.size}
	}
	return nil
}

// sizeError tells that a file is shorter or longer than it was announced.
type sizeError struct{ announced int64 }

func (e *sizeError) Error() string {
	return fmt.Sprintf("it has other than the %d bytes it was announced with", e.announced)
}

// deflate packs into to what fill writes, from the start of what is packed.
func (w *worker) deflate(to io.Writer, fill func(io.Writer) error) error {
	w.packed.Reset()
	if w.encoder == nil {
		encoder, err := flate.NewWriter(to, encoderLevel)
		if err != nil {
			return err
		}
		w.encoder = encoder
	} else {
		w.encoder.Reset(to)
	}
	if err := fill(w.encoder); err != nil {
		return err
	}
	return w.encoder.Close()
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

// copyTo writes all of it to out.
func (w *spillWriter) copyTo(out io.Writer) error {
	if w.file == nil {
		_, err := out.Write(w.held.Bytes())
		return err
	}
	if _, err := io.CopyN(out, io.NewSectionReader(w.file.File(), 0, w.size), w.size); err != nil {
		return fmt.Errorf("reading a temporary file: %w", err)
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
