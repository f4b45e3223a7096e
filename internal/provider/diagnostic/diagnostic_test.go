package diagnostic

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

func TestFaultsOfOneErrorAreToldApart(t *testing.T) {
	t.Parallel()
	one := &fault.Error{At: fault.At("nodejs", "dependencies").Key("a.b"), Summary: "First", Detail: "It is wrong."}
	two := &fault.Error{Summary: "Second", Detail: "It is wrong too."}
	all := AllOf("outer", errors.Join(one, two))
	if len(all) != 2 || all[0].Summary() != "First" || all[1].Summary() != "Second" {
		t.Fatalf("got %v, want two diagnostics", all)
	}
	if want := "It is wrong.\n\nThe argument is nodejs.dependencies[\"a.b\"]."; all[0].Detail() != want {
		t.Errorf("got %q, want %q", all[0].Detail(), want)
	}
	if got := AllOf("Outer", errors.New("reading: nothing")); len(got) != 1 || got[0].Summary() != "Outer" || got[0].Detail() != "Reading: nothing." {
		t.Errorf("got %v, want the error itself", got)
	}
}

// TestWayOutIsToldOnce ends the last error of a resource that exists, and says once
// that nothing was changed.
func TestWayOutIsToldOnce(t *testing.T) {
	t.Parallel()
	const out = "To destroy the resource anyway, run the destroy with -refresh=false."
	for detail, want := range map[string]string{
		"It is gone.":                                     "It is gone.\n\nNothing was changed. " + out,
		"Nothing was changed. It is gone.":                "Nothing was changed. It is gone.\n\n" + out,
		"It is another's. Nothing was changed in either.": "It is another's. Nothing was changed in either.\n\n" + out,
	} {
		all := Blocking(diag.Diagnostics{diag.NewErrorDiagnostic("Gone", detail)}, true)
		if got := all[0].Detail(); got != want {
			t.Errorf("%q: got %q, want %q", detail, got, want)
		}
		if all := Blocking(diag.Diagnostics{diag.NewErrorDiagnostic("Gone", detail)}, false); all[0].Detail() != detail {
			t.Errorf("of a new resource: got %q, want %q", all[0].Detail(), detail)
		}
	}
}
