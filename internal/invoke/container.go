package invoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Images have AWS's runtime interface emulator on this port, and this path calls
// the function (Lambda Developer Guide, "Using AWS base images for Lambda").
const (
	emulatorPort = 8080
	emulatorPath = "/2015-03-31/functions/function/invocations"
)

// ready is how long an emulator may take to listen.
const ready = 30 * time.Second

// AWSImage returns the name of AWS's image of a runtime. The families whose
// images have no interpreter of their own have none: *[UnableError].
func AWSImage(runtime string) (string, error) {
	facts, err := runtimes.Lookup(runtime)
	if err != nil {
		return "", err
	}
	if facts.Family == runtimes.Provided {
		return "", &UnableError{Lacks: fmt.Sprintf("the image of %s has no interpreter: name an image with the function's own", runtime)}
	}
	return "public.ecr.aws/lambda/" + facts.Family + ":" + facts.Version, nil
}

// InContainer runs the handler in a container of the image, which has to hold
// AWS's runtime interface emulator, as AWS's own images do. An engine that does
// not answer is a *container.EngineError. log gets what the engine says.
func InContainer(ctx context.Context, r Request, engine *container.Engine, image string, log func(line string)) (_ *Answer, err error) {
	dir, err := os.MkdirTemp("", "layerbuild-invoke-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the layers: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	task, err := codeFolder(r.Code)
	if err != nil {
		return nil, err
	}
	folders := map[string]string{"/opt": filepath.Join(dir, "opt"), "/var/task": task.From}
	if err := extractAll(folders["/opt"], r.Layers); err != nil {
		return nil, fmt.Errorf("unpacking the layers: %w", err)
	}
	if task.From == "" {
		folders["/var/task"] = filepath.Join(dir, "task")
		if err := extractAll(folders["/var/task"], task.Zips); err != nil {
			return nil, fmt.Errorf("unpacking the code: %w", err)
		}
	}
	began := time.Now()
	running, err := engine.Start(ctx, container.Service{
		Image: image, Platform: platform(r.Architecture), Command: []string{r.Handler},
		Environment: emulated(r), Port: emulatorPort, Folders: folders,
	}, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop(ctx)) }()
	base := "http://" + running.Address
	if err := awaitEmulator(ctx, base, running.Check); err != nil {
		return nil, logged(ctx, running, err)
	}
	called := time.Now()
	answer, err := callEmulator(ctx, base, r)
	if err != nil {
		return nil, logged(ctx, running, err)
	}
	answer.Init, answer.Duration = called.Sub(began), time.Since(called)
	answer.Log, err = running.Log(ctx)
	return answer, err
}

// platform returns an architecture as images have it.
func platform(architecture string) string {
	if architecture == runtimes.ARM64 {
		return "linux/arm64"
	}
	return "linux/amd64"
}

// emulated returns the emulator's settings, and the function's variables.
func emulated(r Request) []string {
	all := []string{
		"AWS_LAMBDA_FUNCTION_NAME=" + functionName, fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", r.Memory),
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_TIMEOUT=%d", max(1, int((r.Timeout+time.Second-1)/time.Second))),
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region,
	}
	for name, value := range r.Environment {
		all = append(all, name+"="+value)
	}
	return all
}

// awaitEmulator waits until something answers, or check says that nothing will. A
// path that nobody has is asked for, so that the handler is called once.
func awaitEmulator(ctx context.Context, base string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	for {
		answer, err := send(ctx, http.MethodGet, base+"/", nil)
		if err == nil {
			return answer.Body.Close()
		}
		if _, ended := errors.AsType[*container.EndedError](check(ctx)); ended {
			return errors.New("the image has no runtime interface emulator, or none that starts")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the runtime interface emulator of the image: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// callEmulator invokes the function once.
func callEmulator(ctx context.Context, base string, r Request) (_ *Answer, err error) {
	got, err := send(ctx, http.MethodPost, base+emulatorPath, r.Event)
	if err != nil {
		return nil, fmt.Errorf("calling the function in the container: %w", err)
	}
	defer func() { err = errors.Join(err, got.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of the container: %w", err)
	}
	answer := &Answer{Payload: body, Fault: got.Header.Get("X-Amz-Function-Error")}
	if kind := emulatedFault(body); kind != "" {
		answer.Fault = kind
	}
	if bytes.HasPrefix(body, []byte(emulatedTimeout)) {
		*answer = described("Sandbox.Timedout", string(body))
	}
	if answer.Fault == "" && got.StatusCode != http.StatusOK {
		answer.Fault = fmt.Sprintf("Emulator.Status%d", got.StatusCode)
	}
	return answer, nil
}

// emulatedTimeout begins what the emulator answers, with the status 200 and as
// plain text, when a handler took too long
// (aws-lambda-runtime-interface-emulator, internal/lambda/rie/handlers.go). What
// a handler of a managed runtime returns is JSON.
const emulatedTimeout = "Task timed out after "

// emulatedFault returns the errorType of an error. The emulator answers with the
// status 200 and a description of the error, which nothing but its form tells
// from an answer.
func emulatedFault(body []byte) string {
	var told map[string]json.RawMessage
	if json.Unmarshal(body, &told) != nil || told["errorMessage"] == nil {
		return ""
	}
	for name := range told {
		switch name {
		case "errorMessage", "errorType", "stackTrace", "trace", "requestId", "cause":
		default:
			return ""
		}
	}
	return faultType(body, "")
}

func send(ctx context.Context, method, address string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	// The engine's machine is near: a proxy of the environment is not meant.
	return (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
}

// logged adds to an error how the container has ended, if it has, and its log.
func logged(ctx context.Context, running *container.Running, err error) error {
	if ended, ok := errors.AsType[*container.EndedError](running.Check(ctx)); ok {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	log, gone := running.Log(ctx)
	if gone != nil || log == "" {
		return errors.Join(err, gone)
	}
	return fmt.Errorf("%w. The log of the container:\n%s", err, log)
}
