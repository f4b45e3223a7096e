package provider

import (
	"archive/tar"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// engine speaks what a build needs of the Docker Engine API. What it builds has
// one file, /opt/bin/tool, that holds the file "tool" of the context.
type engine struct {
	host     string
	requests atomic.Int64
	builds   atomic.Int64

	mu       sync.Mutex
	tool     string
	fault    string        // what a build answers instead
	building chan struct{} // closed when a build hangs
	left     chan struct{} // closed when the client has left it
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	e.host = "tcp://" + s.Listener.Addr().String()
	return e
}

// hang makes the next build never end.
func (e *engine) hang() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.building, e.left = make(chan struct{}), make(chan struct{})
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.requests.Add(1)
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Builder-Version", "1")
	switch {
	case strings.HasSuffix(r.URL.Path, "/build"):
		e.builds.Add(1)
		e.build(w, r)
	case strings.HasSuffix(r.URL.Path, "/containers/create"):
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"Id":"made"}`)
	case strings.HasSuffix(r.URL.Path, "/archive") && r.URL.Query().Get("path") == "/opt/bin/tool":
		w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
		e.mu.Lock()
		defer e.mu.Unlock()
		out := tar.NewWriter(w)
		_ = out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "tool", Size: int64(len(e.tool)), Mode: 0o755})
		_, _ = io.WriteString(out, e.tool)
		_ = out.Close()
	case strings.HasSuffix(r.URL.Path, "/archive"):
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"Could not find the file"}`)
	case r.Method == http.MethodDelete:
		_, _ = io.WriteString(w, "[]")
	}
}

func (e *engine) build(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for in := tar.NewReader(r.Body); ; {
		h, err := in.Next()
		if err != nil {
			break
		}
		if h.Name == "tool" {
			body, _ := io.ReadAll(in)
			e.tool = string(body)
		}
	}
	_, _ = io.WriteString(w, `{"stream":"Step 1/1 : COPY tool /opt/bin/tool\n"}`)
	if e.building != nil {
		_ = http.NewResponseController(w).Flush()
		close(e.building)
		<-r.Context().Done()
		close(e.left)
		e.building = nil
		return
	}
	if e.fault != "" {
		_, _ = io.WriteString(w, e.fault)
		return
	}
	_, _ = io.WriteString(w, `{"aux":{"ID":"sha256:abc"}}`)
}

// noEngine is an engine that nobody runs.
const noEngine = "DOCKER_HOST=tcp://127.0.0.1:9"

// buildPipeline publishes what is built of the folder image.
func buildPipeline(url, settings, description string) string {
	return requiredProvider + fmt.Sprintf(`
provider "layerbuild" {
  s3_use_path_style = true
  %s
  endpoints {
    lambda = %[2]q
    s3     = %[2]q
    sts    = %[2]q
  }
}
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  builds   = [{ context = "${path.module}/image", args = { KIND = "test" }, files = { "/opt/bin/tool" = "bin/" } }]
  files    = [{ content = "x", target = "python/x.py" }]
}
resource "layerbuild_version" "deps" {
  layer_name  = "deps"
  package     = layerbuild_package.deps
  description = %q
}
`, settings, url, description)
}

func (m *machine) writeContext(tool string) {
	m.Helper()
	m.write("image/Dockerfile", "FROM scratch\nCOPY tool /opt/bin/tool\n")
	m.write("image/tool", tool)
	m.write("image/.dockerignore", "*.log\n")
	m.write("image/debug.log", tool) // changes nothing
}

