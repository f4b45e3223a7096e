package setuppy

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// machine follows a script statement by statement. Nothing that it does
// reaches beyond the values of the script's own names.
type machine struct {
	files   Files
	options Options
	globals map[string]any
	call    *Call
	steps   int
	depth   int // of calls and expressions
}

// maxSteps caps the statements that are followed, maxText the length of a text
// in bytes.
const (
	maxSteps = 10_000
	maxText  = 4 << 20
)

// scope holds the names of a function that runs; at the top of the script it
// has none of its own.
type scope struct{ locals map[string]any }

// exception is one that Python would raise.
type exception struct {
	class, text string
	line        int
}

func (e *exception) Error() string { return e.class + ": " + e.text }

// branch tells that only running the script would tell where it goes on.
type branch struct {
	why  string
	line int
}

func (e *branch) Error() string { return "depends on " + e.why }

// function is what def makes.
type function struct{ *defStatement }

// module is an imported one of the standard library or of setuptools, or a
// part of it, by its dotted name.
type module string

// result is what a function returned; nil: it did not.
type result struct{ value any }

// run follows statements until one returns from the function around them.
func (m *machine) run(body []statement, s *scope) (*result, error) {
	for _, st := range body {
		if m.steps++; m.steps > maxSteps {
			return nil, refuse(st.at(), "it takes too many steps")
		}
		r, err := m.statement(st, s)
		if r != nil || err != nil {
			return r, err
		}
	}
	return nil, nil
}

func (m *machine) statement(st statement, s *scope) (*result, error) {
	switch st := st.(type) {
	case *passStatement:
		return nil, nil
	case *importStatement:
		return nil, m.importModule(st, s)
	case *assignStatement:
		return nil, m.assign(st, s)
	case *itemStatement:
		return nil, m.assignItem(st, s)
	case *exprStatement:
		return nil, m.discard(st, s)
	case *ifStatement:
		return m.ifElse(st, s)
	case *withStatement:
		v, err := m.eval(st.x, s)
		if err != nil {
			return nil, err
		}
		m.bind(s, st.name, v)
		return m.run(st.body, s)
	case *tryStatement:
		return m.try(st, s)
	case *defStatement:
		m.bind(s, st.name, function{st})
		return nil, nil
	case *returnStatement:
		if st.x == nil {
			return &result{}, nil
		}
		v, err := m.eval(st.x, s)
		return &result{v}, err
	case *raiseStatement:
		return nil, refuse(st.line, "it stops with an error")
	case *classStatement:
		if _, err := m.run(st.body, &scope{locals: map[string]any{}}); err != nil {
			return nil, err
		}
		m.bind(s, st.name, Unknown{"the class " + st.name})
		return nil, nil
	case *oddStatement:
		if st.pure && s.locals != nil {
			return nil, &branch{"what is not understood without running it", st.line}
		}
		return nil, refuse(st.line, "its statement %q … is not understood without running it", st.word)
	}
	return nil, refuse(st.at(), "it has a statement that cannot be read")
}

func (m *machine) bind(s *scope, name string, v any) {
	if s.locals != nil {
		s.locals[name] = v
		return
	}
	m.globals[name] = v
}

func (m *machine) assign(st *assignStatement, s *scope) error {
	v, err := m.eval(st.x, s)
	if err != nil {
		return err
	}
	for _, name := range st.names {
		if st.add {
			old, err := m.eval(variable{name, st.line}, s)
			if err != nil {
				return err
			}
			if _, isList := old.(List); isList {
				return refuse(st.line, "it changes a list in place")
			}
			if v, err = add(old, v, st.line); err != nil {
				return err
			}
		}
		m.bind(s, name, v)
	}
	return nil
}

func (m *machine) assignItem(st *itemStatement, s *scope) error {
	x, err := m.eval(variable{st.name, st.line}, s)
	if err != nil {
		return err
	}
	key, err := m.eval(st.key, s)
	if err != nil {
		return err
	}
	v, err := m.eval(st.x, s)
	if err != nil {
		return err
	}
	d, isDict := x.(*Dict)
	text, isText := key.(string)
	if !isDict || !isText {
		return refuse(st.line, "it assigns to an element")
	}
	d.Set(text, v)
	return nil
}

// discard evaluates an expression whose value is not used: a text between
// statements, or a call.
func (m *machine) discard(st *exprStatement, s *scope) error {
	if _, ok := st.x.(literal); ok {
		return nil
	}
	if _, ok := st.x.(call); !ok {
		return refuse(st.line, "it has an expression as a statement")
	}
	_, err := m.eval(st.x, s)
	return err
}

