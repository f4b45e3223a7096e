package lambdatest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// MiniStack starts the program at a path, which is MiniStack and stands for AWS, and
// returns its address. It ends with the test.
func MiniStack(t testing.TB, path string) string {
	t.Helper()
	return Serve(t, path, func(port string) ([]string, []string) {
		return nil, []string{"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + port, "MINISTACK_ACCOUNT_ID=" + Account}
	})
}

// Serve starts the program at a path on a free port, with the arguments and variables
// that settings returns, waits until it answers, and returns its address. It ends with
// the test.
func Serve(t testing.TB, path string, settings func(port string) (args, env []string)) string {
	t.Helper()
	port := freePort()
	args, env := settings(port)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // the test names it
	command.Env = append(os.Environ(), env...)
	command.Dir, command.WaitDelay = t.TempDir(), 5*time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	var fault error
	ended := make(chan struct{})
	go func() {
		fault = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	url := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		select {
		case <-ended:
			t.Fatalf("%q ended: %v\n%s", path, fault, output.String())
		case <-time.After(100 * time.Millisecond):
		}
		if err := answers(t.Context(), url); err == nil {
			return url
		}
	}
	t.Fatalf("%q does not answer at %s", path, url)
	return ""
}

func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// freePort returns a port that was free a moment ago.
func freePort() string {
	server := httptest.NewServer(nil)
	defer server.Close()
	return server.URL[strings.LastIndexByte(server.URL, ':')+1:]
}
