package container

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// fakeEngine speaks the few requests of the Docker Engine API that a build
// needs. Its image has the archives by the paths that they are copied from.
type fakeEngine struct {
	builder  string // "1" or "2"
	progress string // what a build answers
	archives map[string][]byte

	mu      sync.Mutex
	query   url.Values
	context map[string]int64 // sent files, with their modes
	calls   []string
}

// start serves the engine on a socket and returns its address.
func (e *fakeEngine) start(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") //nolint:usetesting // a short path, as sockets need
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(e)
	s.Listener = listener
	s.Start()
	t.Cleanup(s.Close)
	return "unix://" + filepath.Join(dir, "s")
}

var version = regexp.MustCompile(`^/v[0-9.]+`)

func (e *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := version.ReplaceAllString(r.URL.Path, "")
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Builder-Version", e.builder)
	if path != "/_ping" {
		e.calls = append(e.calls, r.Method+" "+path)
	}
	switch {
	case path == "/build":
		e.query, e.context = r.URL.Query(), map[string]int64{}
		for in := tar.NewReader(r.Body); ; {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			e.context[h.Name] = h.Mode
		}
		_, _ = io.WriteString(w, e.progress)
	case path == "/containers/create":
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"Id":"made","Warnings":[]}`)
	case path == "/containers/made/archive":
		body, ok := e.archives[r.URL.Query().Get("path")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintf(w, `{"message":"Could not find the file %s in container made"}`, r.URL.Query().Get("path"))
			return
		}
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte(`{"name":"x"}`)))
		_, _ = w.Write(body)
	case r.Method == http.MethodDelete:
		_, _ = io.WriteString(w, `[]`)
	}
}

const built = `{"stream":"Step 1/1 : FROM scratch\n"}` + "\n" + `{"aux":{"ID":"sha256:abc"}}` + "\n"

// run builds a small context with the engine at host.
func run(t *testing.T, host string, files Files) (got map[string]string, lines []string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{"Dockerfile": "FROM scratch\n", ".dockerignore": "*.log\n!kept.log\nDockerfile\n", "run": "#!/bin/sh\n", "a.log": "x", "kept.log": "x", "sub/b.log": "x"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spool, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := Recipe{Context: dir, Target: "stage", Args: map[string]string{"A": "1"}, Platform: "linux/arm64"}
	sent, err := ReadContext(r)
	if err != nil {
		t.Fatal(err)
	}
	getenv := func(key string) string { return map[string]string{"DOCKER_HOST": host}[key] }
	got = map[string]string{}
	err = NewEngine(getenv, spool).Build(t.Context(), r, sent, files, func(line string) { lines = append(lines, line) }, collect(got))
	return got, lines, err
}

func TestBuildOverTheProtocol(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{builder: "1", progress: built, archives: map[string][]byte{
		"/opt/bin": packed(t, folder("bin"), program("bin/tool", "tool"), link("bin/alias", "/usr/lib/real")),
		// What a link leads to is asked for when it is met.
		"/usr/lib/real": packed(t, program("real", "real")),
	}}
	got, lines, err := run(t, e.start(t), Files{"/opt/bin/": "bin"})
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"bin/tool +x": "tool", "bin/alias +x": "real"}; !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"Step 1/1 : FROM scratch"}; !slices.Equal(lines, want) {
		t.Errorf("the log is %q, want %q", lines, want)
	}
	sent := map[string]int64{"Dockerfile": 0o644, ".dockerignore": 0o644, "run": 0o755, "kept.log": 0o644, "sub/b.log": 0o644}
	if !maps.Equal(e.context, sent) {
		t.Errorf("the context was %v, want %v", e.context, sent)
	}
	for key, want := range map[string]string{"dockerfile": "Dockerfile", "target": "stage", "version": "1", "buildargs": `{"A":"1"}`} {
		if got := e.query.Get(key); got != want {
			t.Errorf("asked for %s=%q, want %q", key, got, want)
		}
	}
	if platform := e.query.Get("platform"); !strings.Contains(platform, "arm64") {
		t.Errorf("asked for the platform %q, want arm64", platform)
	}
	if last := e.calls[len(e.calls)-2:]; !slices.Equal(last, []string{"DELETE /containers/made", "DELETE /images/sha256:abc"}) {
		t.Errorf("the last calls were %q: the container and the image stay behind", last)
	}
}

func TestBuildsThatFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, progress, fault string
	}{
		{"a step", `{"stream":"Step 1\n"}{"errorDetail":{"message":"exit code 3"},"error":"exit code 3"}`, "building the image: exit code 3; the last lines of its log:\n  Step 1"},
		{"no image", `{"stream":"done"}`, "names no image"},
		{"cut", `{"stream":"do`, "reading what the engine says"},
		{"an absent path", built, `/opt/absent`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := &fakeEngine{builder: "1", progress: c.progress}
			if _, _, err := run(t, e.start(t), Files{"/opt/absent": "x"}); err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want an error that says %q", err, c.fault)
			}
		})
	}
}

