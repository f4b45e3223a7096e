package segment

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// setBucket holds the notes of all archives of one layer together, by their digests: to
// open a file for each costs as much as to judge it.
const setBucket = "native-sets"

// minSet is the least number of archives of which a set is kept.
const minSet = 8

// set is the notes of the archives of one layer that the store has.
type set struct {
	key   string
	at    map[*filetree.Archive]int
	notes []*archiveNotes
	// known is set where the notes were read from a record.
	known bool
}

// newSet returns the set of some archives, with the notes that were kept of it.
func (c *Cache) newSet(archives []*filetree.Archive) *set {
	s := &set{at: map[*filetree.Archive]int{}}
	var names strings.Builder
	for _, a := range archives {
		if digest, ok := c.stored(a); ok {
			s.at[a] = len(s.at)
			names.WriteString(digest.Hex())
		}
	}
	s.notes = make([]*archiveNotes, len(s.at))
	if len(s.at) < minSet {
		return s
	}
	s.key = fmt.Sprintf("%d %s", native.Format, store.Sum([]byte(names.String())).Hex())
	body, _, err := c.store.GetRecord(setBucket, s.key)
	if err != nil {
		return s
	}
	d := native.NewDecoder(string(body))
	for i := range s.notes {
		notes, err := decodeNotes(d.Text())
		if err != nil {
			clear(s.notes)
			return s
		}
		s.notes[i] = &notes
	}
	s.known = d.Err() == nil
	if !s.known {
		clear(s.notes)
	}
	return s
}

// of returns the notes of an archive, nil where none were kept.
func (s *set) of(a *filetree.Archive) *archiveNotes {
	if i, ok := s.at[a]; ok && s.known {
		return s.notes[i]
	}
	return nil
}

// note adds the notes of an archive.
func (s *set) note(a *filetree.Archive, notes *archiveNotes) {
	if i, ok := s.at[a]; ok {
		s.notes[i] = notes
	}
}

// keepSet keeps a set that was not known.
func (c *Cache) keepSet(s *set) error {
	if s.known || s.key == "" {
		return nil
	}
	var e native.Encoder
	for _, notes := range s.notes {
		e.Text(string(notes.encode()))
	}
	return c.store.PutRecord(setBucket, s.key, e.Bytes)
}
