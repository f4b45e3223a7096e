package lockfile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
)

// sri is some integrity: these tests fetch nothing.
const sri = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="

// lockOutcome reads a lock file and makes its tree. A file "registry" holds
// manifests, a line each; SRI stands for an integrity.
func lockOutcome(t *testing.T, text string, o Options) (*modules.Tree, error) {
	t.Helper()
	files := memoryFiles{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		files[f.Name] = strings.ReplaceAll(string(f.Data), "SRI", sri)
	}
	l, err := readLockCase(t, files, o)
	if err != nil {
		return nil, err
	}
	return locked.TreeFor(t.Context(), newRecordedRegistry(t, []byte(files["registry"])), l, lambda)
}

func TestLockRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		options    Options
		want       string // in the error
	}{
		{"no lock file", "-- yarn.lock --\nhello\n", Options{}, `reading lock file "yarn.lock": it is not a lock file that is known; those of npm (package-lock.json, npm-shrinkwrap.json), Yarn (yarn.lock) and pnpm (pnpm-lock.yaml) are read`},
		{"merge conflict", "-- package-lock.json --\n<<<<<<< HEAD\n{}\n", Options{}, "marks of a merge conflict"},
		{"no JSON", "-- package-lock.json --\n{,}\n", Options{}, "it is not JSON that npm writes"},
		{"future", `-- package-lock.json --` + "\n" + `{"lockfileVersion": 4, "packages": {}}`, Options{}, "its lockfileVersion is 4"},
		{"null entry", npm3(`"node_modules/a": null`), Options{}, `node_modules/a: its entry is null`},
		{"path upwards", npm3(`"node_modules/../../a": {"version": "1.0.0"}`), Options{}, "its path is none that npm writes"},
		{"absolute path", npm3(`"/node_modules/a": {"version": "1.0.0"}`), Options{}, "its path is none that npm writes"},
		{"backslash", npm3(`"node_modules\\a": {"version": "1.0.0"}`), Options{}, "its path is none that npm writes"},
		{"link to nothing", npm3(`"": {"dependencies": {"a": "file:lib/a"}}, "node_modules/a": {"resolved": "lib/a", "link": true}`), Options{}, `it links to "lib/a", which the lock file does not hold`},
		{"no such member", npm3(`"node_modules/a": {"resolved": "lib/a", "link": true}, "lib/a": {}`), Options{Workspace: "b"}, `it has no workspace member "b": write one of a`},
		{"no members", npm3(``), Options{Workspace: "b"}, `it has no workspace member "b": it knows of no members`},
		{
			"missing and outdated", npm3(`"": {"dependencies": {"a": "^2.0.0", "b": "1.0.0", "c": "npm:d@1"}}, "node_modules/a": {"version": "1.0.0"}, "node_modules/c": {"version": "1.0.0"}`), Options{},
			`it is out of date: the project wants a "^2.0.0" and the lock file has a@1.0.0; the project wants b "1.0.0" and the lock file has none; the project wants c "npm:d@1" and the lock file has c@1.0.0: run npm install`,
		},
		{
			"outdated, with an override of what is below it",
			npm3(`"": {"dependencies": {"a": "^1.0.0"}}, "node_modules/a": {"version": "1.0.0", "integrity": "SRI"}`) + "\n-- package.json --\n" +
				`{"dependencies": {"a": "^2.0.0"}, "overrides": {"a": {"b": "1.0.0"}}}`, Options{},
			`it is out of date: the project wants a "^2.0.0" and the lock file has a@1.0.0: run npm install`,
		},
		{
			"wishes of the wrong form", npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "integrity": "SRI"}`) + "\n-- package.json --\n" + `{"dependencies": {"a": 1, "b": null}}`, Options{},
			`"dependencies" has a number for "a": write a range as a string, such as "^1.2.3"; "dependencies" has null for "b"`,
		},
		{"yarn, wishes of the wrong form", yarn1(`{"dependencies": ["a"]}`, `a@1:
  version "1.0.0"`), Options{}, `"dependencies" is a list: write an object`},
		{"no project", npm3(`"node_modules/a": {"version": "1.0.0"}`), Options{}, "it does not say what the project requires"},
		{
			"git", npm3(`"": {"dependencies": {"a": "github:u/a"}}, "node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git:secret@github.com/u/a.git#0123456789abcdef0123456789abcdef01234567"}`), Options{},
			`reading lock file "package-lock.json": a@1.0.0: the project needs it, and it comes from a git repository`,
		},
		{"no integrity", npm3(`"": {"dependencies": {"a": "1", "b": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz"}, "node_modules/b": {"version": "1.0.0"}`) +
			"\n-- registry --\n" + `{"name":"a","version":"1.0.0"}` + "\n" + `{"name":"b","version":"1.0.0"}`, Options{}, `reading lock file "package-lock.json": a@1.0.0: it has no integrity there, so the tarball cannot be checked; the same is true of b@1.0.0. The registry tells none either`},
		{"unreadable integrity", npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "integrity": "sha512-AAAA"}`), Options{}, "a@1.0.0: its integrity is unreadable"},
		{"other platform", npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "integrity": "SRI", "dependencies": {"b": "1"}}, "node_modules/b": {"version": "1.0.0", "integrity": "SRI", "os": ["darwin"]}`), Options{}, `b@1.0.0: a@1.0.0 needs it, and its os is darwin, and that of nodejs20.x x86_64 is linux`},
		{
			"platform package of unknown version", npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "integrity": "SRI", "optionalDependencies": {"b": "^1.0.0"}}`) +
				"\n-- registry --\n" + `{"name":"b","version":"1.2.0","os":["linux"]}`, Options{}, `b@^1.0.0: it lacks this dependency of a@1.0.0, which nodejs20.x x86_64 needs, and no exact version tells which is meant`,
		},
		{
			"platform package that wants what is not locked", npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "integrity": "SRI", "optionalDependencies": {"b": "1.2.0"}}`) +
				"\n-- registry --\n" + `{"name":"b","version":"1.2.0","dependencies":{"c":"^1"},"dist":{"integrity":"SRI"}}`, Options{}, `c@^1: it lacks this dependency of b@1.2.0`,
		},
		{"yarn alone", yarn1("", `a@1:
  version "1.0.0"`), Options{}, "put package.json beside it"},
		{"yarn outdated", yarn1(`{"name":"p","dependencies":{"a":"2"}}`, `a@1:
  version "1.0.0"`), Options{}, `it is out of date: the project wants a "2" and the lock file has none: run yarn install`},
		{"yarn damaged", yarn1(`{}`, `a@1:
  version "1.0.0`), Options{}, `line 5: it is none that yarn writes`},
		{
			"edited integrity", yarn1(`{"dependencies":{"a":"1"}}`, `a@1:
  version "1.0.0"
  resolved "https://registry.yarnpkg.com/a/-/a-1.0.0.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709"
  integrity SRI`) + "-- registry --\n" + `{"name":"a","version":"1.0.0","dist":{"integrity":"sha512-AAAANX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="}}`, Options{},
			"one of them was changed",
		},
		{"yarn's member without package.json", berry(`"m@workspace:packages/m":
  version: 0.0.0-use.local
  resolution: "m@workspace:packages/m"`), Options{}, "packages/m: this member of the workspace has no readable package.json"},
		{"yarn's patch", berry(`"a@patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch":
  version: 1.0.0
  resolution: "a@patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch"`), Options{}, `a@1.0.0: yarn patches it, and patches are not applied here`},
		{"yarn of the future", "-- package.json --\n{}\n-- yarn.lock --\n__metadata:\n  version: x\n", Options{}, "its __metadata has no version that Yarn 2 or later writes"},
		{"name upwards", "-- pnpm-lock.yaml --\nlockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ../../a: {specifier: '1', version: 1.0.0}\npackages:\n  ../../a@1.0.0: {resolution: {integrity: SRI}}\nsnapshots:\n  ../../a@1.0.0: {}\n", Options{}, `"../../a": it is wanted by`},
		{"pnpm 7", "-- pnpm-lock.yaml --\nlockfileVersion: 5.4\n", Options{}, `its lockfileVersion is "5.4"`},
		{"pnpm's patch", pnpm9("1.0.0(patch_hash=abc)", "", ""), Options{}, "pnpm patches it"},
		{"pnpm outdated", pnpm9("1.0.0", "", "") + "\n-- package.json --\n" + `{"dependencies":{"a":"2"}}`, Options{}, `package.json wants a "2" and the lock file was written for "1"`},
		{"pnpm lacks one", pnpm9("1.0.0", "", "") + "\n-- package.json --\n" + `{"dependencies":{"a":"1","b":"2"}}`, Options{}, `package.json wants b "2" and the lock file has none`},
		{"pnpm and git", pnpm9("1.0.0", "type: git, repo: https://u:p@h/a.git, commit: abc", ""), Options{}, "it comes from a git repository"},
		{
			"packages that want each other in turns of versions", "-- pnpm-lock.yaml --\nlockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: '1', version: 1.0.0}\n      b: {specifier: '3', version: 3.0.0}\npackages:\n" +
				"  a@1.0.0: {resolution: {integrity: SRI}}\n  a@2.0.0: {resolution: {integrity: SRI}}\n  b@1.0.0: {resolution: {integrity: SRI}}\n  b@2.0.0: {resolution: {integrity: SRI}}\n  b@3.0.0: {resolution: {integrity: SRI}}\nsnapshots:\n" +
				"  a@1.0.0: {dependencies: {b: 1.0.0}}\n  b@1.0.0: {dependencies: {a: 2.0.0}}\n  a@2.0.0: {dependencies: {b: 2.0.0}}\n  b@2.0.0: {dependencies: {a: 1.0.0}}\n  b@3.0.0: {}\n-- registry --\n" +
				`{"name":"a","version":"1.0.0"}` + "\n" + `{"name":"a","version":"2.0.0"}` + "\n" + `{"name":"b","version":"1.0.0"}` + "\n" + `{"name":"b","version":"2.0.0"}` + "\n" + `{"name":"b","version":"3.0.0"}`,
			Options{}, "its dependencies want each other in different versions",
		},
		{"pnpm lacks a snapshot", pnpm9("1.0.0", "", "{dependencies: {b: 1.0.0}}"), Options{}, "a@1.0.0: it wants b 1.0.0, which the file does not hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := lockOutcome(t, strings.ReplaceAll(c.text, "SRI", sri), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
			var file *locked.Error
			var resolve *manifest.ResolveError
			if !errors.As(err, &file) && !errors.As(err, &resolve) {
				t.Errorf("got an error of type %T", err)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "u:p") {
				t.Errorf("the error holds a password: %v", err)
			}
		})
	}
}

