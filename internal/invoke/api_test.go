package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is a runtime interface client of the test's own.
type client struct {
	t    *testing.T
	base string
}

func (c client) call(method, path, body string, header http.Header) (status int, said string, got http.Header) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// serve starts an API for one event of a handler that may run for so long.
func serve(t *testing.T, timeout time.Duration) (*runtimeAPI, client) {
	t.Helper()
	api, err := serveRuntimeAPI(Request{Event: []byte(`{"a": 1}`), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.close() })
	return api, client{t, "http://" + api.address() + "/2018-06-01/runtime/"}
}

// TestRuntimeAPI plays what a runtime does and looks at what comes of it.
func TestRuntimeAPI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		play           func(c client) // what the runtime says before it ends
		payload, fault string         // payload is what it has to hold
	}{
		{"an answer", func(c client) {
			_, _, h := c.call("GET", "invocation/next", "", nil)
			if status, said, _ := c.call("POST", "invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", `{"b": 2}`, nil); status != 202 || said != `{"status":"OK"}` {
				c.t.Errorf("got %d, %s", status, said)
			}
		}, `{"b": 2}`, ""},
		{"an empty answer", func(c client) {
			_, _, h := c.call("GET", "invocation/next", "", nil)
			c.call("POST", "invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "", nil)
		}, "null", ""},
		{"an error", func(c client) {
			_, _, h := c.call("GET", "invocation/next", "", nil)
			c.call("POST", "invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/error", `{"errorType": "KeyError", "errorMessage": "'x'"}`, nil)
		}, `'x'`, "KeyError"},
		{"an error whose type is in the header alone", func(c client) {
			_, _, h := c.call("GET", "invocation/next", "", nil)
			c.call("POST", "invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/error", `oh`, http.Header{"Lambda-Runtime-Function-Error-Type": {"Runtime.Oh"}})
		}, "oh", "Runtime.Oh"},
		{"no start", func(c client) {
			c.call("POST", "init/error", `{"errorType": "Runtime.ImportModuleError", "errorMessage": "No module named 'x'"}`, nil)
		}, "No module named", "Runtime.ImportModuleError"},
		{"too long an answer", func(c client) {
			_, _, h := c.call("GET", "invocation/next", "", nil)
			if status, _, _ := c.call("POST", "invocation/"+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", strings.Repeat("x", 6<<20+1), nil); status != 413 {
				c.t.Errorf("got %d", status)
			}
		}, "exceeded maximum", "Function.ResponseSizeTooLarge"},
		{"the answer of another call", func(c client) {
			c.call("GET", "invocation/next", "", nil)
			if status, _, _ := c.call("POST", "invocation/other/response", `{}`, nil); status != 400 {
				c.t.Errorf("got %d", status)
			}
		}, "Runtime exited: exit status 3", "Runtime.ExitError"},
		{"an end without a word", func(client) {}, "Runtime exited: exit status 3", "Runtime.ExitError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api, runtime := serve(t, time.Minute)
			c.play(runtime)
			exited := make(chan string, 1)
			exited <- "exit status 3"
			if err := api.await(t.Context(), exited); err != nil {
				t.Fatal(err)
			}
			got, _ := api.result()
			if !strings.Contains(string(got.Payload), c.payload) || got.Fault != c.fault {
				t.Errorf("got %q and %q", got.Payload, got.Fault)
			}
		})
	}
}

// TestRuntimeAPIHandsOutTheCall: the event, and what the context is made of.
func TestRuntimeAPIHandsOutTheCall(t *testing.T) {
	t.Parallel()
	_, runtime := serve(t, time.Hour)
	status, event, h := runtime.call("GET", "invocation/next", "", nil)
	if status != 200 || event != `{"a": 1}` {
		t.Errorf("got %d, %s", status, event)
	}
	if id := h.Get("Lambda-Runtime-Aws-Request-Id"); len(id) != 36 || id[14] != '4' {
		t.Errorf("the id is %q", id)
	}
	if arn := h.Get("Lambda-Runtime-Invoked-Function-Arn"); arn != "arn:aws:lambda:us-east-1:123456789012:function:local" {
		t.Errorf("the function is %q", arn)
	}
	if trace := h.Get("Lambda-Runtime-Trace-Id"); !strings.HasPrefix(trace, "Root=1-") || !strings.HasSuffix(trace, ";Sampled=0") {
		t.Errorf("the trace is %q", trace)
	}
	if at := h.Get("Lambda-Runtime-Deadline-Ms"); len(at) != 13 {
		t.Errorf("the deadline is %q", at)
	}
}

func TestHandlersThatRunTooLong(t *testing.T) {
	t.Parallel()
	api, runtime := serve(t, time.Millisecond)
	runtime.call("GET", "invocation/next", "", nil)
	if err := api.await(t.Context(), make(chan string)); err != nil {
		t.Fatal(err)
	}
	got, _ := api.result()
	var told struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(got.Payload, &told); err != nil || told.ErrorType != "Sandbox.Timedout" || !strings.Contains(told.ErrorMessage, "Task timed out after 0.00 seconds") {
		t.Errorf("got %s, %v", got.Payload, err)
	}
}

func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	api, _ := serve(t, time.Minute)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if err := api.await(ctx, make(chan string)); err == nil || err.Error() != "interrupted" {
		t.Errorf("got %v", err)
	}
}

// TestEnvironmentIsTheFunctions: nothing of this process, and the function's own
// variables last.
func TestEnvironmentIsTheFunctions(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "host-secret")
	got := environment(Request{Handler: "app.h", Runtime: "python3.12", Memory: 256, Environment: map[string]string{"TZ": "Europe/Berlin", "LOG_LEVEL": "DEBUG"}}, nil)
	all := strings.Join(got, "\n") + "\n"
	for _, want := range []string{"_HANDLER=app.h\n", "AWS_EXECUTION_ENV=AWS_Lambda_python3.12\n", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256\n", "TZ=Europe/Berlin\n", "LOG_LEVEL=DEBUG\n"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in %s", want, all)
		}
	}
	if strings.Contains(all, "host-secret") || strings.Count(all, "TZ=") != 1 {
		t.Errorf("got %s", all)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	log := &tail{most: 4}
	for _, part := range []string{"ab", "cdef", "g"} {
		if n, err := log.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	}
	if got := log.String(); got != "[…]defg" {
		t.Errorf("got %q", got)
	}
}

func TestClientPackage(t *testing.T) {
	t.Parallel()
	got, err := ClientPackage("python3.13", "arm64")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"awslambdaric==4.2.2 --hash=sha256:bd3ebafddd6c3283a2c7f121164f304273256c7fe3f9847be44d0c5f6fd2d792"`) {
		t.Errorf("got %s", text)
	}
	if all, pinned := strings.Count(string(text), "=="), strings.Count(string(text), " --hash=sha256:"); all != pinned || all != 10 {
		t.Errorf("%d of %d requirements have a digest", pinned, all)
	}
	for _, runtime := range []string{"nodejs20.x", "nodejs24.x"} {
		if got, err := ClientPackage(runtime, "x86_64"); err != nil || got["downloads"].([]any)[0].(map[string]any)["sha256"] == "" {
			t.Errorf("%s: got %v, %v", runtime, got, err)
		}
	}
	for _, runtime := range []string{"java21", "python3.9", "provided.al2023"} {
		_, err := ClientPackage(runtime, "x86_64")
		if _, unable := errors.AsType[*UnableError](err); !unable {
			t.Errorf("%s: got %v, want an *UnableError", runtime, err)
		}
	}
}
