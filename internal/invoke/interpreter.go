package invoke

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// interpreter is a Python of this machine.
type interpreter struct {
	// Path is the program itself, no link and no script.
	Path string `json:"path"`
	// Prefix is the folder that it is installed below.
	Prefix string `json:"prefix"`
	// Version is such as "3.12", Machine such as "x86_64".
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

// findPython returns the interpreter of the runtime: the program named, else
// the one of its minor version that the PATH has. An absent one, and one of
// another version or architecture, is an *[UnableError].
func findPython(ctx context.Context, runtime runtimes.Runtime, architecture, named string) (*interpreter, error) {
	name := named
	if name == "" {
		name = "python" + runtime.Version
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("there is no interpreter %q, and %s needs Python %s", name, runtime.ID, runtime.Version), Err: err}
	}
	cmd := exec.CommandContext(ctx, program, "-I", "-S", "-c", introduce)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q does not start (%s)", program, firstLine(said.String())), Err: err}
	}
	var found interpreter
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q is no Python", program), Err: err}
	}
	if found.Version != runtime.Version {
		return nil, &UnableError{Lacks: fmt.Sprintf("the interpreter %q is Python %s, and %s needs %s", program, found.Version, runtime.ID, runtime.Version)}
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
