package nodejs

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestNpmrcDecidesAboutPeers has a project whose peers conflict.
func TestNpmrcDecidesAboutPeers(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, `
react 19.0.0
store 1.2.0
  peer: react ^17
suite 1.0.0
  dependencies: plugin ^1, lib ^2
plugin 1.0.0
  peer: lib ^1
lib 1.0.0
lib 2.0.0
`)
	node, err := runtimes.Lookup("nodejs22.x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, npmrc string
		wanted      string // "": react and store
		environ     []string
		asked       bool // legacy_peer_deps
		conflict    bool
	}{
		{"nothing said", "", "", nil, false, true},
		{"in .npmrc", "legacy-peer-deps=true\n", "", nil, false, false},
		{"in .npmrc, without a value", "legacy-peer-deps\n", "", nil, false, false},
		{"in the environment", "", "", []string{"npm_config_legacy_peer_deps=true"}, false, false},
		{"switched off in the environment", "legacy-peer-deps=true\n", "", []string{"NPM_CONFIG_LEGACY_PEER_DEPS=false"}, false, true},
		{"in the configuration", "legacy-peer-deps=false\n", "", nil, true, false},
		{"a conflict below the project", "", `{"suite":"1"}`, nil, false, false},
		{"a conflict below the project, with strict-peer-deps", "strict-peer-deps=true\n", `{"suite":"1"}`, nil, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, body := range map[string]string{"package.json": `{"dependencies":` + cmp.Or(c.wanted, `{"react":"19.0.0","store":"1.2.0"}`) + `}`, ".npmrc": c.npmrc} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cache, err := store.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			client := fetch.New(fetch.Options{Store: cache})
			environ := func() []string { return append(c.environ, "npm_config_registry="+registry.URL()) }
			env := &Env{Client: client, Store: cache, Environ: environ}
			l, err := Resolve(t.Context(), func() (*Env, error) { return env, nil },
				Spec{PackageJSON: filepath.Join(dir, "package.json"), LegacyPeerDeps: c.asked},
				Request{Targets: []runtimes.Target{{Runtime: node, Architecture: runtimes.ARM64}}, Environ: environ}, nil)
			if !c.conflict {
				if err != nil || len(l.Trees[0].Packages) < 2 {
					t.Errorf("got %v, %v, want the packages", l, err)
				}
				return
			}
			var conflict *fault.Error
			if !errors.As(err, &conflict) || !strings.Contains(conflict.Detail, "ERESOLVE") ||
				!strings.Contains(conflict.Detail, "legacy_peer_deps = true in nodejs, or legacy-peer-deps=true in .npmrc") {
				t.Errorf("got %v, want a conflict that names legacy_peer_deps", err)
			}
		})
	}
}
