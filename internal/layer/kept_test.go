package layer

import (
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestKeptLocksPassTheChecks resolves without a check, then asks for it: what chooses
// nothing is no part of a request, and the lock that would stay has to pass.
func TestKeptLocksPassTheChecks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "requirements.txt")
	options := filepath.Join(filepath.Dir(file), "options.txt")
	for name, c := range map[string]struct {
		before, after string // what options.txt holds
		change        func(*PythonSpec)
	}{
		"require_hashes":   {change: func(p *PythonSpec) { p.RequireHashes = true }},
		"--require-hashes": {after: "--require-hashes\n"},
	} {
		index := indextest.New(t, universe)
		b := newBuilder(t, index)
		s := appSpec(t)
		s.Python.RequirementsFile = file
		writeFile(t, file, "-r options.txt\n")
		writeFile(t, options, c.before)
		old := resolve(t, b, s, nil)
		if c.change != nil {
			c.change(s.Python)
		}
		writeFile(t, options, c.after)
		for _, before := range []*Lock{old, nil} {
			_, err := b.Resolve(t.Context(), s, before)
			if err == nil {
				t.Errorf("%s: a lock without hashes is taken, kept %t", name, before != nil)
				continue
			}
			wantInput(t, err, "python", "app==1.0 --hash=sha256:")
		}
	}
}
