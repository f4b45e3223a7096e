package lockfile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// lambda is the target of these tests.
var lambda = manifest.Target{Runtime: "nodejs20.x", Arch: "x86_64", OS: "linux", CPU: "x64", Libc: "glibc", Node: "20.20.2"}

// memoryFiles are a project's files by their slash paths, for tests.
type memoryFiles map[string]string

// write writes the files into a folder of a folder, and returns the inner one.
func (m memoryFiles) write(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "project")
	for name, text := range m {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// recordedRegistry answers with manifests that the public registry gave.
type recordedRegistry struct {
	manifests map[string]*manifest.Manifest
	texts     map[string]map[string]json.RawMessage // by name and version
	mu        sync.Mutex
	asked     []string
}

func recordedManifests(t testing.TB) []byte {
	t.Helper()
	lines, err := os.ReadFile("testdata/lockmanifests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// newRecordedRegistry reads a manifest in each line.
func newRecordedRegistry(t testing.TB, lines []byte) *recordedRegistry {
	t.Helper()
	r := &recordedRegistry{manifests: map[string]*manifest.Manifest{}, texts: map[string]map[string]json.RawMessage{}}
	scanner := bufio.NewScanner(bytes.NewReader(lines))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		m, err := manifest.Read(scanner.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		r.manifests[m.Name+"@"+m.Version] = m
		if r.texts[m.Name] == nil {
			r.texts[m.Name] = map[string]json.RawMessage{}
		}
		r.texts[m.Name][m.Version] = bytes.Clone(scanner.Bytes())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *recordedRegistry) Manifest(_ context.Context, name, version string) (*manifest.Manifest, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, name+"@"+version)
	if m := r.manifests[name+"@"+version]; m != nil {
		return m, nil
	}
	return nil, &manifest.ResolveError{Code: "E404", Name: name, Spec: version, Detail: "the registry does not have it"}
}

func (r *recordedRegistry) Packument(_ context.Context, name string) (*registry.Packument, error) {
	if r.texts[name] == nil {
		return nil, &manifest.ResolveError{Code: "E404", Name: name, Detail: "the registry does not have it"}
	}
	document, err := json.Marshal(map[string]any{"name": name, "versions": r.texts[name]})
	if err != nil {
		return nil, err
	}
	return registry.ReadPackument(document)
}

func (r *recordedRegistry) Bundle(context.Context, *manifest.Manifest) (map[string]*manifest.Manifest, []byte, error) {
	return nil, nil, errors.New("a lock file needs no bundle")
}

func (r *recordedRegistry) Locate(_, _, resolved string) string { return resolved }

// readLockCase reads the lock file and the project of a testdata file.
func readLockCase(t *testing.T, files memoryFiles, o Options) (*locked.Graph, error) {
	t.Helper()
	for _, name := range []string{"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"} {
		if _, ok := files[name]; ok {
			return Read(filepath.Join(files.write(t), name), o)
		}
	}
	return nil, fs.ErrNotExist
}

func archiveFiles(t testing.TB, name string) memoryFiles {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := memoryFiles{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

func listPaths(tree *modules.Tree) []string {
	list := []string{}
	for _, p := range tree.Packages {
		list = append(list, p.Path+" "+p.Name+"@"+p.Version)
	}
	for _, p := range tree.Local {
		list = append(list, p.Path+" -> "+p.Source)
	}
	slices.Sort(list)
	return list
}

func listSet(tree *modules.Tree) []string {
	list := []string{}
	for _, p := range tree.Packages {
		list = append(list, p.Name+"@"+p.Version)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestLockFilesOfRealTools compares with what "npm ci --omit=dev" and the
// production installs of yarn and pnpm put on disk, as testdata/locks has it:
// folders for npm, names and versions for the others. "differences" are meant.
func TestLockFilesOfRealTools(t *testing.T) {
	t.Parallel()
	manifests := recordedManifests(t)
	names, err := filepath.Glob("testdata/locks/*.txtar")
	if err != nil || len(names) < 40 {
		t.Fatalf("found %d lock files, %v", len(names), err)
	}
	for _, name := range names {
		files := archiveFiles(t, name)
		for section, text := range files {
			kind, member, _ := strings.Cut(section, " of ")
			if kind != "paths" && kind != "set" {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+" "+section, func(t *testing.T) {
				t.Parallel()
				l, err := readLockCase(t, files, Options{Workspace: member})
				if err != nil {
					t.Fatal(err)
				}
				r := newRecordedRegistry(t, manifests)
				tree, err := locked.TreeFor(t.Context(), r, l, lambda)
				if err != nil {
					t.Fatal(err)
				}
				got := listSet(tree)
				if kind == "paths" {
					got = listPaths(tree)
				}
				want := strings.Split(strings.TrimSpace(text), "\n")
				if member == "" {
					want = differ(want, files["differences"])
				}
				compareLists(t, got, want)
				checkTree(t, tree, r, files)
			})
		}
	}
}

// differ applies lines "- x" and "+ x" to a list.
func differ(want []string, differences string) []string {
	for line := range strings.Lines(differences) {
		line = strings.TrimSpace(line)
		if gone, ok := strings.CutPrefix(line, "- "); ok {
			want = slices.DeleteFunc(want, func(s string) bool { return s == gone })
		}
		if more, ok := strings.CutPrefix(line, "+ "); ok {
			want = append(want, more)
		}
	}
	return want
}

func compareLists(t *testing.T, got, want []string) {
	t.Helper()
	for _, s := range got {
		if !slices.Contains(want, s) {
			t.Errorf("got %s, which is not wanted", s)
		}
	}
	for _, s := range want {
		if !slices.Contains(got, s) {
			t.Errorf("want %s", s)
		}
	}
}

// checkTree looks up every dependency of every package as Node does, and checks
// that each tarball can be fetched and has a digest.
func checkTree(t *testing.T, tree *modules.Tree, r *recordedRegistry, files memoryFiles) {
	t.Helper()
	at := map[string]modules.Package{}
	for _, p := range tree.Packages {
		at[p.Path] = p
		if !p.Bundled && (!strings.HasPrefix(p.URL, "https://registry.npmjs.org/") || !strings.HasPrefix(p.Integrity, "sha512-")) {
			t.Errorf("%s has the address %q and the integrity %q", p.Path, p.URL, p.Integrity)
		}
	}
	overridden := strings.Contains(files["package.json"], `"overrides"`)
	for _, p := range tree.Packages {
		m := r.manifests[p.Name+"@"+p.Version]
		if m == nil {
			continue
		}
		for _, d := range m.Dependencies {
			found, ok := lookup(at, p.Path, d.Name)
			if !ok {
				if !slices.Contains(m.Bundled, d.Name) {
					t.Errorf("%s finds no %s", p.Path, d.Name)
				}
				continue
			}
			wanted, err := semver.ParseRange(d.Spec)
			if err != nil {
				t.Fatal(err)
			}
			version, err := semver.Parse(found.Version)
			if err != nil {
				t.Fatal(err)
			}
			if !wanted.Match(version) && !overridden && !slices.Contains(m.Bundled, d.Name) {
				t.Errorf("%s finds %s at %s, wants %s", p.Path, found.Version, found.Path, d.Spec)
			}
		}
	}
}

// lookup finds a folder by Node's rule.
func lookup(at map[string]modules.Package, from, name string) (modules.Package, bool) {
	for dir := from; dir != "."; dir = path.Dir(dir) {
		if p, ok := at[dir+"/node_modules/"+name]; ok {
			return p, true
		}
	}
	p, ok := at["node_modules/"+name]
	return p, ok
}

// TestLockJSON holds the lock's JSON, which is a request's identity, against
// changes that matter and changes that do not.
func TestLockJSON(t *testing.T) {
	t.Parallel()
	files := archiveFiles(t, "testdata/locks/devopt-v3.txtar")
	identity := func(change func(memoryFiles)) string {
		t.Helper()
		changed := maps.Clone(files)
		change(changed)
		l, err := readLockCase(t, changed, Options{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	replace := func(file, old, by string) func(memoryFiles) {
		return func(m memoryFiles) {
			if !strings.Contains(m[file], old) {
				t.Fatalf("%s holds no %q", file, old)
			}
			m[file] = strings.ReplaceAll(m[file], old, by)
		}
	}
	before := identity(func(memoryFiles) {})
	for _, c := range []struct {
		name   string
		change func(memoryFiles)
		same   bool
	}{
		{"nothing", func(memoryFiles) {}, true},
		{"blanks", replace("package-lock.json", "\n", "\n "), true},
		{"a licence", replace("package-lock.json", `"license": "MIT"`, `"license": "BSD"`), true},
		{"a development dependency", replace("package-lock.json", "/ms-2.1.3.tgz", "/ms-2.1.3.tar.gz"), true},
		{"a version", replace("package-lock.json", `"version": "3.1.3"`, `"version": "3.1.9"`), false},
		{"an integrity", replace("package-lock.json", "sha512-7V", "sha512-8V"), false},
	} {
		if got := identity(c.change) == before; got != c.same {
			t.Errorf("after a change of %s the identity is the same: %t, want %t", c.name, got, c.same)
		}
	}
}
