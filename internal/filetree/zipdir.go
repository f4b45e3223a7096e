package filetree

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Sizes and signatures of APPNOTE.TXT 4.3, and what we accept at most: far
// beyond any layer, and small enough to keep memory and time bounded against
// an archive made to hurt.
const (
	localSize      = 30
	centralSize    = 46
	endSize        = 22
	end64Size      = 56
	locator64Size  = 20
	maxComment     = 1<<16 - 1
	maxEntries     = 1 << 18
	maxDirectory   = 32 << 20
	maxUnpacked    = 4 << 30
	maxDeflate     = 1032 // unpacked bytes that one deflated byte can stand for
	localMagic     = 0x04034b50
	centralMagic   = 0x02014b50
	endMagic       = 0x06054b50
	end64Magic     = 0x06064b50
	locator64Magic = 0x07064b50
	max16          = 1<<16 - 1
	max32          = 1<<32 - 1
)

// Bits of the general purpose flag (APPNOTE.TXT 4.4.4).
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagPatched    = 1 << 5
	flagStrong     = 1 << 6
	flagMasked     = 1 << 13
)

// File type and exec bits of st_mode, which the external attributes carry.
const (
	modeType    = 0o170000
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeLink    = 0o120000
	modeExec    = 0o111
)

// directory is where the central directory lies. It ends where its end record
// starts: a gap, or bytes before the archive, would be read differently by
// different readers.
type directory struct {
	offset, size, count int64
}

func findDirectory(a *Archive, f io.ReaderAt) (directory, error) {
	tail := make([]byte, min(a.Size, endSize+maxComment+locator64Size))
	start := a.Size - int64(len(tail))
	if err := readAt(a, f, tail, start); err != nil {
		return directory{}, err
	}
	at := lastEnd(tail)
	if at < 0 {
		return directory{}, &ArchiveError{Archive: a.Name, Reason: "is not a zip archive, or is truncated"}
	}
	end := tail[at:]
	if len(end) != endSize+int(binary.LittleEndian.Uint16(end[20:])) {
		return directory{}, &ArchiveError{Archive: a.Name, Reason: "has bytes behind its end"}
	}
	if binary.LittleEndian.Uint32(end[4:]) != 0 || binary.LittleEndian.Uint16(end[8:]) != binary.LittleEndian.Uint16(end[10:]) {
		return directory{}, &ArchiveError{Archive: a.Name, Reason: "is split over several files"}
	}
	d := directory{
		offset: int64(binary.LittleEndian.Uint32(end[16:])),
		size:   int64(binary.LittleEndian.Uint32(end[12:])),
		count:  int64(binary.LittleEndian.Uint16(end[10:])),
	}
	stop := start + int64(at)
	if at >= locator64Size && binary.LittleEndian.Uint32(tail[at-locator64Size:]) == locator64Magic {
		var err error
		if d, stop, err = findDirectory64(a, f, tail[at-locator64Size:at], stop-locator64Size, d); err != nil {
			return directory{}, err
		}
	}
	return d, d.check(a, stop)
}

// lastEnd returns the index of the last end record's signature, or -1. A
// comment that holds the signature makes the archive ambiguous, and lets the
// check of the comment's length fail.
func lastEnd(tail []byte) int {
	for i := len(tail) - endSize; i >= 0; i-- {
		if binary.LittleEndian.Uint32(tail[i:]) == endMagic {
			return i
		}
	}
	return -1
}

// findDirectory64 reads the zip64 end record (APPNOTE.TXT 4.3.14), which wins
// over the plain one; where that one does not refer to it, both must agree.
func findDirectory64(a *Archive, f io.ReaderAt, locator []byte, locatorAt int64, plain directory) (directory, int64, error) {
	lie := &ArchiveError{Archive: a.Name, Reason: "has a zip64 end record that cannot be true"}
	at := int64(binary.LittleEndian.Uint64(locator[8:]))
	if at < 0 || at > locatorAt-end64Size {
		return directory{}, 0, lie
	}
	end := make([]byte, end64Size)
	if err := readAt(a, f, end, at); err != nil {
		return directory{}, 0, err
	}
	length := binary.LittleEndian.Uint64(end[4:])
	d := directory{
		offset: int64(binary.LittleEndian.Uint64(end[48:])),
		size:   int64(binary.LittleEndian.Uint64(end[40:])),
		count:  int64(binary.LittleEndian.Uint64(end[32:])),
	}
	switch {
	case binary.LittleEndian.Uint32(end) != end64Magic,
		length != uint64(locatorAt-at-12),
		plain.count != max16 && plain.count != d.count,
		plain.size != max32 && plain.size != d.size,
		plain.offset != max32 && plain.offset != d.offset:
		return directory{}, 0, lie
	case binary.LittleEndian.Uint32(end[16:]) != 0 || binary.LittleEndian.Uint64(end[24:]) != uint64(d.count):
		return directory{}, 0, &ArchiveError{Archive: a.Name, Reason: "is split over several files"}
	}
	return d, at, nil
}

func (d directory) check(a *Archive, stop int64) error {
	switch {
	case d.offset < 0 || d.size < 0 || d.count < 0 || d.offset > stop || d.size != stop-d.offset:
		return &ArchiveError{Archive: a.Name, Reason: "has a directory that does not lie where its end record says"}
	case d.count > maxEntries:
		return &ArchiveError{Archive: a.Name, Reason: fmt.Sprintf("has %d entries; %d are the limit", d.count, maxEntries)}
	case d.size > maxDirectory:
		return &ArchiveError{Archive: a.Name, Reason: fmt.Sprintf("has a directory of %d bytes; %d are the limit", d.size, maxDirectory)}
	}
	return nil
}

