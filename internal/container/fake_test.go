package container

import (
	"archive/tar"
	"bytes"
	"context"
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

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// fakeEngine speaks the few requests of the Docker Engine API that a build
// needs. Its image has the archives by the paths that they are copied from.
type fakeEngine struct {
	builder  string // "1" or "2"
	progress string // what a build answers
	archives map[string][]byte

	goneOnce bool // the first container finds no image

	mu      sync.Mutex
	query   url.Values
	asked   []byte           // what the session answered for the credentials of registry.example.com
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
	case path == "/session":
		e.asked = askSession(w, r)
	case path == "/containers/create" && e.goneOnce, strings.HasSuffix(path, "/json") && e.goneOnce:
		e.goneOnce = path == "/containers/create"
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"No such image: sha256:abc"}`)
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

// askSession asks who opened a session for credentials, as BuildKit does.
func askSession(w http.ResponseWriter, r *http.Request) []byte {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return []byte(err.Error())
	}
	if r.Header.Get("X-Docker-Expose-Session-Uuid") == "" {
		return []byte("a session without a name")
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	const message = "\x0a\x14registry.example.com"
	answer, err := (&http.Client{Transport: transport}).Post("http://client/moby.filesync.v1.Auth/Credentials", "application/grpc", strings.NewReader("\x00\x00\x00\x00\x16"+message))
	if err != nil {
		return []byte(err.Error())
	}
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	return body
}

const built = `{"stream":"Step 1/1 : FROM scratch\n"}` + "\n" + `{"aux":{"ID":"sha256:abc"}}` + "\n"

// run builds a small context with the engine at host.
func run(t *testing.T, host string, files Files) (got map[string]string, lines []string, err error) {
	t.Helper()
	return runAs(t, func(key string) string { return map[string]string{"DOCKER_HOST": host}[key] }, files)
}

// runAs is run in an environment.
func runAs(t *testing.T, getenv func(string) string, files Files) (got map[string]string, lines []string, err error) {
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
	sent, err := ReadContext(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
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

// TestBuildKitAsksForCredentials opens the session without which BuildKit reads
// no image of a registry that wants a token.
func TestBuildKitAsksForCredentials(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{builder: "2", progress: built, archives: map[string][]byte{"/opt/x": packed(t, file("x", "x"))}}
	environment := configured(t, "registry.example.com", `{"auths":{"HOST":{"auth":"`+loginText+`"}}}`)
	host := e.start(t)
	getenv := func(key string) string {
		if key == "DOCKER_HOST" {
			return host
		}
		return environment(key)
	}
	got, _, err := runAs(t, getenv, Files{"/opt/x": "x"})
	if err != nil || got["x"] != "x" {
		t.Fatalf("got %q and %v", got, err)
	}
	if want := "\x00\x00\x00\x00\x11\x0a\x07someone\x12\x06s3cret"; string(e.asked) != want {
		t.Errorf("the session answered %q, want %q", e.asked, want)
	}
	if e.query.Get("session") == "" || e.query.Get("version") != "2" {
		t.Errorf("the build was asked for with %v, want its session", e.query)
	}
}

// TestImagesThatOthersRemove has another build of the same steps remove the
// image before a container is made of it.
func TestImagesThatOthersRemove(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{builder: "1", progress: built, goneOnce: true, archives: map[string][]byte{"/opt/x": packed(t, file("x", "x"))}}
	got, _, err := run(t, e.start(t), Files{"/opt/x": "x"})
	if err != nil || got["x"] != "x" {
		t.Errorf("got %q and %v", got, err)
	}
	if builds := slices.DeleteFunc(e.calls, func(c string) bool { return c != "POST /build" }); len(builds) != 2 {
		t.Errorf("the engine built %d times, want twice", len(builds))
	}
}

// TestFilesThatChangeWhileTheyAreSent are found: what was built is remembered by
// their digests.
func TestFilesThatChangeWhileTheyAreSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, after string }{{"same size", "after."}, {"shorter", "a"}} {
		dir := t.TempDir()
		name := filepath.Join(dir, "Dockerfile")
		if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		sent, err := ReadContext(t.Context(), Recipe{Context: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(c.after), 0o600); err != nil {
			t.Fatal(err)
		}
		e := &fakeEngine{builder: "1", progress: built}
		host := e.start(t)
		getenv := func(key string) string { return map[string]string{"DOCKER_HOST": host}[key] }
		err = NewEngine(getenv, nil).Build(t.Context(), Recipe{Context: dir}, sent, Files{"/x": "x"}, func(string) {}, collect(map[string]string{}))
		if err == nil || !strings.Contains(err.Error(), "changed while it was read") || !strings.Contains(err.Error(), "Dockerfile") {
			t.Errorf("%s: got %v, want an error that names the file", c.name, err)
		}
	}
}

func TestPlainLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"Step 1/2 : FROM scratch\n":       "Step 1/2 : FROM scratch",
		" ---> abc":                       " ---> abc",
		"10%\r50%\r100% done\r\n":         "100% done",
		"\x1b[1;31mred\x1b[0m":            "red",
		"bell\x07 and\x00 escape \x1b[12": "bell and escape ",
		"f\xfcr":                          "fr",
		"für":                             "für",
		strings.Repeat("x", 5000):         strings.Repeat("x", 1000),
	} {
		if got := plainLine(line); got != want {
			t.Errorf("plainLine(%q) = %q, want %q", line, got, want)
		}
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
		defer indextest.Budget(t, len(body))()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, line := range traceLines(text, map[string]bool{}) {
			total += len(line)
		}
		if total > len(body) {
			t.Errorf("%d bytes of lines come from %d", total, len(body))
		}
	})
}

// TestAbsentPaths: what is not in a built image is told with what is there.
func TestAbsentPaths(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{builder: "1", progress: built, archives: map[string][]byte{
		"/opt":   packed(t, folder("opt/"), folder("opt/x/"), file("opt/x/deep", "x"), file("opt/tool", "x")),
		"/empty": packed(t, folder("empty/")),
	}}
	host := e.start(t)
	for path, want := range map[string]string{
		"/opt/bin":        `the built image has no "/opt/bin"; it has /opt/tool, /opt/x: correct the path, or COPY the file there`,
		"/opt/sub/deep/a": `the built image has no "/opt/sub/deep/a"; it has /opt/tool, /opt/x: `,
		"/empty/a":        `"/empty" is empty: correct the path`,
		"/nowhere/a":      `the built image has no "/nowhere/a": correct the path`,
	} {
		_, _, err := run(t, host, Files{path: "bin/tool"})
		if absent := (*AbsentError)(nil); !errors.As(err, &absent) || absent.Path != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
