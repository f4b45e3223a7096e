package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"2":                             2 * time.Second,
		" 7 ":                           7 * time.Second,
		"0":                             0,
		"-5":                            0,
		"99999999999999999999":          0, // no number
		"3600":                          30 * time.Second,
		"Mon, 30 Nov 2026 12:00:10 GMT": 10 * time.Second,
		"Mon, 30 Nov 2026 11:00:00 GMT": 0,
		"Mon, 30 Nov 2027 12:00:00 GMT": 30 * time.Second,
		"soon":                          0,
	} {
		if got := RetryAfter(header, now, 30*time.Second); got != want {
			t.Errorf("RetryAfter(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestDelayGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	for attempt, most := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 10: 20 * time.Second, 1000: 20 * time.Second} {
		for range 50 {
			if got := Delay(attempt, time.Second, 20*time.Second); got < most/2 || got > most {
				t.Fatalf("Delay(%d) = %s, want between %s and %s", attempt, got, most/2, most)
			}
		}
	}
}

// TestSleepEnds waits just as long as is asked, and no longer than its context.
func TestSleepEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := Sleep(t.Context(), time.Hour); err != nil || time.Since(start) != time.Hour {
			t.Errorf("slept %s, %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour+time.Minute {
			t.Errorf("slept %s, %v, want the end of the context", time.Since(start), err)
		}
		if err := Sleep(ctx, 0); err != nil {
			t.Errorf("sleeping for nothing: %v", err)
		}
	})
}
