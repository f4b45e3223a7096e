package command

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// screen is written to by the goroutine of a progress and read by the test.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// take returns what was written since the last time.
func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// build logs as the provider does: a second to resolve, two to fetch 3 MiB, one to
// pack.
func build(p *progress, look func(phase string)) {
	log := slog.New(p)
	time.Sleep(time.Second)
	look("resolving")
	log.Info("resolved a layer", "parts", 3)
	p.received(1 << 20)
	time.Sleep(2 * time.Second)
	p.received(2 << 20)
	log.Info("fetched a file", "url", "https://example.com/a.whl")
	log.Debug("requested", "url", "https://example.com/a.whl")
	time.Sleep(time.Second)
	look("packing")
	log.Info("retrying", "url", "https://example.com/b.whl", "error", "a reset")
	log.Info("built a layer", "zip", "layer.zip")
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := &progress{out: &s, terminal: true, phase: "Resolving", begun: time.Now()}
		p.start()
		build(p, func(phase string) {
			synctest.Wait()
			text := s.take()
			last := text[strings.LastIndex(text, "\x1b[K")+len("\x1b[K"):]
			want := map[string]string{"resolving": "Resolving…", "packing": "Packing, fetched 1 file, 3.0 MiB (1.5 MiB/s)…"}[phase]
			if last != want {
				t.Errorf("%s: the last line is %q, want %q", phase, last, want)
			}
		})
		p.end()
		want := "\r\x1b[Kretrying https://example.com/b.whl a reset\nFetched 1 file, 3.0 MiB (1.5 MiB/s)\nPacked layer.zip in 3.0 s\n"
		if got := s.take(); got != want {
			t.Errorf("in the end %q, want %q", got, want)
		}
	})
}

// TestProgressElsewhere: a line for each phase, and nothing that a terminal obeys.
func TestProgressElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := newProgress(&s, false, false, sheet{})
		build(p, func(string) {})
		p.end()
		want := "Resolved 3 parts in 1.0 s\nretrying https://example.com/b.whl a reset\nFetched 1 file, 3.0 MiB (1.5 MiB/s)\nPacked layer.zip in 3.0 s\n"
		if got := s.take(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		for _, c := range []struct {
			quiet, verbose bool
			want           string
		}{{true, false, ""}, {false, true, "requested"}} {
			p := newProgress(&s, c.quiet, c.verbose, sheet{})
			build(p, func(string) {})
			p.end()
			if got := s.take(); c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("%+v: %q", c, got)
			}
		}
	})
}
