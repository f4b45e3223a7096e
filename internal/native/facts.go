// Package native reads what a file is that no interpreter reads: ELF programs
// and shared objects, files of other systems, and scripts that begin with "#!".
// Bytes go in, [Facts] come out. Nothing is executed, and nothing is judged:
// whether a file loads on Lambda is the question of another room.
//
// ELF files are read as the dynamic linker reads them, by program headers
// (System V ABI, chapter 5), never by section headers, which may be stripped.
// All sizes and counts are bounded, whatever the file says.
package native

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"strings"
)

// Format is the version of what is found in a file. It is raised whenever the
// same bytes give other facts: facts that were kept under another one are read
// anew.
const Format = 4

// Kind says what a file is by its first bytes.
type Kind string

// The kinds of files. The zero Kind is anything else: text, data, bytecode.
const (
	ELF     Kind = "elf"
	MachO   Kind = "mach-o"  // macOS
	PE      Kind = "pe"      // Windows
	Archive Kind = "archive" // a static library: nothing loads it
	Script  Kind = "script"  // begins with "#!"
)

// Type says what an ELF file is for (System V ABI, e_type).
type Type string

// The types of ELF files.
const (
	Executable Type = "executable" // a program, also a position-independent one
	Shared     Type = "shared"     // a shared object, loaded by others
	Object     Type = "object"     // relocatable: nothing loads it
)

// Facts is what a file says of itself. The zero Facts are those of a file that
// is none of the kinds.
type Facts struct {
	Kind Kind `json:"k,omitempty"`
	// Machine is what the code runs on, as Lambda names architectures
	// ("x86_64", "arm64"), or the ELF name of another machine in lower case.
	Machine string `json:"m,omitempty"`
	// Bits is 32 or 64 for ELF files.
	Bits int  `json:"b,omitempty"`
	Type Type `json:"t,omitempty"`
	// System is "freebsd" and the like where the ELF header names a system of
	// its own, "" for the ones that Linux uses.
	System string `json:"os,omitempty"`
	// Interpreter is PT_INTERP of an ELF file, or what follows "#!".
	Interpreter string   `json:"i,omitempty"`
	Soname      string   `json:"so,omitempty"`
	Needed      []string `json:"n,omitempty"`
	// RPath and RunPath are DT_RPATH and DT_RUNPATH as they are written.
	RPath   string `json:"rp,omitempty"`
	RunPath string `json:"ru,omitempty"`
	// Requires are the symbol versions that a load fails without, of each
	// library and prefix the highest. Weak ones are left out.
	Requires []Version `json:"v,omitempty"`
	// Modules are the names N of the exported PyInit_N: Python can import the
	// file as N.
	Modules []string `json:"py,omitempty"`
	// PythonMinor is the lowest N so that CPython 3.N exports all functions of
	// Python's C API that the file uses, where that is above 3.9, else 0.
	PythonMinor int `json:"pm,omitempty"`
	// PythonSymbol is one of the functions that need PythonMinor.
	PythonSymbol string `json:"ps,omitempty"`
	// PythonLast is the highest N so that CPython 3.N exports all that the file uses,
	// where a newer one does not, else 0. PythonGone is one of the names that are
	// gone.
	PythonLast int    `json:"pl,omitempty"`
	PythonGone string `json:"pg,omitempty"`
	// NodeABI is NODE_MODULE_VERSION of a Node.js addon that names one, NAPI
	// tells that the addon uses Node-API, which all versions share.
	NodeABI int  `json:"na,omitempty"`
	NAPI    bool `json:"np,omitempty"`
	// ISA is the x86-64 level that the file asks for, 2 to 4, or 0.
	ISA int `json:"isa,omitempty"`
	// Managed marks a PE file with code of .NET, and Library one that is no
	// program.
	Managed bool `json:"net,omitempty"`
	Library bool `json:"lib,omitempty"`
	// Fault completes the sentence why the dynamic linker refuses the file;
	// "" where nothing is known to be wrong.
	Fault string `json:"f,omitempty"`
	// Partial tells that tables of the file lie outside of what was read.
	Partial bool `json:"part,omitempty"`
}

