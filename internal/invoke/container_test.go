package invoke

import (
	"archive/tar"
	"archive/zip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
)

// fakeEngine is an engine with one image, which it has to pull, and an emulator
// in its container that answers as told.
type fakeEngine struct {
	status int    // of the emulator
	answer string // of the emulator
	fault  string // of the start
	ended  bool   // by itself, with the exit status 7

	mu      sync.Mutex
	pulled  bool
	called  []string
	created struct {
		Image    string
		Cmd, Env []string
	}
	platform string
	files    map[string]string
	events   []string
	emulator *httptest.Server
}

func (e *fakeEngine) start(t *testing.T) *container.Engine {
	t.Helper()
	e.files = map[string]string{}
	e.emulator = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/2015-03-31/functions/function/invocations" {
			http.NotFound(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		e.events = append(e.events, string(body))
		e.mu.Unlock()
		w.WriteHeader(e.status)
		_, _ = io.WriteString(w, e.answer)
	}))
	t.Cleanup(e.emulator.Close)
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
	return container.NewEngine(func(key string) string {
		return map[string]string{"DOCKER_HOST": "unix://" + filepath.Join(dir, "s"), "DOCKER_CONFIG": dir}[key]
	}, nil)
}

var version = regexp.MustCompile(`^/v[0-9.]+`)

func (e *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	path := version.ReplaceAllString(r.URL.Path, "")
	w.Header().Set("Api-Version", "1.44")
	w.Header().Set("Content-Type", "application/json")
	if path != "/_ping" {
		e.called = append(e.called, r.Method+" "+path)
	}
	switch {
	case path == "/containers/create" && !e.pulled:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"No such image"}`)
	case path == "/images/create":
		e.pulled = true
		_, _ = io.WriteString(w, `{"status":"Pulling"}`)
	case path == "/containers/create":
		e.platform = r.URL.Query().Get("platform")
		_ = json.NewDecoder(r.Body).Decode(&e.created)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"Id":"made"}`)
	case path == "/containers/made/archive":
		for in := tar.NewReader(r.Body); ; {
			h, err := in.Next()
			if err != nil {
				break
			}
			text, _ := io.ReadAll(in)
			if h.Typeflag == tar.TypeReg {
				e.files[r.URL.Query().Get("path")+"/"+h.Name] = string(text)
			}
		}
	case path == "/containers/made/start" && e.fault != "":
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, `{"message":%q}`, e.fault)
	case path == "/containers/made/json":
		if e.ended && slices.Contains(e.called[:len(e.called)-1], "GET "+path) {
			_, _ = io.WriteString(w, `{"Id":"made","State":{"Status":"exited","Running":false,"ExitCode":7}}`)
			return
		}
		at, _ := url.Parse(e.emulator.URL)
		_, _ = fmt.Fprintf(w, `{"Id":"made","NetworkSettings":{"Ports":{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":%q}]}}}`, at.Port())
	case path == "/containers/made/logs":
		for _, part := range []string{"one\n", "two\n"} {
			_, _ = w.Write(binary.BigEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(part))))
			_, _ = io.WriteString(w, part)
		}
	}
}

