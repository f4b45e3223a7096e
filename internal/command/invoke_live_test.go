//go:build live

package command

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python returns the interpreter of the testbed and the runtime that it is.
func python(t *testing.T) (program, runtime string) {
	t.Helper()
	dir := os.Getenv("LAYERBUILD_TESTBED")
	if dir == "" {
		t.Fatal("LAYERBUILD_TESTBED is not set: run the live tests by make test")
	}
	program = filepath.Join(dir, "bin", "python")
	return program, said(t, program, "-c", `import sys; print("python%d.%d" % sys.version_info[:2])`)
}

// said runs a program and returns its output without the spaces around it.
func said(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, arguments...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// copied copies a program.
func copied(t *testing.T, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, body, 0o700) //nolint:gosec // a program
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pack writes a zip of the given files.
func pack(t *testing.T, name string, content map[string]string) string {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for path, text := range content {
		part, err := w.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// items is api.example.com behind a proxy: item 42 is there, and a request for
// any other fails. It returns the address of the proxy and the certificate.
func items(t *testing.T) (proxy, certificate string) {
	t.Helper()
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "api.example.com" || r.URL.Path != "/items/42" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"id": "42", "name": "A thing", "status": "new", "secret": "x"}`)
	}))
	t.Cleanup(api.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				asked, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil || asked.Method != http.MethodConnect || asked.Host != "api.example.com:443" {
					return
				}
				behind, err := net.Dial("tcp", api.Listener.Addr().String())
				if err != nil {
					return
				}
				defer func() { _ = behind.Close() }()
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
				go func() { _, _ = io.Copy(behind, conn) }()
				_, _ = io.Copy(conn, behind)
			}()
		}
	}()
	return "http://" + listener.Addr().String(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw}))
}

// article is the article's complete function with both of its layers.
type article struct {
	t       *testing.T
	dir     string
	runtime string
	// proxy leads to the API that the function asks, which has the certificate.
	proxy, certificate string
	// shared is the layer of shared code, with the API's certificate besides.
	shared string
}

func newArticle(t *testing.T, runtime string) *article {
	t.Helper()
	a := &article{t: t, dir: t.TempDir(), runtime: runtime}
	files := map[string]string{}
	for _, name := range []string{"__init__.py", "logging.py", "response.py", "validation.py"} {
		text, err := os.ReadFile(filepath.Join(quickstart, "src", "shared_utils", name))
		if err != nil {
			t.Fatal(err)
		}
		files["python/shared_utils/"+name] = string(text)
	}
	a.proxy, a.certificate = items(t)
	files["etc/ca.pem"] = a.certificate
	a.shared = pack(t, filepath.Join(a.dir, "shared.zip"), files)
	return a
}

var quickstart = filepath.Join("..", "..", "examples", "quickstart")

// deps builds the layer of libraries.
func (a *article) deps(name, powertools string, more ...string) string {
	a.t.Helper()
	to := filepath.Join(a.dir, name)
	status, _, errs := run(a.t, append([]string{"build", "-q", "--runtime", a.runtime, "-r", "requests==2.31.0", "-r", "python-dateutil==2.8.2", "-r", powertools, "-o", to}, more...)...)
	if status != 0 {
		a.t.Fatalf("status %d: %s", status, errs)
	}
	return to
}

// call is one call of the function, and what has to come of it.
type call struct {
	name, deps, event string
	status            int
	answer, fault     string
	code              int
}

// calls are those that the article tells of.
func calls(deps string) []call {
	return []call{
		{"found", deps, `{"item_id": "42"}`, 0, `{"success": true, "data": {"id": "42", "name": "A thing", "status": "new"}}`, "", 200},
		{"invalid", deps, `{"body": "{\"include_details\": true}"}`, 0, `{"success": false, "error": "Validation failed", "details": ["Missing required field: item_id"]}`, "", 400},
		{"unreachable", deps, `{"item_id": "43"}`, 0, `{"success": false, "error": "Failed to fetch item"}`, "", 502},
	}
}

// try invokes the function, with not a character of it changed.
func (a *article) try(t *testing.T, c call, flags ...string) {
	t.Helper()
	event := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(event, []byte(c.event), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := run(t, append([]string{"--json", "invoke", "--in", "host", "--runtime", a.runtime,
		"--zip", c.deps, "--zip", a.shared, "--code", filepath.Join(quickstart, "functions", "api"), "--handler", "app.lambda_handler",
		"--event", event, "--env", "HTTPS_PROXY=" + a.proxy, "--env", "REQUESTS_CA_BUNDLE=/opt/etc/ca.pem"}, flags...)...)
	if status != c.status || errs != "" {
		t.Fatalf("status %d, %s%s", status, out, errs)
	}
	var got struct {
		Payload struct {
			StatusCode   int
			Body         string
			ErrorMessage string
		}
		FunctionError string `json:"function_error"`
		Log           string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Payload.StatusCode != c.code || got.Payload.Body != c.answer || got.FunctionError != c.fault {
		t.Errorf("got %+v", got)
	}
	if c.fault != "" && !strings.Contains(got.Payload.ErrorMessage, "No module named 'aws_xray_sdk'") {
		t.Errorf("the error does not name the missing module: %+v", got)
	}
	if c.fault == "" && !strings.Contains(got.Log, `"message": "Processing request"`) {
		t.Errorf("the log is %q", got.Log)
	}
}

// TestInvokeRunsTheArticlesHandler runs the article's complete function, and
// without the extra of one requirement.
func TestInvokeRunsTheArticlesHandler(t *testing.T) {
	t.Parallel()
	program, runtime := python(t)
	a := newArticle(t, runtime)
	all := append(calls(a.deps("whole.zip", "aws-lambda-powertools[tracer]==2.30.0")),
		call{"without the extra", a.deps("bare.zip", "aws-lambda-powertools==2.30.0"), `{"item_id": "42"}`, 1, "", "Runtime.ImportModuleError", 0})
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a.try(t, c, "--interpreter", program)
		})
	}
}

// TestInvokeShowsNothingOfTheHost: the packages of its interpreter, its files and
// its variables are not there, and what the function sees cannot be changed. It may do
// nothing of what root may, but for reading, and no disk is among its devices.
func TestInvokeShowsNothingOfTheHost(t *testing.T) {
	program, runtime := python(t)
	t.Setenv("HOST_SECRET", "host-secret")
	dir := t.TempDir()
	code := filepath.Join(dir, "code")
	if err := os.Mkdir(code, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(code, "app.py"), []byte(`
import importlib.util, os
def writes(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
def capabilities():
    for line in open("/proc/self/status"):
        if line.startswith(("CapEff:", "CapBnd:")):
            yield int(line.split()[1], 16)
def h(event, context):
    return {
        "devices": sorted(os.listdir("/dev")), "null": writes("/dev/null"), "capabilities": all(held in (0, 4) for held in capabilities()),
        "pip": importlib.util.find_spec("pip") is not None,
        "boto3": importlib.util.find_spec("boto3").origin,
        "secret": "HOST_SECRET" in os.environ,
        "host": os.path.exists(event["folder"]),
        "task": writes("/var/task/x"), "opt": writes("/opt/x"), "tmp": writes("/tmp/x"),
        "opt files": sorted(os.listdir("/opt")), "left": context.get_remaining_time_in_millis() > 0,
    }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	event := filepath.Join(dir, "event.json")
	if err := os.WriteFile(event, []byte(`{"folder": "`+dir+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	first := pack(t, filepath.Join(dir, "one.zip"), map[string]string{"a": "1"})
	second := pack(t, filepath.Join(dir, "two.zip"), map[string]string{"b": "1"})
	status, out, errs := run(t, "invoke", "--in", "host", "--interpreter", program, "--runtime", runtime, "--zip", first, "--zip", second,
		"--code", code, "--handler", "app.h", "--event", event)
	const want = `{"devices": ["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"], "null": true, "capabilities": true, "pip": false, "boto3": "/var/runtime/python/boto3/__init__.py", "secret": false, "host": false, "task": false, "opt": false, "tmp": true, "opt files": ["a", "b"], "left": true}`
	if status != 0 || strings.TrimSpace(out) != want || !strings.Contains(errs, "The handler returned after") {
		t.Errorf("status %d, got %s, %s", status, out, errs)
	}
}

// TestInvokeEndsWhatDoesNot: a handler that runs too long, and one that ends its
// interpreter.
func TestInvokeEndsWhatDoesNot(t *testing.T) {
	t.Parallel()
	program, runtime := python(t)
	dir := t.TempDir()
	code := pack(t, filepath.Join(dir, "code.zip"), map[string]string{"app.py": `
import os, time
def slow(event, context): time.sleep(600)
def gone(event, context): os._exit(3)
`})
	empty := pack(t, filepath.Join(dir, "layer.zip"), map[string]string{"a": "1"})
	for handler, want := range map[string]string{"app.slow": "Sandbox.Timedout", "app.gone": "Runtime.ExitError", "app.absent": "Runtime.HandlerNotFound"} {
		status, out, errs := run(t, "invoke", "--in", "host", "--interpreter", program, "--runtime", runtime, "--zip", empty, "--code", code, "--handler", handler, "--timeout", "1s")
		if status != 1 || !strings.Contains(errs, "The function ended in "+want) || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %s, %s", handler, status, out, errs)
		}
	}
}

// TestInvokeRunsNode runs a handler with a layer of npm's packages, one that throws
// and one with a callback, which Lambda refuses from Node.js 24 on.
func TestInvokeRunsNode(t *testing.T) {
	t.Parallel()
	major := said(t, "node", "-p", `process.versions.node.split(".")[0]`)
	dir := t.TempDir()
	code := pack(t, filepath.Join(dir, "code.zip"), map[string]string{"app.js": `
exports.handler = async (event, context) => {
  console.log("called", event.day);
  if (!event.day) throw new TypeError("no day");
  return { day: require("dayjs")(event.day).format("dddd"), from: require.resolve("dayjs"), id: context.awsRequestId.length };
};
exports.late = (event, context, callback) => setTimeout(() => callback(null, "late"), 10);
`})
	specification := filepath.Join(dir, "layer.json")
	if err := os.WriteFile(specification, []byte(`{"runtimes": ["nodejs`+major+`.x"], "nodejs": {"dependencies": {"dayjs": "1.11.13"}}, "checks": {"runtime_dates": "off"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	layer, event := filepath.Join(dir, "layer.zip"), filepath.Join(dir, "event.json")
	if status, _, errs := run(t, "build", "-q", "-f", specification, "-o", layer); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	if err := os.WriteFile(event, []byte(`{"day": "2026-01-30"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	invoke := func(more ...string) (int, string, string) {
		return run(t, append([]string{"invoke", "--in", "host", "--runtime", "nodejs" + major + ".x", "--zip", layer, "--code", code}, more...)...)
	}
	status, got, errs := invoke("--handler", "app.handler", "--event", event)
	if want := `{"day":"Friday","from":"/opt/nodejs/node_modules/dayjs/dayjs.min.js","id":36}`; status != 0 || strings.TrimSpace(got) != want || !strings.Contains(errs, "called 2026-01-30") {
		t.Errorf("status %d, got %s, %s", status, got, errs)
	}
	if status, got, errs = invoke("--handler", "app.handler"); status != 1 || !strings.Contains(got, `"errorMessage":"no day"`) || !strings.Contains(errs, "The function ended in TypeError") {
		t.Errorf("status %d, got %s, %s", status, got, errs)
	}
	// An interpreter below a folder that the handler has of its own.
	program := filepath.Join(dir, "deep", "bin", "node")
	copied(t, said(t, "node", "-p", "process.execPath"), program)
	if status, got, errs = invoke("--handler", "app.handler", "--event", event, "--interpreter", program); status != 0 || !strings.Contains(got, `"Friday"`) {
		t.Errorf("in %s: status %d, got %s, %s", program, status, got, errs)
	}
	status, got, errs = invoke("--handler", "app.late")
	switch {
	case major < "24" && (status != 0 || strings.TrimSpace(got) != `"late"`),
		major >= "24" && (status != 1 || !strings.Contains(errs, "The function ended in Runtime.CallbackHandlerDeprecated")):
		t.Errorf("Node.js %s: status %d, got %s, %s", major, status, got, errs)
	}
}
