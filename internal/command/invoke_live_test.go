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
	out, err := exec.CommandContext(t.Context(), program, "-c", `import sys; print("python%d.%d" % sys.version_info[:2])`).Output()
	if err != nil {
		t.Fatal(err)
	}
	return program, strings.TrimSpace(string(out))
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

// TestInvokeRunsTheArticlesHandler runs the article's complete function, with
// not a character changed, with both of its layers.
func TestInvokeRunsTheArticlesHandler(t *testing.T) {
	t.Parallel()
	program, runtime := python(t)
	dir := t.TempDir()
	quickstart := filepath.Join("..", "..", "examples", "quickstart")
	shared := map[string]string{}
	for _, name := range []string{"__init__.py", "logging.py", "response.py", "validation.py"} {
		text, err := os.ReadFile(filepath.Join(quickstart, "src", "shared_utils", name))
		if err != nil {
			t.Fatal(err)
		}
		shared["python/shared_utils/"+name] = string(text)
	}
	proxy, certificate := items(t)
	shared["etc/ca.pem"] = certificate
	sharedZip := pack(t, filepath.Join(dir, "shared.zip"), shared)
	build := func(name, powertools string) string {
		to := filepath.Join(dir, name)
		status, _, errs := run(t, "build", "-q", "--runtime", runtime, "-r", "requests==2.31.0", "-r", "python-dateutil==2.8.2", "-r", powertools, "-o", to)
		if status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		return to
	}
	whole, bare := build("whole.zip", "aws-lambda-powertools[tracer]==2.30.0"), build("bare.zip", "aws-lambda-powertools==2.30.0")
	for _, c := range []struct {
		name, deps, event string
		status            int
		answer, fault     string
		code              int
	}{
		{"found", whole, `{"item_id": "42"}`, 0, `{"success": true, "data": {"id": "42", "name": "A thing", "status": "new"}}`, "", 200},
		{"invalid", whole, `{"body": "{\"include_details\": true}"}`, 0, `{"success": false, "error": "Validation failed", "details": ["Missing required field: item_id"]}`, "", 400},
		{"unreachable", whole, `{"item_id": "43"}`, 0, `{"success": false, "error": "Failed to fetch item"}`, "", 502},
		{"without the extra", bare, `{"item_id": "42"}`, 1, "", "Runtime.ImportModuleError", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			event := filepath.Join(t.TempDir(), "event.json")
			if err := os.WriteFile(event, []byte(c.event), 0o600); err != nil {
				t.Fatal(err)
			}
			status, out, errs := run(t, "--json", "invoke", "--in", "host", "--python", program, "--runtime", runtime,
				"--zip", c.deps, "--zip", sharedZip, "--code", filepath.Join(quickstart, "functions", "api"), "--handler", "app.lambda_handler",
				"--event", event, "--env", "HTTPS_PROXY="+proxy, "--env", "REQUESTS_CA_BUNDLE=/opt/etc/ca.pem")
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
		})
	}
}