// npm3 writes a package-lock of version 3 without package.json.
func npm3(packages string) string {
	return "-- package-lock.json --\n" + `{"lockfileVersion": 3, "packages": {` + packages + "}}"
}

func yarn1(project, entries string) string {
	text := "-- yarn.lock --\n# yarn lockfile v1\n\n\n" + entries + "\n"
	if project != "" {
		text += "-- package.json --\n" + project + "\n"
	}
	return text
}

// berry writes a yarn.lock of a project that wants a.
func berry(entries string) string {
	return "-- package.json --\n" + `{"dependencies":{"a":"patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch"}}` +
		"\n-- yarn.lock --\n__metadata:\n  version: 8\n  cacheKey: 10c0\n\n" + entries + "\n"
}

// pnpm9 writes a lock file of a project that wants a.
func pnpm9(version, resolution, snapshot string) string {
	if resolution == "" {
		resolution = "integrity: SRI"
	}
	if snapshot == "" {
		snapshot = "{}"
	}
	return "-- pnpm-lock.yaml --\nlockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: '1', version: " + version +
		"}\npackages:\n  a@1.0.0: {resolution: {" + resolution + "}}\nsnapshots:\n  a@" + version + ": " + snapshot + "\n"
}

func TestLockTrees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string // folders
		note       string   // in one of the notes; "": there are none
	}{
		{
			"weak integrity",
			npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}`),
			[]string{"node_modules/a a@1.0.0"}, "the only digest of a@1.0.0 is a SHA-1, which can be forged",
		},
		{
			"optional git dependency",
			npm3(`"": {"optionalDependencies": {"a": "u/a"}, "dependencies": {"b": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/u/a.git#0123"}, "node_modules/b": {"version": "1.0.0", "resolved": "https://r/b.tgz", "integrity": "SRI"}`),
			[]string{"node_modules/b b@1.0.0"}, "a@1.0.0, an optional dependency of the project, is left out: it comes from a git repository",
		},
		{
			"optional package for another Node.js, with what it alone needs",
			npm3(`"": {"optionalDependencies": {"a": "1"}, "dependencies": {"c": "1"}},
				"node_modules/a": {"version": "1.0.0", "integrity": "SRI", "engines": {"node": ">=30"}, "dependencies": {"b": "1", "c": "1"}},
				"node_modules/b": {"version": "1.0.0", "integrity": "SRI"}, "node_modules/c": {"version": "1.0.0", "resolved": "https://r/c.tgz", "integrity": "SRI"}`),
			[]string{"node_modules/c c@1.0.0"}, "a@1.0.0, an optional dependency, is left out: the target has Node.js 20.20.2, and >=30 wanted",
		},
		{
			"package for another Node.js",
			npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "SRI", "engines": {"node": ">=30"}}`),
			[]string{"node_modules/a a@1.0.0"}, "a@1.0.0 asks for Node.js >=30, and the target has 20.20.2",
		},
		{
			"two versions lack their platform packages",
			npm3(`"": {"dependencies": {"a": "1", "b": "1"}},
				"node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "SRI", "optionalDependencies": {"p-linux": "1.0.0", "p-mac": "1.0.0", "p-gone": "1.0.0"}},
				"node_modules/b": {"version": "1.0.0", "resolved": "https://r/b.tgz", "integrity": "SRI", "dependencies": {"a": "2"}},
				"node_modules/b/node_modules/a": {"version": "2.0.0", "resolved": "https://r/a2.tgz", "integrity": "SRI", "optionalDependencies": {"p-linux": "2.0.0"}}`) + `
-- registry --
{"name":"p-linux","version":"1.0.0","os":["linux"],"optionalDependencies":{"q":"1.0.0"},"dist":{"integrity":"SRI","tarball":"https://r/p1.tgz"}}
{"name":"p-linux","version":"2.0.0","os":["linux"],"dist":{"integrity":"SRI","tarball":"https://r/p2.tgz"}}
{"name":"p-mac","version":"1.0.0","os":["darwin"],"dist":{"integrity":"SRI","tarball":"https://r/p3.tgz"}}
{"name":"q","version":"1.0.0","os":["linux"],"libc":["glibc"],"dist":{"integrity":"SRI","tarball":"https://r/q.tgz"}}`,
			[]string{
				"node_modules/a a@1.0.0", "node_modules/b b@1.0.0", "node_modules/b/node_modules/a a@2.0.0",
				"node_modules/b/node_modules/a/node_modules/p-linux p-linux@2.0.0", "node_modules/p-linux p-linux@1.0.0", "node_modules/q q@1.0.0",
			}, "p-linux@1.0.0, p-linux@2.0.0, q@1.0.0 came from the registry",
		},
		{
			"range of a package for another system",
			npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "SRI", "optionalDependencies": {"b": "~1.1.0"}}`) +
				"\n-- registry --\n" + `{"name":"b","version":"1.1.5","os":["darwin"]}`,
			[]string{"node_modules/a a@1.0.0"}, "",
		},
		{
			"musl, of a lock file without libc",
			npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "SRI", "optionalDependencies": {"g": "1.0.0", "m": "1.0.0"}},
				"node_modules/g": {"version": "1.0.0", "resolved": "https://r/g.tgz", "integrity": "SRI", "optional": true, "os": ["linux"]}, "node_modules/m": {"version": "1.0.0", "integrity": "SRI", "optional": true, "os": ["linux"]}`) + `
