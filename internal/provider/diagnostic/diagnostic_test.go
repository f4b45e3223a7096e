package diagnostic

import (
	"errors"
	"testing"

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
