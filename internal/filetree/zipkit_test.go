package filetree

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"
)

// raw is one entry of a hand-made zip. The zero value of a pointer field means
// "the honest value".
type raw struct {
	name       string
	data       string // unpacked
	deflate    bool
	mode       uint32
	flags      uint16
	method     *uint16 // in both headers
	crc        *uint32 // in both headers
	size       *uint32 // in the central header
	packed     *uint32 // in the central header
	offset     *uint32 // in the central header
	centralAdd []byte  // extra field
	localAdd   []byte  // extra field
	localName  string
	localSize  *uint32
	descriptor bool // sizes and CRC follow the data
	tail       string
}

func or[T any](p *T, honest T) T {
	if p != nil {
		return *p
	}
	return honest
}

func deflated(tb testing.TB, s string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(w, s); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func le16(b []byte, v ...uint16) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, x)
	}
	return b
}

func le32(b []byte, v ...uint32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

// makeZip writes a zip of the entries, by the book but for what they override.
func makeZip(tb testing.TB, entries ...raw) []byte {
	tb.Helper()
	var out, central []byte
	for _, e := range entries {
		payload, method := []byte(e.data), uint16(0)
		if e.deflate {
			payload, method = deflated(tb, e.data), 8
		}
		method = or(e.method, method)
		crc := or(e.crc, crc32.ChecksumIEEE([]byte(e.data)))
		packed, size := uint32(len(payload)), uint32(len(e.data))
		localName, flags := e.name, e.flags
		if e.localName != "" {
			localName = e.localName
		}
		offset := uint32(len(out))
		out = le16(le32(out, 0x04034b50), 20)
		if e.descriptor {
			flags |= 8
			out = le32(le16(out, flags, method, 0, 33), 0, 0, 0)
		} else {
			out = le32(le16(out, flags, method, 0, 33), crc, packed, or(e.localSize, size))
		}
		out = le16(out, uint16(len(localName)), uint16(len(e.localAdd)))
		out = append(append(append(out, localName...), e.localAdd...), payload...)
		if e.descriptor {
			out = le32(out, 0x08074b50, crc, packed, size)
		}
		out = append(out, e.tail...)

		central = le16(le32(central, 0x02014b50), 0x0314, 20, flags, method, 0, 33)
		central = le32(central, crc, or(e.packed, packed), or(e.size, size))
		central = le16(central, uint16(len(e.name)), uint16(len(e.centralAdd)), 0, 0, 0)
		central = le32(central, e.mode<<16, or(e.offset, offset))
		central = append(append(central, e.name...), e.centralAdd...)
	}
	end := le16(le32(nil, 0x06054b50), 0, 0, uint16(len(entries)), uint16(len(entries)))
	end = le16(le32(end, uint32(len(central)), uint32(len(out))), 0)
	return append(append(out, central...), end...)
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func inMemory(name string, b []byte) *Archive {
	return &Archive{
		Name: name,
		Size: int64(len(b)),
		Open: func() (ArchiveFile, error) { return memory{bytes.NewReader(b)}, nil },
	}
}
