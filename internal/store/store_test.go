package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// helloDigest is the sha256 of "hello", from the sha256sum command.
const helloDigest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func digest(t *testing.T, hex string) Digest {
	t.Helper()
	d, err := ParseDigest(hex)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t *testing.T, s *Store, content string) Digest {
	t.Helper()
	w, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	d := w.Sum()
	if err := w.Commit(Digest{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// litter counts the temporary files of the store.
func litter(t *testing.T, s *Store) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Dir(), "v1", "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func age(t *testing.T, path string, by time.Duration) {
	t.Helper()
	then := time.Now().Add(-by)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func TestDigestText(t *testing.T) {
	t.Parallel()
	d := digest(t, strings.ToUpper(helloDigest))
	if got := d.Hex(); got != helloDigest {
		t.Errorf("Hex() = %q, want %q", got, helloDigest)
	}
	if got, want := d.Base64(), "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="; got != want {
		t.Errorf("Base64() = %q, want %q", got, want)
	}
	if got := Sum([]byte("hello")); got != d {
		t.Errorf("Sum(hello) = %s, want %s", got, d)
	}
	if got, n, err := SumReader(t.Context(), strings.NewReader("hello")); got != d || n != 5 || err != nil {
		t.Errorf("SumReader(hello) = %s, %d, %v", got, n, err)
	}
	for _, bad := range []string{"", "2c", helloDigest + "00", strings.Replace(helloDigest, "2", "g", 1)} {
		if _, err := ParseDigest(bad); err == nil {
			t.Errorf("ParseDigest(%q) gave no error", bad)
		}
	}
}

func TestCommitStoresUnderTheDigest(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := put(t, s, "hello")
	if d.Hex() != helloDigest {
		t.Fatalf("digest = %s, want %s", d, helloDigest)
	}
	want := filepath.Join(s.Dir(), "v1", "blobs", "sha256", "2c", helloDigest)
	if got := s.Path(d); got != want {
		t.Errorf("Path() = %q, want %q", got, want)
	}
	content, err := os.ReadFile(want)
	if err != nil || string(content) != "hello" {
		t.Errorf("file holds %q (%v), want hello", content, err)
	}
	info, err := os.Stat(want)
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("mode = %v (%v), want 0444", info.Mode(), err)
	}
	if n := litter(t, s); n != 0 {
		t.Errorf("%d temporary files left, want none", n)
	}
	if again := put(t, s, "hello"); again != d {
		t.Errorf("second insert has digest %s, want %s", again, d)
	}
}

func TestCommitRefusesAnotherDigest(t *testing.T) {
	t.Parallel()
	s := open(t)
	w, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hallo")); err != nil {
		t.Fatal(err)
	}
	got := w.Sum()
	err = w.Commit(digest(t, helloDigest))
	var wrong *DigestError
	if !errors.As(err, &wrong) || wrong.Want.Hex() != helloDigest || wrong.Got != got || wrong.Size != 5 {
		t.Fatalf("Commit() = %v, want a DigestError for 5 bytes", err)
	}
	if s.Has(got, -1) || s.Has(digest(t, helloDigest), -1) || litter(t, s) != 0 {
		t.Error("a refused blob was kept")
	}
	if err := w.Commit(Digest{}); err == nil {
		t.Error("a second Commit gave no error")
	}
}

func TestWriterAbortResetAndFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	w, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("a longer beginning")); err != nil {
		t.Fatal(err)
	}
	if err := w.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 6)
	if n, err := w.File().ReadAt(content, 0); n != 5 || err != io.EOF || string(content[:n]) != "hello" {
		t.Errorf("ReadAt = %q, %v, want hello and EOF", content[:n], err)
	}
	if w.Size() != 5 || w.Sum().Hex() != helloDigest {
		t.Errorf("Size() = %d, Sum() = %s", w.Size(), w.Sum())
	}
	if err := w.Commit(digest(t, helloDigest)); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit = %v", err)
	}
	if !s.Has(digest(t, helloDigest), 5) {
		t.Error("Abort after Commit removed the blob")
	}
	aborted, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(aborted.Abort(), aborted.Abort()); err != nil {
		t.Errorf("Abort = %v", err)
	}
	if n := litter(t, s); n != 0 {
		t.Errorf("%d temporary files left, want none", n)
	}
}