// TestBuildsOnDifferentMachines: the engine is asked where something changed,
// and by nothing else; another machine has the bytes from an engine that makes
// the same ones, or is told what is missing.
func TestBuildsOnDifferentMachines(t *testing.T) {
	t.Parallel()
	e, aws := newEngine(t), lambdatest.New(t)
	planner := newMachine(t, nil).uses("DOCKER_HOST="+e.host, "TF_LOG_PROVIDER=INFO")
	planner.write("main.tf", buildPipeline(aws.URL(), "", "first"))
	planner.writeContext("#!/bin/sh\necho 1\n")
	if printed := planner.terraform(0, "plan", "-out=saved.tfplan"); !strings.Contains(printed, "Step 1/1 : COPY tool") {
		t.Errorf("the log of the engine is not in Terraform's:\n%s", printed)
	}
	hash := planner.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")
	without := newMachine(t, planner).uses(noEngine)
	refused := without.terraform(1, "apply", "saved.tfplan")
	if !sentenceLike("No container engine answers").MatchString(refused) {
		t.Errorf("the error does not say that there is no engine:\n%s", refused)
	}
	applier := newMachine(t, planner).uses("DOCKER_HOST=" + e.host)
	applier.terraform(0, "apply", "saved.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 1 || live[0].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}

	before := e.requests.Load()
	idle := newMachine(t, applier).uses(noEngine)
	idle.writeContext("#!/bin/sh\necho 1\n")
	idle.write("image/another.log", "ignored")
	idle.terraform(0, "plan", "-detailed-exitcode")
	// The version needs the zip again: this machine has nothing of it.
	idle.write("main.tf", buildPipeline(aws.URL(), "", "second"))
	idle.terraform(0, "plan", "-out=second.tfplan")
	lost := newMachine(t, idle).uses(noEngine).terraform(1, "apply", "second.tfplan")
	for _, want := range []string{"is not here", "neither in the cache of this machine nor in a shared one"} {
		if !sentenceLike(want).MatchString(lost) {
			t.Errorf("the error does not say %q:\n%s", want, lost)
		}
	}
	if got := e.requests.Load(); got != before {
		t.Errorf("what did not change made %d requests to the engine", got-before)
	}

	builds := e.builds.Load()
	editor := newMachine(t, applier).uses("DOCKER_HOST=" + e.host)
	editor.writeContext("#!/bin/sh\necho 2\n")
	editor.terraform(2, "plan", "-detailed-exitcode")
	if got := e.builds.Load() - builds; got != 1 {
		t.Errorf("a changed context made %d builds, want one", got)
	}
	offline := newMachine(t, applier).uses("DOCKER_HOST="+e.host, "LAYERBUILD_OFFLINE=true")
	offline.writeContext("#!/bin/sh\necho 3\n")
	printed := offline.terraform(1, "plan", "-detailed-exitcode")
	if !sentenceLike("With offline, no container engine is used").MatchString(printed) || e.builds.Load()-builds != 1 {
		t.Errorf("offline mode asked the engine, or does not say why not:\n%s", printed)
	}
	newMachine(t, applier).uses(noEngine).terraform(0, "destroy", "-auto-approve")
}

// TestBuildsThroughTheSharedCache: a machine without an engine applies what
// another one planned, and with trust_builds plans what another one built.
func TestBuildsThroughTheSharedCache(t *testing.T) {
	t.Parallel()
	e, aws := newEngine(t), lambdatest.New(t)
	aws.CreateBucket(region, "acme-cache", false)
	cache := func(more string) string { return `cache = { s3 = { bucket = "acme-cache"` + more + ` } }` }
	first := newMachine(t, nil).uses("DOCKER_HOST=" + e.host)
	first.write("main.tf", buildPipeline(aws.URL(), cache(""), "first"))
	first.writeContext("#!/bin/sh\n")
	first.terraform(0, "plan", "-out=saved.tfplan")
	hash := first.planned("saved.tfplan", "layerbuild_package.deps", "source_code_hash")
	// The lock is in no state yet: only who may ask an engine can plan anew.
	planned := newMachine(t, first).uses(noEngine)
	planned.terraform(1, "plan")
	trusted := cache(", trust_builds = true")
	for _, c := range []struct {
		docker, settings string
		want             int
	}{{noEngine, trusted, 1}, {"DOCKER_HOST=" + e.host, trusted, 0}, {noEngine, trusted, 0}, {noEngine, cache(""), 1}} {
		m := newMachine(t, first).uses(c.docker)
		m.write("main.tf", buildPipeline(aws.URL(), c.settings, "first"))
		m.terraform(c.want, "plan", "-out=again.tfplan")
		if c.want != 0 {
			continue
		}
		if got := m.planned("again.tfplan", "layerbuild_package.deps", "source_code_hash"); got != hash {
			t.Errorf("planned %s, and %s on another machine", hash, got)
		}
		first = m
	}
	if got := e.builds.Load(); got != 2 {
		t.Errorf("the engine built %d times, want twice", got)
	}
	applier := newMachine(t, first).uses(noEngine)
	applier.terraform(0, "apply", "again.tfplan")
	if live := aws.Live(region, "deps"); len(live) != 1 || live[0].CodeSHA256 != hash {
		t.Fatalf("AWS has %+v, planned was %s", live, hash)
	}
	// The lock is in the state from here on, and its zip in the bucket.
	second := newMachine(t, applier).uses(noEngine)
	second.write("main.tf", buildPipeline(aws.URL(), cache(""), "second"))
	second.terraform(0, "apply", "-auto-approve")
	if live := aws.Live(region, "deps"); len(live) != 2 || live[1].CodeSHA256 != hash {
		t.Errorf("AWS has %+v, want a second version of %s", live, hash)
	}
}

// TestBuildsEndWithTerraform interrupts a plan while the engine builds.
func TestBuildsEndWithTerraform(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Log("a process cannot be interrupted on Windows")
		return
	}
	e := newEngine(t)
	e.hang()
	building, left := e.building, e.left
	m := newMachine(t, nil).uses("DOCKER_HOST=" + e.host)
	text, _, _ := strings.Cut(buildPipeline("http://127.0.0.1:9", "", ""), `resource "layerbuild_version"`)
	m.write("main.tf", text)
	m.writeContext("#!/bin/sh\n")
	command := exec.CommandContext(t.Context(), terraformPath(t), "plan", "-no-color")
	command.Dir, command.Env = m.dir, m.env
	done := make(chan error, 1)
	go func() { done <- command.Run() }()
	within := func(c <-chan struct{}, what string) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(time.Minute):
			t.Fatalf("%s not within a minute", what)
		}
	}
	within(building, "the engine is asked")
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	within(left, "the build ends")
	if err := <-done; err == nil {
		t.Error("the plan succeeded")
	}
	if left, err := filepath.Glob(filepath.Join(m.home, "cache", "layerbuild", "v1", "tmp", "*")); err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %q, %v", left, err)
	}
}

func TestBuildsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := newEngine(t)
	w.env = map[string]string{"DOCKER_HOST": e.host}
	w.write("image/Dockerfile", "FROM scratch\n")
	w.write("image/tool", elfHeader(183))
	w.write("bare/tool", "x")
	context := fmt.Sprintf("context = %q", filepath.Join(w.dir, "image"))
	const failed = `{"stream":"+ make\nmake: no rule\n"}{"errorDetail":{"message":"The command '/bin/sh -c make' returned a non-zero code: 2"},"error":"x"}`
	var steps []resource.TestStep
	for _, c := range []struct{ element, fault, want string }{
		{context + `, files = { "/opt/bin/tool" = "bin/" }`, failed, `(?s)returned a non-zero code: 2.*the last lines of its log.*Step 1/1.*\+ make.*no rule`},
		{context + `, files = { "/opt/bin/tool" = "bin/" }`, "", `"bin/tool" is for arm64`},
		{context + `, files = { "/opt/bin/tol" = "bin/" }`, "", `(?s)built image has no "/opt/bin/tol".*builds\[0\].files`},
		{context + `, dockerfile = "absent", files = { "/x" = "x" }`, "", `(?s)absent.*no such file`},
		{context + `, dockerfile = "../Dockerfile", files = { "/x" = "x" }`, "", `must lie in the context`},
		{fmt.Sprintf(`context = %q, files = { "/x" = "x" }`, filepath.Join(w.dir, "nowhere")), "", `(?s)The build of.*nowhere.*no such file`},
		{fmt.Sprintf(`context = %q, files = { "/x" = "x" }`, filepath.Join(w.dir, "bare")), "", `(?s)Dockerfile.*no such file`},
		{context + `, files = {}`, "", `at least 1`},
		{context + `, files = { "x" = "x" }`, "", `(?s)not absolute.*"/x"`},
		{context + `, files = { "/x" = "x" }, platform = "linux/386"`, "", `linux/arm64`},
	} {
		steps = append(steps, resource.TestStep{
			PreConfig: func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.fault = c.fault
			},
			Config:      w.config("resource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  builds = [{ %s }]\n}", c.element),
			ExpectError: sentenceLike(c.want),
		})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: steps})
	w.env = map[string]string{"DOCKER_HOST": "unix://" + filepath.Join(w.dir, "absent.sock")}
	if err := os.RemoveAll(w.cache); err != nil {
		t.Fatal(err)
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: []resource.TestStep{{
		Config:      w.config("resource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  builds = [{ %s, files = { \"/x\" = \"x\" } }]\n}", context),
		ExpectError: sentenceLike("(?s)No container engine answers.*absent.sock.*DOCKER_HOST"),
	}}})
}
