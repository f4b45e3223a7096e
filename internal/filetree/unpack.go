package filetree

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/xzwindow"
)

// What a packed archive may hold at most, besides maxUnpacked and maxEntries:
// unpacked bytes for a packed one, after a start that is free, and memory that
// its packer asks for.
const (
	maxRatio  = 1000
	freeBytes = 16 << 20
	maxWindow = 256 << 20
)

// ArchiveKind says what a file is by its content.
type ArchiveKind string

// The kinds of archives. A SingleFile is none: the file itself, or what is
// packed in it alone.
const (
	TarArchive ArchiveKind = "tar"
	ZipArchive ArchiveKind = "zip"
	SingleFile ArchiveKind = "file"
	RawFile    ArchiveKind = "raw" // taken as it is, whatever it holds
)

// Listing is what an archive holds.
type Listing struct {
	Kind    ArchiveKind `json:"kind"`
	Members []Member    `json:"members"` // sorted by the bytes of Path
}

// Member is a file of an archive, under one of its paths.
type Member struct {
	Path string `json:"path"`
	// File is the path of the regular file that holds the content: Path
	// itself, or where links within the archive lead.
	File string `json:"file,omitempty"`
	Size int64  `json:"size,omitempty"`
	Exec bool   `json:"exec,omitempty"` // the archive says it is executable
	// Program and Machine are as in [File].
	Program bool   `json:"program,omitempty"`
	Machine string `json:"machine,omitempty"`
	// Fault completes the sentence why it cannot be taken: is a device, leads
	// out of the archive, …; "" for what can.
	Fault string `json:"fault,omitempty"`
}

// ListArchive reads the whole of a file and returns what it holds. What it is
// tells its content, never its name: a tar archive (POSIX, GNU or old), bare or
// packed by gzip, xz, bzip2 or zstd; a zip; or a single file, bare or packed by
// one of these, whose only member is named single, without the suffix of what
// packed it.
//
// Links are followed within the archive: one to a file is a member with the
// content of that file, one to a folder stands for the files in it. A link that
// leads elsewhere, a device, a pipe and a sparse file are members with a Fault,
// which harm nobody who does not ask for them.
//
// An *ArchiveError refuses the archive: paths that are absolute, hold "..", or
// mean something else on another system; a path that is there twice, or below a
// link or a file; more than 4 GiB, 262,144 entries or, packed, 1,000 times its
// own size; checksums and sizes that are not true, and bytes behind its end. A
// zip is also refused for all that [FromZip] and [Vet] refuse but its links.
//
// What is inflated of a zip is shown to w, which may be nil: the links too, whose
// content is where they lead. What w saw counts for nothing after an error.
func ListArchive(a *Archive, single string, w Watcher) (*Listing, error) {
	f, err := a.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { _ = f.Close() }()
	s, err := openStream(a, f)
	if err != nil {
		return nil, err
	}
	defer s.close()
	l := &Listing{Kind: s.kind}
	switch s.kind {
	case ZipArchive:
		l.Members, err = listZip(a, f, w)
	case TarArchive:
		l.Members, err = listTar(s)
	default:
		l.Members, err = listSingle(s, single)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(l.Members, func(x, y Member) int { return strings.Compare(x.Path, y.Path) })
	return l, nil
}

// ListRaw returns the listing of a file that is taken as it is, under name.
func ListRaw(a *Archive, name string) (*Listing, error) {
	if fault := nameFault(name); fault != "" {
		return nil, &PathError{Path: name, Reason: fault}
	}
	f, err := a.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { _ = f.Close() }()
	head, err := ReadHead(io.NewSectionReader(f, 0, a.Size))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", a.Name, err)
	}
	m := Member{Path: name, File: name, Size: a.Size}
	m.Program, m.Machine = Program(head)
	return &Listing{Kind: RawFile, Members: []Member{m}}, nil
}

