package filetree

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// seen gathers what it is shown, and wants nothing of files that end in ".txt".
type seen struct {
	bytes.Buffer
	done []string
}

func (s *seen) Start(e *Entry) io.Writer {
	if strings.HasSuffix(e.Path, ".txt") {
		return nil
	}
	s.WriteString(e.Path + "=")
	return s
}

func (s *seen) Done(e *Entry) error {
	s.done = append(s.done, e.Path)
	return nil
}

func TestWatchersSeeTheContents(t *testing.T) {
	t.Parallel()
	archive := inMemory("a.whl", makeZip(t, raw{name: "a", data: "first ", deflate: true}, raw{name: "b.txt", data: "no"}, raw{name: "c", data: "second"}))
	var s seen
	if err := VetWatched(archive, &s); err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != "a=first c=second" || strings.Join(s.done, " ") != "a c" {
		t.Errorf("seen are %q, whole were %q", got, s.done)
	}
	bad := inMemory("bad.whl", makeZip(t, raw{name: "a", data: "x", crc: new(uint32(1))}))
	s = seen{}
	if err := VetWatched(bad, &s); err == nil || len(s.done) > 0 {
		t.Errorf("a damaged entry was whole: %v, %q", err, s.done)
	}
}

func TestReadEntriesMayStopEarly(t *testing.T) {
	t.Parallel()
	archive := inMemory("a.zip", makeZip(t, raw{name: "a", data: strings.Repeat("long ", 1000), deflate: true}, raw{name: "b", data: "second"}))
	tree, err := FromZip(archive)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = ReadEntries(archive, tree, func(e *Entry, in io.Reader) error {
		head := make([]byte, 4)
		_, err := io.ReadFull(in, head)
		got = append(got, e.Path+"="+string(head))
		return err
	})
	if err != nil || strings.Join(got, " ") != "a=long b=seco" {
		t.Errorf("read %q, %v", got, err)
	}
	stop := errors.New("enough")
	if err := ReadEntries(archive, tree, func(*Entry, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of a visit is %v", err)
	}
}
