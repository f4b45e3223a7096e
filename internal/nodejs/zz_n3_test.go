//go:build n3scratch

package nodejs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type scratchRegistry struct{ n int }

func (s *scratchRegistry) get(url, key string) ([]byte, error) {
	f := "/tmp/n3/cache/" + strings.ReplaceAll(key, "/", "__")
	if b, err := os.ReadFile(f); err == nil {
		return b, nil
	}
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == 404 {
		return nil, &ResolveError{Code: "E404", Name: key}
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		return nil, fmt.Errorf("%s %v", resp.Status, err)
	}
	os.MkdirAll("/tmp/n3/cache", 0o755)
	os.WriteFile(f, b, 0o644)
	return b, nil
}
func (s *scratchRegistry) Packument(ctx context.Context, name string) (*Packument, error) {
	b, err := s.get("https://registry.npmjs.org/"+strings.ReplaceAll(name, "/", "%2f"), name)
	if err != nil {
		return nil, err
	}
	return ReadPackument(b)
}
func (s *scratchRegistry) Manifest(ctx context.Context, name, version string) (*Manifest, error) {
	s.n++
	b, err := s.get("https://registry.npmjs.org/"+strings.ReplaceAll(name, "/", "%2f")+"/"+version, name+"@"+version)
	if err != nil {
		return nil, err
	}
	return ReadManifest(b)
}
func (s *scratchRegistry) Bundle(ctx context.Context, m *Manifest) (map[string]*Manifest, []byte, error) {
	return nil, nil, nil
}

func listing(tr *Tree) []string {
	var got []string
	for _, p := range tr.Packages {
		got = append(got, p.Path+" "+p.Name+"@"+p.Version)
	}
	for _, p := range tr.Local {
		got = append(got, p.Path+" -> "+p.Source)
	}
	slices.Sort(got)
	return got
}

func TestScratch(t *testing.T) {
	dirs, _ := filepath.Glob(os.Getenv("N3DIRS"))
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var lock string
			for _, n := range []string{"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"} {
				if _, err := os.Stat(filepath.Join(dir, n)); err == nil {
					lock = filepath.Join(dir, n)
				}
			}
			ws, _ := os.ReadFile(filepath.Join(dir, "workspace.txt"))
			l, err := ReadLock(lock, LockOptions{Workspace: strings.TrimSpace(string(ws))})
			exp, _ := os.ReadFile(filepath.Join(dir, "expected.txt"))
			lines := strings.Split(strings.TrimSpace(string(exp)), "\n")
			if err != nil {
				t.Fatalf("ERR %v\n%s", err, strings.Join(lines[:min(3, len(lines))], "\n"))
			}
			r := &scratchRegistry{}
			tr, err := FromLock(t.Context(), r, l, Target{Runtime: "nodejs20.x", Arch: "x86_64", OS: "linux", CPU: "x64", Libc: "glibc", Node: "20.20.2"})
			if err != nil {
				t.Fatalf("ERR %v\n%s", err, strings.Join(lines[:min(3, len(lines))], "\n"))
			}
			got := listing(tr)
			want := lines[1:]
			if strings.Contains(lines[0], "set") { // package set only
				var s []string
				for _, p := range tr.Packages {
					s = append(s, p.Name+"@"+p.Version)
				}
				slices.Sort(s)
				got = slices.Compact(s)
			}
			slices.Sort(want)
			for _, g := range got {
				if !slices.Contains(want, g) {
					t.Errorf("extra %s", g)
				}
			}
			for _, g := range want {
				if !slices.Contains(got, g) {
					t.Errorf("missing %s", g)
				}
			}
			t.Logf("%v\n%s packages %d asked %d direct %v notes %q %s", strings.Join(listing(tr), "\n"), l.Format, len(tr.Packages), r.n, l.Direct(), tr.Notes, lines[0])
		})
	}
}