-- registry --
{"name":"g","version":"1.0.0","os":["linux"],"libc":["glibc"]}
{"name":"m","version":"1.0.0","os":["linux"],"libc":["musl"]}`,
			[]string{"node_modules/a a@1.0.0", "node_modules/g g@1.0.0"}, "",
		},
		{
			"login in an address",
			npm3(`"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0", "resolved": "https://me:pw@r/a.tgz", "integrity": "SRI"}`),
			[]string{"node_modules/a a@1.0.0"}, "",
		},
		{
			"version 1 without package.json",
			"-- package-lock.json --\n" + `{"lockfileVersion": 1, "dependencies": {
				"a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "SRI", "requires": {"b": "^1"}, "dependencies": {"b": {"version": "1.5.0", "resolved": "https://r/b.tgz", "integrity": "SRI"}}},
				"b": {"version": "2.0.0", "resolved": "https://r/b2.tgz", "integrity": "SRI", "dev": true}}}
-- registry --
{"name":"a","version":"1.0.0","dependencies":{"b":"^1"}}
{"name":"b","version":"1.5.0"}`,
			[]string{"node_modules/a a@1.0.0", "node_modules/a/node_modules/b b@1.5.0"}, "",
		},
		{
			"yarn: a peer is the dependent's own",
			yarn1(`{"dependencies":{"app":"1","react":"17"}}`, `app@1:
  version "1.0.0"
  resolved "https://r/app.tgz"
  integrity SRI
  dependencies:
    dom "1"
    react "18"

