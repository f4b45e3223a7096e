package native

import (
	"io"
)

// What a Recorder keeps of a file: its first bytes and its last ones. The
// tables of 99 files in 100 lie there; the others give partial facts.
const (
	keptHead = 1 << 20
	keptTail = 16 << 20
)

// Recorder is an io.Writer that takes a file as it passes by and tells its
// facts at the end. Of a file that is none of the kinds it keeps nothing. It may
// be used for one file after another, with the same buffers, and is not safe
// for concurrent use.
type Recorder struct {
	head  []byte
	tail  []byte // a ring, once it is full
	at    int    // where the ring goes on
	size  int64
	plain bool // the file is none of the kinds
}

// Reset makes the Recorder forget the file.
func (r *Recorder) Reset() {
	r.head, r.tail, r.at, r.size, r.plain = r.head[:0], r.tail[:0], 0, 0, false
}

// Write never fails.
func (r *Recorder) Write(b []byte) (int, error) {
	n := len(b)
	r.size += int64(n)
	if r.plain {
		return n, nil
	}
	if len(r.head) < keptHead {
		k := min(len(b), keptHead-len(r.head))
		r.head = append(r.head, b[:k]...)
		b = b[k:]
		r.plain = len(r.head) >= 64 && KindOf(r.head) == ""
	}
	for len(b) > 0 && !r.plain {
		if len(r.tail) < keptTail {
			k := min(len(b), keptTail-len(r.tail))
			r.tail = append(r.tail, b[:k]...)
			b = b[k:]
			continue
		}
		k := copy(r.tail[r.at:], b)
		r.at, b = (r.at+k)%keptTail, b[k:]
	}
	return n, nil
}

// Facts returns what the file is that was written since the last Reset.
func (r *Recorder) Facts() (Facts, error) {
	if r.plain || KindOf(r.head) == "" {
		return Facts{}, nil
	}
	return Read(r, r.size)
}

// ReadAt reads what was kept; other bytes are [ErrNotKept].
func (r *Recorder) ReadAt(b []byte, at int64) (int, error) {
	done := 0
	for done < len(b) {
		pos := at + int64(done)
		switch start := r.size - int64(len(r.tail)); {
		case pos >= r.size:
			return done, io.EOF
		case pos < int64(len(r.head)):
			done += copy(b[done:], r.head[pos:])
		case pos < start:
			return done, ErrNotKept
		default:
			i := (r.at + int(pos-start)) % len(r.tail)
			done += copy(b[done:min(len(b), done+int(r.size-pos))], r.tail[i:])
		}
	}
	return done, nil
}
