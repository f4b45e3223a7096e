package layer

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
)

// judged builds what the spec asks for and returns the warnings.
func judged(t *testing.T, s Spec, o Output) ([]fault.Warning, error) {
	t.Helper()
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	l := resolve(t, b, s, nil)
	o.Path = filepath.Join(t.TempDir(), "layer.zip")
	o.Audits = map[string]fault.Severity{"native": fault.SeverityOff} // the addons of the universe are text
	a, err := b.Build(t.Context(), l, o)
	return a.Warnings, err
}

func TestInstallScripts(t *testing.T) {
	t.Parallel()
	const attribute = "nodejs.allow_install_scripts"
	for _, c := range []struct {
		name, wanted string
		allow        []string
		arch         string
		says         []string // none: no fault
	}{
		{"none", "web ^1", nil, "x86_64", nil},
		{"a script", "compiled 1", nil, "x86_64", []string{`"compiled" has an install script`, "compiled@1.0.0: install", "\n  allow_install_scripts = [\"compiled\"]\n"}},
		{"a script that may be", "compiled 1", []string{"comp*"}, "x86_64", nil},
		{"another that may be", "compiled 1", []string{"@acme/*", "comp"}, "x86_64", []string{"compiled@1.0.0"}},
		{"node-gyp without a script", "gyp 1", nil, "x86_64", []string{"gyp@1.0.0: binding.gyp"}},
		{"native code in optional packages", "picture 1", nil, "arm64", nil},
		{"native code in the package", "prebuilt 1", nil, "arm64", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := nodeSpec(c.wanted)
			s.Architectures = []string{c.arch}
			warnings, err := judged(t, s, Output{Scripts: fault.SeverityError, AllowScripts: c.allow})
			if c.says == nil && (err != nil || len(warnings) > 0) {
				t.Errorf("got %v, %v, want nothing", warnings, err)
			}
			if c.says != nil {
				wantInput(t, err, attribute, c.says...)
			}
			if warnings, err = judged(t, s, Output{Scripts: fault.SeverityWarning, AllowScripts: c.allow}); err != nil || len(warnings) != min(1, len(c.says)) {
				t.Errorf("as a warning: got %v, %v", warnings, err)
			}
			if warnings, err = judged(t, s, Output{Scripts: fault.SeverityOff}); err != nil || len(warnings) != 0 {
				t.Errorf("switched off: got %v, %v", warnings, err)
			}
		})
	}
}

// TestPrebuiltCodeOfAnotherPlatformIsNone has files for musl and x86 alone.
func TestPrebuiltCodeOfAnotherPlatformIsNone(t *testing.T) {
	t.Parallel()
	b := nodeBuilder(t, indextest.NewNPM(t, `
addon 1.0.0
  script: install node-gyp-build
  file: prebuilds/linux-x64/addon.musl.node: x
  file: prebuilds/linux-arm64/addon.node: x
  file: prebuilds/darwin-x64+arm64/addon.node: x
`))
	for arch, fails := range map[string]bool{"x86_64": true, "arm64": false} {
		s := nodeSpec("addon 1")
		s.Architectures = []string{arch}
		_, err := b.Build(t.Context(), resolve(t, b, s, nil), Output{Path: filepath.Join(t.TempDir(), "layer.zip"), Scripts: fault.SeverityError})
		if (err != nil) != fails {
			t.Errorf("%s: got %v, want an error: %t", arch, err, fails)
		}
	}
}

func TestModulesThatCannotBeRequired(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		runtimes []string
		wanted   string
		says     []string
	}{
		{[]string{"nodejs22.x", "nodejs24.x"}, "module 1", []string{"On nodejs22.x,", "module@1.0.0", "await import()"}},
		{[]string{"nodejs20.x", "nodejs22.x"}, "module 1", []string{"On nodejs20.x, nodejs22.x,"}},
		{[]string{"nodejs24.x"}, "module 1", nil},
		{[]string{"nodejs22.x"}, "web 1", nil},
	} {
		s := nodeSpec(c.wanted)
		s.Runtimes = c.runtimes
		warnings, err := judged(t, s, Output{})
		if err != nil || len(warnings) != min(1, len(c.says)) {
			t.Errorf("%v on %v: got %v, %v", c.wanted, c.runtimes, warnings, err)
			continue
		}
		for _, text := range c.says {
			if !strings.Contains(warnings[0].Detail, text) || warnings[0].At.String() != "nodejs" {
				t.Errorf("%v on %v: %+v does not say %q", c.wanted, c.runtimes, warnings[0], text)
			}
		}
	}
}