// Version is a symbol version that a file needs from a library, such as
// GLIBC_2.28 from libc.so.6.
type Version struct {
	Library string `json:"l"`
	Name    string `json:"v"`
}

// Static reports whether an ELF program needs no loader and no library.
func (f *Facts) Static() bool {
	return f.Kind == ELF && f.Interpreter == "" && len(f.Needed) == 0
}

// headBytes is how much of a file tells its kind: an ELF header, or the longest
// "#!" line that Linux reads (BINPRM_BUF_SIZE).
const headBytes = 256

// KindOf returns what a file is by its first bytes, of which 64 tell all kinds
// but PE, whose second header may lie deeper: such a file is a PE by its first
// two bytes here.
func KindOf(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return ELF
	case bytes.HasPrefix(head, []byte("#!")):
		return Script
	case bytes.HasPrefix(head, []byte("!<arch>\n")):
		return Archive
	case bytes.HasPrefix(head, []byte("MZ")) && len(head) >= 64:
		return PE
	case isMachO(head):
		return MachO
	}
	return ""
}

// isMachO tells Mach-O from the class files of Java, which begin as fat ones
// do: where those count their architectures, class files have a version of at
// least 45.
func isMachO(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch binary.BigEndian.Uint32(head) {
	case 0xcffaedfe, 0xcefaedfe, 0xfeedfacf, 0xfeedface:
		return true
	case 0xcafebabe:
		count := binary.BigEndian.Uint32(head[4:])
		return count > 0 && count < 20
	}
	return false
}

// Read returns the facts of a file of size bytes. A file that cannot be read to
// its tables because in lacks them gives what its head tells, with Partial set:
// a reader says so by [ErrNotKept]. Other errors of in are returned.
func Read(in io.ReaderAt, size int64) (Facts, error) {
	head := make([]byte, min(size, headBytes))
	if err := readFull(in, head, 0); err != nil {
		return Facts{}, err
	}
	kind := KindOf(head)
	f := Facts{Kind: kind}
	switch kind {
	case Script:
		f.Interpreter = scriptInterpreter(head)
	case PE:
		return readPE(in, size, head)
	case ELF:
		return readELF(in, size)
	}
	return f, nil
}

// scriptInterpreter returns what follows "#!" on the first line.
func scriptInterpreter(head []byte) string {
	line, _, _ := bytes.Cut(head[2:], []byte("\n"))
	return strings.Trim(strings.ToValidUTF8(string(line), "?"), " \t")
}

// readPE looks at the headers of a Windows file ("PE Format", Microsoft).
func readPE(in io.ReaderAt, size int64, head []byte) (Facts, error) {
	at := int64(binary.LittleEndian.Uint32(head[60:]))
	const fixed, clr = 24, 248
	if at+fixed > size {
		return Facts{}, nil // an old program for DOS, or a text
	}
	header := make([]byte, min(size-at, clr))
	if err := readFull(in, header, at); err != nil {
		return partial(Facts{Kind: PE}, err)
	}
	if !bytes.HasPrefix(header, []byte("PE\x00\x00")) {
		return Facts{}, nil
	}
	f := Facts{Kind: PE, Library: binary.LittleEndian.Uint16(header[22:])&0x2000 != 0}
	// The 15th data directory is that of the common language runtime.
	directory := fixed + 96 + 14*8
	if len(header) > fixed+2 && binary.LittleEndian.Uint16(header[fixed:]) == 0x20b {
		directory += 16
	}
	if directory+8 <= len(header) {
		f.Managed = binary.LittleEndian.Uint32(header[directory:]) != 0
	}
	return f, nil
}
