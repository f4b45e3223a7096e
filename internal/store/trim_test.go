package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tests that need a lock which was just given up are not parallel: between fork and
// exec, a child that another test starts holds each lock that this process has, so that
// one is free only when the child runs.

func TestTrimBySizeRemovesTheLeastRecentlyUsed(t *testing.T) {
	s := open(t)
	old, middle, young := put(t, s, "first."), put(t, s, "second"), put(t, s, "third.")
	age(t, s.Path(old), 72*time.Hour)
	age(t, s.Path(middle), 48*time.Hour)
	if err := s.PutRecord("pages", "k", []byte("body")); err != nil {
		t.Fatal(err)
	}
	record, err := s.recordPath("pages", "k")
	if err != nil {
		t.Fatal(err)
	}
	age(t, record, 96*time.Hour)
	info, err := os.Stat(record)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Trim(t.Context(), 12, 0)
	want := TrimResult{Removed: 2, Freed: info.Size() + 6, Kept: 2, Bytes: 12}
	if err != nil || got != want {
		t.Errorf("Trim = %+v, %v, want %+v", got, err, want)
	}
	if s.Has(old, -1) || !s.Has(middle, -1) || !s.Has(young, -1) {
		t.Error("Trim removed another than the least recently used")
	}
	if got, err := s.Trim(t.Context(), 0, 0); err != nil || got != (TrimResult{Kept: 2, Bytes: 12}) {
		t.Errorf("Trim without limits = %+v, %v", got, err)
	}
}

func TestTrimByAge(t *testing.T) {
	t.Parallel()
	s := open(t)
	old, young := put(t, s, "old"), put(t, s, "young")
	age(t, s.Path(old), 31*24*time.Hour)
	age(t, s.Path(young), 29*24*time.Hour)
	got, err := s.Trim(t.Context(), 0, 30*24*time.Hour)
	if want := (TrimResult{Removed: 1, Freed: 3, Kept: 1, Bytes: 5}); err != nil || got != want {
		t.Errorf("Trim = %+v, %v, want %+v", got, err, want)
	}
	if s.Has(old, -1) || !s.Has(young, -1) {
		t.Error("Trim removed the wrong blob")
	}
}

func TestTrimLeavesWritersAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	w, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	age(t, w.File().Name(), 48*time.Hour)
	left := filepath.Join(s.root, "tmp", "blob-left")
	fresh := filepath.Join(s.root, "tmp", "blob-fresh")
	for _, path := range []string{left, fresh} {
		if err := os.WriteFile(path, []byte("torn"), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	age(t, left, 2*time.Minute)
	age(t, fresh, -time.Hour) // however long the test takes
	got, err := s.Trim(t.Context(), 1, time.Nanosecond)
	if want := (TrimResult{Swept: 1}); err != nil || got != want {
		t.Errorf("Trim = %+v, %v, want %+v", got, err, want)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of a gone writer: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("a file without a lock yet: %v", err)
	}
	if err := w.Commit(digest(t, helloDigest)); err != nil {
		t.Errorf("Commit after Trim = %v", err)
	}
}

func TestTrimRemovesIdleLocks(t *testing.T) {
	s := open(t)
	for _, key := range []string{"idle", "held", "recent"} {
		unlock, err := s.Lock(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if key != "recent" {
			age(t, filepath.Join(s.root, "locks", Sum([]byte(key)).Hex()), 25*time.Hour)
		}
		if key == "held" {
			defer unlock()
			continue
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Trim(t.Context(), 0, 0); err != nil || got.Swept != 1 {
		t.Errorf("Trim = %+v, %v, want one lock swept", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Lock(ctx, "held"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the held lock after Trim: %v", err)
	}
}

func TestOneTrimAtATime(t *testing.T) {
	s := open(t)
	d := put(t, s, "hello")
	age(t, s.Path(d), 48*time.Hour)
	other, err := lockPath(filepath.Join(s.root, "locks", "trim"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Trim(t.Context(), 0, time.Hour); err != nil || got != (TrimResult{}) {
		t.Errorf("Trim beside another = %+v, %v, want nothing done", got, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Trim(ctx, 0, time.Hour); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("Trim with an ended context: %v", err)
	}
	if got, err := s.Trim(t.Context(), 0, time.Hour); err != nil || got.Removed != 1 {
		t.Errorf("Trim = %+v, %v, want one removed", got, err)
	}
}
