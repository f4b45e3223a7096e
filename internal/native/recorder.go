package native

import (
	"debug/elf"
	"encoding/binary"
	"io"
)

// What a Recorder keeps of a file: its first bytes, its last ones, and its
// dynamic section, which tells where the tables lie. Those of 98 files in 100
// lie in what is kept; the others give partial facts.
const (
	keptHead    = 2 << 20
	keptTail    = 6 << 20
	keptDynamic = 64 << 10
)

// Recorder is an io.Writer that takes a file as it passes by and tells its
// facts at the end. Of a file that is none of the kinds it keeps nothing. It may
// be used for one file after another, with the same buffers, and is not safe
// for concurrent use.
type Recorder struct {
	size, at int64 // of the file, and of what was written
	plain    bool  // the file is none of the kinds
	looked   bool  // for the dynamic section
	kept     [3]part
}

// part is a range of the file that is kept.
type part struct {
	start, end int64
	bytes      []byte
}

// Reset makes the Recorder ready for a file of size bytes.
func (r *Recorder) Reset(size int64) {
	r.size, r.at, r.plain, r.looked = size, 0, false, false
	head := min(size, keptHead)
	r.kept[0].reset(0, head)
	r.kept[1].reset(max(head, size-keptTail), size)
	r.kept[2].reset(0, 0)
}

func (p *part) reset(start, end int64) { p.start, p.end, p.bytes = start, end, p.bytes[:0] }

// room makes place for the whole range at once.
func (p *part) room() {
	if int64(cap(p.bytes)) < p.end-p.start {
		p.bytes = append(make([]byte, 0, p.end-p.start), p.bytes...)
	}
}

// take keeps what of b, which lies at a position of the file, is in the range.
func (p *part) take(at int64, b []byte) {
	from, to := max(p.start, at), min(p.end, at+int64(len(b)))
	if from < to && from == p.start+int64(len(p.bytes)) {
		p.bytes = append(p.bytes, b[from-at:to-at]...)
	}
}

// Write never fails.
func (r *Recorder) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 && !r.plain {
		step := b
		if !r.looked {
			// Small steps, until the head tells what is to be kept.
			step = b[:min(len(b), max(1, maxHeaders*programSize+headerSize-int(r.at)))]
		}
		for i := range r.kept {
			r.kept[i].take(r.at, step)
		}
		r.at += int64(len(step))
		b = b[len(step):]
		if !r.looked && r.at >= maxHeaders*programSize+headerSize {
			r.look()
		}
	}
	return n, nil
}

// look decides by the head of the file what is kept of it.
func (r *Recorder) look() {
	r.looked = true
	head := r.kept[0].bytes
	if r.plain = KindOf(head) == ""; !r.plain {
		r.kept[0].room()
		r.kept[1].room()
		head = r.kept[0].bytes
	}
	if KindOf(head) != ELF || elf.Class(head[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return
	}
	at, count := int64(binary.LittleEndian.Uint64(head[32:])), int64(binary.LittleEndian.Uint16(head[56:]))
	for i := range min(count, maxHeaders) {
		entry := at + i*programSize
		if entry < 0 || entry+programSize > int64(len(head)) {
			return
		}
		b := head[entry:]
		if elf.ProgType(binary.LittleEndian.Uint32(b)) == elf.PT_DYNAMIC {
			start, length := int64(binary.LittleEndian.Uint64(b[8:])), int64(binary.LittleEndian.Uint64(b[32:]))
			if start >= r.at && length > 0 && length <= keptDynamic && start < r.size {
				r.kept[2].reset(start, min(r.size, start+length))
			}
		}
	}
}

// Facts returns what the file is that was written since the last Reset.
func (r *Recorder) Facts() (Facts, error) {
	if r.plain || KindOf(r.kept[0].bytes) == "" {
		return Facts{}, nil
	}
	return Read(r, r.size)
}

// ReadAt reads what was kept; other bytes are [ErrNotKept].
func (r *Recorder) ReadAt(b []byte, at int64) (int, error) {
	done := 0
next:
	for done < len(b) {
		at := at + int64(done)
		if at >= r.size || at < 0 {
			return done, io.EOF
		}
		for i := range r.kept {
			p := &r.kept[i]
			if at >= p.start && at < p.start+int64(len(p.bytes)) {
				done += copy(b[done:], p.bytes[at-p.start:])
				continue next
			}
		}
		return done, ErrNotKept
	}
	return done, nil
}
