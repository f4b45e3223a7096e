//go:build live

package nodejs

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// liveSets are compared with the npm of the machine and what the public
// registry holds now.
var liveSets = []string{
	"alias", "awssdk3", "basic", "devdeps", "esbuild", "eslint-conflict", "express", "knex", "middy", "mongoose", "nestjs", "next",
	"optdeps", "overrides", "ov3", "ov4", "peeropt--force", "powertools", "react-conflict--legacy", "sqlite", "vite",
}

// TestResolveEqualsNPMNow lets npm and Resolve ask the same registry, through a
// server that answers both with the same documents, and compares the answers.
func TestResolveEqualsNPMNow(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&relay{kept: map[string]*sync.Once{}, body: map[string][]byte{}, status: map[string]int{}})
	t.Cleanup(server.Close)
	client := liveRegistry(t, server.URL)
	projects := map[string][]byte{}
	for _, f := range txtar.Parse(unzip(t, "testdata/sets.txtar.gz")).Files {
		if set, ok := strings.CutSuffix(f.Name, "/package.json"); ok {
			projects[set] = f.Data
		}
	}
	cache := t.TempDir()
	for _, set := range liveSets {
		t.Run(set, func(t *testing.T) {
			if projects[set] == nil {
				t.Fatal("the archive has no such set")
			}
			want := npmLines(t, npm, server.URL, cache, set, projects[set])
			compareLines(t, resolvedLines(t, client, projects[set], set), want)
		})
	}
}

// liveRegistry returns a client of the registry at an address.
func liveRegistry(t *testing.T, address string) *registry.Client {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := fetch.New(fetch.Options{Store: s, UserAgent: "terraform-provider-layerbuild/test"})
	config, err := registry.LoadNpmrc("", []string{"npm_config_registry=" + address, "HOME=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	client, err := registry.NewClient(f, config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var npmErrorCode = regexp.MustCompile(`(?m)^npm error code (\S+)`)

// npmLines runs npm and tells its lock as resolvedLines does.
func npmLines(t *testing.T, npm, registry, cache, set string, packageJSON []byte) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "package.json"), packageJSON, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"install", "--package-lock-only", "--os=linux", "--cpu=x64", "--libc=glibc", "--registry=" + registry, "--cache=" + cache,
		"--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error",
	}
	for _, mode := range []string{"legacy", "force"} {
		if strings.HasSuffix(set, "--"+mode) {
			args = append(args, map[string]string{"legacy": "--legacy-peer-deps", "force": "--force"}[mode])
		}
	}
	cmd := exec.CommandContext(t.Context(), npm, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		if code := npmErrorCode.FindSubmatch(out); code != nil {
			return []string{"REFUSED " + string(code[1])}
		}
		t.Fatalf("running npm: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct{ Packages map[string]lockEntry }
	if err := json.Unmarshal(raw, &lock); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for at, p := range lock.Packages {
		if i := strings.LastIndex("/"+at, "/node_modules/"); i >= 0 {
			if p.Name == "" {
				p.Name = at[i+len("node_modules/"):]
			}
			lines = append(lines, p.line(at))
		}
	}
	slices.Sort(lines)
	return lines
}

// relay passes requests on to the public registry, each address once.
type relay struct {
	mu     sync.Mutex
	kept   map[string]*sync.Once
	body   map[string][]byte
	status map[string]int
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	address := req.URL.EscapedPath()
	r.mu.Lock()
	once := r.kept[address]
	if once == nil {
		once = &sync.Once{}
		r.kept[address] = once
	}
	r.mu.Unlock()
	once.Do(func() {
		status, body := http.StatusBadGateway, []byte(nil)
		if resp, err := http.Get("https://registry.npmjs.org" + address); err == nil { //nolint:noctx // the server outlives its requests
			status = resp.StatusCode
			body, err = io.ReadAll(resp.Body)
			if resp.Body.Close() != nil || err != nil {
				status = http.StatusBadGateway
			}
		}
		r.mu.Lock()
		r.body[address], r.status[address] = body, status
		r.mu.Unlock()
	})
	r.mu.Lock()
	body, status := r.body[address], r.status[address]
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}
