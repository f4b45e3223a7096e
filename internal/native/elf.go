package native

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What is read of a file at most. The largest tables of real files lie far
// below (a dynamic section of a few dozen entries, a string table of 8 MiB).
const (
	maxHeaders = 64
	maxDynamic = 4096
	maxTable   = 16 << 20
	maxVersion = 4096
	maxName    = 4096
	maxSymbols = 1 << 19
)

// Sizes of the 64-bit structures (System V ABI, chapters 4 and 5).
const (
	headerSize  = 64
	programSize = 56
	dynSize     = 16
	symbolSize  = 24
)

// ErrNotKept is what a reader returns for bytes that it let go.
var ErrNotKept = errors.New("these bytes of the file were not kept")

// partial makes facts that lack something of an error that says so.
func partial(f Facts, err error) (Facts, error) {
	if errors.Is(err, ErrNotKept) {
		f.Partial = true
		return f, nil
	}
	return f, err
}

// faultError is what the dynamic linker finds wrong.
type faultError string

func (e faultError) Error() string { return string(e) }

// clamp returns a length that a file claims, between nothing and the most that is
// read of it.
func clamp(claimed, most int64) int64 { return max(0, min(claimed, most)) }

// readFull fills b; an early end is a fault of the file.
func readFull(in io.ReaderAt, b []byte, at int64) error {
	if at < 0 { // an offset of 2^63 bytes or more
		return faultError("is truncated")
	}
	n, err := in.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return faultError("is truncated")
	}
	return err
}

// image is an ELF file of 64 bits and little end, by its program headers.
type image struct {
	in      io.ReaderAt
	size    int64
	loads   []segment
	dynamic segment
	interp  segment
	notes   []segment
	strings []byte // the table of strings
}

// segment is a part of the file and where it is loaded.
type segment struct{ offset, address, length, align int64 }

