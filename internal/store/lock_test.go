package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLockExcludes(t *testing.T) {
	t.Parallel()
	s := open(t)
	var wg sync.WaitGroup
	inside, passed := make(chan struct{}, 1), 0
	for range 20 {
		wg.Go(func() {
			unlock, err := s.Lock(t.Context(), "key")
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case inside <- struct{}{}:
			default:
				t.Error("two hold the lock at once")
			}
			passed++
			<-inside
			if err := unlock(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if passed != 20 {
		t.Errorf("%d passed, want 20", passed)
	}
}

func TestLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := open(t)
	unlock, err := s.Lock(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Lock(ctx, "key"); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("err = %v, want the end of the context and the directory", err)
	}
	other, err := s.Lock(t.Context(), "another key")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other(), unlock()); err != nil {
		t.Fatal(err)
	}
	again, err := s.Lock(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
}
