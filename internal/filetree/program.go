package filetree

import (
	"errors"
	"io"
)

// Program says of the first bytes of a file what [File] says in its fields
// Program and Machine. 64 bytes are enough.
func Program(start []byte) (program bool, runsOn string) {
	return isProgram(start), machine(start)
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