func TestOpenAbsentAndDamaged(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, err := s.Open(digest(t, helloDigest), -1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of an absent blob = %v, want ErrNotExist", err)
	}
	d := put(t, s, "hello")
	if s.Has(d, 4) || !s.Has(d, 5) || !s.Has(d, -1) {
		t.Error("Has does not go by size")
	}
	f, err := s.Open(d, 5)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(f); string(content) != "hello" || err != nil {
		t.Errorf("blob holds %q, %v", content, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(d, 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open with another size = %v, want ErrNotExist", err)
	}
	if s.Has(d, -1) {
		t.Error("a blob of another size was not evicted")
	}
	if err := s.Evict(d); err != nil {
		t.Errorf("Evict of an absent blob = %v", err)
	}
}

func TestVerifyEvictsACorruptBlob(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := put(t, s, "hello")
	if err := s.Verify(t.Context(), d); err != nil {
		t.Fatalf("Verify of a sound blob = %v", err)
	}
	corrupt(t, s.Path(d), "hellO")
	err := s.Verify(t.Context(), d)
	var damaged *CorruptError
	if !errors.As(err, &damaged) || damaged.Got == d || damaged.Path != s.Path(d) {
		t.Fatalf("Verify = %v, want a CorruptError", err)
	}
	if s.Has(d, -1) {
		t.Error("a corrupt blob was not evicted")
	}
	if err := s.Verify(t.Context(), d); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Verify of an absent blob = %v, want ErrNotExist", err)
	}
}

func TestCommitHealsACorruptBlob(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := put(t, s, "hello")
	corrupt(t, s.Path(d), "hellO")
	put(t, s, "hello")
	if err := s.Verify(t.Context(), d); err != nil {
		t.Errorf("Verify after a second insert = %v", err)
	}
}

func corrupt(t *testing.T, path, content string) {
	t.Helper()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestUseIsNotedOncePerDay(t *testing.T) {
	t.Parallel()
	s := open(t)
	d := put(t, s, "hello")
	for _, c := range []struct {
		age     time.Duration
		renewed bool
	}{{23 * time.Hour, false}, {25 * time.Hour, true}} {
		age(t, s.Path(d), c.age)
		f, err := s.Open(d, -1)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(s.Path(d))
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(info.ModTime()) < time.Hour; got != c.renewed {
			t.Errorf("last used %v ago: renewed = %t, want %t", c.age, got, c.renewed)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	s := open(t)
	dir := filepath.Join(s.Dir(), "v1", "files")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "a.json")
	for _, body := range []string{"a long first one", "short", ""} {
		if err := s.Replace(name, []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != body {
			t.Errorf("the file holds %q, %v, want %q", got, err, body)
		}
	}
	if err := s.Replace(filepath.Join(dir, "none", "b.json"), []byte("b")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("Replace() in a folder that is not there = %v, want an error that names the cache", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || litter(t, s) != 0 {
		t.Errorf("the folder holds %v, %v, and the cache %d temporary files, want a.json alone", entries, err, litter(t, s))
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, _, err := s.GetRecord("pages", "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent record = %v, want ErrNotExist", err)
	}
	before := time.Now().Truncate(time.Second)
	for _, body := range []string{"first", "", "second\nwith lines\x00"} {
		if err := s.PutRecord("pages", "k", []byte(body)); err != nil {
			t.Fatal(err)
		}
		got, written, err := s.GetRecord("pages", "k")
		if err != nil || string(got) != body {
			t.Errorf("record = %q, %v, want %q", got, err, body)
		}
		if now := time.Now(); written.Before(before) || written.After(now) {
			t.Errorf("written at %v, want it between %v and %v", written, before, now)
		}
	}
	if _, _, err := s.GetRecord("other", "k"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("record of another bucket = %v, want ErrNotExist", err)
	}
	for _, bad := range []string{"", "..", "a/b", "A", `a\b`} {
		if err := s.PutRecord(bad, "k", nil); err == nil {
			t.Errorf("bucket %q gave no error", bad)
		}
	}
}

func TestDamagedRecordsAreAbsent(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"empty":      func([]byte) []byte { return nil },
		"torn":       func(b []byte) []byte { return b[:len(b)-1] },
		"longer":     func(b []byte) []byte { return append(b, '!') },
		"edited":     func(b []byte) []byte { return bytes.Replace(b, []byte("body"), []byte("Body"), 1) },
		"other time": func(b []byte) []byte { b[0] ^= 1; return b },
		"zeros":      func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if err := s.PutRecord("pages", "k", []byte("the body")); err != nil {
				t.Fatal(err)
			}
			path, err := s.recordPath("pages", "k")
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			corrupt(t, path, string(damage(raw)))
			if got, _, err := s.GetRecord("pages", "k"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("damaged record = %q, %v, want ErrNotExist", got, err)
			}
		})
	}
}

func TestRecordOfAnotherKeyIsAbsent(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.PutRecord("pages", "a", []byte("body of a")); err != nil {
		t.Fatal(err)
	}
	if err := s.PutRecord("pages", "b", []byte("body of b")); err != nil {
		t.Fatal(err)
	}
	from, _ := s.recordPath("pages", "a")
	to, _ := s.recordPath("pages", "b")
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.GetRecord("pages", "b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("record moved from another key = %q, %v, want ErrNotExist", got, err)
	}
}

func FuzzOpenRecord(f *testing.F) {
	f.Add([]byte("1700000000 00\nbody"))
	f.Add([]byte("\n"))
	f.Add(recordKey("").seal("pages", "k", []byte("body"), time.Unix(1700000000, 0)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		body, written, ok := recordKey("").open("pages", "k", raw)
		if ok && !bytes.Equal(recordKey("").seal("pages", "k", body, written), raw) {
			t.Errorf("record %q was accepted, but is not what is written", raw)
		}
	})
}

func TestOpenNamesTheDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(file, "cache")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), `opening cache directory "`+dir+`"`) {
		t.Errorf("Open(%q) = %v, want an error that names it", dir, err)
	}
}

