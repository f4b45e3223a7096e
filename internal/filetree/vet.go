package filetree

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// LocalHeaderSize is the length of the fixed part of a local header.
const LocalHeaderSize = localSize

// window is how much of an archive is read at once.
const window = 64 << 10

// DataOffset returns where in its archive the packed bytes of e start, given
// the LocalHeaderSize bytes at e.Header. A header that contradicts e is an
// *ArchiveError (APPNOTE.TXT 4.3.7).
func (e *Entry) DataOffset(header []byte) (int64, error) {
	flags := binary.LittleEndian.Uint16(header[6:])
	later := flags&flagDescriptor != 0
	agrees := func(at int, want int64) bool {
		v := binary.LittleEndian.Uint32(header[at:])
		return int64(v) == want || v == max32 || later && v == 0
	}
	crc := binary.LittleEndian.Uint32(header[14:])
	if binary.LittleEndian.Uint32(header) != localMagic ||
		flags&(flagEncrypted|flagStrong|flagMasked) != 0 ||
		binary.LittleEndian.Uint16(header[8:]) != e.Method ||
		crc != e.CRC32 && !(later && crc == 0) ||
		!agrees(18, e.PackedSize) || !agrees(22, e.Size) {
		return 0, e.refuse("has a local header that contradicts the directory")
	}
	data := e.Header + localSize + int64(binary.LittleEndian.Uint16(header[26:])) + int64(binary.LittleEndian.Uint16(header[28:]))
	if data+e.PackedSize > e.Archive.Size {
		return 0, e.refuse("reaches beyond the archive")
	}
	return data, nil
}

// Vet reads the whole archive once: it makes the checks of [FromZip] and
// inflates every entry, comparing name, size and CRC with what the directory and
// the local header say. After that the packed bytes may be copied unseen. A
// fault is an *ArchiveError. Memory does not grow with the contents.
func Vet(a *Archive) error { return VetWatched(a, nil) }

// Watcher sees the contents of the entries of an archive on their way.
type Watcher interface {
	// Start gets an entry, and returns what gets its content; nil does
	// without it.
	Start(e *Entry) io.Writer
	// Done is called when the content was whole, for entries that Start wants.
	Done(e *Entry) error
}

// VetWatched is [Vet], and shows what it inflates to w, which may be nil. What w
// saw counts for nothing after an error.
func VetWatched(a *Archive, w Watcher) error {
	f, err := a.Open()
	if err != nil {
		return fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { _ = f.Close() }()
	entries, directory, err := readZip(a, f, nil)
	if err != nil {
		return err
	}
	return vetEntries(f, entries, directory, w)
}

// OpenContent returns the unpacked content. A read that reaches the end reports
// io.EOF only if size and CRC are right, else an *ArchiveError. The caller
// closes it.
func (e Entry) OpenContent() (io.ReadCloser, error) {
	f, err := e.Archive.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", e.Archive.Name, err)
	}
	var u unpacker
	if _, err := u.start(f, &e); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &content{unpacker: &u, file: f}, nil
}

// ReadContent returns the whole unpacked content, whose size and CRC are right.
func (e Entry) ReadContent() (body []byte, err error) {
	in, err := e.OpenContent()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if body, err = io.ReadAll(in); err != nil {
		return nil, fmt.Errorf("reading %q: %w", e.Path, err)
	}
	return body, nil
}

