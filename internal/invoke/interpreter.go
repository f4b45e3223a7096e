package invoke

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// interpreter is a Python or a Node.js of this machine.
type interpreter struct {
	// Path is the program itself, no link and no script.
	Path string `json:"path"`
	// Prefix is the folder that it is installed below.
	Prefix string `json:"prefix"`
	// Version is such as "3.12" or "22", Machine such as "x86_64".
	Version string `json:"version"`
	Machine string `json:"machine"`
	// Folders are those of its standard library.
	Folders []string `json:"folders"`
}

// introduce makes an interpreter say what it is. A virtual environment and a
// script of a version manager lead to the interpreter behind them.
const introduce = `import json, os, platform, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps({
    "path": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "prefix": sys.base_prefix, "version": "%d.%d" % sys.version_info[:2],
    "machine": platform.machine(), "folders": [paths["stdlib"], paths["platstdlib"]],
}))`

// introduceNode does the same for Node.js.
const introduceNode = `const path = require("node:path");
console.log(JSON.stringify({
  path: require("node:fs").realpathSync(process.execPath), version: process.versions.node.split(".")[0],
  prefix: path.dirname(path.dirname(require("node:fs").realpathSync(process.execPath))),
  machine: { x64: "x86_64", arm64: "aarch64" }[process.arch] || process.arch, folders: [],
}))`

// find returns the interpreter of the runtime: the program named, else the one of
// its version that the PATH has. An absent one, and one of another version or
// architecture, is an *[UnableError].
func find(ctx context.Context, runtime runtimes.Runtime, architecture, named string) (*interpreter, error) {
	name, language := cmp.Or(named, "python"+runtime.Version), "Python"
	arguments := []string{"-I", "-S", "-c", introduce}
	if runtime.Family == runtimes.NodeJS {
		name, language = cmp.Or(named, "node"), "Node.js"
		arguments = []string{"-e", introduceNode}
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("there is no interpreter %q, and %s needs %s %s", name, runtime.ID, language, runtime.Version), Err: err}
	}
	cmd := exec.CommandContext(ctx, program, arguments...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q does not start (%s)", program, firstLine(said.String())), Err: err}
	}
	var found interpreter
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q is not %s", program, language), Err: err}
	}
	if found.Version != runtime.Version {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q is %s %s, and %s needs %s", program, language, found.Version, runtime.ID, runtime.Version)}
	}
	machine := strings.NewReplacer("aarch64", runtimes.ARM64).Replace(found.Machine)
	if machine != architecture {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q runs on %s, and the function runs on %s", program, machine, architecture)}
	}
	return &found, nil
}

// visible returns the folders of the host that the interpreter needs besides
// the system's, a folder before those within it.
func (p *interpreter) visible() []string {
	all := append([]string{filepath.Dir(p.Path), p.Prefix}, p.Folders...)
	slices.Sort(all)
	return slices.Compact(all)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