func TestAWSSDKShadow(t *testing.T) {
	t.Parallel()
	s := nodeSpec("@aws-sdk/client-s3 3")
	warnings, err := judged(t, s, Output{Shadow: fault.SeverityWarning})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0].Detail, "@aws-sdk/client-s3") {
		t.Errorf("got %v, %v, want a warning that names the client", warnings, err)
	}
	for _, severity := range []fault.Severity{fault.SeverityError, ""} {
		_, err = judged(t, s, Output{Shadow: severity})
		wantInput(t, err, "nodejs", "The layer brings its own AWS SDK")
	}
	if warnings, err = judged(t, s, Output{Shadow: fault.SeverityOff}); err != nil || len(warnings) != 0 {
		t.Errorf("switched off: got %v, %v", warnings, err)
	}
}

func TestNodeSpecFaults(t *testing.T) {
	t.Parallel()
	some := map[string]string{"web": "1"}
	for _, c := range []struct {
		name      string
		node      NodeSpec
		attribute string
	}{
		{"nothing", NodeSpec{}, "nodejs"},
		{"two sources", NodeSpec{Dependencies: some, PackageJSON: "package.json"}, "nodejs"},
		{"two other sources", NodeSpec{Dependencies: some, LockFile: "package-lock.json"}, "nodejs"},
		{"a resolution beside a lock", NodeSpec{LockFile: "package-lock.json", LegacyPeerDeps: true}, "nodejs"},
		{"a member of nothing", NodeSpec{Dependencies: some, Workspace: "a"}, "nodejs.workspace"},
		{"a malformed glob", NodeSpec{Dependencies: some, AllowInstallScripts: []string{"a", "["}}, "nodejs.allow_install_scripts[1]"},
		{"a missing lock", NodeSpec{LockFile: filepath.Join(t.TempDir(), "package-lock.json")}, "nodejs.lock_file"},
		{"a missing project", NodeSpec{PackageJSON: filepath.Join(t.TempDir(), "package.json")}, "nodejs.package_json"},
		{"an unknown package", NodeSpec{Dependencies: map[string]string{"absent": "1"}}, "nodejs.dependencies"},
		{"no such version", NodeSpec{Dependencies: map[string]string{"web": "^7"}}, "nodejs.dependencies"},
		{"a repository", NodeSpec{Dependencies: map[string]string{"web": "github:acme/web"}}, "nodejs.dependencies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := nodeSpec()
			s.NodeJS = &c.node
			_, err := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse)).Resolve(t.Context(), s, nil)
			wantInput(t, err, c.attribute)
		})
	}
	s := nodeSpec("web 1")
	s.Runtimes = []string{"python3.12"}
	_, err := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse)).Resolve(t.Context(), s, nil)
	wantInput(t, err, "runtimes", "No Node.js runtime")
}