// ReadMembers shows visit the regular files of an archive that want names by
// Member.File, in the archive's order, and stops after the last of them; l is
// what [ListArchive] or [ListRaw] found in it. It is not for a zip, whose entries
// [FromZipLinks] returns.
func ReadMembers(a *Archive, l *Listing, want map[string]bool, visit func(file string, size int64, content io.Reader) error) error {
	f, err := a.Open()
	if err != nil {
		return fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { _ = f.Close() }()
	if l.Kind == RawFile {
		return visitOne(l, want, io.NewSectionReader(f, 0, a.Size), visit)
	}
	s, err := openStream(a, f)
	if err != nil {
		return err
	}
	defer s.close()
	switch {
	case s.kind != l.Kind || s.kind == ZipArchive:
		return s.refuse("is not the one that was listed")
	case s.kind == TarArchive:
		return visitTar(s, want, visit)
	}
	return visitOne(l, want, s, visit)
}

// visitOne shows a single file, if it is wanted.
func visitOne(l *Listing, want map[string]bool, content io.Reader, visit func(string, int64, io.Reader) error) error {
	for _, m := range l.Members {
		if want[m.File] {
			return visit(m.File, m.Size, content)
		}
	}
	return nil
}

// stream is an archive on its way out of what packs it.
type stream struct {
	archive *Archive
	kind    ArchiveKind
	packing string // "gzip", …; "" for none
	plain   *bufio.Reader
	closer  func()
	read    int64 // unpacked bytes
}

// Read takes what is no fault of the disk for the archive's fault.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.plain.Read(b)
	if s.read += int64(n); s.read > maxUnpacked {
		return 0, s.refuse("unpacks to more than 4 GiB")
	}
	if s.packing != "" && s.read > freeBytes && s.read/maxRatio > s.archive.Size {
		return 0, s.refuse(fmt.Sprintf("unpacks to more than %d times its size", maxRatio))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, s.fault(err)
	}
	return n, err
}

func (s *stream) refuse(reason string) error {
	return &ArchiveError{Archive: s.archive.Name, Reason: reason}
}

// fault returns the error of reading packed bytes.
func (s *stream) fault(err error) error {
	var disk *diskError
	var known *ArchiveError
	switch {
	case errors.As(err, &disk):
		return fmt.Errorf("reading %q: %w", s.archive.Name, disk.err)
	case errors.As(err, &known):
		return known
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return s.refuse("is truncated")
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return s.refuse("asks for more than 256 MiB of memory to be unpacked")
	case s.packing != "":
		return s.refuse(fmt.Sprintf("is damaged, or packed as %s in a way that is not read (%v)", s.packing, err))
	}
	return s.refuse("is damaged")
}

func (s *stream) close() {
	if s.closer != nil {
		s.closer()
	}
}

// diskError is an error of reading the file itself.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }

// section reads the whole file, and marks the errors of the disk.
type section struct{ in io.Reader }

func (s section) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &diskError{err}
	}
	return n, err
}

// packings are told by their first bytes.
var packings = []struct{ name, magic string }{
	{"gzip", "\x1f\x8b\x08"}, {"xz", "\xfd7zXZ\x00"}, {"zstd", "\x28\xb5\x2f\xfd"},
}

// suffixes are those of single files that are packed.
var suffixes = map[string][]string{
	"gzip": {".gz", ".gzip"}, "xz": {".xz"}, "bzip2": {".bz2", ".bzip2"}, "zstd": {".zst", ".zstd"},
}

// foreign are archives that are not read: to take one for a single file would
// surprise a user who asked for its content.
var foreign = []struct{ name, magic string }{
	{"a 7-Zip archive", "7z\xbc\xaf\x27\x1c"}, {"a RAR archive", "Rar!\x1a\x07"}, {"packed by lzip", "LZIP"},
	{"packed by lz4", "\x04\x22\x4d\x18"}, {"a Debian package or another ar archive", "!<arch>\n"}, {"an RPM package", "\xed\xab\xee\xdb"},
	{"a cabinet", "MSCF\x00\x00\x00\x00"}, {"packed by compress", "\x1f\x9d"}, {"packed by lzma without xz", "\x5d\x00\x00"},
}

