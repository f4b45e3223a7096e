package native

import (
	"encoding/binary"
	"errors"
)

// ErrCodec tells of bytes that no [Encoder] wrote.
var ErrCodec = errors.New("decoding facts: the bytes are cut or damaged")

// Encoder writes numbers, texts and facts one after another, for a [Decoder] that
// reads them in the same order.
type Encoder struct{ Bytes []byte }

// Uint writes a number that is not negative.
func (e *Encoder) Uint(n int64) { e.Bytes = binary.AppendUvarint(e.Bytes, uint64(n)) }

// Text writes a text.
func (e *Encoder) Text(s string) {
	e.Uint(int64(len(s)))
	e.Bytes = append(e.Bytes, s...)
}

// Texts writes a list of texts.
func (e *Encoder) Texts(list []string) {
	e.Uint(int64(len(list)))
	for _, s := range list {
		e.Text(s)
	}
}

// The bits of what is true or false of a file.
const (
	bitNAPI = 1 << iota
	bitManaged
	bitLibrary
	bitPartial
)

// Facts writes the facts of a file.
func (e *Encoder) Facts(f *Facts) {
	for _, s := range []string{string(f.Kind), f.Machine, string(f.Type), f.System, f.Interpreter, f.Soname, f.RPath, f.RunPath, f.PythonSymbol, f.PythonGone, f.Fault} {
		e.Text(s)
	}
	for _, n := range []int{f.Bits, f.PythonMinor, f.PythonLast, f.NodeABI, f.ISA} {
		e.Uint(int64(n))
	}
	bits := 0
	for bit, is := range map[int]bool{bitNAPI: f.NAPI, bitManaged: f.Managed, bitLibrary: f.Library, bitPartial: f.Partial} {
		if is {
			bits |= bit
		}
	}
	e.Uint(int64(bits))
	e.Texts(f.Needed)
	e.Texts(f.Modules)
	e.Uint(int64(len(f.Requires)))
	for _, v := range f.Requires {
		e.Text(v.Library)
		e.Text(v.Name)
	}
}

// Decoder reads what an [Encoder] wrote. The texts that it returns are parts of the
// one that it reads, so that hardly anything is allocated.
type Decoder struct {
	rest string
	bad  bool
	// texts has room for the lists.
	texts []string
}

// NewDecoder returns a Decoder of what an Encoder wrote.
func NewDecoder(written string) *Decoder { return &Decoder{rest: written} }

// Err returns [ErrCodec] if something that was read is not what an Encoder wrote, or
// if something is left.
func (d *Decoder) Err() error {
	if d.bad || d.rest != "" {
		return ErrCodec
	}
	return nil
}

// Uint reads a number; 0 where there is none.
func (d *Decoder) Uint() int64 {
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64-1; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return int64(n)
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

// Count reads the length of a list, whose elements take a byte each at least.
func (d *Decoder) Count() int {
	n := d.Uint()
	if n > int64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return 0
	}
	return int(n)
}

// Text reads a text; "" where there is none.
func (d *Decoder) Text() string {
	n := d.Count()
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// Texts reads a list of texts, nil for an empty one.
func (d *Decoder) Texts() []string {
	n := d.Count()
	if n == 0 {
		return nil
	}
	if cap(d.texts)-len(d.texts) < n {
		d.texts = make([]string, 0, max(n, 256))
	}
	from := len(d.texts)
	for range n {
		d.texts = append(d.texts, d.Text())
	}
	return d.texts[from:len(d.texts):len(d.texts)]
}

// Facts reads the facts of a file.
func (d *Decoder) Facts() Facts {
	f := Facts{
		Kind: Kind(d.Text()), Machine: d.Text(), Type: Type(d.Text()), System: d.Text(), Interpreter: d.Text(), Soname: d.Text(),
		RPath: d.Text(), RunPath: d.Text(), PythonSymbol: d.Text(), PythonGone: d.Text(), Fault: d.Text(),
		Bits: int(d.Uint()), PythonMinor: int(d.Uint()), PythonLast: int(d.Uint()), NodeABI: int(d.Uint()), ISA: int(d.Uint()),
	}
	bits := d.Uint()
	f.NAPI, f.Managed, f.Library, f.Partial = bits&bitNAPI != 0, bits&bitManaged != 0, bits&bitLibrary != 0, bits&bitPartial != 0
	f.Needed, f.Modules = d.Texts(), d.Texts()
	if n := d.Count(); n > 0 {
		f.Requires = make([]Version, n)
		for i := range f.Requires {
			f.Requires[i] = Version{Library: d.Text(), Name: d.Text()}
		}
	}
	return f
}
