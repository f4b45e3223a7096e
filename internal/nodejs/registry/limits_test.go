package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestDocumentsOfManyVersions reads as many as may be in linear time, and no more.
func TestDocumentsOfManyVersions(t *testing.T) {
	write := func(n int) string {
		var versions, times strings.Builder
		for i := range n {
			fmt.Fprintf(&versions, `"1.0.%d":{"name":"a","version":"1.0.%d","dist":{"tarball":"https://r.example/a.tgz"}},`, i, i)
			fmt.Fprintf(&times, `"1.0.%d":"2026-01-01T00:00:00Z",`, i)
		}
		return `{"name":"a","versions":{` + strings.TrimSuffix(versions.String(), ",") + `},"time":{` + strings.TrimSuffix(times.String(), ",") + `}}`
	}
	text := write(filetree.MaxPackumentVersions)
	indextest.Promptly(t, len(text), func() {
		if p, err := ReadPackument([]byte(text)); err != nil || len(p.Versions) != filetree.MaxPackumentVersions {
			t.Errorf("got %v", err)
		}
	})
	_, err := ReadPackument([]byte(write(filetree.MaxPackumentVersions + 1)))
	limit, ok := errors.AsType[*filetree.LimitError](err)
	if !ok || limit.Limit != filetree.MaxPackumentVersions || !strings.Contains(err.Error(), "it has 30001 versions, and 30000 are read at most") {
		t.Errorf("got %v, want a *LimitError", err)
	}
}
