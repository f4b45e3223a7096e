package python

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestRangesOfALargeDirectory reads METADATA of a wheel whose directory alone
// is larger than the first range.
func TestRangesOfALargeDirectory(t *testing.T) {
	t.Parallel()
	content := map[string][]byte{}
	for i := range 3000 {
		content[fmt.Sprintf("a/%s/%d.py", strings.Repeat("long", 12), i)] = []byte("pass\n")
	}
	idx := indextest.New(t, "a 1.0\n  requires: b\nb 1.0\n", indextest.WithoutMetadata(), indextest.WithFiles("a 1.0", content))
	client, _ := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "a"), Indexes: []index.Index{{URL: idx.URL()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pythontest.Pins(lock), []string{"a==1.0", "b==1.0"}; !slices.Equal(got, want) {
		t.Errorf("Resolve() = %q, want %q", got, want)
	}
	ranges := 0
	for _, r := range idx.Requests() {
		if strings.HasSuffix(r.Path, "/a-1.0-py3-none-any.whl") {
			ranges++
			if r.Range == "" || r.Status != http.StatusPartialContent {
				t.Errorf("request %d has the range %q and status %d", ranges, r.Range, r.Status)
			}
		}
	}
	if ranges < 2 || ranges > 3 {
		t.Errorf("%d ranges were read, want the tail, the rest of the directory, and perhaps METADATA", ranges)
	}
}
