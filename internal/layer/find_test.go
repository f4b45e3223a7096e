package layer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestFind finds a zip where output_path had it written, for as long as it has
// the bytes.
func TestFind(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, universe))
	lock := resolve(t, b, appSpec(t), nil)
	a := build(t, b, lock, Output{Path: filepath.Join(t.TempDir(), "first.zip")})
	second := filepath.Join(t.TempDir(), "second.zip")
	build(t, b, lock, Output{Path: second})
	if got, found := b.Find(t.Context(), a.SHA256, a.Size); !found || got != second {
		t.Errorf("found %q, %t, want the zip that was written last, %q", got, found, second)
	}
	if got, found := b.Find(t.Context(), store.Sum([]byte("other")), a.Size); found {
		t.Errorf("found %q with other bytes", got)
	}
	whole, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte{whole[0] ^ 1}, whole[1:]...)
	writeFile(t, second, string(changed))
	if got, found := b.Find(t.Context(), a.SHA256, a.Size); found {
		t.Errorf("found %q, which was changed", got)
	}
	writeFile(t, second, string(whole))
	if _, found := b.Find(t.Context(), a.SHA256, a.Size); !found {
		t.Error("the zip is not found after it was put back")
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if got, found := b.Find(t.Context(), a.SHA256, a.Size); found {
		t.Errorf("found %q, which is gone", got)
	}
}
