package placement

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// quarrel is a registry with levels of peers: at each, two packages ask for two
// versions of one package of the next. Each version is tried with all that is below,
// so that the work doubles with each level.
func quarrel(t *testing.T, levels int) *shop {
	t.Helper()
	var lines strings.Builder
	for k := range levels {
		for v := 1; v <= 2; v++ {
			fmt.Fprintf(&lines, `{"name":"a%d","version":"%d.0.0","peerDependencies":{"b%d":"*","c%d":"*"}}`+"\n", k, v, k, k)
		}
		fmt.Fprintf(&lines, `{"name":"b%d","version":"1.0.0","peerDependencies":{"a%d":"1"}}`+"\n", k, k+1)
		fmt.Fprintf(&lines, `{"name":"c%d","version":"1.0.0","peerDependencies":{"a%d":"2"}}`+"\n", k, k+1)
	}
	for v := 1; v <= 2; v++ {
		fmt.Fprintf(&lines, `{"name":"a%d","version":"%d.0.0"}`+"\n", levels, v)
	}
	lines.WriteString(`{"name":"app","version":"1.0.0","dependencies":{"a0":"*"}}`)
	return readShop(t, lines.String())
}

func TestPlacementEndsWithItsBudget(t *testing.T) {
	t.Parallel()
	project, _, err := manifest.ParseProject([]byte(`{"dependencies":{"app":"^1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for most, times := range map[int]int{200: 2, 5000: 2, maxSteps: 1} {
		var texts []string
		for range times {
			r, err := newRun(t.Context(), quarrel(t, 40), project, Options{})
			if err != nil {
				t.Fatal(err)
			}
			r.maxSteps = most
			err = r.all()
			refusal, ok := errors.AsType[*manifest.ResolveError](err)
			if !ok || refusal.Code != "ELOOP" {
				t.Fatalf("within %d steps: %v, want a refusal (%d steps)", most, err, r.steps)
			}
			names, ended := strings.CutPrefix(refusal.Detail, "where the packages lie could not be decided in 500000 steps, and npm might take hours; the most often moved ones are ")
			if names, _, _ = strings.Cut(names, ";"); !ended || strings.Count(names, "@") != maxBlamed {
				t.Errorf("within %d steps: %v, want one that names %d packages", most, err, maxBlamed)
			}
			if r.steps > most+most/10+500 {
				t.Errorf("it ended after %d steps, want %d", r.steps, most)
			}
			texts = append(texts, refusal.Error())
		}
		if texts[0] != texts[len(texts)-1] {
			t.Errorf("two placements end differently: %q", texts)
		}
	}
}

// countedContext is cancelled at the nth question whether it is.
type countedContext struct {
	context.Context
	left int
}

func (c *countedContext) Err() error {
	if c.left--; c.left <= 0 {
		return context.Canceled
	}
	return nil
}

// TestPlacementStopsWhereItIsCancelled counts the steps after the cancellation.
func TestPlacementStopsWhereItIsCancelled(t *testing.T) {
	t.Parallel()
	project, _, err := manifest.ParseProject([]byte(`{"dependencies":{"app":"^1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{1, 30, 1000} {
		ctx := &countedContext{Context: t.Context(), left: at}
		r, err := newRun(ctx, quarrel(t, 40), project, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err = r.all(); !errors.Is(err, context.Canceled) && err == nil {
			t.Errorf("cancelled at question %d: err = %v", at, err)
		}
		if _, refused := errors.AsType[*manifest.ResolveError](err); refused || ctx.left < -1 { // the cause is asked for once
			t.Errorf("cancelled at question %d: asked %d times more, %v", at, -ctx.left, err)
		}
		if r.steps > at*5000 {
			t.Errorf("cancelled at question %d: %d steps", at, r.steps)
		}
	}
}