func TestNoEngineIsNamed(t *testing.T) {
	t.Parallel()
	host := "unix://" + filepath.Join(t.TempDir(), "absent.sock")
	for _, host := range []string{host, "ssh://user@example.com"} {
		_, _, err := run(t, host, Files{"/x": "x"})
		if none := (*EngineError)(nil); !errors.As(err, &none) || none.Host != host {
			t.Errorf("got %v, want an *EngineError of %q", err, host)
		}
	}
}

func TestBuildKitTellsItsSteps(t *testing.T) {
	t.Parallel()
	field := func(number byte, body []byte) []byte { return append([]byte{number<<3 | 2, byte(len(body))}, body...) }
	vertex := slices.Concat(field(3, []byte("[1/2] FROM scratch")), field(5, []byte{8, 1}))
	finished := slices.Concat(field(3, []byte("[1/2] FROM scratch")), field(5, []byte{8, 1}), field(6, []byte{8, 2}))
	line := slices.Concat([]byte{3 << 3, 1}, field(4, []byte("compiling\n")))
	body := slices.Concat(field(1, vertex), field(3, line), field(1, finished))
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	id, err := readProgress(t.Context(), bytes.NewReader(fmt.Appendf(nil, `{"id":"moby.buildkit.trace","aux":%s}{"id":"moby.image.id","aux":{"ID":"sha256:abc"}}`, text)),
		func(line string) { lines = append(lines, line) })
	if err != nil || id != "sha256:abc" {
		t.Fatalf("got %q and %v", id, err)
	}
	if want := []string{"[1/2] FROM scratch", "compiling"}; !slices.Equal(lines, want) {
		t.Errorf("the log is %q, want %q", lines, want)
	}
}

func FuzzTraceLines(f *testing.F) {
	f.Add([]byte{10, 4, 26, 2, 'h', 'i'})
	f.Fuzz(func(t *testing.T, body []byte) {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, line := range traceLines(text) {
			total += len(line)
		}
		if total > len(body) {
			t.Errorf("%d bytes of lines come from %d", total, len(body))
		}
	})
}

func TestDockerContexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// SHA-256 of "remote".
	const id = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a"
	meta := filepath.Join(dir, "contexts", "meta", id)
	if err := os.MkdirAll(meta, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2376"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext":"remote"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"DOCKER_CONFIG": dir}, "tcp://10.0.0.1:2376"},
		{map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "remote"}, "tcp://10.0.0.1:2376"},
		{map[string]string{"DOCKER_CONFIG": dir, "DOCKER_HOST": "tcp://10.0.0.2:2375"}, "tcp://10.0.0.2:2375"},
	} {
		got, err := findEngine(func(key string) string { return c.env[key] })
		if err != nil || got.host != c.want {
			t.Errorf("%v: got %q and %v, want %q", c.env, got.host, err, c.want)
		}
	}
	if _, err := findEngine(func(key string) string {
		return map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "absent"}[key]
	}); err == nil || !strings.Contains(err.Error(), `"absent"`) {
		t.Errorf("got %v, want an error that names the context", err)
	}
}
