package invoke

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Host is what a run on this machine needs besides the request.
type Host struct {
	// Client is the zip file with the runtime interface client, whose
	// arguments [ClientPackage] returns.
	Client string
	// Interpreter is the name or path of the interpreter; "" is that of the
	// runtime's version on the PATH.
	Interpreter string
	// Root is a folder with the root file system that the handler sees in place
	// of this machine's, "" for none: its interpreter is the Interpreter there,
	// /usr/bin/pythonX.Y by default. Emulator is a statically linked program that
	// runs programs of another architecture, "" for none.
	Root, Emulator string
	// Again are the arguments with which this program runs [Enter].
	Again []string
}

// OnHost runs the handler on this machine, which has to be Linux with an
// interpreter of the runtime's minor version. What the machine lacks is an
// *[UnableError]. The handler sees the system's folders, the standard library,
// its code on /var/task, the layers on /opt and an empty /tmp, all but /tmp to
// read alone; the network is that of the machine.
func OnHost(ctx context.Context, r Request, h Host) (_ *Answer, err error) {
	runtime, err := runtimes.Lookup(r.Runtime)
	if err != nil {
		return nil, err
	}
	found, err := h.interpreter(ctx, runtime, r.Architecture)
	if err != nil {
		return nil, err
	}
	root, err := os.MkdirTemp("", "layerbuild-invoke-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the handler: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(root)) }()
	api, err := serveRuntimeAPI(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, api.close()) }()
	task, err := codeFolder(r.Code)
	if err != nil {
		return nil, err
	}
	c := cell{
		Root: root, System: h.Root, Hosts: found.visible(), Emulator: h.Emulator,
		Places: []place{{Zips: r.Layers, To: "/opt"}, task, {Zips: []string{h.Client}, To: "/var/runtime"}},
	}
	variables := map[string]string{
		"AWS_LAMBDA_RUNTIME_API": api.address(),
		"PATH":                   filepath.Dir(found.Path) + ":" + runtimes.ProgramPath,
		"LD_LIBRARY_PATH":        libraryPath(found),
	}
	if runtime.Family == runtimes.NodeJS {
		c.Program = []string{found.Path, "--require", "/var/runtime/nodejs/preload.cjs", "/var/runtime/nodejs/start.mjs"}
		variables["NODE_PATH"] = strings.Join(append(paths(runtime), "/var/runtime/node_modules", "/var/task"), ":")
	} else {
		c.Program = []string{found.Path, "-S", "-m", "awslambdaric", r.Handler}
		variables["PYTHONPATH"] = strings.Join(append(append([]string{"/var/task"}, paths(runtime)...), "/var/runtime/python"), ":")
	}
	c.Environment = environment(r, variables)
	return c.run(ctx, api, h.Again)
}

// interpreter returns the interpreter. In a root of its own nothing is started to
// ask it: where it is missing or another one, its start shows that.
func (h Host) interpreter(ctx context.Context, runtime runtimes.Runtime, architecture string) (*interpreter, error) {
	if h.Root == "" {
		return find(ctx, runtime, architecture, h.Interpreter)
	}
	machine := "x86_64"
	if architecture == runtimes.ARM64 {
		machine = "aarch64"
	}
	path := cmp.Or(h.Interpreter, "/usr/bin/python"+runtime.Version)
	if runtime.Family == runtimes.NodeJS {
		path = cmp.Or(h.Interpreter, "/usr/bin/node")
	}
	return &interpreter{Path: path, Prefix: "/usr", Version: runtime.Version, Machine: machine}, nil
}

// libraryPath is Lambda's, with the folders of this machine's system libraries
// before those of the layers.
func libraryPath(i *interpreter) string {
	system := []string{filepath.Join(i.Prefix, "lib")}
	for _, dir := range []string{"/lib/", "/usr/lib/"} {
		system = append(system, dir+i.Machine+"-linux-gnu")
	}
	return strings.Join(append(system, runtimes.LibraryPath), ":")
}

// cell is a program in a root file system of its own. It crosses to the program
// that sets it up as JSON.
type cell struct {
	// Root is an empty folder.
	Root string
	// System is the folder with the system's folders, "" for this machine's, and
	// Emulator the program that runs Program, "" for none.
	System, Emulator string
	// Hosts are folders of the machine, visible under their own paths besides
	// those of the system.
	Hosts  []string
	Places []place
	// Program is what runs, with its arguments.
	Program     []string
	Environment []string
}

// place is a path of the cell with files to read alone: those of a folder, or
// those of zip files, which are unpacked there in memory.
type place struct {
	From string
	Zips []string
	To   string
}

// codeFolder returns the place of the code: a folder, or a zip file.
func codeFolder(code string) (place, error) {
	at := place{To: "/var/task"}
	info, err := os.Stat(code)
	if err != nil {
		return at, fmt.Errorf("reading the code: %w", err)
	}
	if code, err = filepath.Abs(code); err != nil {
		return at, fmt.Errorf("reading the code: %w", err)
	}
	if info.IsDir() {
		at.From = code
	} else {
		at.Zips = []string{code}
	}
	return at, nil
}

// run runs the program until the API has an answer. The log is what it wrote.
func (c *cell) run(ctx context.Context, api *runtimeAPI, again []string) (*Answer, error) {
	began := time.Now()
	log := &tail{most: maxLog}
	running, err := c.start(log, again)
	if err != nil {
		return nil, err
	}
	exited := make(chan string, 1)
	var ended sync.WaitGroup
	ended.Go(func() {
		_ = running.Wait() // how it ended is in its state
		exited <- running.ProcessState.String()
	})
	err = api.await(ctx, exited)
	// It is the first process of its namespace: all others end with it.
	_ = running.Process.Kill() // one that has ended is no fault
	ended.Wait()
	if err != nil {
		return nil, err
	}
	answer, called := api.result()
	answer.Log = log.String()
	answer.Init = called.Sub(began)
	if called.IsZero() {
		answer.Init = time.Since(began)
	}
	return answer, nil
}

// maxLog is how much of a log is kept, in bytes.
const maxLog = 1 << 20
