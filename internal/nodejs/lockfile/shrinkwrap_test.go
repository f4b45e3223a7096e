package lockfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

func FuzzReadShrinkwrap(f *testing.F) {
	for _, seed := range []string{
		`{"packages":{"":{},"node_modules/a":{"version":"1.0.0","dependencies":{"b":"1"}},"node_modules/a/node_modules/@s/b":{"version":"1.0.0"}}}`,
		`{"dependencies":{"a":{"version":"1.0.0","requires":{"b":"1"},"dependencies":{"b":{"version":"1.1.0","bundled":true}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		found, err := ReadShrinkwrap(raw)
		for at, m := range found {
			if m == nil || err == nil && !strings.Contains(at, "node_modules/") {
				t.Errorf("got %v at %q", m, at)
			}
		}
	})
}

func TestReadShrinkwrapReadsBothForms(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"packages": `{"packages":{"":{"name":"x"},"node_modules/a":{"version":"1.0.0","resolved":"https://r.example/a.tgz","integrity":"sha1-x","dependencies":{"b":"^1"}},"node_modules/a/node_modules/b":{"version":"1.1.0"}}}`,
		"nested":   `{"dependencies":{"a":{"version":"1.0.0","resolved":"https://r.example/a.tgz","integrity":"sha1-x","requires":{"b":"^1"},"dependencies":{"b":{"version":"1.1.0"}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := ReadShrinkwrap([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			a, b := found["node_modules/a"], found["node_modules/a/node_modules/b"]
			if len(found) != 2 || a == nil || b == nil {
				t.Fatalf("got %v, want a and b below it", found)
			}
			if a.Name != "a" || a.Version != "1.0.0" || a.Tarball != "https://r.example/a.tgz" || a.Integrity != "sha1-x" ||
				!slices.Equal(a.Dependencies, []manifest.Dependency{{Name: "b", Spec: "^1"}}) || b.Name != "b" || b.Version != "1.1.0" {
				t.Errorf("got a = %+v, b = %+v", a, b)
			}
		})
	}
}
