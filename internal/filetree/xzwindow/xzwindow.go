// Package xzwindow measures how much memory an xz file asks for, before anything of
// it is unpacked.
package xzwindow

import (
	"bufio"
	"encoding/binary"
	"io"
)

// MaxSum bounds the sum of the dictionaries of an xz file's blocks: each is
// allocated anew, and a block may be a few bytes long.
const MaxSum = 64 << 30

// buffer is how much of a file is read at once.
const buffer = 64 << 10

// Measure returns the largest dictionary that a block of an xz file asks for,
// and the sum of all: its reader allocates that much for each. It passes over
// the packed bytes, whose chunks tell their sizes, and ends where the file is
// not what the reader takes (The .xz File Format 1.2.0, sections 2 to 4).
func Measure(f io.Reader) (largest, sum int64) {
	w := walk{in: bufio.NewReaderSize(f, buffer)}
	for w.stream(func(asked int64) { largest, sum = max(largest, asked), sum+asked }) && sum <= MaxSum {
		continue
	}
	return largest, sum
}

// walk passes over an xz file; n counts its bytes.
type walk struct {
	in *bufio.Reader
	n  int64
}

// ReadByte makes it a reader for the numbers of the index.
func (w *walk) ReadByte() (byte, error) {
	b, err := w.in.ReadByte()
	if err == nil {
		w.n++
	}
	return b, err
}

// take returns the next bytes, all or none.
func (w *walk) take(n int) ([]byte, bool) {
	b := make([]byte, n)
	k, err := io.ReadFull(w.in, b)
	w.n += int64(k)
	return b, err == nil
}

func (w *walk) skip(n int64) bool {
	k, err := w.in.Discard(int(n))
	w.n += int64(k)
	return err == nil
}

// align skips what fills up the bytes since start to a multiple of four.
func (w *walk) align(start int64) bool { return w.skip((start - w.n) & 3) }

// stream passes over one stream and the padding before it, shows the dictionary
// of each block, and reports whether another stream may follow.
func (w *walk) stream(show func(int64)) bool {
	head, ok := w.take(4)
	for ok && binary.LittleEndian.Uint32(head) == 0 {
		head, ok = w.take(4)
	}
	rest, whole := w.take(8) // of the magic, two flags, CRC32
	if !ok || !whole {
		return false
	}
	check := int64(0)
	if id := rest[3] & 0x0f; id > 0 {
		check = 4 << ((id - 1) / 3)
	}
	for {
		size, err := w.ReadByte()
		if err != nil {
			return false
		}
		if size == 0 {
			return w.index(w.n - 1)
		}
		header, ok := w.take((int(size)+1)*4 - 1)
		if !ok {
			return false
		}
		show(ofBlock(header))
		start := w.n
		if !w.chunks() || !w.align(start) || !w.skip(check) {
			return false
		}
	}
}

// chunks passes over the LZMA2 chunks of a block.
func (w *walk) chunks() bool {
	for {
		control, err := w.ReadByte()
		if err != nil || control == 0 {
			return err == nil
		}
		sizes, ok := w.take(2)
		switch {
		case !ok || control > 2 && control < 0x80:
			return false
		case control >= 0x80: // those of the unpacked bytes came first
			if sizes, ok = w.take(2); !ok || control >= 0xc0 && !w.skip(1) {
				return false
			}
		}
		if !w.skip(int64(binary.BigEndian.Uint16(sizes)) + 1) {
			return false
		}
	}
}

// index passes over the index that begins at start, and the footer.
func (w *walk) index(start int64) bool {
	records, err := binary.ReadUvarint(w)
	for ; err == nil && records > 0; records-- {
		if _, err = binary.ReadUvarint(w); err == nil {
			_, err = binary.ReadUvarint(w)
		}
	}
	const crcAndFooter = 4 + 12
	return err == nil && w.align(start) && w.skip(crcAndFooter)
}

// ofBlock returns the size of the dictionary that the header of a block asks
// for, which begins with its flags; 0 where it has none (section 5.3.1).
func ofBlock(header []byte) int64 {
	flags, rest := header[0], header[1:]
	sizes := 0 // optional numbers of up to nine bytes, the last without the high bit
	for _, bit := range []byte{0x40, 0x80} {
		if flags&bit != 0 {
			sizes++
		}
	}
	for len(rest) > 0 && sizes > 0 {
		if rest[0]&0x80 == 0 {
			sizes--
		}
		rest = rest[1:]
	}
	if len(rest) < 3 || rest[0] != 0x21 || rest[1] != 1 || rest[2] > 40 {
		return 0
	}
	return int64(2|rest[2]&1) << (rest[2]/2 + 11)
}
