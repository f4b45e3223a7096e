package filetree

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ArchiveError says why an archive is refused. It is the archive's fault, never
// that of the disk it lies on.
type ArchiveError struct {
	Archive string
	Entry   string // "" if it is the archive as a whole
	Reason  string // completes the sentence: is encrypted, is a symbolic link, …
}

func (e *ArchiveError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("archive %q %s", e.Archive, e.Reason)
	}
	return fmt.Sprintf("archive %q: entry %q %s", e.Archive, e.Entry, e.Reason)
}

// FromZip reads the central directory of a zip archive (APPNOTE.TXT 4.3.12) and
// returns its files in the directory's order, Path as the archive has it and
// Origin empty. Directory entries are dropped, an equal duplicate is kept once.
//
// Everything that two readers could understand differently, or that could not
// be copied into a layer as it is, is an *ArchiveError: names that are not clean
// relative paths, links and devices, encryption, methods other than stored and
// deflated, split or prefixed archives, sizes and offsets that cannot be true,
// entries that overlap, duplicates with other content, a file and a directory of
// one name, more than 262,144 entries or 4 GiB unpacked. Contents are not read:
// that is [Vet]'s work.
func FromZip(a *Archive) (Tree, error) { return fromZip(a, nil) }

// FromZipLinks is [FromZip] for archives with symbolic links, which it returns
// apart: the content of each is where it leads.
func FromZipLinks(a *Archive) (files, links Tree, err error) {
	files, err = fromZip(a, &links)
	return files, links, err
}

func fromZip(a *Archive, links *Tree) (Tree, error) {
	f, err := a.Open()
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", a.Name, err)
	}
	defer func() { _ = f.Close() }()
	entries, _, err := readZip(a, f, links)
	if err != nil {
		return nil, err
	}
	return once(a, entries)
}

// readZip returns the files of the archive, duplicates included, and where its
// directory starts. Symbolic links go to links; nil refuses them.
func readZip(a *Archive, f io.ReaderAt, links *Tree) (entries Tree, directory int64, err error) {
	dir, err := findDirectory(a, f)
	if err != nil {
		return nil, 0, err
	}
	packed := make([]byte, dir.size)
	if err := readAt(a, f, packed, dir.offset); err != nil {
		return nil, 0, err
	}
	r := entryReader{archive: a, left: packed, links: links}
	for range dir.count {
		if err := r.next(); err != nil {
			return nil, 0, err
		}
	}
	if len(r.left) > 0 {
		return nil, 0, &ArchiveError{Archive: a.Name, Reason: fmt.Sprintf("lists more than the %d entries it announces", dir.count)}
	}
	return r.entries, dir.offset, r.checkOverlaps(dir.offset)
}

// span is where an entry lies at least: its extra field is known only from the
// local header.
type span struct {
	name       string
	start, end int64
}

// checkOverlaps refuses archives in which two entries share bytes, or one
// shares them with the directory.
func (r *entryReader) checkOverlaps(directory int64) error {
	slices.SortFunc(r.spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	for i, s := range r.spans {
		limit := directory
		if i+1 < len(r.spans) {
			limit = r.spans[i+1].start
		}
		if s.end > limit {
			return &ArchiveError{Archive: r.archive.Name, Entry: s.name, Reason: "reaches into what follows it"}
		}
	}
	return nil
}

// readAt fills b, and takes an early end of the archive for the archive's fault.
func readAt(a *Archive, f io.ReaderAt, b []byte, offset int64) error {
	n, err := f.ReadAt(b, offset)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &ArchiveError{Archive: a.Name, Reason: "is truncated"}
	default:
		return fmt.Errorf("reading %q: %w", a.Name, err)
	}
}
