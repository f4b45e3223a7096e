package wheel

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

const (
	// BinDir is the folder of a layer that Lambda has on PATH.
	BinDir = "bin"
	// interpreters is the folder of the runtime's own Python.
	interpreters = "/var/lang/bin/"
	// maxScript caps in bytes a script whose first line is rewritten, and a
	// list of entry points.
	maxScript = 1 << 20
)

// scriptText is a script of an entry point. Processes that Lambda's runtime
// starts do not inherit its sys.path, so the script finds the folders of the
// layer by itself, in the runtime's order.
const scriptText = `#!%s
import os
import sys

layer = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "python")
runtime = "python%%d.%%d" %% sys.version_info[:2]
sys.path[:0] = [os.path.join(layer, "lib", runtime, "site-packages"), layer]

from %s import %s

if __name__ == "__main__":
    raise SystemExit(%s())
`

// Interpreter returns the path of the Python that runs scripts: the one of the
// runtime's version, or where the runtimes differ the one that all have.
func Interpreter(targets []Target) string {
	name := ""
	for _, t := range targets {
		versioned := fmt.Sprintf("python3.%d", t.Minor)
		if name != "" && name != versioned {
			return interpreters + "python3"
		}
		name = versioned
	}
	return interpreters + cmp.Or(name, "python3")
}

// Scripts returns the programs of a wheel, below bin/: those in its .data
// folder, with the interpreter in place of "#!python", and one for each of its
// console_scripts and gui_scripts ("Entry points" specification).
func Scripts(wheel filetree.Tree, python string) (filetree.Tree, error) {
	var tree filetree.Tree
	made := map[string][]byte{}
	for _, e := range wheel {
		first, rest, _ := strings.Cut(e.Path, "/")
		name, isScript := strings.CutPrefix(rest, "scripts/")
		switch {
		case strings.HasSuffix(first, ".data") && isScript && name != "":
			body, err := rewritten(e, python)
			if err != nil {
				return nil, err
			}
			if body != nil {
				made[name] = body
				continue
			}
			e.Path, e.Exec = BinDir+"/"+name, true
			tree = append(tree, e)
		case strings.HasSuffix(first, ".dist-info") && rest == "entry_points.txt":
			if err := entryScripts(e, python, made); err != nil {
				return nil, err
			}
		}
	}
	if len(made) == 0 {
		return tree, nil
	}
	archive, err := memoryArchive(made)
	if err != nil {
		return nil, err
	}
	written, err := filetree.FromZip(archive)
	for i := range written {
		written[i].Exec = true
	}
	return append(tree, written...), err
}

// rewritten returns a script that starts with "#!python" with a first line that
// names the interpreter, nil for any other program.
func rewritten(e filetree.Entry, python string) ([]byte, error) {
	if e.Size > maxScript {
		return nil, nil
	}
	body, err := e.ReadContent()
	if err != nil || !bytes.HasPrefix(body, []byte("#!python")) {
		return nil, err
	}
	_, rest, _ := bytes.Cut(body, []byte("\n"))
	return append([]byte("#!"+python+"\n"), rest...), nil
}

// entryScripts adds the scripts that a list of entry points asks for.
func entryScripts(e filetree.Entry, python string, made map[string][]byte) error {
	if e.Size > maxScript {
		return fmt.Errorf("reading %q: it has %d bytes", e.Path, e.Size)
	}
	body, err := e.ReadContent()
	if err != nil {
		return err
	}
	points, err := ParseScripts(string(body))
	if err != nil {
		return fmt.Errorf("reading %q: %w", e.Path, err)
	}
	for _, p := range points {
		made[p.Name] = []byte(p.Script(python))
	}
	return nil
}

// EntryPoint is a script: a name and what it calls.
type EntryPoint struct{ Name, module, attribute string }

// Script returns the program that calls it, run by the interpreter python.
func (p EntryPoint) Script(python string) string {
	imported, _, _ := strings.Cut(p.attribute, ".")
	return fmt.Sprintf(scriptText, python, p.module, imported, p.attribute)
}

// What an entry point of a script may be: names are file names, and the object
// is a dotted name of a module and one of a callable in it.
var (
	scriptName   = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_.+ -]*$`)
	scriptObject = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)\s*:\s*([\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*)\s*(?:\[.*\])?$`)
)

// ParseScripts reads the console_scripts and gui_scripts of an entry_points.txt.
func ParseScripts(text string) ([]EntryPoint, error) {
	var points []EntryPoint
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if inner, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
			continue
		}
		if section != "console_scripts" && section != "gui_scripts" {
			continue
		}
		name, object, _ := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		parts := scriptObject.FindStringSubmatch(strings.TrimSpace(object))
		if parts == nil || !scriptName.MatchString(name) {
			return nil, fmt.Errorf("%q is not a script: want a name and module:callable", line)
		}
		points = append(points, EntryPoint{name, parts[1], parts[2]})
	}
	return points, nil
}

// memoryArchive returns an archive of programs below bin/, sorted by name.
func memoryArchive(programs map[string][]byte) (*filetree.Archive, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: BinDir + "/" + name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(programs[name])
		}
		if err != nil {
			return nil, fmt.Errorf("writing the script %q: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("writing scripts: %w", err)
	}
	body := b.Bytes()
	open := func() (filetree.ArchiveFile, error) { return memoryFile{bytes.NewReader(body)}, nil }
	return &filetree.Archive{Name: "scripts", Size: int64(len(body)), Open: open}, nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }
