package index

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// listingForm names the form that distillPage writes. It moves when the bytes
// or the meaning of a listing do.
const listingForm = "wheels and sdists, 2"

// listing is a project's page reduced to what resolution needs: for every
// target, without what no target can use. Pages reach 20 MB and are read again
// by every resolution; their listings are smaller, need no search for the end of
// each string, and have their versions in order.
//
// Numbers are unsigned varints, texts have their length in front:
//
//	text base, text prefix of all addresses
//	n, n texts: Requires-Python
//	n, n texts: versions, the oldest first
//	n, n wheels: requires, version, kind (the next new one, or a known one), file
//	n, n others: requires, file
//
// A file is: flags, size, text upload time, text address without the prefix,
// name (its length where it ends the address, else a text), text sha256, text
// sha256 of the companion, and of a yanked one text why.
type listing struct {
	base     string // address that relative links start from, "" for the page's own
	prefix   string // of all addresses
	wheels   []WheelFile
	others   []File
	versions int // wheelFile.order is below
}

const (
	flagYanked = 1 << iota
	flagMetadata
	flagNamed // the name ends the address
)

var errListing = errors.New("not a listing")

// readListing reads what writeListing wrote. Any other bytes are an error or
// some listing, never a panic.
func readListing(body []byte) (*listing, error) {
	r := listingReader{rest: string(body)}
	l := &listing{base: r.text(), prefix: r.text()}
	requires := make([]string, r.count(1))
	for i := range requires {
		requires[i] = r.text()
	}
	releases, orders, err := r.releases()
	if err != nil {
		return nil, err
	}
	if n := len(orders); n > 0 {
		l.versions = orders[n-1] + 1
	}
	if err := r.wheels(l, requires, releases, orders); err != nil {
		return nil, err
	}
	l.others = make([]File, r.count(minFile))
	for i := range l.others {
		r.file(&l.others[i], requires)
	}
	if r.torn || r.rest != "" {
		return nil, fmt.Errorf("reading a stored index page: %w", errListing)
	}
	return l, nil
}

// minFile is the least number of bytes of a file in a listing.
const minFile = 8

// listingReader reads from the front of rest. After a fault it is torn, and
// everything it reads is empty.
type listingReader struct {
	rest string
	torn bool
}

// tear marks the reader as torn.
func (r *listingReader) tear() { r.rest, r.torn = "", true }

// number reads a number of up to 63 bits.
func (r *listingReader) number() uint64 {
	var n uint64
	for i := range min(len(r.rest), binary.MaxVarintLen64-1) {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.tear()
	return 0
}

func (r *listingReader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.tear()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// count reads the length of a list whose elements take at least size bytes.
func (r *listingReader) count(size int) int {
	n := r.number()
	if n > uint64(len(r.rest)/size) {
		r.tear()
		return 0
	}
	return int(n)
}

// index reads a place in a list of n.
func (r *listingReader) index(n int) (int, bool) {
	i := r.number()
	if i >= uint64(n) {
		r.tear()
		return 0, false
	}
	return int(i), true
}

// releases reads the versions, checks their order, and returns the place of
// each: equal versions share one.
func (r *listingReader) releases() ([]Release, []int, error) {
	list := make([]Release, r.count(1))
	orders := make([]int, len(list))
	for i := range list {
		text := r.text()
		version, err := pep440.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a stored index page: %w", err)
		}
		list[i] = Release{version, version.Key(), text}
		if i == 0 {
			continue
		}
		step := version.Compare(list[i-1].Version)
		if step < 0 {
			return nil, nil, fmt.Errorf("reading a stored index page: %w", errListing)
		}
		orders[i] = orders[i-1] + step
	}
	return list, orders, nil
}

func (r *listingReader) wheels(l *listing, requires []string, releases []Release, orders []int) error {
	var kinds []*WheelKind
	n := r.count(minFile)
	files := make([]File, n)
	l.wheels = make([]WheelFile, n)
	for i := range files {
		f := &files[i]
		python, known := r.index(len(requires))
		version, ok := r.index(len(releases))
		kind, valid := r.index(len(kinds) + 1)
		r.body(f)
		if !known || !ok || !valid || r.torn {
			r.tear()
			return nil
		}
		if kind == len(kinds) {
			name, err := wheel.ParseWheelName(f.Filename)
			if err != nil {
				return fmt.Errorf("reading a stored index page: %w", err)
			}
			kinds = append(kinds, &WheelKind{NameTags: name, tags: kind})
		}
		f.RequiresPython = requires[python]
		l.wheels[i] = WheelFile{f, &releases[version], kinds[kind], orders[version]}
	}
	return nil
}

func (r *listingReader) file(f *File, requires []string) {
	python, ok := r.index(len(requires))
	r.body(f)
	if ok {
		f.RequiresPython = requires[python]
	}
}

// body reads all of a file but its Requires-Python.
func (r *listingReader) body(f *File) {
	flags := r.number()
	f.Size = int64(r.number())
	f.Yanked, f.metadata = flags&flagYanked != 0, flags&flagMetadata != 0
	f.Uploaded, f.url = r.text(), r.text()
	if flags&flagNamed == 0 {
		f.Filename = r.text()
	} else if n, ok := r.index(len(f.url) + 1); ok {
		f.Filename = f.url[len(f.url)-n:]
	}
	f.SHA256, f.metadataSHA256 = r.text(), r.text()
	if f.Yanked {
		f.yankReason = r.text()
	}
}
