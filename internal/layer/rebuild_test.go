package layer

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestRebuildJudgesNothing: a package with an install script, which a build refuses,
// is made again as it was planned. Other bytes are not kept.
func TestRebuildJudgesNothing(t *testing.T) {
	t.Parallel()
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	l := resolve(t, b, nodeSpec("compiled ^1.0.0"), nil)
	dir := t.TempDir()
	planned := build(t, b, l, Output{Path: filepath.Join(dir, "a.zip"), Scripts: fault.SeverityOff})
	again := filepath.Join(dir, "b.zip")
	if err := b.Rebuild(t.Context(), l, planned.SHA256, again); err != nil {
		t.Fatal(err)
	}
	if sum, err := sumFile(t.Context(), again); err != nil || sum != planned.SHA256 {
		t.Errorf("rebuilt %s, %v, want %s", sum, err, planned.SHA256)
	}
	err := b.Rebuild(t.Context(), l, store.Sum([]byte("another")), filepath.Join(dir, "c.zip"))
	if _, ok := errors.AsType[*MismatchError](err); !ok {
		t.Errorf("Rebuild() = %v, want a mismatch", err)
	}
}
