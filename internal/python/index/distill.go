package index

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// pageFault says why a page cannot be read.
type pageFault struct{ err error }

func (e *pageFault) Error() string { return e.err.Error() }
func (e *pageFault) Unwrap() error { return e.err }

// distillPage returns the function that turns the page of a project into the
// bytes of its listing. Its error is a *pageFault.
func distillPage(name string) func([]byte, string) ([]byte, error) {
	return func(body []byte, contentType string) ([]byte, error) {
		files, base, err := parseSimple(body, contentType)
		if err != nil {
			return nil, &pageFault{err}
		}
		return writeListing(name, files, base), nil
	}
}

// writeListing drops the files that are neither wheels whose name and version
// can be read nor source distributions: they are nothing for anybody.
func writeListing(name string, files []File, base string) []byte {
	wheels, versions := readWheels(name, files)
	var others []*File
	for i := range files {
		f := &files[i]
		if strings.HasSuffix(f.Filename, ".tar.gz") || strings.HasSuffix(f.Filename, ".zip") {
			others = append(others, f)
		}
	}
	w := listingWriter{requires: map[string]uint64{}, kinds: map[string]uint64{}}
	w.setPrefix(wheels, others)
	w.reserve(wheels, others)
	w.text(base)
	w.text(w.prefix)
	w.requirements(wheels, others)
	w.number(uint64(len(versions)))
	for _, version := range versions {
		w.text(version)
	}
	w.number(uint64(len(wheels)))
	for _, wheel := range wheels {
		w.number(w.requires[wheel.RequiresPython])
		w.number(uint64(wheel.version))
		kind, known := w.kinds[wheel.kind]
		if !known {
			kind = uint64(len(w.kinds))
			w.kinds[wheel.kind] = kind
		}
		w.number(kind)
		w.file(wheel.File)
	}
	w.number(uint64(len(others)))
	for _, f := range others {
		w.number(w.requires[f.RequiresPython])
		w.file(f)
	}
	return w.out
}

type listingWriter struct {
	out      []byte
	prefix   string
	requires map[string]uint64
	kinds    map[string]uint64
}

func (w *listingWriter) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *listingWriter) text(s string) {
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

// setPrefix finds the longest directory that all addresses begin with.
func (w *listingWriter) setPrefix(wheels []namedWheel, others []*File) {
	first := true
	see := func(address string) {
		if first {
			w.prefix, first = address, false
		}
		n := 0
		for n < min(len(w.prefix), len(address)) && w.prefix[n] == address[n] {
			n++
		}
		w.prefix = w.prefix[:n]
	}
	for _, wheel := range wheels {
		see(wheel.url)
	}
	for _, f := range others {
		see(f.url)
	}
	w.prefix = w.prefix[:strings.LastIndexByte(w.prefix, '/')+1]
}

// reserve makes room for all files: most pages are thousands of them.
func (w *listingWriter) reserve(wheels []namedWheel, others []*File) {
	const numbers = 16
	size := 0
	see := func(f *File) {
		size += numbers + len(f.url) - len(w.prefix) + len(f.Uploaded) + len(f.SHA256) + len(f.metadataSHA256)
	}
	for _, wheel := range wheels {
		see(wheel.File)
	}
	for _, f := range others {
		see(f)
	}
	w.out = make([]byte, 0, size+size/16)
}

func (w *listingWriter) requirements(wheels []namedWheel, others []*File) {
	var list []string
	see := func(requires string) {
		if _, known := w.requires[requires]; !known {
			w.requires[requires] = uint64(len(list))
			list = append(list, requires)
		}
	}
	for _, wheel := range wheels {
		see(wheel.RequiresPython)
	}
	for _, f := range others {
		see(f.RequiresPython)
	}
	w.number(uint64(len(list)))
	for _, requires := range list {
		w.text(requires)
	}
}

func (w *listingWriter) file(f *File) {
	address := f.url[len(w.prefix):]
	var flags uint64
	if f.Yanked {
		flags |= flagYanked
	}
	if f.metadata {
		flags |= flagMetadata
	}
	if strings.HasSuffix(address, f.Filename) {
		flags |= flagNamed
	}
	w.number(flags)
	w.number(uint64(f.Size))
	w.text(f.Uploaded)
	w.text(address)
	if flags&flagNamed != 0 {
		w.number(uint64(len(f.Filename)))
	} else {
		w.text(f.Filename)
	}
	w.text(f.SHA256)
	w.text(f.metadataSHA256)
	if f.Yanked {
		w.text(f.yankReason)
	}
}

// namedWheel is a wheel of a page with what its name says.
type namedWheel struct {
	*File
	version int    // among the versions of the page
	kind    string // build tag and compatibility tags, as written
}

// readWheels returns the wheels whose name and version can be read, and their
// versions as written, the oldest first. The others, all of them old, are no
// candidates for anybody.
func readWheels(project string, files []File) ([]namedWheel, []string) {
	versions := map[string]pep440.Version{}
	kinds := map[string]bool{} // that were read
	wheels := make([]namedWheel, 0, len(files))
	texts := make([]string, 0, len(files)) // versions, by wheel
	prefix := ""
	for i := range files {
		f := &files[i]
		if !f.wheel {
			continue
		}
		// Most names of a page differ in the version alone.
		name, rest, _ := strings.Cut(strings.TrimSuffix(f.Filename, ".whl"), "-")
		text, kind, _ := strings.Cut(rest, "-")
		if name != prefix {
			if pep508.NormalizeName(name) != project {
				continue
			}
			prefix = name
		}
		if !kinds[kind] {
			if _, err := wheel.ParseWheelName(f.Filename); err != nil {
				continue
			}
			kinds[kind] = true
		}
		if _, known := versions[text]; !known {
			version, err := pep440.Parse(text)
			if err != nil {
				continue
			}
			versions[text] = version
		}
		wheels = append(wheels, namedWheel{File: f, kind: kind})
		texts = append(texts, text)
	}
	order, place := inOrder(versions)
	for i := range wheels {
		wheels[i].version = place[texts[i]]
	}
	return wheels, order
}

// inOrder returns the texts of versions, the oldest first, and the place of
// each.
func inOrder(versions map[string]pep440.Version) (order []string, place map[string]int) {
	order = slices.SortedFunc(maps.Keys(versions), func(a, b string) int {
		if c := versions[a].Compare(versions[b]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	place = make(map[string]int, len(order))
	for i, text := range order {
		place[text] = i
	}
	return order, place
}
