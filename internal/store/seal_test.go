package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// signed returns a store in the folder that signs with a key.
func signed(t *testing.T, dir, key string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err == nil {
		err = s.SignRecords(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const ourKey, otherKey = "the key of trusted jobs", "the key of other jobs"

// TestSignedRecordsAreBelieved holds that stores with one key share their records, and
// that stores without it, or with another, have records of their own beside them.
func TestSignedRecordsAreBelieved(t *testing.T) {
	dir := t.TempDir()
	plain, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]*Store{"plain": plain, "ours": signed(t, dir, ourKey), "other": signed(t, dir, otherKey)}
	for name, s := range stores {
		if err := s.PutRecord("pages", "k", []byte("body of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	stores["ours"] = signed(t, dir, ourKey) // another process
	for name, s := range stores {
		if body, _, err := s.GetRecord("pages", "k"); err != nil || string(body) != "body of "+name {
			t.Errorf("%s reads %q, %v", name, body, err)
		}
	}
}

// TestForgedRecordsAreAbsent writes to the folder what a process without the key can
// write under the name of a signed record.
func TestForgedRecordsAreAbsent(t *testing.T) {
	dir := t.TempDir()
	s, other := signed(t, dir, ourKey), signed(t, dir, otherKey)
	for _, of := range [][2]string{{"pages", "k"}, {"pages", "other"}, {"resolutions", "k"}, {"pages", "x\n1 y"}} {
		if err := s.PutRecord(of[0], of[1], []byte("good of "+of[0]+of[1])); err != nil {
			t.Fatal(err)
		}
	}
	path := func(s *Store, bucket, key string) string {
		name, err := s.recordPath(bucket, key)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	read := func(name string) []byte {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	victim := path(s, "pages", "k")
	good := read(victim)
	if err := other.PutRecord("pages", "k", []byte("evil")); err != nil {
		t.Fatal(err)
	}
	line, body, _ := bytes.Cut(good, []byte("\n"))
	at, sum, _ := strings.Cut(string(line), " ")
	for name, forged := range map[string][]byte{
		"signed with nothing":        recordKey("").seal("pages", "k", []byte("evil"), time.Now()),
		"signed with another key":    read(path(other, "pages", "k")),
		"another body":               []byte(string(line) + "\nevil"),
		"a body that is longer":      append(bytes.Clone(good), 'x'),
		"a body that is shorter":     good[:len(good)-1],
		"another time":               fmt.Appendf(nil, "%d %s\n%s", time.Now().Unix()+3600, sum, body),
		"a shorter sum":              []byte(at + " " + sum[:32] + "\n" + string(body)),
		"no sum":                     []byte(at + " \n" + string(body)),
		"the record of another key":  read(path(s, "pages", "other")),
		"the record of a bucket":     read(path(s, "resolutions", "k")),
		"one whose key holds a line": read(path(s, "pages", "x\n1 y")),
	} {
		if err := os.Remove(victim); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(victim, forged, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := s.GetRecord("pages", "k"); err == nil {
			t.Errorf("%s: the record %q is believed", name, got)
		}
	}
	if err := os.WriteFile(victim, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetRecord("pages", "k"); err != nil {
		t.Errorf("the record of the store itself: %v", err)
	}
}

// TestShortKeysAreRefused holds that a key that can be guessed is an error, which does
// not show it.
func TestShortKeysAreRefused(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignRecords("fifteen bytes ."); err == nil || strings.Contains(err.Error(), "fifteen") {
		t.Errorf("the error is %v", err)
	}
	if err := s.SignRecords("sixteen bytes .."); err != nil {
		t.Error(err)
	}
}

// BenchmarkSeal measures what signing costs, for a record as large as a long page.
func BenchmarkSeal(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	for name, key := range map[string]recordKey{"sum": "", "signed": ourKey} {
		b.Run(name, func(b *testing.B) {
			raw := key.seal("pages", "k", body, time.Unix(1, 0))
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, _, ok := key.open("pages", "k", raw); !ok {
					b.Fatal("the record is not read")
				}
			}
		})
	}
}
