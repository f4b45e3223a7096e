package filetree

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Program says of the first bytes of a file what [File] says in its fields
// Program and Machine. 64 bytes are enough.
func Program(start []byte) (program bool, runsOn string) {
	if len(start) < 20 || !bytes.HasPrefix(start, []byte(elf.ELFMAG)) {
		return bytes.HasPrefix(start, []byte(elf.ELFMAG)) || bytes.HasPrefix(start, []byte("#!")), ""
	}
	// e_machine of the header (System V ABI, "ELF Header").
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(start[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	switch m := elf.Machine(order.Uint16(start[18:])); m {
	case elf.EM_X86_64:
		return true, "x86_64"
	case elf.EM_AARCH64:
		return true, "arm64"
	default:
		return true, strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
	}
}

// headBytes is how much of a file tells what it runs on.
const headBytes = 64

// ReadHead returns the start of a file, as much of it as [Program] looks at.
func ReadHead(in io.Reader) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(in, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return head[:n], err
}
