package publish

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// meet makes n publishes wait for each other, so that all have looked before
// any of them is carried out.
func meet(a *lambdatest.AWS, n int) {
	var all sync.WaitGroup
	all.Add(n)
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Times: n, Do: func() { all.Done(); all.Wait() }})
}

// Runs that know nothing of each other, and publish the same at once, end with
// one version in all their hands; one of them owns it.
func TestRunsAtOnceAgreeOnOneVersion(t *testing.T) {
	t.Parallel()
	for _, runs := range []int{2, 3, 4} {
		t.Run(fmt.Sprint(runs), func(t *testing.T) {
			t.Parallel()
			a := lambdatest.New(t)
			meet(a, runs)
			type result struct {
				arn     string
				adopted bool
				err     error
			}
			results := make(chan result, runs)
			data := zipOf(t, "x")
			for range runs {
				p := against(t, a)
				go func() {
					v, adopted, err := p.Publish(t.Context(), request(data))
					results <- result{v.ARN, adopted, err}
				}()
			}
			owners := 0
			for range runs {
				r := <-results
				if r.err != nil || r.arn != someVersion {
					t.Errorf("got %q, %v; want %s", r.arn, r.err, someVersion)
				}
				if !r.adopted {
					owners++
				}
			}
			if owners != 1 {
				t.Errorf("%d runs own the version, want one", owners)
			}
			if live := a.Live(home, "deps"); len(live) != 1 || live[0].Number != 1 {
				t.Errorf("alive are %+v, want version 1 alone", live)
			}
		})
	}
}

// A version that is about to go is taken over by nobody: of equal neighbours
// the oldest is.
func TestAdoptionTakesTheOldestOfEqualNeighbours(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	data, other := zipOf(t, "x"), zipOf(t, "y")
	for _, b := range [][]byte{data, other, data, data} {
		if err := publishRaw(t, p, request(b)); err != nil {
			t.Fatal(err)
		}
	}
	if v, adopted, err := p.Publish(t.Context(), request(data)); err != nil || !adopted || v.Number != 3 {
		t.Errorf("got version %d, adopted %t, %v; want 3, adopted", v.Number, adopted, err)
	}
}

// Without the permission to delete, the double stays and is named.
func TestDoubleThatCannotGoIsNamed(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	meet(a, 2)
	a.Inject(lambdatest.Fault{Operation: "DeleteLayerVersion", Status: 403, ErrorType: "AccessDeniedException", Message: "no", Times: -1})
	doubles := make(chan string, 2)
	data := zipOf(t, "x")
	for range 2 {
		p := against(t, a)
		go func() {
			v, _, err := p.Publish(t.Context(), request(data))
			if err != nil || v.Number != 1 {
				t.Errorf("got version %d, %v; want 1", v.Number, err)
			}
			doubles <- v.Double
		}()
	}
	if got := (<-doubles) + (<-doubles); got != layerOfNobody+":2" {
		t.Errorf("named as doubles: %q, want version 2 once", got)
	}
}

// A number that was given to somebody else is a reason to look, not to delete.
func TestOtherVersionsInBetweenStay(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	data, other := zipOf(t, "x"), zipOf(t, "y")
	a.Inject(lambdatest.Fault{Operation: "PublishLayerVersion", Do: func() {
		if err := publishRaw(t, against(t, a), request(other)); err != nil {
			t.Error(err)
		}
	}})
	v, adopted, err := p.Publish(t.Context(), request(data))
	if err != nil || adopted || v.Number != 2 {
		t.Errorf("got version %d, adopted %t, %v; want a new version 2", v.Number, adopted, err)
	}
	if n := len(a.Live(home, "deps")); n != 2 {
		t.Errorf("%d versions are alive, want both", n)
	}
}

// What is refused after an answer was lost is told as what it is: not known.
func TestRefusalAfterALostAnswer(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	a.Inject(
		lambdatest.Fault{Operation: "PublishLayerVersion", Close: true},
		lambdatest.Fault{Operation: "PublishLayerVersion", Status: 403, ErrorType: "AccessDeniedException", Message: "not any more"},
	)
	_, _, err := p.Publish(t.Context(), request(zipOf(t, "x")))
	var unsure *UncertainError
	var denied *awsclient.AccessDeniedError
	if !errors.As(err, &unsure) || !errors.As(err, &denied) {
		t.Errorf("got %v, want an UncertainError because of an AccessDeniedError", err)
	}
}

// A layer with very many versions is not read to its end before each publish.
func TestLookBeforeAPublishIsBounded(t *testing.T) {
	t.Parallel()
	a := lambdatest.New(t)
	p := against(t, a)
	for i := range 260 {
		r := request(zipOf(t, "x"))
		r.Description = fmt.Sprint(i)
		if err := publishRaw(t, p, r); err != nil {
			t.Fatal(err)
		}
	}
	if v, _, err := p.Publish(t.Context(), request(zipOf(t, "x"))); err != nil || v.Number != 261 {
		t.Errorf("got version %d, %v; want 261", v.Number, err)
	}
	if n := len(a.Calls("ListLayerVersions")); n != 4 {
		t.Errorf("%d pages were read, want 4", n)
	}
}