// zipped writes a zip with the files.
func zipped(t *testing.T, content map[string]string) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.zip")
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for name, text := range content {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func request(t *testing.T) Request {
	t.Helper()
	return Request{
		Layers:  []string{zipped(t, map[string]string{"python/a.py": "A = 1", "python/b.py": "B = 1"}), zipped(t, map[string]string{"python/b.py": "B = 2"})},
		Code:    zipped(t, map[string]string{"app.py": "def h(e, c): pass"}),
		Handler: "app.h", Event: []byte(`{"x": 1}`), Runtime: "python3.12", Architecture: "arm64",
		Environment: map[string]string{"LOG_LEVEL": "DEBUG"}, Timeout: 1500 * time.Millisecond, Memory: 512,
	}
}

func TestInContainer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		status       int
		fault        string
	}{
		{"an answer", `{"statusCode": 200}`, 200, ""},
		{"an answer with a message of errors", `{"errorMessage": "x", "statusCode": 400}`, 200, ""},
		{"an error", `{"errorMessage": "'x'", "errorType": "KeyError", "requestId": "1", "stackTrace": []}`, 200, "KeyError"},
		{"an error without a type", `{"errorMessage": "Task timed out after 2.00 seconds"}`, 200, "Unhandled"},
		{"a crash", `{"errorType": "Runtime.ExitError", "errorMessage": "exit status 3"}`, 502, "Runtime.ExitError"},
		{"a crash without words", ``, 502, "Emulator.Status502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := &fakeEngine{status: c.status, answer: c.answer}
			engine := e.start(t)
			var lines []string
			got, err := InContainer(t.Context(), request(t), engine, "example.com/image:1", func(line string) { lines = append(lines, line) })
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Payload) != c.answer || got.Fault != c.fault || got.Log != "one\ntwo\n" {
				t.Errorf("got %+v", got)
			}
			for name, want := range map[string]string{"/opt/python/a.py": "A = 1", "/opt/python/b.py": "B = 2", "/var/task/app.py": "def h(e, c): pass"} {
				if e.files[name] != want {
					t.Errorf("%s is %q", name, e.files[name])
				}
			}
			if e.created.Image != "example.com/image:1" || !slices.Equal(e.created.Cmd, []string{"app.h"}) || !strings.Contains(e.platform, "arm64") {
				t.Errorf("created %+v for %q", e.created, e.platform)
			}
			for _, want := range []string{"LOG_LEVEL=DEBUG", "AWS_LAMBDA_FUNCTION_TIMEOUT=2", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512"} {
				if !slices.Contains(e.created.Env, want) {
					t.Errorf("%q is missing in %q", want, e.created.Env)
				}
			}
			if !slices.Equal(e.events, []string{`{"x": 1}`}) || !slices.Equal(lines, []string{"Pulling example.com/image:1."}) {
				t.Errorf("events %q, log %q", e.events, lines)
			}
			if last := e.called[len(e.called)-1]; last != "DELETE /containers/made" {
				t.Errorf("the last call is %q: the container stays behind", last)
			}
		})
	}
}

// TestContainersThatDoNotStart are removed, and the engine's words are shown.
func TestContainersThatDoNotStart(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{status: 200, fault: "exec format error"}
	engine := e.start(t)
	_, err := InContainer(t.Context(), request(t), engine, "example.com/image:1", func(string) {})
	if err == nil || !strings.Contains(err.Error(), "exec format error") || len(e.events) > 0 {
		t.Errorf("got %v and %q", err, e.events)
	}
	if last := e.called[len(e.called)-1]; last != "DELETE /containers/made" {
		t.Errorf("the last call is %q: the container stays behind", last)
	}
}

// TestContainersThatEnd are not waited for: the second look at the container says
// that it has ended.
func TestContainersThatEnd(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{ended: true}
	engine := e.start(t)
	e.emulator.Close()
	_, err := InContainer(t.Context(), request(t), engine, "example.com/image:1", func(string) {})
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "emulator") || !strings.Contains(err.Error(), "one\ntwo\n") {
		t.Errorf("got %v", err)
	}
	if last := e.called[len(e.called)-1]; last != "DELETE /containers/made" {
		t.Errorf("the last call is %q: the container stays behind", last)
	}
}

// TestHandlersThatTakeTooLong: the emulator says so with the status of a success,
// in plain text.
func TestHandlersThatTakeTooLong(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]Answer{
		"Task timed out after 5.00 seconds":   {Fault: "Sandbox.Timedout", Payload: []byte(`{"errorMessage":"Task timed out after 5.00 seconds","errorType":"Sandbox.Timedout"}`)},
		"Task timed out after 900.00 seconds": {Fault: "Sandbox.Timedout", Payload: []byte(`{"errorMessage":"Task timed out after 900.00 seconds","errorType":"Sandbox.Timedout"}`)},
		`"Task timed out after 5.00 seconds"`: {Payload: []byte(`"Task timed out after 5.00 seconds"`)},
	} {
		e := &fakeEngine{status: http.StatusOK, answer: answer}
		got, err := InContainer(t.Context(), request(t), e.start(t), "example.com/image:1", func(string) {})
		if err != nil || got.Fault != want.Fault || string(got.Payload) != string(want.Payload) {
			t.Errorf("%s: got %+v and %v", answer, got, err)
		}
	}
}

func TestAWSImages(t *testing.T) {
	t.Parallel()
	for runtime, want := range map[string]string{
		"python3.12": "public.ecr.aws/lambda/python:3.12", "nodejs22.x": "public.ecr.aws/lambda/nodejs:22", "java21": "public.ecr.aws/lambda/java:21",
	} {
		if got, err := AWSImage(runtime); got != want || err != nil {
			t.Errorf("%s: got %q, %v", runtime, got, err)
		}
	}
	if _, err := AWSImage("provided.al2023"); err == nil {
		t.Error("an image without an interpreter was named")
	}
}
