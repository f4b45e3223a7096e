package filetree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ClashError says that two origins want one path: with different content, or
// one as a file and the other as a directory.
type ClashError struct {
	Path          string
	First, Second Origin // in tree order
	Directory     bool   // one of them has a directory there
}

func (e *ClashError) Error() string {
	what := "with different content"
	if e.Directory {
		what = "once as a file and once as a directory"
	}
	if e.First == e.Second {
		return fmt.Sprintf("%q comes twice from %s, %s", e.Path, e.First, what)
	}
	return fmt.Sprintf("%q comes from %s and from %s, %s", e.Path, e.First, e.Second, what)
}

// Merge joins trees in the order given. A path that comes again with the same
// content is kept once, where it came first, executable if either was; any
// other meeting of two files is a *ClashError. Paths that differ in case alone
// are different, as they are for Lambda.
func Merge(trees ...Tree) (Tree, error) {
	total := 0
	for _, t := range trees {
		total += len(t)
	}
	m := merger{out: make(Tree, 0, total), files: make(map[string]int, total), dirs: map[string]int{}}
	for _, t := range trees {
		for i := range t {
			if err := m.add(t[i]); err != nil {
				return nil, err
			}
		}
	}
	return m.out, nil
}

// merger maps each file and each directory to the entry of out that brought it first.
type merger struct {
	out         Tree
	files, dirs map[string]int
}

func (m *merger) add(e Entry) error {
	if i, ok := m.files[e.Path]; ok {
		return m.again(i, e)
	}
	if i, ok := m.dirs[e.Path]; ok {
		return &ClashError{Path: e.Path, First: m.out[i].Origin, Second: e.Origin, Directory: true}
	}
	at := len(m.out)
	for dir := parent(e.Path); dir != ""; dir = parent(dir) {
		if i, ok := m.files[dir]; ok {
			return &ClashError{Path: dir, First: m.out[i].Origin, Second: e.Origin, Directory: true}
		}
		if _, ok := m.dirs[dir]; ok {
			break
		}
		m.dirs[dir] = at
	}
	m.files[e.Path] = at
	m.out = append(m.out, e)
	return nil
}

func (m *merger) again(i int, e Entry) error {
	same, err := sameContent(&m.out[i], &e)
	if err != nil {
		return err
	}
	if !same {
		return &ClashError{Path: e.Path, First: m.out[i].Origin, Second: e.Origin}
	}
	m.out[i].Exec = m.out[i].Exec || e.Exec
	return nil
}

// parent returns the directory of a clean path, "" for one at the top.
func parent(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '/'))]
}

// sameContent compares the bytes themselves where size and CRC agree: a CRC is
// no proof of equality.
func sameContent(a, b *Entry) (same bool, err error) {
	if a.Size != b.Size || a.CRC32 != b.CRC32 {
		return false, nil
	}
	if a.Size == 0 || a.Archive == b.Archive && a.Header == b.Header {
		return true, nil
	}
	ra, err := a.OpenContent()
	if err != nil {
		return false, err
	}
	defer func() { _ = ra.Close() }()
	rb, err := b.OpenContent()
	if err != nil {
		return false, err
	}
	defer func() { _ = rb.Close() }()
	return SameBytes(ra, rb, make([]byte, 64<<10))
}

// SameBytes reads both to their ends, or until they differ, by way of a buffer.
func SameBytes(a, b io.Reader, buffer []byte) (bool, error) {
	bufA, bufB := buffer[:len(buffer)/2], buffer[len(buffer)/2:][:len(buffer)/2]
	for {
		n, errA := io.ReadFull(a, bufA)
		m, errB := io.ReadFull(b, bufB)
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return false, err
			}
		}
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return false, nil
		}
		if errA != nil || errB != nil {
			return errA != nil && errB != nil, nil
		}
	}
}
