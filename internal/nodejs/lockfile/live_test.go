//go:build live

package lockfile

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// liveProjects are locked anew by every tool.
var liveProjects = map[string]string{
	"small":     `{"name":"small","version":"1.0.0","dependencies":{"lodash":"^4.17.21","axios":"^1.7.0","uuid":"^9.0.0","dayjs":"^1.11.0"},"devDependencies":{"semver":"^7.6.0"}}`,
	"nested":    `{"name":"nested","version":"1.0.0","dependencies":{"ms":"2.1.3","debug":"2.6.9","express":"^4.19.2","chalk":"2.4.2","old":"npm:lodash@^3.10.1"}}`,
	"platforms": `{"name":"platforms","version":"1.0.0","dependencies":{"sharp":"0.33.5","chokidar":"3.6.0"},"devDependencies":{"braces":"^3.0.2","esbuild":"0.21.5"}}`,
	"peers":     `{"name":"peers","version":"1.0.0","dependencies":{"ajv":"8.12.0","ajv-keywords":"5.1.0","schema-utils":"3.3.0","use-sync-external-store":"1.2.0","react":"18.2.0"}}`,
}

// lockTool is a package manager that the registry has.
type lockTool struct {
	name, spec, script string
	lock               string
	make, production   []string // arguments
	npm                bool     // its folders are compared, with those of "npm ci"
	// without are what the tool takes for no other reason than that it knows
	// no libc.
	without []string
}

var musl = []string{"@img/sharp-libvips-linuxmusl-x64", "@img/sharp-linuxmusl-x64"}

var lockTools = []lockTool{
	{name: "npm 6", spec: "npm@6.14.18", script: "npm/bin/npm-cli.js", lock: "package-lock.json", make: []string{"install", "--package-lock-only", "--ignore-scripts"}, npm: true},
	{name: "npm 8", spec: "npm@8.19.4", script: "npm/bin/npm-cli.js", lock: "package-lock.json", make: []string{"install", "--package-lock-only", "--ignore-scripts"}, npm: true, without: musl},
	{name: "npm 10", spec: "npm@10.9.9", script: "npm/bin/npm-cli.js", lock: "package-lock.json", make: []string{"install", "--package-lock-only", "--ignore-scripts"}, npm: true, without: musl},
	{name: "npm 11", spec: "npm@11.19.1", script: "npm/bin/npm-cli.js", lock: "package-lock.json", make: []string{"install", "--package-lock-only", "--ignore-scripts"}, npm: true},
	{
		name: "yarn 1", spec: "yarn@1.22.22", script: "yarn/bin/yarn.js", lock: "yarn.lock", without: musl,
		make: []string{"install", "--ignore-scripts", "--non-interactive"}, production: []string{"install", "--production", "--frozen-lockfile", "--ignore-scripts", "--non-interactive"},
	},
	{
		name: "yarn 4", spec: "@yarnpkg/cli-dist@4.6.0", script: "@yarnpkg/cli-dist/bin/yarn.js", lock: "yarn.lock",
		make: []string{"install"}, production: []string{"workspaces", "focus", "--production"},
	},
	{
		name: "pnpm 8", spec: "pnpm@8.15.9", script: "pnpm/bin/pnpm.cjs", lock: "pnpm-lock.yaml",
		make: []string{"install", "--ignore-scripts", "--config.node-linker=hoisted"}, production: []string{"install", "--prod", "--frozen-lockfile", "--ignore-scripts", "--config.node-linker=hoisted"},
	},
	{
		name: "pnpm 9", spec: "pnpm@9.15.9", script: "pnpm/bin/pnpm.cjs", lock: "pnpm-lock.yaml",
		make: []string{"install", "--ignore-scripts", "--config.node-linker=hoisted"}, production: []string{"install", "--prod", "--frozen-lockfile", "--ignore-scripts", "--config.node-linker=hoisted"},
	},
}

// TestLockFilesMadeAnew lets the package managers lock and install projects, and
// compares with what is made of their lock files: folders with "npm ci" of npm
// 11, names and versions with the production installs of yarn and pnpm.
func TestLockFilesMadeAnew(t *testing.T) {
	t.Parallel()
	config, err := registry.LoadNpmrc("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	fetcher := fetch.New(fetch.Options{Store: cache})
	registry, err := registry.NewClient(fetcher, config)
	if err != nil {
		t.Fatal(err)
	}
	ci := install(t, "npm@11.19.1", "npm/bin/npm-cli.js")
	for _, tool := range lockTools {
		script := install(t, tool.spec, tool.script)
		for name, project := range liveProjects {
			t.Run(tool.name+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				writeLive(t, filepath.Join(dir, "package.json"), project)
				if strings.HasPrefix(tool.name, "yarn 4") {
					writeLive(t, filepath.Join(dir, "yarn.lock"), "")
					writeLive(t, filepath.Join(dir, ".yarnrc.yml"), "nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\nenableImmutableInstalls: false\nglobalFolder: "+t.TempDir()+
						"\nsupportedArchitectures:\n  os: [linux]\n  cpu: [x64]\n  libc: [glibc]\n")
				}
				runNode(t, dir, script, tool.make...)
				l, err := Read(filepath.Join(dir, tool.lock), Options{})
				if err != nil {
					t.Fatal(err)
				}
				tree, err := locked.TreeFor(t.Context(), registry, l, lambda)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.RemoveAll(filepath.Join(dir, "node_modules")); err != nil {
					t.Fatal(err)
				}
				got := listSet(tree)
				if tool.npm {
					got = listPaths(tree)
					runNode(t, dir, ci, "ci", "--omit=dev", "--ignore-scripts", "--os=linux", "--cpu=x64", "--libc=glibc")
				} else {
					runNode(t, dir, script, tool.production...)
				}
				want := onDisk(t, dir, tool.npm)
				want = slices.DeleteFunc(want, func(s string) bool {
					return slices.ContainsFunc(tool.without, func(name string) bool { return strings.Contains(s, name+"@") })
				})
				if len(want) < 5 {
					t.Fatalf("the tool installed %q", want)
				}
				compareLists(t, got, want)
			})
		}
	}
}

// install puts a package manager into a folder of the test.
func install(t *testing.T, spec, script string) string {
	t.Helper()
	dir := t.TempDir()
	writeLive(t, filepath.Join(dir, "package.json"), "{}")
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", spec)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("installing %s: %v\n%s", spec, err, out)
	}
	return filepath.Join(dir, "node_modules", filepath.FromSlash(script))
}

func runNode(t *testing.T, dir, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	cmd.Dir = dir
	// A lock file without addresses and one with them are both read; npm's
	// own default has them.
	cmd.Env = append(os.Environ(), "npm_config_omit_lockfile_registry_resolved=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("running %s %v: %v\n%s", script, args, err, out)
	}
}

// onDisk lists the packages below node_modules: "folder name@version", or
// "name@version" once.
func onDisk(t *testing.T, dir string, folders bool) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(filepath.Join(dir, "node_modules"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "package.json" || d.IsDir() {
			return err
		}
		at, err := filepath.Rel(dir, filepath.Dir(name))
		if err != nil {
			return err
		}
		at = filepath.ToSlash(at)
		if folderName(at) == "" {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var m struct{ Name, Version string }
		if err := json.Unmarshal(b, &m); err != nil {
			return err
		}
		line := m.Name + "@" + m.Version
		if folders {
			line = at + " " + line
		}
		list = append(list, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func writeLive(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
