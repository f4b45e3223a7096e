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

// setKey names the notes of some archives together; "" where none are kept, for few
// archives and where the store has not all of them.
func (c *Cache) setKey(archives []*filetree.Archive) string {
	if len(archives) < minSet {
		return ""
	}
	var names strings.Builder
	for _, a := range archives {
		digest, ok := c.stored(a)
		if !ok {
			return ""
		}
		names.WriteString(digest.Hex())
	}
	return fmt.Sprintf("%d %s", native.Format, store.Sum([]byte(names.String())).Hex())
}

// set returns the notes of so many archives that were kept together.
func (c *Cache) set(key string, archives int) (notes []*archiveNotes, ok bool) {
	if key == "" {
		return nil, false
	}
	record, _, err := c.store.GetRecord(setBucket, key)
	if err != nil {
		return nil, false
	}
	d := native.NewDecoder(string(record))
	for range archives {
		one, err := decodeNotes(d.Text())
		if err != nil {
			return nil, false
		}
		notes = append(notes, &one)
	}
	return notes, d.Err() == nil
}

// keepSet keeps the notes of some archives together.
func (c *Cache) keepSet(key string, notes []*archiveNotes) error {
	var e native.Encoder
	for _, one := range notes {
		e.Text(string(one.encode()))
	}
	return c.store.PutRecord(setBucket, key, e.Bytes)
}