dom@1:
  version "1.0.0"
  resolved "https://r/dom.tgz"
  integrity SRI

react@17:
  version "17.0.0"
  resolved "https://r/r17.tgz"
  integrity SRI

react@18:
  version "18.0.0"
  resolved "https://r/r18.tgz"
  integrity SRI`) + `-- registry --
{"name":"app","version":"1.0.0","dependencies":{"dom":"1","react":"18"}}
{"name":"dom","version":"1.0.0","peerDependencies":{"react":"*"}}
{"name":"react","version":"17.0.0"}
{"name":"react","version":"18.0.0"}`,
			[]string{"node_modules/app app@1.0.0", "node_modules/app/node_modules/dom dom@1.0.0", "node_modules/app/node_modules/react react@18.0.0", "node_modules/react react@17.0.0"}, "",
		},
		{
			"yarn: a peer that only development has, and a SHA-1 that the registry makes strong",
			yarn1(`{"dependencies":{"a":"1"},"devDependencies":{"b":"1"}}`, `a@1:
  version "1.0.0"
  resolved "https://r/a.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709"

b@1:
  version "1.0.0"
  resolved "https://r/b.tgz"
  integrity SRI`) + "-- registry --\n" + `{"name":"a","version":"1.0.0","peerDependencies":{"b":"^1"},"dist":{"shasum":"da39a3ee5e6b4b0d3255bfef95601890afd80709","integrity":"SRI"}}
{"name":"b","version":"1.0.0","dist":{"integrity":"SRI"}}`,
			[]string{"node_modules/a a@1.0.0", "node_modules/b b@1.0.0"}, "",
		},
		{
			"yarn berry: its own patch, and node-gyp that it adds",
			"-- package.json --\n" + `{"dependencies":{"a":"~1.0.0"}}` + `
