package layer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
)

// inRun returns a builder of a process of the provider in a run of the CLI.
func inRun(cache string, r Run) *Builder { return NewBuilder(Options{CacheDir: cache, Run: r}) }

// filesSpec is a layer of a folder alone.
func filesSpec(dir string) Spec {
	return Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Source: dir, Target: "python"}}}
}

// TestMatchPlanKnowsThePlanOfItsRun changes a file between two resolutions: it
// is a fault in another process of the provider under the same CLI alone.
func TestMatchPlanKnowsThePlanOfItsRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second Run
		change bool
		want   string
	}{
		"the apply of the plan": {Run{CLI: "1", Provider: "b"}, true, `"b.py" is new`},
		"nothing changed":       {Run{CLI: "1", Provider: "b"}, false, ""},
		"the same process":      {Run{CLI: "1", Provider: "a"}, true, ""},
		"another run":           {Run{CLI: "2", Provider: "b"}, true, ""},
		"nothing known":         {Run{}, true, ""},
	} {
		dir, cache := t.TempDir(), t.TempDir()
		writeFile(t, filepath.Join(dir, "a.py"), "A = 1\n")
		s := filesSpec(dir)
		first := inRun(cache, Run{CLI: "1", Provider: "a"})
		planned := resolve(t, first, s, nil)
		if err := first.MatchPlan(t.Context(), s, nil, planned); err != nil {
			t.Fatal(err)
		}
		build(t, first, planned, Output{Path: filepath.Join(cache, "layer.zip")})
		if c.change {
			writeFile(t, filepath.Join(dir, "b.py"), "B = 1\n")
		}
		second := inRun(cache, c.second)
		s.CutOff = release.CutOff{At: time.Unix(1, 0)} // of the clock
		err := second.MatchPlan(t.Context(), s, nil, resolve(t, second, s, nil))
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		found, ok := errors.AsType[*fault.Error](err)
		if !ok || found.At.String() != "files[0]" || !strings.Contains(found.Detail, "python/"+strings.Trim(c.want, `"`)[:4]) || !strings.Contains(found.Detail, "triggers   = { build = terraform_data.build.id }") {
			t.Errorf("%s: %v, want %q at files[0]", name, err, c.want)
		}
	}
}

// TestMadeFilesMayBeMissing resolves where files that an apply made are not
// there: the lock stays as long as all else is as it was.
func TestMadeFilesMayBeMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(dir string) error
		stays bool
	}{
		"as it was":               {func(string) error { return nil }, true},
		"the made ones gone":      {func(dir string) error { return os.RemoveAll(filepath.Join(dir, "gen")) }, true},
		"one of them gone":        {func(dir string) error { return os.Remove(filepath.Join(dir, "gen", "b.py")) }, true},
		"a made one changed":      {func(dir string) error { return os.WriteFile(filepath.Join(dir, "gen", "b.py"), []byte("other"), 0o600) }, false},
		"a committed one gone":    {func(dir string) error { return os.Remove(filepath.Join(dir, "a.py")) }, false},
		"a committed one changed": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "a.py"), []byte("other"), 0o600) }, false},
		"a new one beside": {func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "gen")), os.WriteFile(filepath.Join(dir, "c.py"), nil, 0o600))
		}, false},
	} {
		dir := t.TempDir()
		started := time.Now().Add(-time.Minute)
		for _, file := range []string{"a.py", "z.py", "gen/b.py", "gen/c.py"} {
			path := filepath.Join(dir, filepath.FromSlash(file))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, file)
			if !strings.HasPrefix(file, "gen/") {
				if err := os.Chtimes(path, started.Add(-time.Hour), started.Add(-time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
		}
		b, s := inRun(t.TempDir(), Run{CLI: "1", Provider: "a", Started: started}), filesSpec(dir)
		lock := resolve(t, b, s, nil)
		s.Made = b.MadeInRun(t.Context(), lock, nil)
		if len(s.Made[0]) != 2 || s.Made[0][0].Path != "python/gen/b.py" || s.Made[0][0].Source != "" {
			t.Fatalf("%s: made are %+v", name, s.Made)
		}
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		now := resolve(t, b, s, lock)
		if stays := now.Files[0].Tree == lock.Files[0].Tree; stays != c.stays {
			t.Errorf("%s: the lock stays: %t, want %t", name, stays, c.stays)
		}
	}
}
