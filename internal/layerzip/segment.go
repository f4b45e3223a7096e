package layerzip

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

const (
	encoderLevel = 6

	// smallFile is packed in memory. A larger file is read twice instead, once
	// to learn its packed size, which the header before it must state, and once
	// to write it.
	smallFile  = 1 << 20
	maxWorkers = 4
	ahead      = 2 // packed files that wait for their turn, per worker
)

// Segment packs files as they were scanned into a zip that [filetree.FromZip]
// reads: deflated by [Encoder], or stored where that is not smaller, in the
// order given, none executable (the caller decides that by layer path). The
// bytes depend on the paths and contents alone, not on the number of cores.
// Memory does not grow with the files.
//
// A file whose content is not what the scan found is a *ChangedError, no files
// are ErrEmpty. After an error w holds part of the zip.
func Segment(ctx context.Context, w io.Writer, files []filetree.File) error {
	if len(files) == 0 {
		return ErrEmpty
	}
	for i := range files {
		if err := checkPath(files[i].Path); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := min(runtime.GOMAXPROCS(0), maxWorkers, len(files))
	s := segmenter{
		out:   newSink(w),
		queue: make(chan *job, workers*ahead),
		work:  make(chan *job),
	}
	var group sync.WaitGroup
	group.Go(func() { s.feed(ctx, files) })
	for range workers {
		group.Go(func() { s.pack(ctx) })
	}
	err := s.write(ctx)
	cancel()
	group.Wait()
	return err
}

// segmenter packs files on several cores and writes them in order: every job
// is in queue, in order, and in work, for whichever worker is free.
type segmenter struct {
	out     *sink
	queue   chan *job
	work    chan *job
	records []record
	offset  int64
}

// job is one file on its way into the zip. What a worker found may be read
// once done is closed.
type job struct {
	file   filetree.File
	record record
	bytes  []byte // packed; nil if the file is read again instead
	err    error
	done   chan struct{}
}

func (s *segmenter) feed(ctx context.Context, files []filetree.File) {
	defer close(s.queue)
	defer close(s.work)
	for i := range files {
		j := &job{file: files[i], done: make(chan struct{})}
		select {
		case s.queue <- j:
		case <-ctx.Done():
			return
		}
		select {
		case s.work <- j:
		case <-ctx.Done():
			return
		}
	}
}

func (s *segmenter) pack(ctx context.Context) {
	var p packer
	for j := range s.work {
		j.err = p.measure(ctx, j)
		close(j.done)
	}
}

func (s *segmenter) write(ctx context.Context) error {
	var p packer
	for j := range s.queue {
		select {
		case <-j.done:
		case <-ctx.Done():
			return fmt.Errorf("packing files: %w", ctx.Err())
		}
		if j.err != nil {
			return j.err
		}
		if err := s.writeOne(ctx, &p, j); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("packing files: %w", err)
	}
	return s.out.finish(s.records, s.offset)
}

func (s *segmenter) writeOne(ctx context.Context, p *packer, j *job) error {
	r := j.record
	r.offset = s.offset
	s.offset += r.localLen() + r.packed
	if s.offset > max32 {
		return &LimitError{Size: s.offset}
	}
	s.records = append(s.records, r)
	if err := s.out.render(r.appendLocal); err != nil {
		return err
	}
	if r.packed == int64(len(j.bytes)) {
		return s.out.add(j.bytes)
	}
	return p.repeat(ctx, j, s.out)
}

// packer reads and deflates one file after another, with the same buffers.
type packer struct {
	encoder *flate.Writer
	buf     []byte
	packed  bytes.Buffer
}

// measure fills in the job's record, and its bytes if it is small.
func (p *packer) measure(ctx context.Context, j *job) error {
	f := &j.file
	j.record = record{name: f.Path, method: filetree.Deflated, size: f.Size}
	var counted counter
	var to io.Writer = &counted
	if f.Size <= smallFile {
		p.packed.Reset()
		to = io.MultiWriter(&p.packed, &counted)
	}
	crc := crc32.NewIEEE()
	if err := p.deflate(ctx, f, to, crc); err != nil {
		return err
	}
	j.record.crc, j.record.packed = crc.Sum32(), int64(counted)
	switch {
	case j.record.packed >= f.Size:
		j.record.method, j.record.packed = filetree.Stored, f.Size
	case f.Size <= smallFile:
		j.bytes = bytes.Clone(p.packed.Bytes())
	}
	return nil
}

// repeat writes what measure measured.
func (p *packer) repeat(ctx context.Context, j *job, out *sink) error {
	left := limited{out: out, left: j.record.packed}
	var err error
	if j.record.method == filetree.Stored {
		err = p.read(ctx, &j.file, &left)
	} else {
		err = p.deflate(ctx, &j.file, &left, io.Discard)
	}
	if errors.Is(err, errLonger) || err == nil && left.left != 0 {
		return &ChangedError{Path: j.file.Path, Source: j.file.Source}
	}
	return err
}

// deflate writes the deflated content to out, and the content itself to plain.
func (p *packer) deflate(ctx context.Context, f *filetree.File, out, plain io.Writer) error {
	if p.encoder == nil {
		encoder, err := flate.NewWriter(out, encoderLevel)
		if err != nil {
			return fmt.Errorf("deflating %q: %w", f.Path, err)
		}
		p.encoder = encoder
	} else {
		p.encoder.Reset(out)
	}
	if err := p.read(ctx, f, io.MultiWriter(p.encoder, plain)); err != nil {
		return err
	}
	if err := p.encoder.Close(); err != nil {
		return fmt.Errorf("deflating %q: %w", f.Path, err)
	}
	return nil
}

// read copies the content to w, and makes sure that it is what was scanned.
func (p *packer) read(ctx context.Context, f *filetree.File, w io.Writer) error {
	in, err := os.Open(f.Source)
	if err != nil {
		return fmt.Errorf("packing %q: %w", f.Path, err)
	}
	defer func() { _ = in.Close() }()
	if p.buf == nil {
		p.buf = make([]byte, 64<<10)
	}
	sum := sha256.New()
	size, err := p.copy(ctx, io.LimitReader(in, f.Size+1), w, sum)
	if err != nil {
		return fmt.Errorf("packing %q: %w", f.Path, err)
	}
	if size != f.Size || [sha256.Size]byte(sum.Sum(nil)) != f.SHA256 {
		return &ChangedError{Path: f.Path, Source: f.Source}
	}
	return nil
}

func (p *packer) copy(ctx context.Context, in io.Reader, w io.Writer, sum hash.Hash) (size int64, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, errRead := in.Read(p.buf)
		size += int64(n)
		sum.Write(p.buf[:n])
		if _, err := w.Write(p.buf[:n]); err != nil {
			return 0, err
		}
		switch {
		case errors.Is(errRead, io.EOF):
			return size, nil
		case errRead != nil:
			return 0, errRead
		}
	}
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

var errLonger = errors.New("more bytes than measured")

// limited passes on as many bytes as were measured, and no more: a file that
// changes while it is read for the second time must not shift what follows.
type limited struct {
	out  *sink
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	if int64(len(b)) > l.left {
		return 0, errLonger
	}
	l.left -= int64(len(b))
	return len(b), l.out.add(b)
}
