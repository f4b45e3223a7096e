package layer

import (
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

func TestAsked(t *testing.T) {
	t.Parallel()
	l := &Lock{
		Python: &PythonLock{Chosen: &python.Lock{Wheels: []python.Wheel{
			{Name: "idna"}, {Name: "loop", Requires: []string{"loop"}}, {Name: "requests", Requires: []string{"idna", "urllib3"}}, {Name: "urllib3"},
		}}},
		NodeJS: &nodejs.Lock{Direct: []string{"lodash"}},
	}
	if got, want := l.Asked(), []string{"python:loop", "python:requests", "nodejs:lodash"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (&Lock{}).Asked(); got != nil {
		t.Errorf("an empty lock asks for %v", got)
	}
}
