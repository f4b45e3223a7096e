package publish

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
)

// TestRegistersThatAreNotOurs puts files in the place of a register that no run wrote.
// They are replaced, and are not read to their ends.
func TestRegistersThatAreNotOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		size    int64
	}{
		"a hole of a TiB": {"{", 1 << 40}, "a little over": {"{", 64<<20 + 1}, "no JSON": {"{", 1}, "nothing": {"", 0},
	} {
		dir := t.TempDir()
		see := func() {
			p := against(t, lambdatest.New(t), func(c *Config) { c.RegisterDir = dir })
			if err := p.Register(t.Context(), depsARN, func(r *lifecycle.Register) (bool, error) { return true, nil }); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		see()
		files, err := filepath.Glob(filepath.Join(dir, "v1", "registers", "*.json"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: the registers are %q, %v", name, files, err)
		}
		if err := os.WriteFile(files[0], []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(files[0], c.size); err != nil {
			t.Fatal(err)
		}
		see()
		if info, err := os.Stat(files[0]); err != nil || info.Size() > 1000 || info.Size() == c.size {
			t.Errorf("%s: it was not replaced: %v, %v", name, info.Size(), err)
		}
	}
}
