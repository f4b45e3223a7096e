package lockfile

import (
	"encoding/json"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// FuzzLock reads any content as any lock file: what is accepted keeps within
// node_modules, and says the same twice.
func FuzzLock(f *testing.F) {
	for _, name := range []string{"alias-v1", "alias-v3", "alias-yarn1", "alias-berry3", "alias-berry4", "alias-pnpm8", "alias-pnpm9", "ws", "ws-pnpm9", "ws-yarn1", "held", "remote-v3", "files"} {
		files := archiveFiles(f, "testdata/locks/"+name+".txtar")
		for _, lock := range []string{"package-lock.json", "yarn.lock", "pnpm-lock.yaml"} {
			if text, ok := files[lock]; ok {
				f.Add(text, files["package.json"], "")
				f.Add(text, files["package.json"], "@mono/api")
			}
		}
	}
	f.Add("# yarn lockfile v1\n\n\"a@x, b\":\n  version \"1\"\n  dependencies:\n    a \"x\"\n", `{"dependencies":{"a":"x","c":"link:../c"},"workspaces":["*"]}`, "")
	f.Add("lockfileVersion: 9\nimporters: {.: {dependencies: {a: {version: 'link:b'}}}, b: }\nsnapshots: {}\n", "{}", "b")
	f.Add(`{"lockfileVersion":3,"packages":{"node_modules/a":{"link":true,"resolved":"b"},"b":{"dependencies":{"c":"1"}},"b/node_modules/c":{"link":true,"resolved":"b"}}}`, `{"dependencies":{"a":"file:b"}}`, "")
	// Hostile ones that were found: references that stand for more than is there, keys
	// that are compared each with each, and entries that nothing asks for.
	f.Add("__metadata:\n  version: 8\na: &a {x: 1, y: 2}\nb: &b {x: *a, y: *a}\nc: {x: *b, y: *b}\n", "{}", "")
	f.Add("lockfileVersion: '9.0'\nimporters: {.: {}}\npackages: &p {a@1.0.0: {}}\nsnapshots: *p\n", "{}", "")
	for _, file := range []string{"wide/pnpm-lock.yaml", "pnpm-lock.yaml", "berry/yarn.lock", "classic/yarn.lock", "package-lock.json", "deep/package-lock.json"} {
		f.Add(large[file](20), `{"name":"root","dependencies":{"p0":"^1.0.0"}}`, "")
	}
	f.Add(`{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","link":true,"resolved":"../../.ssh"}}}`, `{"dependencies":{"a":"1"}}`, "")
	f.Fuzz(func(t *testing.T, lock, project, member string) {
		defer indextest.Budget(t, len(lock)+len(project)+len(member))()
		files := memoryFiles{"lock": lock, "package.json": project, "m/package.json": `{"name":"m","dependencies":{"a":"1"}}`}
		dir := files.write(t)
		read := func() (*locked.Graph, error) {
			return Read(filepath.Join(dir, "lock"), Options{Workspace: member})
		}
		l, err := read()
		if err != nil {
			return
		}
		again, err := read()
		if err != nil {
			t.Fatal(err)
		}
		one, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		two, err := json.Marshal(again)
		if err != nil || string(one) != string(two) {
			t.Fatalf("got %s, then %s, %v", one, two, err)
		}
		tree, err := locked.TreeFor(t.Context(), &recordedRegistry{}, l, lambda)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range tree.Packages {
			checkFolder(t, p.Path, seen)
		}
		for _, p := range tree.Local {
			checkFolder(t, p.Path, seen)
		}
	})
}

func checkFolder(t *testing.T, at string, seen map[string]bool) {
	t.Helper()
	if at != path.Clean(at) || !strings.HasPrefix(at, "node_modules/") || strings.ContainsAny(at, "\\\x00") || seen[at] {
		t.Fatalf("got the folder %q", at)
	}
	seen[at] = true
}