-- yarn.lock --
__metadata:
  version: 6

"a@patch:a@~1.0.0#~builtin<compat/a>":
  version: 1.0.0
  resolution: "a@patch:a@npm%3A1.0.0#~builtin<compat/a>::version=1.0.0&hash=df0bf1"

"a@~1.0.0":
  version: 1.0.0
  resolution: "a@npm:1.0.0"
  dependencies:
    node-gyp: latest

"node-gyp@npm:latest":
  version: 10.0.0
  resolution: "node-gyp@npm:10.0.0"
-- registry --
{"name":"a","version":"1.0.0","scripts":{"install":"node-gyp rebuild"},"dist":{"integrity":"SRI","tarball":"https://r/a.tgz"}}
{"name":"node-gyp","version":"10.0.0","dist":{"integrity":"SRI","tarball":"https://r/g.tgz"}}`,
			[]string{"node_modules/a a@1.0.0"}, "",
		},
		{
			"pnpm: optional dependencies that the project ignores",
			pnpm9("1.0.0", "", "") + "ignoredOptionalDependencies: [b*]\n-- registry --\n" + `{"name":"a","version":"1.0.0","optionalDependencies":{"bin":"1.0.0"},"dist":{"tarball":"https://r/a.tgz"}}`,
			[]string{"node_modules/a a@1.0.0"}, "",
		},
		{
			"yarn: members by braces and lists, of which it takes none away",
			yarn1(`{"private":true,"workspaces":["packages/{api,web}","!packages/web","libs/!(old)","apps/*"]}`, `"lodash@^4.0.0":
  version "4.17.21"
  resolved "https://registry.yarnpkg.com/lodash/-/lodash-4.17.21.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709"
  integrity SRI

