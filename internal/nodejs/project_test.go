package nodejs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFiles writes files into a new folder and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
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

func TestReadProjectFindsMembers(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"apps/web/package.json":                 `{"name":"web"}`,
		"apps/deep/api/package.json":            `{"name":"api"}`,
		"apps/deep/node_modules/x/package.json": `{"name":"x"}`,
		"apps/skip/package.json":                `{"name":"skip"}`,
		"libs/a/package.json":                   `{}`,
		"libs/empty/readme":                     ``,
	}
	for name, c := range map[string]struct {
		workspaces string
		want       []string
	}{
		"one level":     {`["apps/*"]`, []string{"apps/skip", "apps/web"}},
		"any level":     {`["apps/**"]`, []string{"apps/deep/api", "apps/skip", "apps/web"}},
		"taken back":    {`["apps/**","!apps/skip","./libs/a/"]`, []string{"apps/deep/api", "apps/web", "libs/a"}},
		"yarn's object": {`{"packages":["libs/*"]}`, []string{"libs/a"}},
		"none":          {`["other/*"]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, files)
			file := filepath.Join(dir, "package.json")
			if err := os.WriteFile(file, []byte(`{"workspaces":`+c.workspaces+`}`), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := ReadProject(file)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.Members, c.want) {
				t.Errorf("got the members %q, want %q", p.Members, c.want)
			}
		})
	}
}

func TestReadProjectReadsOverridesInOrder(t *testing.T) {
	t.Parallel()
	p := projectOf(t, `{"overrides":{"z":"1","a@^2":{".":"2.1.0","z":"$z","m":{"q":""}}}}`)
	if len(p.Overrides) != 2 || p.Overrides[0].Key != "z" || p.Overrides[0].Value != "1" {
		t.Fatalf("got %+v, want z first", p.Overrides)
	}
	a := p.Overrides[1]
	if a.Key != "a@^2" || a.Value != "2.1.0" || len(a.Below) != 2 || a.Below[0].Value != "$z" || a.Below[1].Key != "m" {
		t.Errorf("got %+v, want a@^2 with z and m below", a)
	}
	if q := a.Below[1].Below; len(q) != 1 || q[0].Value != "*" {
		t.Errorf("got %+v, want an empty text as *", q)
	}
}

func TestReadProjectNamesTheFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"absent":       {"other.json", `{}`, "package.json"},
		"no object":    {"package.json", `[]`, "package.json"},
		"an override":  {"package.json", `{"overrides":{"a":1}}`, `override of "a"`},
		"bad override": {"package.json", `{"overrides":{"a":{"b":[]}}}`, `override of "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, map[string]string{c.file: c.text})
			if _, err := ReadProject(filepath.Join(dir, "package.json")); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got the error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestResolvePlacesFolders(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"package.json":                   `{"workspaces":["packages/*"],"dependencies":{"tool":"file:./tools/tool","lib":"^2"}}`,
		"packages/a/package.json":        `{"name":"@own/a","version":"1.2.0","dependencies":{"b":"^1","lib":"^1"},"devDependencies":{"helper":"*"}}`,
		"packages/b/package.json":        `{"name":"b","version":"1.0.0"}`,
		"tools/tool/package.json":        `{"name":"tool","dependencies":{"nested":"file:nested"}}`,
		"tools/tool/nested/package.json": `{"name":"nested","version":"0.1.0","dependencies":{"app":"^1"}}`,
	})
	p, err := ReadProject(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Resolve(t.Context(), registryOf(t, small), p, node20(), Options{})
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
	dir := writeFiles(t, map[string]string{
		"outer/package.json":   `{"name":"outer"}`,
		"project/package.json": `{"dependencies":{"outer":"file:../outer"}}`,
	})
	p, err := ReadProject(filepath.Join(dir, "project", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Resolve(t.Context(), registryOf(t, small), p, node20(), Options{})
	if refusal, ok := asRefusal(err); !ok || refusal.Code != "EUNSUPPORTED" || refusal.Name != "outer" {
		t.Errorf("got the error %v, want EUNSUPPORTED of outer", err)
	}
}

func FuzzParseProject(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","dependencies":{"app":"^1"},"overrides":{"lib":{".":"1.0.0"}},"workspaces":["a/*"]}`,
		`{"dependencies":{"lib":"npm:tool@2","plugin":"*"},"peerDependencies":{"lib":"2"},"overrides":{"lib@>=1":"$lib"}}`,
		`{"optionalDependencies":{"fork":"user/fork"},"bundleDependencies":true,"overrides":{"":"1"}}`,
	} {
		f.Add([]byte(seed))
	}
	registry := registryOf(f, small)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, _, err := parseProject(raw)
		if err != nil {
			return
		}
		tree, err := Resolve(t.Context(), registry, p, node20(), Options{})
		if err != nil {
			if _, ok := asRefusal(err); !ok {
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

func FuzzReadShrinkwrap(f *testing.F) {
	for _, seed := range []string{
		`{"packages":{"":{},"node_modules/a":{"version":"1.0.0","dependencies":{"b":"1"}},"node_modules/a/node_modules/@s/b":{"version":"1.0.0"}}}`,
		`{"dependencies":{"a":{"version":"1.0.0","requires":{"b":"1"},"dependencies":{"b":{"version":"1.1.0","bundled":true}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := readShrinkwrap(raw)
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
			found, err := readShrinkwrap([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			a, b := found["node_modules/a"], found["node_modules/a/node_modules/b"]
			if len(found) != 2 || a == nil || b == nil {
				t.Fatalf("got %v, want a and b below it", found)
			}
			if a.Name != "a" || a.Version != "1.0.0" || a.Tarball != "https://r.example/a.tgz" || a.Integrity != "sha1-x" ||
				!slices.Equal(a.Dependencies, []Dependency{{"b", "^1"}}) || b.Name != "b" || b.Version != "1.1.0" {
				t.Errorf("got a = %+v, b = %+v", a, b)
			}
		})
	}
}
