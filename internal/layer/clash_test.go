package layer

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestDistributionsThatOverlap tells how many files meet and where, and lets the
// later distribution win on demand.
func TestDistributionsThatOverlap(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, "a 1.0\n  requires: b\n  file: tests/__init__.py: a\\n\n  file: tests/deep/x.py: a\\n\n  file: tests/same.py: s\\n\nb 1.0\n  file: tests/__init__.py: b\\n\n  file: tests/deep/x.py: b\\n\n  file: tests/same.py: s\\n\n")
	b := newBuilder(t, index)
	s := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Python: &PythonSpec{Requirements: []string{"a"}}}
	l := resolve(t, b, s, nil)
	_, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	clash, ok := errors.AsType[*fault.Error](err)
	want := `a 1.0 and b 1.0 both bring 2 files below "python/tests", with different content. If nothing needs what is there, write exclude = ["python/tests/**"] or prune = ["tests"]. ` +
		`To let the distribution that comes later in the order of names win, much as pip does, write python.overlaps = "last". If one of the two is not needed, leave it out by python.exclude.`
	if !ok || clash.Detail != want {
		t.Errorf("Build() = %v\nwant %s", err, want)
	}
	s.Python.Overlaps = "last"
	l = resolve(t, b, s, l)
	text, err := l.Encode()
	if err != nil || !strings.Contains(text, `"overlaps":"last"`) {
		t.Fatalf("the lock is %s, %v", text, err)
	}
	build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	s.Python.Overlaps = "first"
	if _, err := b.Resolve(t.Context(), s, nil); err == nil || !strings.Contains(err.Error(), `Unknown value "first"`) {
		t.Errorf("Resolve() = %v", err)
	}
}
