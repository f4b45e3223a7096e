//go:build engine

package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// service is a program that answers with its arguments, a variable and a file, and
// ends when it is told to.
const service = `package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	fmt.Println("out: listening")
	fmt.Fprintln(os.Stderr, "err: listening")
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		body, err := os.ReadFile("/opt/deep/file")
		fmt.Fprintf(w, "%s %s %s %v", strings.Join(os.Args[1:], ","), os.Getenv("GIVEN"), body, err)
	})
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	if err := http.ListenAndServe(":8080", nil); err != nil {
		os.Exit(1)
	}
}
`

// imported has the engine make an image of [service], and returns its name.
func imported(t *testing.T, api *client.Client) string {
	t.Helper()
	version, err := api.ServerVersion(t.Context(), client.ServerVersionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	folder := writeFiles(t, map[string]string{"main.go": service})
	program := filepath.Join(folder, "service")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(folder, "main.go"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+version.Arch)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	body, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "opt/", Mode: 0o755},
		{Typeflag: tar.TypeReg, Name: "service", Mode: 0o755, Size: int64(len(body))},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := "layerbuild-test-" + strings.ToLower(t.Name()) + ":1"
	answer, err := api.ImageImport(t.Context(), client.ImageImportSource{Source: &archive, SourceName: "-"}, name,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/service"]`}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer); err != nil {
		t.Fatal(err)
	}
	if err := answer.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestEngineRunsAService starts a container with files of this machine, asks it,
// has it end and removes it.
func TestEngineRunsAService(t *testing.T) {
	t.Parallel()
	at, err := findEngine(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.New(at.options("")...)
	if err != nil {
		t.Fatal(err)
	}
	image := imported(t, api)
	folder := writeFiles(t, map[string]string{"deep/file": "content"})
	running, err := NewEngine(os.Getenv, nil).Start(t.Context(), Service{
		Image: image, Command: []string{"one", "two"}, Environment: []string{"GIVEN=given"}, Port: 8080, Folders: map[string]string{"/opt": folder},
	}, func(line string) { t.Errorf("an image that is there was pulled: %s", line) })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := answered(t, "http://"+running.Address+"/"), "one,two given content <nil>"; got != want {
		t.Errorf("the service answers %q, want %q", got, want)
	}
	if err := running.Check(t.Context()); err != nil {
		t.Errorf("a container that runs: %v", err)
	}
	gone := api.ContainerWait(t.Context(), running.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	if answer, err := http.Get("http://" + running.Address + "/end"); err == nil {
		_ = answer.Body.Close()
	}
	select {
	case <-gone.Result:
	case err := <-gone.Error:
		t.Fatal(err)
	}
	if ended := (*EndedError)(nil); !errors.As(running.Check(t.Context()), &ended) || ended.Status != 7 {
		t.Errorf("a container that has ended with 7: %v", running.Check(t.Context()))
	}
	if log, err := running.Log(t.Context()); err != nil || !strings.Contains(log, "out: listening\n") || !strings.Contains(log, "err: listening\n") {
		t.Errorf("the log is %q, %v", log, err)
	}
	if err := running.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := api.ContainerInspect(t.Context(), running.id, client.ContainerInspectOptions{}); !errdefs.IsNotFound(err) {
		t.Errorf("the container is there still: %v", err)
	}
	if _, err := api.ImageRemove(t.Context(), image, client.ImageRemoveOptions{}); err != nil {
		t.Error(err)
	}
}

// answered gets an address until something listens there: an engine forwards a port
// before the program has opened it.
func answered(t *testing.T, address string) string {
	t.Helper()
	for {
		answer, err := http.Get(address)
		if err == nil {
			body, err := io.ReadAll(answer.Body)
			if err = errors.Join(err, answer.Body.Close()); err != nil {
				t.Fatal(err)
			}
			return string(body)
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