// TestSumFile reads regular files alone, and as long as its context lasts.
func TestSumFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(name, bytes.Repeat([]byte("x"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, n, err := SumFile(t.Context(), name); err != nil || n != 1<<20 || d != Sum(bytes.Repeat([]byte("x"), 1<<20)) {
		t.Errorf("SumFile() = %s, %d, %v", d, n, err)
	}
	for _, other := range []string{t.TempDir(), os.DevNull} {
		if _, _, err := SumFile(t.Context(), other); err == nil || !strings.Contains(err.Error(), "it is not a regular file") {
			t.Errorf("SumFile(%q) = %v", other, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	read := 0
	cancelling := readerFunc(func(b []byte) (int, error) {
		if read++; read == 3 {
			cancel(cause)
		}
		return len(b), nil
	})
	if _, _, err := SumReader(ctx, cancelling); !errors.Is(err, cause) || read != 3 {
		t.Errorf("SumReader() = %v after %d reads, want the cause after 3", err, read)
	}
	s, d := open(t), Sum([]byte("text"))
	if err := s.Keep(d, strings.NewReader("text")); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(s.Dir()); err != nil { // one that has not read it yet
		t.Fatal(err)
	} else if err := s.Verify(ctx, d); !errors.Is(err, cause) || !s.Has(d, 4) {
		t.Errorf("Verify() = %v, want the cause, and the blob stays", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
