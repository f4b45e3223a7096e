package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// pigeons is a world in which n+1 pigeons need a hole each and there are n: that it
// has no answer takes a number of conflicts that grows exponentially with n.
func pigeons(t *testing.T, n int) *smallWorld {
	t.Helper()
	w := &smallWorld{projects: map[string]*index.Project{}, deps: map[string][]dependency{}}
	add := func(name string, versions int) {
		p := &index.Project{Name: name}
		for v := versions; v >= 1; v-- {
			version, err := pep440.Parse(fmt.Sprint(v))
			if err != nil {
				t.Fatal(err)
			}
			p.Candidates = append(p.Candidates, index.Candidate{WheelFile: &index.WheelFile{Release: &index.Release{Version: version}}})
		}
		w.projects[name] = p
	}
	for hole := 1; hole <= n; hole++ {
		add(fmt.Sprint("hole", hole), n+1)
	}
	for pigeon := 1; pigeon <= n+1; pigeon++ {
		name := fmt.Sprint("pigeon", pigeon)
		add(name, n)
		for hole := 1; hole <= n; hole++ {
			spec, err := pep440.ParseSpecifiers(fmt.Sprint("==", pigeon))
			if err != nil {
				t.Fatal(err)
			}
			w.deps[key(name, "", fmt.Sprint(hole))] = []dependency{{name: fmt.Sprint("hole", hole), spec: spec}}
		}
		w.asked = append(w.asked, dependency{name: name, source: fmt.Sprint("line ", pigeon)})
	}
	return w
}

func TestSearchEndsWithItsBudget(t *testing.T) {
	t.Parallel()
	w := pigeons(t, 14)
	for name, limit := range map[string]func(*budget){
		"as it is":      func(*budget) {},
		"few conflicts": func(b *budget) { b.maxConflicts = 300 },
		"few checks":    func(b *budget) { b.maxChecks = 20_000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var texts []string
			for range 2 {
				s := newSolver(w)
				limit(&s.budget)
				_, err := s.solve(t.Context(), w.asked)
				if _, ok := errors.AsType[exhaustedError](err); !ok {
					t.Fatalf("solve() = %v, want an exhaustedError", err)
				}
				// One resolved conflict, and the work of one package, may follow.
				if b := s.budget; b.conflicts > b.maxConflicts+2 || b.checks > b.maxChecks+len(s.incs) {
					t.Errorf("it went on for %d conflicts and %d checks", b.conflicts, b.checks)
				}
				told, ok := errors.AsType[*wheel.Undecided](s.surrender("python3.12 x86_64"))
				if !ok || len(told.Names) != maxBlamed || len(told.Facts) == 0 || len(told.Facts) > maxFacts+1 || !strings.HasPrefix(told.Names[0], "pigeon") && !strings.HasPrefix(told.Names[0], "hole") {
					t.Errorf("told %+v, want names and facts", told)
				}
				texts = append(texts, told.Error())
			}
			if texts[0] != texts[1] {
				t.Errorf("two searches end differently:\n%s\n%s", texts[0], texts[1])
			}
			if want := "no versions were found on python3.12 x86_64 after "; !strings.HasPrefix(texts[0], want) || !strings.Contains(texts[0], "allow fewer versions of them") {
				t.Errorf("text = %q", texts[0])
			}
		})
	}
	// What ends in time is proved, not given up.
	small := pigeons(t, 4)
	if _, err := newSolver(small).solve(t.Context(), small.asked); !isProof(err) {
		t.Errorf("solve() of a small world = %v, want a proof", err)
	}
}

func isProof(err error) bool {
	_, ok := errors.AsType[*conflictError](err)
	return ok
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

// TestSearchStopsWhereItIsCancelled counts the checks after the cancellation.
func TestSearchStopsWhereItIsCancelled(t *testing.T) {
	t.Parallel()
	w := pigeons(t, 14)
	for _, at := range []int{1, 50, 5000} {
		ctx := &countedContext{Context: t.Context(), left: at}
		s := newSolver(w)
		_, err := s.solve(ctx, w.asked)
		if _, exhausted := errors.AsType[exhaustedError](err); err == nil || exhausted || isProof(err) {
			t.Errorf("cancelled at question %d: err = %v", at, err)
		}
		if ctx.left < -1 { // the cause is asked for once
			t.Errorf("cancelled at question %d: asked %d times more", at, -ctx.left)
		}
		// Between two questions lie the incompatibilities of one package.
		if s.budget.checks > at*len(s.incs) {
			t.Errorf("cancelled at question %d: %d checks of %d incompatibilities", at, s.budget.checks, len(s.incs))
		}
	}
}
