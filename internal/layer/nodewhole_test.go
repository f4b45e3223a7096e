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

// TestTarballsOfAnotherPackageAreRefused: pnpm refuses them, npm does not. What has no
// name or version of its own is nobody else's.
func TestTarballsOfAnotherPackageAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ own, asked, want string }{
		"its own":        {`{"name": "a", "version": "1.0.0"}`, "a 1.0.0", ""},
		"another name":   {`{"name": "evil", "version": "1.0.0"}`, "a 1.0.0", "Its own package.json says evil@1.0.0."},
		"of a scope":     {`{"name": "@a/a", "version": "1.0.0"}`, "a ^1", "Its own package.json says @a/a@1.0.0."},
		"other version":  {`{"name": "a", "version": "1.0.1"}`, "a 1.0.0", "Its own package.json says a@1.0.1."},
		"prerelease":     {`{"name": "a", "version": "1.0.0-rc.1"}`, "a 1.0.0", "Its own package.json says a@1.0.0-rc.1."},
		"by an alias":    {`{"name": "evil", "version": "1.0.0"}`, "x npm:a@1", "Its own package.json says evil@1.0.0."},
		"alias":          {`{"name": "a", "version": "1.0.0"}`, "x npm:a@1", ""},
		"build metadata": {`{"name": "a", "version": "v1.0.0+sha.5"}`, "a 1.0.0", ""},
		"no name":        {`{"version": "9.0.0"}`, "a 1.0.0", ""},
		"no version":     {`{"name": "a"}`, "a 1.0.0", ""},
		"odd version":    {`{"name": "a", "version": "latest"}`, "a 1.0.0", ""},
		"no JSON":        {`nothing`, "a 1.0.0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := nodeBuilder(t, indextest.NewNPM(t, "a 1.0.0\n  file: package.json: "+c.own+"\n"))
			l := resolve(t, b, nodeSpec(c.asked), nil)
			for range 2 { // the second time the tarball is in the cache
				_, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
				if c.want != "" {
					wantInput(t, err, "nodejs", c.want)
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestTarballsByAddressHaveAnyName: a dependency on an archive is called as its user
// likes, and so is a package whose address does not tell the name.
func TestTarballsByAddressHaveAnyName(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, "real 1.0.0\n")
	dir := t.TempDir()
	_, integrity := registry.Tarball("real", "1.0.0")
	address := registry.TarballURL("real", "1.0.0")
	writeFile(t, filepath.Join(dir, "package.json"), `{"dependencies": {"mine": "`+address+`"}}`)
	writeFile(t, filepath.Join(dir, "yarn.lock"), "# yarn lockfile v1\n\n\n\"mine@"+address+"\":\n  version \"1.0.0\"\n  resolved \""+address+"\"\n  integrity "+integrity+"\n")
	s := nodeSpec()
	s.NodeJS = &NodeSpec{LockFile: filepath.Join(dir, "yarn.lock")}
	b := nodeBuilder(t, registry)
	if _, err := b.Build(t.Context(), resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "layer.zip")}); err != nil {
		t.Error(err)
	}
}