// entryReader takes the records of a central directory one by one.
type entryReader struct {
	archive *Archive
	left    []byte
	total   int64
	entries Tree
	links   *Tree // where symbolic links go; nil refuses them
	spans   []span
}

// next takes one record (APPNOTE.TXT 4.3.12).
func (r *entryReader) next() error {
	b := r.left
	if len(b) < centralSize || binary.LittleEndian.Uint32(b) != centralMagic {
		return &ArchiveError{Archive: r.archive.Name, Reason: "has a damaged directory"}
	}
	nameLen := int(binary.LittleEndian.Uint16(b[28:]))
	extraLen := int(binary.LittleEndian.Uint16(b[30:]))
	length := centralSize + nameLen + extraLen + int(binary.LittleEndian.Uint16(b[32:]))
	if len(b) < length {
		return &ArchiveError{Archive: r.archive.Name, Reason: "has a damaged directory"}
	}
	r.left = b[length:]
	e := Entry{
		Path:       string(b[centralSize : centralSize+nameLen]),
		Method:     binary.LittleEndian.Uint16(b[10:]),
		CRC32:      binary.LittleEndian.Uint32(b[16:]),
		PackedSize: int64(binary.LittleEndian.Uint32(b[20:])),
		Size:       int64(binary.LittleEndian.Uint32(b[24:])),
		Header:     int64(binary.LittleEndian.Uint32(b[42:])),
		Archive:    r.archive,
	}
	disk := binary.LittleEndian.Uint16(b[34:])
	if fault := e.widen(b[centralSize+nameLen:][:extraLen], disk); fault != "" {
		return r.refuse(&e, fault)
	}
	mode := binary.LittleEndian.Uint32(b[38:]) >> 16
	link := r.links != nil && mode&modeType == modeLink
	if link {
		mode = modeRegular // it holds its target as a file does its content
	}
	if fault := e.fault(binary.LittleEndian.Uint16(b[8:]), mode); fault != "" {
		return r.refuse(&e, fault)
	}
	if r.total += e.Size; r.total > maxUnpacked {
		return &ArchiveError{Archive: r.archive.Name, Reason: "unpacks to more than 4 GiB"}
	}
	r.spans = append(r.spans, span{name: e.Path, start: e.Header, end: e.Header + localSize + int64(nameLen) + e.PackedSize})
	if isDirectory(e.Path, mode) {
		return nil
	}
	if link {
		*r.links = append(*r.links, e)
		return nil
	}
	e.Exec = mode&modeExec != 0
	r.entries = append(r.entries, e)
	return nil
}

func (r *entryReader) refuse(e *Entry, fault string) error {
	return &ArchiveError{Archive: r.archive.Name, Entry: e.Path, Reason: fault}
}

func isDirectory(name string, mode uint32) bool {
	return strings.HasSuffix(name, "/") || mode&modeType == modeDir
}

// widen takes the 64-bit values of the zip64 extra field (APPNOTE.TXT 4.5.3),
// which holds only those whose 32-bit field is full, in a fixed order.
func (e *Entry) widen(extra []byte, disk uint16) (fault string) {
	const damaged = "has a damaged extra field"
	if disk != 0 && disk != max16 {
		return "lies in another file of a split archive"
	}
	var wide []byte
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return damaged
		}
		if id == 1 {
			wide = extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	for _, field := range []*int64{&e.Size, &e.PackedSize, &e.Header} {
		if *field != max32 {
			continue
		}
		if len(wide) < 8 {
			return damaged
		}
		*field = int64(binary.LittleEndian.Uint64(wide))
		wide = wide[8:]
	}
	return ""
}

// fault says why the entry is refused, given its flags and its st_mode, or "".
func (e *Entry) fault(flags uint16, mode uint32) string {
	dir := isDirectory(e.Path, mode)
	if fault := nameFault(strings.TrimSuffix(e.Path, "/")); fault != "" {
		return fault
	}
	kind := mode & modeType
	switch {
	case flags&(flagEncrypted|flagStrong|flagMasked) != 0:
		return "is encrypted"
	case flags&flagPatched != 0:
		return "is a patch, not a file"
	case e.Method != Stored && e.Method != Deflated:
		return fmt.Sprintf("is packed with method %d; only stored (0) and deflated (8) are read", e.Method)
	case kind == modeLink:
		return "is a symbolic link"
	case kind != 0 && kind != modeRegular && kind != modeDir:
		return "is neither a file nor a directory"
	case dir && (kind == modeRegular || e.Size != 0):
		return "is a directory and a file at once"
	case e.Header < 0 || e.PackedSize < 0 || e.Header > e.Archive.Size || e.PackedSize > e.Archive.Size-e.Header:
		return "lies outside the archive"
	case e.Size < 0 || e.Method == Stored && e.Size != e.PackedSize || e.Size > maxUnpacked || e.Size > e.PackedSize*maxDeflate:
		return fmt.Sprintf("cannot unpack from %d to %d bytes", e.PackedSize, e.Size)
	}
	return ""
}