// TestWorkspaceMembersArePacked has a member that another one and the project
// need, with its own copy of a package, and an installed folder on disk.
func TestWorkspaceMembersArePacked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"package.json":                               `{"name":"top","workspaces":["packages/*"],"dependencies":{"web":"^1"}}`,
		"packages/shared/package.json":               `{"name":"@own/shared","version":"1.0.0","dependencies":{"parse":"0.9.1"}}`,
		"packages/shared/index.js":                   "module.exports = 1\n",
		"packages/shared/.env":                       "SECRET=1\n",
		"packages/shared/test/a.test.js":             "",
		"packages/shared/.npmignore":                 "test\n",
		".gitignore":                                 ".env\n",
		"packages/shared/node_modules/junk/index.js": "junk\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, content)
	}
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	s := nodeSpec()
	s.NodeJS = &NodeSpec{PackageJSON: filepath.Join(dir, "package.json")}
	l := resolve(t, b, s, nil)
	_, files := buildNode(t, b, l)
	for name, want := range map[string]string{
		"nodejs/node_modules/@own/shared/index.js": "module.exports = 1\n",
	} {
		if files[name] != want {
			t.Errorf("%s holds %q, want %q", name, files[name], want)
		}
	}
	for name := range files {
		if strings.Contains(name, "junk") {
			t.Errorf("%s comes from an installed folder", name)
		}
		if strings.Contains(name, ".env") || strings.Contains(name, "test") || strings.Contains(name, "ignore") {
			t.Errorf("%s is packed, and npm pack leaves it out", name)
		}
	}
	if v := versionIn(t, files["nodejs/node_modules/@own/shared/node_modules/parse/package.json"]); v != "0.9.1" {
		t.Errorf("the member finds parse %q, want 0.9.1; files %q", v, slices.Sorted(maps.Keys(files)))
	}
	// The member is read at every plan, also while nothing is resolved.
	writeFile(t, filepath.Join(dir, "packages", "shared", "index.js"), "module.exports = 2\n")
	changed := resolve(t, b, s, l)
	if changed.NodeJS != l.NodeJS || slices.EqualFunc(changed.Files, l.Files, func(a, b local.Lock) bool { return a.Tree == b.Tree }) {
		t.Error("a changed member changed the resolution, or nothing at all")
	}
	if _, err := b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")}); err == nil || !strings.Contains(err.Error(), `"nodejs/node_modules/@own/shared/index.js" changed`) {
		t.Errorf("got %v, want an error that names the changed file", err)
	}
}

// TestEqualProjectsInTwoFolders has projects that differ only in what is in the
// folders they depend on, and one that is moved. None packs a file of another,
// and no .npmrc.
func TestEqualProjectsInTwoFolders(t *testing.T) {
	t.Parallel()
	const project = `{"name":"app","dependencies":{"own":"file:own","web":"^1"}}`
	dir := t.TempDir()
	specFor := func(name string) Spec {
		own := filepath.Join(dir, name, "own")
		if err := os.MkdirAll(own, 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name, "package.json"), project)
		writeFile(t, filepath.Join(own, "package.json"), `{"name":"own","version":"1.0.0"}`)
		writeFile(t, filepath.Join(own, "index.js"), name)
		writeFile(t, filepath.Join(own, ".npmrc"), "//registry.example/:_authToken=tell-nobody\n")
		s := nodeSpec()
		s.NodeJS = &NodeSpec{PackageJSON: filepath.Join(dir, name, "package.json")}
		return s
	}
	registry := indextest.NewNPM(t, nodeUniverse)
	b := nodeBuilder(t, registry)
	holds := func(l *Lock, want string) {
		t.Helper()
		_, files := buildNode(t, b, l)
		if got := files["nodejs/node_modules/own/index.js"]; got != want {
			t.Errorf("got the file of %q, want that of %q", got, want)
		}
		if _, packed := files["nodejs/node_modules/own/.npmrc"]; packed {
			t.Error("a .npmrc is packed")
		}
	}
	old := resolve(t, b, specFor("one"), nil)
	holds(old, "one")
	holds(resolve(t, b, specFor("two"), nil), "two")
	if err := os.RemoveAll(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if err := registry.Add("web 1.9.0\n"); err != nil {
		t.Fatal(err)
	}
	moved := resolve(t, nodeBuilder(t, registry), specFor("three"), old)
	holds(moved, "three")
	if got := moved.Contents()["nodejs:web"]; got != "1.0.0" {
		t.Errorf("a move changed web to %s", got)
	}
}

// TestMovedProjectAsksNobody moves a project of which nothing on disk is packed.
func TestMovedProjectAsksNobody(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	one, two := t.TempDir(), t.TempDir()
	s := nodeSpec()
	s.NodeJS = &NodeSpec{PackageJSON: filepath.Join(one, "package.json")}
	writeFile(t, s.NodeJS.PackageJSON, `{"dependencies":{"web":"^1"}}`)
	old := resolve(t, nodeBuilder(t, registry), s, nil)
	s.NodeJS.PackageJSON = filepath.Join(two, "package.json")
	writeFile(t, s.NodeJS.PackageJSON, `{"dependencies":{"web":"^1"}}`)
	registry.Forget()
	l := resolve(t, nodeBuilder(t, registry), s, old)
	if asked := registry.Requests(); len(asked) != 0 || l.NodeJS.Project != filepath.ToSlash(two) {
		t.Errorf("asked for %v; the project is %q, want %q", asked, l.NodeJS.Project, two)
	}
}

