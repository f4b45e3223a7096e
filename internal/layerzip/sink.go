package layerzip

import (
	"bufio"
	"io"
)

// writeBuffer is how many bytes of a zip are written at once, where its parts are
// smaller.
const writeBuffer = 256 << 10

// sink gathers the zip in large pieces.
type sink struct{ *bufio.Writer }

func newSink(w io.Writer) sink { return sink{bufio.NewWriterSize(w, writeBuffer)} }

// render appends what appendTo appends: one record.
func (s sink) render(appendTo func([]byte) []byte) error {
	_, err := s.Write(appendTo(s.AvailableBuffer()))
	return err
}

// finish writes the directory, which starts at offset, and all that is left.
func (s sink) finish(records []record, offset int64) error {
	var size int64
	for i := range records {
		if err := s.render(records[i].appendCentral); err != nil {
			return err
		}
		size += records[i].centralLen()
	}
	err := s.render(func(b []byte) []byte { return appendEnd(b, len(records), offset, size) })
	if err != nil {
		return err
	}
	return s.Flush()
}