"six@^1.0.0":
  version "1.0.0"
  resolved "https://registry.yarnpkg.com/six/-/six-1.0.0.tgz#da39a3ee5e6b4b0d3255bfef95601890afd80709"
  integrity SRI`) + `-- packages/api/package.json --
{"name":"api","version":"1.0.0","dependencies":{"lodash":"^4.0.0"}}
-- packages/web/package.json --
{"name":"web","version":"1.0.0"}
-- libs/new/package.json --
{"name":"new","version":"1.0.0","dependencies":{"six":"^1.0.0"}}
-- libs/old/package.json --
{"name":"old","version":"1.0.0","dependencies":{"absent":"1"}}
-- registry --
{"name":"lodash","version":"4.17.21","dist":{"integrity":"SRI","tarball":"https://r/l.tgz"}}
{"name":"six","version":"1.0.0","dist":{"integrity":"SRI","tarball":"https://r/s.tgz"}}`,
			[]string{"node_modules/api -> packages/api", "node_modules/lodash lodash@4.17.21", "node_modules/new -> libs/new", "node_modules/six six@1.0.0", "node_modules/web -> packages/web"}, `"apps/*" in workspaces of package.json names no folder`,
		},
		{
			"pnpm: one package with two peers",
			"-- pnpm-lock.yaml --\nlockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      app: {specifier: '1', version: 1.0.0}\n      dom: {specifier: '1', version: 1.0.0(react@17.0.0)}\n      react: {specifier: '17', version: 17.0.0}\npackages:\n" +
				"  app@1.0.0: {resolution: {integrity: SRI}}\n  dom@1.0.0: {resolution: {integrity: SRI}, peerDependencies: {react: '*'}}\n  react@17.0.0: {resolution: {integrity: SRI}}\n  react@18.0.0: {resolution: {integrity: SRI}}\nsnapshots:\n" +
				"  app@1.0.0: {dependencies: {dom: 1.0.0(react@18.0.0), react: 18.0.0}}\n  dom@1.0.0(react@17.0.0): {dependencies: {react: 17.0.0}}\n  dom@1.0.0(react@18.0.0): {dependencies: {react: 18.0.0}}\n  react@17.0.0: {}\n  react@18.0.0: {}\n" + `-- registry --
{"name":"app","version":"1.0.0","dist":{"tarball":"https://r/1.tgz"}}
{"name":"dom","version":"1.0.0","dist":{"tarball":"https://r/2.tgz"}}
{"name":"react","version":"17.0.0","dist":{"tarball":"https://r/3.tgz"}}
{"name":"react","version":"18.0.0","dist":{"tarball":"https://r/4.tgz"}}`,
			[]string{
				"node_modules/app app@1.0.0", "node_modules/app/node_modules/dom dom@1.0.0", "node_modules/app/node_modules/react react@18.0.0",
				"node_modules/dom dom@1.0.0", "node_modules/react react@17.0.0",
			}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree, err := lockOutcome(t, strings.ReplaceAll(c.text, "SRI", sri), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := listPaths(tree); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			if c.note == "" && len(tree.Notes) > 0 || c.note != "" && !strings.Contains(strings.Join(tree.Notes, "\n"), c.note) {
				t.Errorf("got the notes %q, want %q", tree.Notes, c.note)
			}
			for _, p := range tree.Packages {
				if strings.Contains(p.URL, "pw") || p.Integrity == "" || p.URL == "" {
					t.Errorf("%s has the address %q and the integrity %q", p.Path, p.URL, p.Integrity)
				}
			}
		})
	}
}

// TestLockFlags holds what a tree says of packages besides their places.
func TestLockFlags(t *testing.T) {
	t.Parallel()
	tree, err := lockOutcome(t, npm3(`"": {"dependencies": {"a": "1"}, "optionalDependencies": {"o": "1"}},
		"node_modules/a": {"version": "1.0.0", "resolved": "https://r/a.tgz", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= SRI", "dependencies": {"b": "1"}},
		"node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": true, "integrity": "SRI"},
		"node_modules/o": {"version": "1.0.0", "resolved": "https://r/o.tgz", "integrity": "SRI", "optional": true, "os": ["linux"], "libc": ["glibc"]}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) != 3 {
		t.Fatalf("got %q", listPaths(tree))
	}
	a, b, o := tree.Packages[0], tree.Packages[1], tree.Packages[2]
	if a.Bundled || a.Integrity != sri {
		t.Errorf("got %+v", a)
	}
	if !b.Bundled || b.URL != "" || b.Integrity != "" {
		t.Errorf("got %+v, want a bundled package without address and integrity", b)
	}
	if !slices.Equal(o.OS, []string{"linux"}) || !slices.Equal(o.Libc, []string{"glibc"}) {
		t.Errorf("got %+v, want an optional package for linux and glibc", o)
	}
}

// TestLockAsksOnlyWhatIsOpen counts what a registry is asked for.
func TestLockAsksOnlyWhatIsOpen(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"devopt-v3": 0, "sharp-v3": 0, "nested-v3": 0, "sharp-v3-npm10": 4} {
		l, err := readLockCase(t, archiveFiles(t, "testdata/locks/"+name+".txtar"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := newRecordedRegistry(t, recordedManifests(t))
		if _, err := locked.TreeFor(t.Context(), r, l, lambda); err != nil {
			t.Fatal(err)
		}
		if len(r.asked) != want {
			t.Errorf("%s: asked for %d manifests, want %d: %q", name, len(r.asked), want, r.asked)
		}
	}
}