// TestPackedPackagesOnDisk obeys a lock file that names an archive of the
// project, and refuses another one in its place.
func TestPackedPackagesOnDisk(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse)
	content, integrity := registry.Tarball("parse", "2.0.0")
	for name, text := range map[string]string{"told": `, "integrity": "` + integrity + `"`, "not told": ""} {
		dir := t.TempDir()
		archive := filepath.Join(dir, "parse.tgz")
		writeFile(t, archive, string(content))
		writeFile(t, filepath.Join(dir, "package.json"), `{"dependencies": {"parse": "file:parse.tgz"}}`)
		writeFile(t, filepath.Join(dir, "package-lock.json"), `{"lockfileVersion": 3, "packages": {"": {"dependencies": {"parse": "file:parse.tgz"}},
"node_modules/parse": {"version": "2.0.0", "resolved": "file:parse.tgz"`+text+`}}}`)
		s := nodeSpec()
		s.NodeJS = &NodeSpec{LockFile: filepath.Join(dir, "package-lock.json")}
		b := nodeBuilder(t, registry)
		l := resolve(t, b, s, nil)
		if _, files := buildNode(t, b, l); versionIn(t, files["nodejs/node_modules/parse/package.json"]) != "2.0.0" {
			t.Errorf("integrity %s: got %q", name, slices.Sorted(maps.Keys(files)))
		}
		writeFile(t, archive, tarball(t, map[string]string{"package/package.json": `{"name": "parse", "version": "2.0.0"}`, "package/new.js": "1"}))
		_, err := nodeBuilder(t, registry).Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
		wantInput(t, err, "nodejs", `"parse@2.0.0"`)
		// The next plan tells of the other archive, as it does of other local files.
		again, err := nodeBuilder(t, registry).Resolve(t.Context(), s, l)
		if text != "" {
			wantInput(t, err, "nodejs.lock_file", `parse.tgz`)
		} else if _, files := buildNode(t, b, again); files["nodejs/node_modules/parse/new.js"] == "" {
			t.Errorf("integrity %s: the lock is of the archive that was there before", name)
		}
	}
}

// TestNodeCredentialsStayOutOfTheLock asks a registry that wants a token, on a
// machine for the plan and on another for the apply.
func TestNodeCredentialsStayOutOfTheLock(t *testing.T) {
	t.Parallel()
	registry := indextest.NewNPM(t, nodeUniverse, indextest.WithToken("tell-nobody"))
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "package.json"), `{"dependencies":{"web":"^1"}}`)
	writeFile(t, filepath.Join(dir, ".npmrc"), "registry="+registry.URL()+"\n//"+registry.Host()+"/:_authToken=${TOKEN_OF_TEST}\n")
	with := func(environ ...string) *Builder {
		return NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }, Environ: func() []string { return environ }})
	}
	s := nodeSpec()
	s.NodeJS = &NodeSpec{PackageJSON: filepath.Join(dir, "package.json")}
	l := resolve(t, with("TOKEN_OF_TEST=tell-nobody"), s, nil)
	text, err := l.Encode()
	if err != nil || strings.Contains(text, "tell-nobody") {
		t.Errorf("the lock holds the token, %v: %s", err, text)
	}
	build(t, with("TOKEN_OF_TEST=tell-nobody"), l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
	_, err = with().Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "layer.zip")})
	if !fetch.IsUnauthorized(err) {
		t.Errorf("without the token: got %v, want the refusal", err)
	}
	if text := fmt.Sprint(err); !strings.Contains(text, "//"+registry.Host()+"/:_authToken in .npmrc names an environment variable that is not set") || strings.Contains(text, "netrc") {
		t.Errorf("without the token: got %v, want the line of .npmrc", err)
	}
	_, err = with("TOKEN_OF_TEST=wrong-token").Resolve(t.Context(), s, nil)
	var input *fault.Error
	if !errors.As(err, &input) || !strings.Contains(err.Error(), registry.Host()) || strings.Contains(err.Error(), "wrong-token") {
		t.Errorf("with a wrong token: got %v, want an error that names the host and not the token", err)
	}
}
