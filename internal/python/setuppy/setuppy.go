// Package setuppy reads setup.py files without running them. It understands
// the part of Python in which most of them are written: literals, names,
// files that are read, functions without branches on the machine. Whatever is
// outside of that part is a [Refusal], never a guess.
//
// It answers for a build as pip runs it with setuptools on Linux: in a folder
// of its own, in an environment that has Python's standard library, setuptools
// and nothing else: no environment variable that a script asks for is set.
package setuppy

import (
	"errors"
	"fmt"
	"strings"
)

// Files are the files of a source distribution, below its top folder.
type Files interface {
	// ReadFile returns the content of a file; ok is false where there is none.
	ReadFile(name string) (content []byte, ok bool)
	// List returns the paths of all files, sorted.
	List() []string
}

// Call is what a setup.py passes to setup().
type Call struct {
	Args *Dict
	Line int // of the call
}

// The values of arguments are string, bool, int64, nil (None), List, Tuple,
// *Dict and Unknown.
type (
	// List is a Python list.
	List []any
	// Tuple is a Python tuple.
	Tuple []any
	// Unknown stands for a value that only running the script would tell.
	// Asking for it changes nothing.
	Unknown struct {
		// Why completes "it depends on …".
		Why string
	}
)

// Dict is a Python dictionary with texts as keys, in order of insertion.
type Dict struct {
	keys   []string
	values map[string]any
}

// Keys returns the keys in order of insertion.
func (d *Dict) Keys() []string { return d.keys }

// Get returns the value of a key.
func (d *Dict) Get(key string) (any, bool) {
	v, ok := d.values[key]
	return v, ok
}

// Set puts a value under a key.
func (d *Dict) Set(key string, v any) {
	if d.values == nil {
		d.values = map[string]any{}
	}
	if _, ok := d.values[key]; !ok {
		d.keys = append(d.keys, key)
	}
	d.values[key] = v
}

// Refusal tells what in a setup.py cannot be understood without running it.
type Refusal struct {
	Line   int
	Reason string // a clause: "it calls subprocess.run"
}

func (e *Refusal) Error() string { return fmt.Sprintf("line %d of setup.py: %s", e.Line, e.Reason) }

// Options tell how the build runs the script.
type Options struct {
	// OwnImports is set where the script can import modules that lie beside it:
	// for the legacy backend, which pip uses without a [build-system].
	OwnImports bool
}

// maxScript caps a setup.py in bytes.
const maxScript = 1 << 20

// Read returns the arguments of the one call of setup() in the file setup.py.
// The error is a *Refusal.
func Read(files Files, o Options) (*Call, error) {
	script, ok := files.ReadFile("setup.py")
	switch {
	case !ok:
		return nil, &Refusal{Line: 1, Reason: "there is none"}
	case len(script) > maxScript:
		return nil, &Refusal{Line: 1, Reason: "it is too long to be read"}
	}
	tokens, err := scan(strings.TrimPrefix(string(script), "\ufeff"))
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	body := p.block(0)
	if t := p.peek(); t.kind != endOfFile {
		return nil, refuse(t.line, "its blocks cannot be read")
	}
	m := &machine{files: files, options: o, globals: map[string]any{
		"__file__": root + "/setup.py", "__name__": "__main__", "__doc__": docstring(body),
	}}
	if _, err := m.run(body, &scope{}); err != nil {
		return nil, refusal(err)
	}
	if m.call == nil {
		return nil, &Refusal{Line: 1, Reason: "it does not call setup()"}
	}
	return m.call, nil
}

// refusal turns what stopped a script into a *Refusal.
func refusal(err error) error {
	if raised, ok := errors.AsType[*exception](err); ok {
		return refuse(raised.line, "it raises %s: %s", raised.class, raised.text)
	}
	if b, ok := errors.AsType[*branch](err); ok {
		return refuse(b.line, "where it goes on depends on %s", b.why)
	}
	return err
}

// docstring returns the text that a block begins with, or nil.
func docstring(body []statement) any {
	if len(body) == 0 {
		return nil
	}
	if e, ok := body[0].(*exprStatement); ok {
		if text, ok := e.x.(literal); ok {
			if s, ok := text.value.(string); ok {
				return s
			}
		}
	}
	return nil
}

func refuse(line int, format string, args ...any) error {
	return &Refusal{Line: line, Reason: fmt.Sprintf(format, args...)}
}
