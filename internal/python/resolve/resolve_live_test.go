//go:build live

package resolve

import (
	"slices"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestResolveOverTheRealIndex asks the Python Package Index. The answer is that
// of uv 0.13.9 with the same cut-off.
func TestResolveOverTheRealIndex(t *testing.T) {
	t.Parallel()
	client, st := pythontest.Client(t, nil)
	lock, err := Resolve(t.Context(), client, Spec{
		Targets:      []wheel.Target{pythontest.Py312},
		Requirements: pythontest.Inputs(t, "req", "requests", "numpy", "flask[async]"),
		ExcludeNewer: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC),
		Store:        st,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"asgiref==3.8.1", "blinker==1.8.2", "certifi==2024.2.2",
		"charset-normalizer==3.3.2 cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
		"click==8.1.7", "flask==3.0.3", "idna==3.7", "itsdangerous==2.2.0", "jinja2==3.1.4",
		"markupsafe==2.1.5 cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
		"numpy==1.26.4 cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
		"requests==2.32.3", "urllib3==2.2.1", "werkzeug==3.0.3",
	}
	if got := pythontest.Pins(lock); !slices.Equal(got, want) {
		t.Errorf("Resolve() = %q, want %q", got, want)
	}
}