func (m *machine) ifElse(st *ifStatement, s *scope) (*result, error) {
	v, err := m.eval(st.test, s)
	if err != nil {
		return nil, err
	}
	holds, err := truth(v, st.line)
	switch {
	case err != nil:
		return nil, err
	case holds:
		return m.run(st.then, s)
	}
	return m.run(st.or_, s)
}

func (m *machine) try(st *tryStatement, s *scope) (r *result, err error) {
	r, err = m.run(st.body, s)
	raised, isException := errors.AsType[*exception](err)
	if isException {
		for _, h := range st.handlers {
			if raised.matches(h.classes) {
				if h.name != "" {
					m.bind(s, h.name, Unknown{"the text of an error"})
				}
				r, err = m.run(h.body, s)
				break
			}
		}
	} else if r == nil && err == nil {
		r, err = m.run(st.or_, s)
	}
	if err != nil || len(st.finally) == 0 {
		return r, err
	}
	last, err := m.run(st.finally, s)
	if last != nil {
		r = last
	}
	return r, err
}

// parents are the classes that an exception is one of.
var parents = map[string][]string{
	"ModuleNotFoundError": {"ImportError"},
	"FileNotFoundError":   {"OSError", "IOError", "EnvironmentError"},
	"UnicodeDecodeError":  {"UnicodeError", "ValueError"},
}

func (e *exception) matches(classes []string) bool {
	for _, c := range classes {
		if c == e.class || c == "Exception" || c == "BaseException" || slices.Contains(parents[e.class], c) {
			return true
		}
	}
	return len(classes) == 0
}

// importable are the modules of the standard library that setup.py files use,
// and what a build has of setuptools. To import them changes nothing.
var importable = strings.Fields(`__future__ ast codecs collections datetime distutils distutils.core distutils.util functools glob
	importlib inspect io itertools json logging operator os os.path pathlib platform re setuptools shutil string
	subprocess sys sysconfig textwrap time tokenize types typing warnings
	distutils.cmd distutils.errors distutils.extension distutils.log setuptools.extension setuptools.command
	setuptools.command.build_ext setuptools.command.build_py setuptools.command.develop setuptools.command.install
	setuptools.command.sdist setuptools.command.test`)

// offered are the names of setuptools and distutils that a script may import.
var offered = map[string][]string{
	"setuptools":     {"setup", "find_packages", "find_namespace_packages", "Extension", "Command"},
	"distutils.core": {"setup", "Extension", "Command"},
	"distutils":      {"core", "util", "log"},
}

func (m *machine) importModule(st *importStatement, s *scope) error {
	if !slices.Contains(importable, st.module) {
		return m.importOther(st, s)
	}
	if st.names == nil {
		top, _, _ := strings.Cut(st.module, ".")
		if st.as != "" {
			m.bind(s, st.as, module(st.module))
		} else {
			m.bind(s, top, module(top))
		}
		return nil
	}
	known := offered[st.module]
	for _, n := range st.names {
		if known != nil && !slices.Contains(known, n[0]) {
			return refuse(st.line, "it imports %s from %s", n[0], st.module)
		}
		m.bind(s, n[1], module(st.module+"."+n[0]))
	}
	return nil
}

// importOther imports a module that lies beside setup.py, whose names are
// unknown then, or fails as Python would. Such modules are taken to be what
// they are imported for: importing them must not change the build.
func (m *machine) importOther(st *importStatement, s *scope) error {
	top, _, _ := strings.Cut(st.module, ".")
	file := strings.ReplaceAll(st.module, ".", "/")
	found := false
	for _, candidate := range []string{file + ".py", file + "/__init__.py"} {
		_, ok := m.files.ReadFile(candidate)
		found = found || ok
	}
	switch {
	case strings.HasPrefix(top, "setuptools") || top == "distutils" || top == "pip" || top == "pkg_resources" || top == "wheel" || top == "numpy" || top == "Cython":
		return refuse(st.line, "it imports %s", st.module)
	case !found:
		return &exception{"ModuleNotFoundError", st.module, st.line}
	case !m.options.OwnImports:
		return refuse(st.line, "it imports %s, which the build backend in pyproject.toml keeps it from", st.module)
	}
	why := "what " + st.module + " holds when it runs"
	for _, n := range st.names {
		m.bind(s, n[1], Unknown{why})
	}
	if st.names == nil {
		m.bind(s, cmp.Or(st.as, top), Unknown{why})
	}
	return nil
}

// truth is bool(v).
func truth(v any, line int) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case string:
		return v != "", nil
	case int64:
		return v != 0, nil
	case List:
		return len(v) > 0, nil
	case Tuple:
		return len(v) > 0, nil
	case *Dict:
		return len(v.keys) > 0, nil
	case Unknown:
		return false, &branch{v.Why, line}
	case module, commandWord:
		u, _ := unknown(v)
		return false, &branch{u.Why, line}
	}
	return true, nil
}
