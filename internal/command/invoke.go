package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/container"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/invoke"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

type invokeCommand struct {
	Zip     []string          `required:"" type:"existingfile" placeholder:"FILE" help:"Zip of a layer. May be repeated, in the order of the function's layers."`
	Code    string            `required:"" type:"path" placeholder:"PATH" help:"Folder or zip with the code of the function."`
	Handler string            `required:"" placeholder:"NAME" help:"Handler, such as app.lambda_handler."`
	Event   string            `default:"" placeholder:"FILE" help:"File with the event, JSON. - is standard input. The default is {}."`
	Runtime string            `default:"python3.12" placeholder:"ID" help:"Runtime, such as python3.12 (default)."`
	Arch    string            `default:"x86_64" enum:"x86_64,arm64" help:"x86_64 (default) or arm64."`
	Env     map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"Variable of the function. May be repeated."`
	Timeout time.Duration     `default:"30s" help:"How long the handler may run."`
	Memory  int               `default:"128" help:"Memory in MB that the context of the handler reports. It is not a limit."`

	In          string `default:"auto" enum:"auto,container,host" help:"Where it runs: in a container, on this host (Linux with the interpreter), or in a container if there is an engine (auto)."`
	Image       string `placeholder:"NAME" help:"Image in place of AWS's public.ecr.aws/lambda/…."`
	Interpreter string `placeholder:"PROGRAM" help:"Interpreter in place of the pythonX.Y or node on the PATH."`
	Root        string `type:"existingdir" placeholder:"FOLDER" help:"With --in host: root file system that the handler sees in place of this machine's, with the interpreter in it."`
	Emulator    string `type:"existingfile" placeholder:"PROGRAM" help:"With --in host: statically linked program that runs the interpreter, such as qemu-aarch64-static."`
	CacheDir    string `placeholder:"FOLDER" help:"Cache in place of the user's."`
}

// Run runs a handler with layers and prints its answer to standard output, its
// log to standard error.
func (c *invokeCommand) Run(ctx context.Context, out *output, info about) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	answer, place, err := c.invoke(ctx, request, info)
	if err != nil {
		return err
	}
	if err := c.tell(answer, place, out, info.errs); err != nil {
		return err
	}
	if answer.Fault != "" {
		return errFound
	}
	return nil
}

// request reads what the flags name.
func (c *invokeCommand) request() (invoke.Request, error) {
	event := []byte("{}")
	if c.Event != "" {
		var err error
		if event, err = readGiven(c.Event, invoke.MaxEvent); err != nil {
			return invoke.Request{}, fmt.Errorf("reading the event: %w", err)
		}
	}
	if !json.Valid(event) {
		return invoke.Request{}, fmt.Errorf("reading the event: %q is not JSON", c.Event)
	}
	if _, err := runtimes.Lookup(c.Runtime); err != nil {
		return invoke.Request{}, err
	}
	if _, err := os.Stat(c.Code); err != nil {
		return invoke.Request{}, fmt.Errorf("reading the code: %w", err)
	}
	return invoke.Request{
		Layers: c.Zip, Code: c.Code, Handler: c.Handler, Event: event, Runtime: c.Runtime, Architecture: c.Arch,
		Environment: c.Env, Timeout: c.Timeout, Memory: c.Memory,
	}, nil
}

// invoke runs the handler where the flags say, and returns the place too.
func (c *invokeCommand) invoke(ctx context.Context, r invoke.Request, info about) (*invoke.Answer, string, error) {
	if c.In == "host" {
		answer, err := c.onHost(ctx, r, info)
		return answer, "host", err
	}
	answer, image, err := c.inContainer(ctx, r, info)
	none, absent := errors.AsType[*container.EngineError](err)
	if c.In == "container" || c.Image != "" || !absent {
		return answer, image, err
	}
	answer, err = c.onHost(ctx, r, info)
	if unable, ok := errors.AsType[*invoke.UnableError](err); ok {
		err = fmt.Errorf("the handler cannot run here: there is no container engine (%w), and without one, %w", none, unable)
	}
	return answer, "host", err
}

func (c *invokeCommand) inContainer(ctx context.Context, r invoke.Request, info about) (_ *invoke.Answer, image string, err error) {
	if image = c.Image; image == "" {
		if image, err = invoke.AWSImage(r.Runtime); err != nil {
			return nil, "", err
		}
	}
	engine := container.NewEngine(os.Getenv, nil)
	answer, err := invoke.InContainer(ctx, r, engine, image, func(line string) {
		_, _ = fmt.Fprintln(info.errs, line) // what is pulled is a courtesy
	})
	return answer, image, err
}

// onHost fetches the runtime interface client and runs the handler with it.
func (c *invokeCommand) onHost(ctx context.Context, r invoke.Request, info about) (_ *invoke.Answer, err error) {
	arguments, err := invoke.ClientPackage(r.Runtime, r.Architecture)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "layerbuild-client-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the runtime interface client: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	client := filepath.Join(dir, "client.zip")
	arguments["runtimes"], arguments["architectures"] = list([]string{r.Runtime}), list([]string{r.Architecture})
	arguments["output_path"] = client
	_, err = provider.Build(ctx, info.version, settingsOf("cache_dir", c.CacheDir), arguments, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, fmt.Errorf("fetching the runtime interface client: %w", err)
	}
	return invoke.OnHost(ctx, r, invoke.Host{Client: client, Interpreter: c.Interpreter, Root: c.Root, Emulator: c.Emulator, Again: []string{withinName}})
}

// told is the answer as JSON has it.
type told struct {
	Payload json.RawMessage `json:"payload"`
	// FunctionError is the type of the error, absent where the handler returned.
	FunctionError string `json:"function_error,omitempty"`
	Log           string `json:"log"`
	InitMS        int64  `json:"init_ms"`
	DurationMS    int64  `json:"duration_ms"`
	// Where is "host", or the image.
	Where string `json:"where"`
}

func (c *invokeCommand) tell(a *invoke.Answer, place string, out *output, errs io.Writer) error {
	t := told{Payload: a.Payload, FunctionError: a.Fault, Log: a.Log, InitMS: a.Init.Milliseconds(), DurationMS: a.Duration.Milliseconds(), Where: place}
	if !json.Valid(t.Payload) { // a client may send what is no JSON
		text, err := json.Marshal(string(a.Payload))
		if err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		t.Payload = text
	}
	if out.json {
		return out.print(t, nil)
	}
	log := strings.TrimRight(a.Log, "\n")
	if log != "" {
		log += "\n"
	}
	verdict := "The handler returned"
	if a.Fault != "" {
		verdict = "The function ended in " + a.Fault
	}
	if _, err := fmt.Fprintf(errs, "%s%s after %d ms, and %d ms to start (%s, %s, %s).\n", log, verdict, t.DurationMS, t.InitMS, c.Runtime, c.Arch, place); err != nil {
		return err
	}
	return out.print(nil, []string{string(bytes.TrimSpace(a.Payload))})
}

// withinName is the command that this program runs itself with.
const withinName = "invoke-within"

// withinCommand is the inner half of invoke on a host.
type withinCommand struct{}

// Run becomes the interpreter, or returns why it cannot.
func (withinCommand) Run() error { return invoke.Enter() }
