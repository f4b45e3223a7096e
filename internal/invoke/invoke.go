// Package invoke runs a Lambda handler with layers on this machine, before AWS
// does.
//
// [OnHost] runs it on Linux, under AWS's own runtime interface client, with the
// interpreter of the machine, in a root file system of its own: the layers are
// on /opt, the code is on /var/task, and no package of the machine is visible.
// [InContainer] runs it in an image of AWS or another one, by the Docker Engine
// API. Both return what Lambda would return: an answer or a function error, the
// log and the times.
package invoke

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Request says what is run.
type Request struct {
	// Layers are the zip files of the layers in the order of the function: a
	// file of a later one replaces that of an earlier one.
	Layers []string
	// Code is the folder or the zip file with the code of the function.
	Code string
	// Handler is such as "app.lambda_handler".
	Handler string
	// Event is JSON.
	Event []byte
	// Runtime is the id of a runtime, such as "python3.12".
	Runtime string
	// Architecture is x86_64 or arm64.
	Architecture string
	// Environment holds the variables of the function.
	Environment map[string]string
	// Timeout is how long the handler may run; Memory, in MB, is what the
	// context tells, and bounds nothing.
	Timeout time.Duration
	Memory  int
}

// Answer is what came of a call.
type Answer struct {
	// Payload is what the handler returned, JSON, or a description of the
	// error with errorType and errorMessage.
	Payload []byte
	// Fault is "" where the handler returned, else the type of the error, such
	// as "Runtime.ImportModuleError".
	Fault string
	// Log is all that the function wrote, the newest 1 MiB.
	Log string
	// Init is how long it took until the handler was called, with the start of
	// the interpreter; Duration is how long the handler ran.
	Init, Duration time.Duration
}

// UnableError tells that this machine cannot run a handler in some way, and
// what it lacks.
type UnableError struct {
	Lacks string // completes "it lacks …"; a sentence without a stop
	Err   error  // the cause, may be nil
}

func (e *UnableError) Error() string {
	if e.Err == nil {
		return e.Lacks
	}
	return fmt.Sprintf("%s: %v", e.Lacks, e.Err)
}

func (e *UnableError) Unwrap() error { return e.Err }

// extractAll unpacks zip files into one folder, in their order. It makes the folder.
func extractAll(dir string, zips []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the handler may run as another user
		return err
	}
	for _, name := range zips {
		archive, err := filetree.FileArchive(filepath.Base(name), name)
		if err != nil {
			return err
		}
		if err := filetree.Extract(dir, archive); err != nil {
			return err
		}
	}
	return nil
}

// environment returns the variables that Lambda sets (Lambda Developer Guide,
// "Defined runtime environment variables"), with those of the function over
// them. None is taken from this process.
func environment(r Request, more map[string]string) []string {
	all := map[string]string{
		"_HANDLER": r.Handler, "LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime",
		"AWS_EXECUTION_ENV": "AWS_Lambda_" + r.Runtime, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_FUNCTION_NAME": functionName, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(r.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + functionName, "AWS_LAMBDA_LOG_STREAM_NAME": "local",
		"AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
		"LANG": "en_US.UTF-8", "TZ": ":UTC",
	}
	maps.Copy(all, more)
	maps.Copy(all, r.Environment)
	var list []string
	for name, value := range all {
		list = append(list, name+"="+value)
	}
	return list
}

// The function of a local run.
const (
	functionName = "local"
	region       = "us-east-1"
)

// paths returns where the runtime looks for modules in the layers: PYTHONPATH
// and NODE_PATH.
func paths(runtime runtimes.Runtime) []string {
	var all []string
	for _, p := range runtime.Paths {
		all = append(all, "/opt/"+strings.TrimSuffix(p, "/"))
	}
	return all
}
