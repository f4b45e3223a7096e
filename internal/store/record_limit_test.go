package store

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// TestRecordsThatAreTooLargeAreAbsent has one that somebody has made so.
func TestRecordsThatAreTooLargeAreAbsent(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.PutRecord("pages", "key", []byte("body")); err != nil {
		t.Fatal(err)
	}
	path, err := s.recordPath("pages", "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxRecord+1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetRecord("pages", "key"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("GetRecord() = %v, want that it is absent", err)
	}
}