// ReadEntries shows visit the contents of entries of one archive, one after
// another with the same buffers. visit need not read to the end; what it reads
// is checked as [Entry.OpenContent] does. An error of visit ends the reading.
func ReadEntries(a *Archive, entries Tree, visit func(e *Entry, content io.Reader) error) (err error) {
	f, err := a.Open()
	if err != nil {
		return fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var r ContentReader
	for i := range entries {
		content, err := r.Open(f, &entries[i])
		if err != nil {
			return err
		}
		if err := visit(&entries[i], content); err != nil {
			return err
		}
	}
	return nil
}

// ContentReader reads the contents of entries one after another, with the same
// buffers. The zero value is ready.
type ContentReader struct{ unpacker unpacker }

// Open returns the unpacked content of e, which lies in the file f of its archive.
// What was opened before is over then. Reads are checked as those of
// [Entry.OpenContent] are.
func (r *ContentReader) Open(f ArchiveFile, e *Entry) (io.Reader, error) {
	if _, err := r.unpacker.start(f, e); err != nil {
		return nil, err
	}
	return &r.unpacker, nil
}

type content struct {
	*unpacker
	file ArchiveFile
}

func (c *content) Close() error { return c.file.Close() }

// unpacker reads one entry after another, with the same buffers.
type unpacker struct {
	entry  *Entry
	packed *bufio.Reader
	flate  io.ReadCloser
	plain  io.Reader
	size   int64
	crc    uint32
	spare  []byte
}

// start makes the unpacker read e, and returns where its packed bytes end.
func (u *unpacker) start(f io.ReaderAt, e *Entry) (int64, error) {
	header := make([]byte, LocalHeaderSize)
	if err := readAt(e.Archive, f, header, e.Header); err != nil {
		return 0, err
	}
	data, err := e.DataOffset(header)
	if err != nil {
		return 0, err
	}
	section := io.NewSectionReader(f, data, e.PackedSize)
	if u.packed == nil {
		u.packed = bufio.NewReaderSize(section, window)
	} else {
		u.packed.Reset(section)
	}
	u.entry, u.plain, u.size, u.crc = e, u.packed, 0, 0
	if e.Method == Deflated {
		if err := u.resetFlate(); err != nil {
			return 0, err
		}
		u.plain = u.flate
	}
	return data + e.PackedSize, nil
}

func (u *unpacker) resetFlate() error {
	if u.flate == nil {
		u.flate = flate.NewReader(u.packed)
		return nil
	}
	resetter, ok := u.flate.(flate.Resetter)
	if !ok {
		return errors.New("inflating: the reader cannot be reset")
	}
	return resetter.Reset(u.packed, nil)
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.plain.Read(b)
	u.size += int64(n)
	u.crc = crc32.Update(u.crc, crc32.IEEETable, b[:n])
	var corrupt flate.CorruptInputError
	switch {
	case u.size > u.entry.Size:
		return 0, u.entry.refuse("unpacks to more bytes than it says")
	case errors.Is(err, io.EOF):
		if fault := u.finish(); fault != "" {
			return 0, u.entry.refuse(fault)
		}
		return n, io.EOF
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, u.entry.refuse("cannot be unpacked")
	case err != nil:
		return n, fmt.Errorf("reading %q: %w", u.entry.Archive.Name, err)
	}
	return n, nil
}

// finish says what is wrong at the end of the content, or "".
func (u *unpacker) finish() string {
	if u.size != u.entry.Size {
		return "unpacks to fewer bytes than it says"
	}
	if u.crc != u.entry.CRC32 {
		return "has another checksum than it says"
	}
	if _, err := u.packed.ReadByte(); !errors.Is(err, io.EOF) {
		return "is packed in fewer bytes than it says"
	}
	return ""
}

// vet reads e whole; its packed bytes must end before limit. w may be nil.
func (u *unpacker) vet(f io.ReaderAt, e *Entry, limit int64, w Watcher) error {
	end, err := u.start(f, e)
	if err != nil {
		return err
	}
	if end > limit {
		return e.refuse("reaches into what follows it")
	}
	header := make([]byte, localSize+len(e.Path))
	if err := readAt(e.Archive, f, header, e.Header); err != nil {
		return err
	}
	if int(binary.LittleEndian.Uint16(header[26:])) != len(e.Path) || string(header[localSize:]) != e.Path {
		return e.refuse("has another name in its local header")
	}
	if u.spare == nil {
		u.spare = make([]byte, window)
	}
	var to io.Writer
	if w != nil {
		to = w.Start(e)
	}
	for {
		n, err := u.Read(u.spare)
		if to != nil {
			if _, err := to.Write(u.spare[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) && to != nil:
			return w.Done(e)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (e *Entry) refuse(reason string) error {
	return &ArchiveError{Archive: e.Archive.Name, Entry: e.Path, Reason: reason}
}
