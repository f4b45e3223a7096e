package index

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
)

// pageFault says why a page cannot be read.
type pageFault struct{ err error }

func (e *pageFault) Error() string { return e.err.Error() }
func (e *pageFault) Unwrap() error { return e.err }

// distillPage turns the page of a project into the bytes of its listing: without the
// files that no target can use. The error is a *pageFault.
func distillPage(body []byte, contentType string) ([]byte, error) {
	files, base, err := parseSimple(body, contentType)
	if err != nil {
		return nil, &pageFault{err}
	}
	files = slices.DeleteFunc(files, func(f File) bool { return !strings.HasSuffix(f.Filename, ".whl") && !sdist.Is(f.Filename) })
	return writeListing(files, base), nil
}

// listingForm names the form that writeListing writes. It moves when the bytes or
// the meaning of a listing do.
const listingForm = "wheels and sdists, 3"

// writeListing writes a page as it is read again by every resolution: pages reach 20
// MB, and a listing is smaller and needs no search for the end of each string.
//
// Numbers are unsigned varints, texts have their length in front: the text base, the
// number of files, and of each its flags, its size and its texts.
func writeListing(files []File, base string) []byte {
	out := appendText(nil, base)
	out = binary.AppendUvarint(out, uint64(len(files)))
	for i := range files {
		f := &files[i]
		flags := byte(0)
		if f.Yanked {
			flags |= flagYanked
		}
		if f.metadata {
			flags |= flagMetadata
		}
		out = binary.AppendUvarint(append(out, flags), uint64(f.Size))
		for _, text := range f.texts() {
			out = appendText(out, *text)
		}
	}
	return out
}

const (
	flagYanked = 1 << iota
	flagMetadata
)

// texts are what a listing has of a file besides its flags and its size.
func (f *File) texts() [7]*string {
	return [...]*string{&f.Filename, &f.url, &f.SHA256, &f.metadataSHA256, &f.RequiresPython, &f.Uploaded, &f.yankReason}
}

// minFile is the least number of bytes of a file in a listing.
const minFile = 9

func appendText(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// readListing reads what writeListing wrote, and returns the files and the base. Any
// other bytes are an error or some listing, never a panic.
func readListing(body []byte) ([]File, string, error) {
	r := listingReader{bytes: body, whole: string(body)}
	base := r.text()
	files := make([]File, r.number(uint64(len(body)/minFile)))
	for i := range files {
		f := &files[i]
		flags := r.number(flagYanked | flagMetadata)
		f.Yanked, f.metadata = flags&flagYanked != 0, flags&flagMetadata != 0
		f.Size = int64(r.number(math.MaxInt64))
		for _, text := range f.texts() {
			*text = r.text()
		}
	}
	if r.torn || r.at < len(body) {
		return nil, "", errors.New("reading a stored index page: not a listing")
	}
	return files, base, nil
}

// listingReader reads on from a place. After a fault it is torn and at the end, and
// all that it reads is empty.
type listingReader struct {
	bytes []byte
	whole string // the same: all texts are parts of it
	at    int
	torn  bool
}

// number reads a number that is not larger than most.
func (r *listingReader) number(most uint64) uint64 {
	n, size := binary.Uvarint(r.bytes[r.at:])
	if size <= 0 || n > most {
		r.at, r.torn = len(r.bytes), true
		return 0
	}
	r.at += size
	return n
}

func (r *listingReader) text() string {
	n := r.number(uint64(len(r.bytes)))
	start := r.at
	r.at = min(start+int(n), len(r.bytes))
	r.torn = r.torn || r.at-start < int(n)
	return r.whole[start:r.at]
}