// openStream finds out what the file is, and unpacks it as it is read.
func openStream(a *Archive, f io.ReaderAt) (*stream, error) {
	s := &stream{archive: a, kind: SingleFile}
	in := bufio.NewReaderSize(section{io.NewSectionReader(f, 0, a.Size)}, window)
	start, err := peek(in)
	if err != nil {
		return nil, s.fault(err)
	}
	if bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("PK\x05\x06")) {
		s.kind = ZipArchive
		return s, nil
	}
	for _, other := range foreign {
		if bytes.HasPrefix(start, []byte(other.magic)) {
			return nil, s.refuse(fmt.Sprintf("is %s, which is not read; it can only be taken as it is", other.name))
		}
	}
	for _, p := range packings {
		if bytes.HasPrefix(start, []byte(p.magic)) {
			s.packing = p.name
		}
	}
	switch {
	case isBzip2(start):
		s.packing = "bzip2"
	case isSkippable(start):
		s.packing = "zstd"
	}
	if err := s.unpack(f, in); err != nil {
		return nil, s.fault(err)
	}
	start, err = peek(s.plain)
	if err != nil {
		s.close()
		return nil, s.fault(err)
	}
	if isTar(start) {
		s.kind = TarArchive
	}
	return s, nil
}

// isBzip2 looks beyond the letters that begin a file of bzip2: a text may begin
// with them too. What follows is a block, or the end of an empty file.
func isBzip2(start []byte) bool {
	if len(start) < 10 || !bytes.HasPrefix(start, []byte("BZh")) || start[3] < '1' || start[3] > '9' {
		return false
	}
	block := string(start[4:10])
	return block == "1AY&SY" || block == "\x17\x72\x45\x38\x50\x90"
}

// isSkippable knows the frames without content that pzstd begins its files with
// (RFC 8878, 3.1.2).
func isSkippable(start []byte) bool {
	return len(start) >= 8 && start[0]&0xf0 == 0x50 && string(start[1:4]) == "\x2a\x4d\x18"
}

// peek returns the first block, or what there is of it.
func peek(in *bufio.Reader) ([]byte, error) {
	start, err := in.Peek(tarBlock)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return start, err
}

// unpack makes s read what is packed in the stream of f.
func (s *stream) unpack(f io.ReaderAt, in *bufio.Reader) error {
	var plain io.Reader = in
	var err error
	switch s.packing {
	case "gzip":
		plain, err = gzip.NewReader(in)
	case "xz":
		if largest, sum := xzwindow.Measure(section{io.NewSectionReader(f, 0, s.archive.Size)}); largest > maxWindow || sum > xzwindow.MaxSum {
			return s.refuse("asks for more than 256 MiB of memory to be unpacked")
		}
		plain, err = xz.NewReader(in)
	case "bzip2":
		plain = bzip2.NewReader(in)
	case "zstd":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err == nil {
			plain, s.closer = d, d.Close
		}
	}
	s.plain = in
	if s.packing != "" && err == nil {
		s.plain = bufio.NewReaderSize(plain, window)
	}
	return err
}

// listSingle reads a file that is no archive.
func listSingle(s *stream, single string) ([]Member, error) {
	if fault := nameFault(single); fault != "" {
		return nil, &PathError{Path: single, Reason: fault}
	}
	for _, suffix := range suffixes[s.packing] {
		if name, ok := strings.CutSuffix(single, suffix); ok && name != "" && !strings.HasSuffix(name, "/") {
			single = name
			break
		}
	}
	m := Member{Path: single, File: single}
	head, err := ReadHead(s)
	if err != nil {
		return nil, err
	}
	m.Program, m.Machine = Program(head)
	rest, err := io.Copy(io.Discard, s)
	if err != nil {
		return nil, err
	}
	m.Size = int64(len(head)) + rest
	return []Member{m}, nil
}