// readELF returns the facts of an ELF file.
func readELF(in io.ReaderAt, size int64) (Facts, error) {
	f := Facts{Kind: ELF}
	header := make([]byte, min(size, headerSize))
	if err := readFull(in, header, 0); err != nil {
		return f, err
	}
	if len(header) < 20 {
		f.Fault = "is truncated"
		return f, nil
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(header[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	f.Machine = machineName(elf.Machine(order.Uint16(header[18:])))
	f.Bits = 64
	if elf.Class(header[elf.EI_CLASS]) == elf.ELFCLASS32 {
		f.Bits = 32
	}
	if abi := elf.OSABI(header[elf.EI_OSABI]); abi != elf.ELFOSABI_NONE && abi != elf.ELFOSABI_LINUX {
		f.System = strings.ToLower(strings.TrimPrefix(abi.String(), "ELFOSABI_"))
	}
	switch elf.Type(order.Uint16(header[16:])) {
	case elf.ET_EXEC:
		f.Type = Executable
	case elf.ET_DYN:
		f.Type = Shared
	default:
		f.Type = Object
		return f, nil
	}
	if f.Bits == 32 || order != binary.LittleEndian {
		return f, nil
	}
	if len(header) < headerSize {
		f.Fault = "is truncated"
		return f, nil
	}
	m := image{in: in, size: size}
	err := m.read(&f, header)
	if fault := faultError(""); errors.As(err, &fault) {
		f.Fault, err = string(fault), nil
	}
	return partial(f, err)
}

// machineName returns the name of a machine as [Facts] have it.
func machineName(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}

func (m *image) read(f *Facts, header []byte) error {
	if err := m.readPrograms(header); err != nil {
		return err
	}
	if m.interp.length > 0 {
		b := make([]byte, clamp(m.interp.length, maxName))
		if err := readFull(m.in, b, m.interp.offset); err != nil {
			return err
		}
		b, _, _ = bytes.Cut(b, []byte{0})
		f.Interpreter = strings.ToValidUTF8(string(b), "?")
	}
	for _, n := range m.notes {
		isa, err := m.isaLevel(n)
		if err != nil {
			return err
		}
		f.ISA = max(f.ISA, isa)
	}
	if f.Interpreter != "" {
		f.Type = Executable
	}
	if m.dynamic.length == 0 {
		return nil
	}
	return m.readDynamic(f)
}

// readPrograms notes the segments, and what the dynamic linker would refuse
// about them (glibc, elf/dl-load.c, _dl_map_object_from_fd).
func (m *image) readPrograms(header []byte) error {
	at, size, count := int64(binary.LittleEndian.Uint64(header[32:])), binary.LittleEndian.Uint16(header[54:]), int(binary.LittleEndian.Uint16(header[56:]))
	if count == 0 {
		return nil // nothing to load: no facts
	}
	if size != programSize || count > maxHeaders || at < 0 || at > m.size {
		return faultError("has program headers that cannot be read")
	}
	table := make([]byte, count*programSize)
	if err := readFull(m.in, table, at); err != nil {
		return err
	}
	var fault error
	for ; len(table) > 0; table = table[programSize:] {
		s := segment{
			offset: int64(binary.LittleEndian.Uint64(table[8:])), address: int64(binary.LittleEndian.Uint64(table[16:])),
			length: int64(binary.LittleEndian.Uint64(table[32:])), align: int64(binary.LittleEndian.Uint64(table[48:])),
		}
		if s.length < 0 || s.offset < 0 || s.offset > m.size-s.length {
			if elf.ProgType(binary.LittleEndian.Uint32(table)) == elf.PT_LOAD {
				fault = faultError("is truncated: a segment reaches beyond its end")
			}
			continue // the debug information of another file, or a cut one
		}
		switch elf.ProgType(binary.LittleEndian.Uint32(table)) {
		case elf.PT_LOAD:
			if s.align > 1 && (s.align&(s.align-1) != 0 || (s.address-s.offset)&(s.align-1) != 0) {
				fault = faultError("has a segment whose address and offset are not properly aligned, as strip may leave it")
			}
			m.loads = append(m.loads, s)
		case elf.PT_DYNAMIC:
			m.dynamic = s
		case elf.PT_INTERP:
			m.interp = s
		case elf.PT_NOTE, elf.PT_GNU_PROPERTY:
			m.notes = append(m.notes, s)
		}
	}
	return fault
}

// find returns where an address lies in the file, and how much of its segment
// follows.
func (m *image) find(address int64) (segment, bool) {
	for _, s := range m.loads {
		if address >= s.address && address-s.address < s.length {
			skip := address - s.address
			return segment{offset: s.offset + skip, address: address, length: s.length - skip}, true
		}
	}
	return segment{}, false
}

// table reads count records of a size at an address.
func (m *image) table(address, count, size int64) ([]byte, error) {
	s, ok := m.find(address)
	if !ok || count < 0 || count > maxTable/size || count*size > s.length {
		return nil, faultError("has a table that lies outside of its segments")
	}
	b := make([]byte, count*size)
	return b, readFull(m.in, b, s.offset)
}

// tags are the entries of the dynamic section that are looked at.
type tags struct {
	needed                                 []int64
	soname, rpath, runpath                 int64
	hasSoname, hasRPath, hasRun, hasBase   bool
	base, size                             int64 // of the string table
	symbols, hash, gnuHash, versions, many int64
	pie                                    bool
}

// readDynamic reads the dynamic section and what it points to.
func (m *image) readDynamic(f *Facts) error {
	b := make([]byte, clamp(m.dynamic.length/dynSize, maxDynamic)*dynSize)
	if err := readFull(m.in, b, m.dynamic.offset); err != nil {
		return err
	}
	t := readTags(b)
	if !t.hasBase {
		return nil // without strings it has nothing to say
	}
	base, ok := m.find(t.base)
	if !ok {
		return faultError("has a table of strings that lies outside of its segments")
	}
	if err := m.loadStrings(base, t.size); err != nil {
		return err
	}
	if t.pie || f.Interpreter != "" {
		f.Type = Executable
	}
	for _, name := range []struct {
		has bool
		at  int64
		to  *string
	}{{t.hasSoname, t.soname, &f.Soname}, {t.hasRPath, t.rpath, &f.RPath}, {t.hasRun, t.runpath, &f.RunPath}} {
		if !name.has {
			continue
		}
		text, err := m.text(name.at)
		if err != nil {
			return err
		}
		*name.to = text
	}
	for _, at := range t.needed {
		text, err := m.text(at)
		if err != nil {
			return err
		}
		f.Needed = append(f.Needed, text)
	}
	if err := m.readVersions(f, t); err != nil {
		return err
	}
	return m.readSymbols(f, t)
}

// Tags that debug/elf has no use for, or that are easily mixed up.
const flagPIE = 0x08000000 // DF_1_PIE

func readTags(b []byte) tags {
	var t tags
	for ; len(b) >= dynSize; b = b[dynSize:] {
		value := int64(binary.LittleEndian.Uint64(b[8:]))
		switch elf.DynTag(binary.LittleEndian.Uint64(b)) {
		case elf.DT_NULL:
			return t
		case elf.DT_NEEDED:
			t.needed = append(t.needed, value)
		case elf.DT_SONAME:
			t.soname, t.hasSoname = value, true
		case elf.DT_RPATH:
			t.rpath, t.hasRPath = value, true
		case elf.DT_RUNPATH:
			t.runpath, t.hasRun = value, true
		case elf.DT_STRTAB:
			t.base, t.hasBase = value, true
		case elf.DT_STRSZ:
			t.size = value
		case elf.DT_SYMTAB:
			t.symbols = value
		case elf.DT_HASH:
			t.hash = value
		case elf.DT_GNU_HASH:
			t.gnuHash = value
		case elf.DT_VERNEED:
			t.versions = value
		case elf.DT_VERNEEDNUM:
			t.many = value
		case elf.DT_FLAGS_1:
			t.pie = value&flagPIE != 0
		}
	}
	return t
}

// loadStrings reads the table of strings.
func (m *image) loadStrings(base segment, size int64) error {
	length := min(base.length, maxTable)
	if size > 0 {
		length = min(length, size)
	}
	m.strings = make([]byte, max(length, 0))
	return readFull(m.in, m.strings, base.offset)
}

// text returns a string of the file's table of strings.
func (m *image) text(at int64) (string, error) {
	if at < 0 || at >= int64(len(m.strings)) {
		return "", faultError(fmt.Sprintf("names a string at %d, outside of its table", at))
	}
	name, _, ends := bytes.Cut(m.strings[at:min(int64(len(m.strings)), at+maxName)], []byte{0})
	if !ends {
		return "", faultError("has a name that does not end")
	}
	return strings.ToValidUTF8(string(name), "?"), nil
}
