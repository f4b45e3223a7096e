package layer

import (
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// TestPackagesWithoutADigestAreRefused by name, all at once: what nothing can
// check is not packed, and is not left out without a word either.
func TestPackagesWithoutADigestAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		universe, asked string
		want            []string
	}{
		"asked for":     {"a 1.0.0\n  integrity: absent\n\nb 1.0.0\n", "a 1.0.0", []string{"a@1.0.0", "digest"}},
		"needed":        {"a 1.0.0\n  integrity: absent\n\nb 1.0.0\n  dependencies: a ^1\n\nc 1.0.0\n  integrity: absent\n\nd 1.0.0\n  dependencies: b 1, c 1\n", "d 1.0.0", []string{"a@1.0.0, c@1.0.0"}},
		"beside others": {"a 1.0.0\n\nb 1.0.0\n  integrity: absent\n", "b 1", []string{"b@1.0.0", "digest"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := nodeBuilder(t, indextest.NewNPM(t, c.universe)).Resolve(t.Context(), nodeSpec(c.asked), nil)
			wantInput(t, err, "nodejs", c.want...)
		})
	}
}

// TestPackagesThatNoTarballBringsAreRefused: a lock file says that a package
// comes in the tarball of another, which lacks it.
func TestPackagesThatNoTarballBringsAreRefused(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, "cookie 1.0.2\n\nweb 1.0.0\n  bundled: cookie 1.0.2\n\nplain 1.0.0\n")
	for name, c := range map[string]struct{ bundler, want string }{"brought": {"web", ""}, "lacking": {"plain", `cookie@1.0.2 (plain/node_modules/cookie)`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, integrity := registry.Tarball(c.bundler, "1.0.0")
			writeFile(t, filepath.Join(dir, "package.json"), `{"dependencies": {"`+c.bundler+`": "1.0.0"}}`)
			writeFile(t, filepath.Join(dir, "package-lock.json"), `{"lockfileVersion": 3, "packages": {"": {"dependencies": {"`+c.bundler+`": "1.0.0"}},
"node_modules/`+c.bundler+`": {"version": "1.0.0", "resolved": "`+registry.TarballURL(c.bundler, "1.0.0")+`", "integrity": "`+integrity+`", "dependencies": {"cookie": "1.0.2"}, "bundleDependencies": ["cookie"]},
"node_modules/`+c.bundler+`/node_modules/cookie": {"version": "1.0.2", "inBundle": true}}}`)
			s := nodeSpec()
			s.NodeJS = &NodeSpec{LockFile: filepath.Join(dir, "package-lock.json")}
			b := nodeBuilder(t, registry)
			_, err := b.Build(t.Context(), resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantInput(t, err, "nodejs", c.want)
		})
	}
}
