package release

import (
	"testing"
	"time"
)

func TestOfAge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, want string }{
		{"2026-11-23T00:00:00Z", "2026-11-22T00:00:00Z"}, {"2026-11-23T15:04:05Z", "2026-11-22T00:00:00Z"},
		{"2026-11-23T23:59:59Z", "2026-11-22T00:00:00Z"}, {"2026-11-24T01:00:00+02:00", "2026-11-22T00:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := OfAge(now, 24*time.Hour); got.At.Format(time.RFC3339) != c.want || got.Explicit {
			t.Errorf("at %s: %s, explicit %t; want %s", c.now, got.At.Format(time.RFC3339), got.Explicit, c.want)
		}
	}
	if got := OfAge(time.Now(), 0); got != (CutOff{}) {
		t.Errorf("no age gives the cut-off %s", got.At)
	}
}
