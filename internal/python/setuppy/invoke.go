package setuppy

import (
	"errors"
	"path"
	"strings"
	"unicode/utf8"
)

// root is where a script sees itself. No text that a distribution has can hold
// it, so that a value made of it can be told.
const root = "\x00"

// IsHostPath reports whether a text holds the folder of the build.
func IsHostPath(s string) bool { return strings.Contains(s, root) }

// values are the arguments of a call.
type values struct {
	by   []any
	name *Dict
}

// at returns an argument by position or name.
func (v values) at(i int, name string) (any, bool) {
	if i < len(v.by) {
		return v.by[i], true
	}
	return v.name.Get(name)
}

// texts returns the arguments if all are texts, by position.
func (v values) texts() ([]string, bool) {
	out := make([]string, len(v.by))
	for i, x := range v.by {
		s, ok := x.(string)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, len(v.name.keys) == 0
}

func (m *machine) invoke(e call, s *scope) (any, error) {
	f, err := m.eval(e.function, s)
	if err != nil {
		return nil, err
	}
	args, err := m.arguments(e, s)
	if err != nil {
		return nil, err
	}
	switch f := f.(type) {
	case module:
		return m.library(string(f), args, e.line)
	case function:
		return m.enter(f, args, e.line)
	case method:
		return f.call(args, e.line)
	case Unknown:
		return f, nil
	}
	return nil, refuse(e.line, "it calls what is no function")
}

func (m *machine) arguments(e call, s *scope) (values, error) {
	out := values{name: &Dict{}}
	for _, a := range e.args {
		v, err := m.eval(a.x, s)
		if err != nil {
			return out, err
		}
		switch a.name {
		case "":
			out.by = append(out.by, v)
		case "**":
			d, ok := v.(*Dict)
			if !ok {
				return out, refuse(e.line, "it expands what is no dictionary")
			}
			for _, key := range d.keys {
				out.name.Set(key, d.values[key])
			}
		default:
			out.name.Set(a.name, v)
		}
	}
	return out, nil
}

// enter runs a function of the script. Where its way cannot be told, so is its
// value.
func (m *machine) enter(f function, args values, line int) (any, error) {
	if f.odd || len(args.name.keys) > 0 || len(args.by) != len(f.params) {
		return nil, refuse(line, "it calls %s with arguments that cannot be read", f.name)
	}
	s := &scope{locals: map[string]any{}}
	for i, p := range f.params {
		s.locals[p] = args.by[i]
	}
	before := m.call
	r, err := m.run(f.body, s)
	if way, ok := errors.AsType[*branch](err); ok && m.call == before {
		return Unknown{way.why}, nil
	}
	if err != nil || r == nil {
		return nil, err
	}
	return r.value, nil
}

// library calls a function of Python or of setuptools.
func (m *machine) library(name string, args values, line int) (any, error) {
	switch name {
	case "setuptools.setup", "distutils.core.setup":
		if m.call != nil || len(args.by) > 0 {
			return nil, refuse(line, "it calls setup() in a way that cannot be read")
		}
		left := maxValues
		m.call = &Call{Args: &Dict{}, Line: line}
		for _, key := range args.name.keys {
			m.call.Args.Set(key, known(args.name.values[key], &left, 0))
		}
		return nil, nil
	case "setuptools.find_packages", "setuptools.find_namespace_packages":
		return m.findPackages(args, name == "setuptools.find_namespace_packages", line)
	case "open", "io.open", "codecs.open":
		return m.open(args, name == "codecs.open", line)
	case "print", "sys.stdout.write", "sys.stderr.write", "warnings.warn", "warnings.filterwarnings":
		return nil, nil
	case "dict":
		if len(args.by) == 0 {
			return args.name, nil
		}
	case "list", "tuple":
		if items, ok := itemsOf(append(args.by, nil)[0]); ok && len(args.by) == 1 {
			if name == "list" {
				return List(items), nil
			}
			return Tuple(items), nil
		}
	case "os.getcwd":
		return root, nil
	case "os.environ.get", "os.getenv":
		v, _ := args.at(1, "default")
		return v, nil
	case "platform.system":
		return "Linux", nil
	case "platform.python_version", "platform.machine",
		"re.search", "re.match", "re.findall", "re.compile", "ast.literal_eval", "ast.parse", "datetime.datetime.now", "time.time", "str", "len":
		return Unknown{name}, nil
	}
	if rest, ok := strings.CutPrefix(name, "os.path."); ok {
		if v, ok := m.pathFunction(rest, args); ok {
			return v, nil
		}
	}
	return nil, refuse(line, "it calls %s", name)
}

// maxValues caps how many values the arguments of setup() hold.
const maxValues = 100_000

// known returns a value with an Unknown for each part that has no type of this
// package's callers, and for what left and maxDepth do not reach.
func known(v any, left *int, depth int) any {
	if *left--; *left < 0 || depth > maxDepth {
		return Unknown{"too many values"}
	}
	switch v := v.(type) {
	case nil, bool, string, int64, Unknown:
		return v
	case List:
		out := make(List, len(v))
		for i := range v {
			out[i] = known(v[i], left, depth+1)
		}
		return out
	case Tuple:
		out := make(Tuple, len(v))
		for i := range v {
			out[i] = known(v[i], left, depth+1)
		}
		return out
	case *Dict:
		out := &Dict{}
		for _, key := range v.keys {
			out.Set(key, known(v.values[key], left, depth+1))
		}
		return out
	}
	if u, ok := unknown(v); ok {
		return u
	}
	return Unknown{"a value that is more than text"}
}

// pathFunction answers the functions of os.path that need no disk, and those
// that ask for files of the distribution.
func (m *machine) pathFunction(name string, args values) (any, bool) {
	texts, ok := args.texts()
	if !ok || len(texts) == 0 {
		return nil, false
	}
	if name == "join" {
		out := texts[0]
		for _, t := range texts[1:] {
			switch {
			case strings.HasPrefix(t, "/") || strings.HasPrefix(t, root):
				out = t
			case out == "" || strings.HasSuffix(out, "/"):
				out += t
			default:
				out += "/" + t
			}
		}
		return out, true
	}
	if len(texts) != 1 {
		return nil, false
	}
	at := texts[0]
	switch name {
	case "dirname":
		dir, _ := path.Split(at)
		if dir != "/" {
			dir = strings.TrimSuffix(dir, "/")
		}
		return dir, true
	case "basename":
		_, base := path.Split(at)
		return base, true
	case "abspath", "realpath":
		if inside, ok := inRoot(at); ok {
			return strings.TrimSuffix(root+"/"+inside, "/"), true
		}
	case "exists", "isfile":
		if inside, ok := inRoot(at); ok {
			_, found := m.files.ReadFile(inside)
			// A folder exists too, and what is in it is not asked for here.
			if found || name == "isfile" {
				return found, true
			}
		}
	}
	return nil, false
}

// inRoot returns a path relative to the folder of the script, "" for it.
func inRoot(at string) (string, bool) {
	rest, absolute := strings.CutPrefix(at, root)
	if !absolute && strings.HasPrefix(at, "/") {
		return "", false
	}
	clean := path.Clean("./" + strings.TrimPrefix(rest, "/"))
	switch {
	case clean == ".":
		return "", true
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "", false
	}
	return clean, true
}

// open opens a file of the distribution for reading.
func (m *machine) open(args values, codecs bool, line int) (any, error) {
	name, _ := args.at(0, "file")
	if u, ok := unknown(name); ok {
		return u, nil
	}
	mode, given := args.at(1, "mode")
	if !given {
		mode = "r"
	}
	at, isText := name.(string)
	inside, ok := inRoot(at)
	switch {
	case !isText || !ok:
		return nil, refuse(line, "it opens a file outside of the distribution")
	case mode != "r" && mode != "rt" && mode != "rb":
		return nil, refuse(line, "it opens %q to do more than read it", inside)
	}
	encoding, ok := encodingOf(args, codecs)
	if !ok {
		return nil, refuse(line, "it opens %q in a way that cannot be read", inside)
	}
	content, ok := m.files.ReadFile(inside)
	if !ok {
		return nil, &exception{"FileNotFoundError", inside, line}
	}
	f := fileHandle{content: string(content), bytes: mode == "rb" && encoding == nil}
	switch {
	case f.bytes || codecs && encoding == nil:
		return f, nil
	case !utf8.Valid(content):
		return nil, refuse(line, "it reads %q, which is not in UTF-8", inside)
	case !isUTF8(encoding) && strings.ContainsFunc(f.content, func(r rune) bool { return r >= utf8.RuneSelf }):
		return nil, refuse(line, "it reads %q in an encoding other than UTF-8", inside)
	}
	if !codecs {
		f.content = universalNewlines(f.content)
	}
	return f, nil
}

// encodingOf returns the encoding that a call of open or codecs.open names, or
// nil; ok is false for arguments that change what is read in other ways.
func encodingOf(args values, codecs bool) (encoding any, ok bool) {
	positional := 2
	if codecs {
		positional = 3
	}
	if len(args.by) > positional {
		return nil, false
	}
	for _, key := range args.name.keys {
		if key != "file" && key != "mode" && key != "encoding" && key != "errors" {
			return nil, false
		}
	}
	encoding, _ = args.name.Get("encoding")
	if len(args.by) == 3 {
		encoding = args.by[2]
	}
	_, isText := encoding.(string)
	return encoding, isText || encoding == nil
}

func isUTF8(encoding any) bool {
	name, _ := encoding.(string)
	return encoding == nil || strings.EqualFold(strings.ReplaceAll(name, "-", ""), "utf8")
}

// Text returns the content of a file as Python reads it in text mode; ok is
// false where it is not in UTF-8.
func Text(content []byte) (text string, ok bool) {
	return universalNewlines(string(content)), utf8.Valid(content)
}

func universalNewlines(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}
