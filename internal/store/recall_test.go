package store

import (
	"errors"
	"os"
	"testing"
	"time"
)

// redate gives the record of a key another moment, as a clock that jumped would.
func redate(t *testing.T, s *Store, bucket, key string, at time.Time) {
	t.Helper()
	body, _, err := s.GetRecord(bucket, key)
	if err != nil {
		t.Fatal(err)
	}
	path, err := s.recordPath(bucket, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, recordKey("").seal(bucket, key, body, at), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestRecallAsksOnlyWhenItMust(t *testing.T) {
	t.Parallel()
	s := open(t)
	asked := 0
	recall := func(usable func(string) bool) string {
		t.Helper()
		got, err := Recall(s, "answers", "q", time.Hour, usable, func() (string, error) {
			asked++
			return "answer", nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, step := range []struct {
		name   string
		before func()
		usable func(string) bool
		asks   bool
	}{
		{"unknown", func() {}, nil, true},
		{"known", func() {}, nil, false},
		{"not usable", func() {}, func(string) bool { return false }, true},
		{"an hour later", func() { redate(t, s, "answers", "q", time.Now().Add(-time.Hour)) }, nil, true},
		{"a clock that was set back by a day", func() { redate(t, s, "answers", "q", time.Now().Add(24*time.Hour)) }, nil, true},
		{"a neighbour's clock, a minute ahead", func() { redate(t, s, "answers", "q", time.Now().Add(time.Minute)) }, nil, false},
		{"no answer", func() { s.Note("answers", "q", []byte("{")) }, nil, true},
	} {
		step.before()
		before := asked
		if got := recall(step.usable); got != "answer" || asked-before == 1 != step.asks {
			t.Errorf("%s: got %q, asked %d times, want to be asked: %t", step.name, got, asked-before, step.asks)
		}
	}
	fault := errors.New("nobody knows")
	if _, err := Recall(s, "answers", "other", time.Hour, nil, func() (int, error) { return 0, fault }); !errors.Is(err, fault) {
		t.Errorf("got %v, want the error of the question", err)
	}
	if _, _, err := s.GetRecord("answers", "other"); err == nil {
		t.Error("an error was remembered")
	}
}
