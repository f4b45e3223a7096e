package layer

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestWithdrawnAsksOnlyWhenWanted(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	index := indextest.New(t, universe, indextest.WithFault(func(w http.ResponseWriter, _ *http.Request) bool {
		if down.Load() {
			w.WriteHeader(http.StatusForbidden)
		}
		return down.Load()
	}))
	b := newBuilder(t, index)
	spec := appSpec(t)
	lock := resolve(t, b, spec, nil)
	if err := index.Add("lib 2.0\n  uploaded: 2024-03-01T00:00:00Z\n  yanked: wrong sums\n"); err != nil {
		t.Fatal(err)
	}
	index.Forget()
	if found, err := b.Withdrawn(t.Context(), spec, lock, fault.SeverityOff); err != nil || len(found) != 0 || len(index.Requests()) != 0 {
		t.Errorf("off: %v, %v with %d requests, want silence", found, err, len(index.Requests()))
	}
	const want = `lib 2.0 was yanked by its authors: "wrong sums"` + "\nThe layer is built from the lock as before. To move to other versions, change the requirement, or give triggers another value."
	found, err := b.Withdrawn(t.Context(), spec, lock, fault.SeverityWarning)
	if err != nil || len(found) != 1 || found[0].Summary != "1 distribution in the lock was withdrawn" || found[0].Detail != want {
		t.Errorf("warning: %+v, %v, want %q", found, err, want)
	}
	const gate = `lib 2.0 was yanked by its authors: "wrong sums"` + "\n" + `checks.withdrawn is "error", so nothing is planned with them; "warning" builds from the lock as before. To move to other versions, change the requirement, or give triggers another value.`
	_, err = b.Withdrawn(t.Context(), spec, lock, fault.SeverityError)
	if input, ok := errors.AsType[*fault.Error](err); !ok || input.At.String() != "checks" || input.Detail != gate {
		t.Errorf("error: %v, want %q", err, gate)
	}
	down.Store(true)
	found, err = newBuilder(t, index).Withdrawn(t.Context(), spec, lock, fault.SeverityError)
	if err != nil || len(found) != 1 || found[0].Summary != "The index does not tell what was withdrawn" {
		t.Errorf("without an answer: %+v, %v, want one warning", found, err)
	}
}
