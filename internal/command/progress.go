package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// progress tells how far a build is: a line for each phase that ends. On a
// terminal the last line is that of the phase under way, with the bytes that
// arrived and their rate. It reads the log of the provider, whose lines name the
// phases; other lines that matter, as of a container build, are told as they are.
type progress struct {
	out      io.Writer
	quiet    bool
	terminal bool
	sheet    sheet
	verbose  slog.Handler // tells every line; nil tells phases alone

	stop chan struct{}
	done chan struct{}

	mu    sync.Mutex
	phase string
	begun time.Time // of the phase
	// first is when the first bytes of files arrived, last when the last did.
	first, last time.Time
	bytes       int64
	files       int
	shown       bool // whether the last line is to be written over
}

// every is how often the line of a phase under way is written anew.
const every = 200 * time.Millisecond

// newProgress returns one that writes to a writer; end ends it.
func newProgress(out io.Writer, quiet, verbose bool, s sheet) *progress {
	p := &progress{out: out, quiet: quiet, terminal: isTerminal(out), sheet: s, phase: "Resolving", begun: time.Now()}
	if verbose && !quiet {
		p.verbose = slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: leaveOutTime})
	}
	p.start()
	return p
}

// start writes the line of the phase under way again and again.
func (p *progress) start() {
	if !p.terminal || p.quiet || p.verbose != nil {
		return
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.mu.Lock()
				p.say(p.under()+"…", false)
				p.mu.Unlock()
			case <-p.stop:
				return
			}
		}
	}()
}

// end stops writing, and takes away the line of a phase that did not end.
func (p *progress) end() {
	if p.stop != nil {
		close(p.stop)
		<-p.done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// received is told of bytes that arrived.
func (p *progress) received(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now()
	if p.first.IsZero() {
		p.first = p.last
	}
	p.bytes += int64(bytes)
}

// Enabled leaves out requests, unless all is told.
func (p *progress) Enabled(_ context.Context, level slog.Level) bool {
	return !p.quiet && (level >= slog.LevelInfo || p.verbose != nil)
}

// Handle takes a line of the log.
func (p *progress) Handle(ctx context.Context, r slog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verbose != nil {
		return p.verbose.Handle(ctx, r)
	}
	values := map[string]slog.Value{}
	r.Attrs(func(a slog.Attr) bool {
		values[a.Key] = a.Value
		return true
	})
	took := fmt.Sprintf(" in %.1f s", time.Since(p.begun).Seconds())
	switch r.Message {
	case layer.LogFetched:
		p.files++
	case layer.LogResolved:
		p.say(fmt.Sprintf("Resolved %s parts%s", values["parts"], took), true)
		p.phase, p.begun = "Packing", time.Now()
	case layer.LogBuilt:
		if p.files > 0 {
			p.say("Fetched "+p.fetched(), true)
		}
		p.say("Packed "+values["zip"].String()+took, true)
		p.phase = ""
	default:
		text := []string{r.Message}
		for _, name := range []string{"url", "error"} {
			if v, ok := values[name]; ok {
				text = append(text, v.String())
			}
		}
		p.say(strings.Join(text, " "), true)
	}
	return nil
}

// fetched tells what arrived, and how fast.
func (p *progress) fetched() string {
	text := count(p.files, "file") + ", " + bytesText(p.bytes)
	if seconds := p.last.Sub(p.first).Seconds(); seconds > 0.05 {
		text += fmt.Sprintf(" (%s/s)", bytesText(int64(float64(p.bytes)/seconds)))
	}
	return text
}

// under tells of the phase under way.
func (p *progress) under() string {
	text := cmp.Or(p.phase, "Ending")
	if p.bytes > 0 {
		text += ", fetched " + p.fetched()
	}
	return text
}

// say writes a line over that of the phase under way; one that does not stay is
// written over by the next.
func (p *progress) say(text string, stays bool) {
	p.clear()
	text = p.sheet.fit(text, map[bool]int{false: width - 1}[stays])
	if stays {
		text += "\n"
	}
	_, _ = io.WriteString(p.out, text) // there is nowhere else to say it
	p.shown = !stays
}

// clear takes away the line of the phase under way (ECMA-48, EL).
func (p *progress) clear() {
	if p.shown {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
	}
	p.shown = false
}

// WithAttrs and WithGroup are not used by the provider.
func (p *progress) WithAttrs([]slog.Attr) slog.Handler { return p }

func (p *progress) WithGroup(string) slog.Handler { return p }

// leaveOutTime makes two runs log the same lines.
func leaveOutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
		return slog.Attr{}
	}
	return a
}
