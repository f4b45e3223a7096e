package nodejs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

func TestResolvePlacesFolders(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{
		"package.json":                   `{"workspaces":["packages/*"],"dependencies":{"tool":"file:./tools/tool","lib":"^2"}}`,
		"packages/a/package.json":        `{"name":"@own/a","version":"1.2.0","dependencies":{"b":"^1","lib":"^1"},"devDependencies":{"helper":"*"}}`,
		"packages/b/package.json":        `{"name":"b","version":"1.0.0"}`,
		"tools/tool/package.json":        `{"name":"tool","dependencies":{"nested":"file:nested"}}`,
		"tools/tool/nested/package.json": `{"name":"nested","version":"0.1.0","dependencies":{"app":"^1"}}`,
	})
	p, err := manifest.ReadProject(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := resolveTree(t.Context(), registryOf(t, small), p, node20(), treeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var local []string
	for _, l := range tree.Local {
		local = append(local, l.Path+" "+l.Name+"@"+l.Version+" of "+l.Source)
	}
	want := []string{
		"node_modules/@own/a @own/a@1.2.0 of packages/a", "node_modules/b b@1.0.0 of packages/b",
		"node_modules/nested nested@0.1.0 of tools/tool/nested", "node_modules/tool tool@ of tools/tool",
	}
	if !slices.Equal(local, want) {
		t.Errorf("got the folders\n%s\nwant\n%s", strings.Join(local, "\n"), strings.Join(want, "\n"))
	}
	want = []string{"node_modules/@own/a/node_modules/lib lib@1.0.0", "node_modules/lib lib@2.0.0"}
	var libs []string
	for _, line := range linesOf(tree) {
		if strings.Contains(line, "lib lib@") && !strings.Contains(line, "app/") {
			libs = append(libs, line)
		}
	}
	if !slices.Equal(libs, want) {
		t.Errorf("got %q, want %q", libs, want)
	}
}

func TestResolveRefusesAFolderOutside(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, map[string]string{
		"outer/package.json":   `{"name":"outer"}`,
		"project/package.json": `{"dependencies":{"outer":"file:../outer"}}`,
	})
	p, err := manifest.ReadProject(filepath.Join(dir, "project", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = resolveTree(t.Context(), registryOf(t, small), p, node20(), treeOptions{})
	if refusal, ok := manifest.AsRefusal(err); !ok || refusal.Code != "EUNSUPPORTED" || refusal.Name != "outer" {
		t.Errorf("got the error %v, want EUNSUPPORTED of outer", err)
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","dependencies":{"app":"^1"},"overrides":{"lib":{".":"1.0.0"}},"workspaces":["a/*"]}`,
		`{"dependencies":{"lib":"npm:tool@2","plugin":"*"},"peerDependencies":{"lib":"2"},"overrides":{"lib@>=1":"$lib"}}`,
		`{"optionalDependencies":{"fork":"user/fork"},"bundleDependencies":true,"overrides":{"":"1"}}`,
	} {
		f.Add([]byte(seed))
	}
	registry := registryOf(f, small)
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		p, _, err := manifest.ParseProject(raw)
		if err != nil {
			return
		}
		tree, err := resolveTree(t.Context(), registry, p, node20(), treeOptions{})
		if err != nil {
			if _, ok := manifest.AsRefusal(err); !ok {
				t.Errorf("got the error %v, want a refusal", err)
			}
			return
		}
		for i := range tree.Packages[min(1, len(tree.Packages)):] {
			if tree.Packages[i].Path >= tree.Packages[i+1].Path {
				t.Errorf("%q comes before %q", tree.Packages[i].Path, tree.Packages[i+1].Path)
			}
		}
	})
}

// folderOf writes files into a new folder and returns it.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
