package setuppy

import (
	"slices"
	"strings"
)

// eval returns the value of an expression.
func (m *machine) eval(e expression, s *scope) (any, error) {
	if m.depth++; m.depth > 10*maxDepth {
		return nil, refuse(e.where(), "it calls itself too deep")
	}
	defer func() { m.depth-- }()
	switch e := e.(type) {
	case literal:
		return e.value, nil
	case variable:
		return m.lookup(e, s)
	case sequence:
		return m.sequence(e, s)
	case mapping:
		return m.mapping(e, s)
	case attribute:
		x, err := m.eval(e.x, s)
		if err != nil {
			return nil, err
		}
		return attributeOf(x, e)
	case index:
		return m.index(e, s)
	case binary:
		return m.binary(e, s)
	case negation:
		v, err := m.eval(e.x, s)
		if err != nil {
			return nil, err
		}
		holds, err := truth(v, e.line)
		return !holds, err
	case choice:
		return m.choice(e, s)
	case call:
		return m.invoke(e, s)
	case oddExpression:
		if e.pure {
			return Unknown{"what is not understood without running it"}, nil
		}
		return nil, refuse(e.line, "it has an expression that is not understood without running it")
	}
	return nil, refuse(e.where(), "it has an expression that cannot be read")
}

// builtins are the functions that every script has.
var builtins = strings.Fields("open dict list tuple str print len")

func (m *machine) lookup(e variable, s *scope) (any, error) {
	if v, ok := s.locals[e.name]; ok {
		return v, nil
	}
	if v, ok := m.globals[e.name]; ok {
		return v, nil
	}
	if slices.Contains(builtins, e.name) {
		return module(e.name), nil
	}
	return nil, refuse(e.line, "it uses %s", e.name)
}

func (m *machine) sequence(e sequence, s *scope) (any, error) {
	values := make(List, 0, len(e.items))
	for _, item := range e.items {
		v, err := m.eval(item, s)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	if e.tuple {
		return Tuple(values), nil
	}
	return values, nil
}

func (m *machine) mapping(e mapping, s *scope) (any, error) {
	d := &Dict{}
	for i, k := range e.keys {
		v, err := m.eval(e.values[i], s)
		if err != nil {
			return nil, err
		}
		if k == nil {
			more, ok := v.(*Dict)
			if !ok {
				return nil, refuse(e.line, "it expands what is no dictionary")
			}
			for _, key := range more.keys {
				d.Set(key, more.values[key])
			}
			continue
		}
		key, err := m.eval(k, s)
		if err != nil {
			return nil, err
		}
		text, ok := key.(string)
		if !ok {
			return nil, refuse(e.line, "it has a dictionary whose keys are not all texts")
		}
		d.Set(text, v)
	}
	return d, nil
}

// fileHandle is an opened file.
type fileHandle struct {
	content string
	bytes   bool // read() returns bytes
}

// byteText is a bytes object.
type byteText string

// commandWord is a word of the command line.
type commandWord struct{}

// method is a bound method of a value.
type method struct {
	of   any
	name string
}

func attributeOf(x any, e attribute) (any, error) {
	switch x := x.(type) {
	case module:
		switch full := string(x) + "." + e.name; {
		case full == "os.pardir":
			return "..", nil
		case full == "os.sep" || full == "os.path.sep":
			return "/", nil
		case full == "os.name":
			return "posix", nil
		case full == "sys.platform":
			return "linux", nil
		default:
			return module(full), nil
		}
	case Unknown:
		return x, nil
	case string, byteText, fileHandle, List, *Dict:
		return method{x, e.name}, nil
	}
	return nil, refuse(e.line, "it asks for the attribute %s", e.name)
}

func (m *machine) index(e index, s *scope) (any, error) {
	x, err := m.eval(e.x, s)
	if err != nil {
		return nil, err
	}
	i, err := m.eval(e.i, s)
	if err != nil {
		return nil, err
	}
	if x == module("sys.argv") {
		return commandWord{}, nil
	}
	if u, ok := unknown(x, i); ok {
		return u, nil
	}
	if d, ok := x.(*Dict); ok {
		if key, ok := i.(string); ok {
			if v, ok := d.values[key]; ok {
				return v, nil
			}
		}
	}
	if n, ok := i.(int64); ok {
		items, _ := itemsOf(x)
		if n < 0 {
			n += int64(len(items))
		}
		if 0 <= n && n < int64(len(items)) {
			return items[n], nil
		}
	}
	return nil, refuse(e.line, "it looks up an element")
}

// itemsOf returns the elements of a list or tuple.
func itemsOf(v any) ([]any, bool) {
	switch v := v.(type) {
	case List:
		return v, true
	case Tuple:
		return v, true
	}
	return nil, false
}

// unknown returns the first of the values that is not known. A part of a
// module that is used as a value is one: it depends on the machine.
func unknown(values ...any) (Unknown, bool) {
	for _, v := range values {
		switch v := v.(type) {
		case Unknown:
			return v, true
		case module:
			return Unknown{string(v)}, true
		case commandWord:
			return Unknown{"the command line"}, true
		}
	}
	return Unknown{}, false
}

func (m *machine) binary(e binary, s *scope) (any, error) {
	a, err := m.eval(e.a, s)
	if err != nil {
		return nil, err
	}
	if e.op == "and" || e.op == "or" {
		holds, err := truth(a, e.line)
		if err != nil || holds == (e.op == "or") {
			return a, err
		}
		return m.eval(e.b, s)
	}
	b, err := m.eval(e.b, s)
	if err != nil {
		return nil, err
	}
	switch e.op {
	case "+":
		return add(a, b, e.line)
	case "%":
		return format(a, b, e.line)
	}
	if holds, ok := onCommandLine(e.op, a, b); ok {
		return holds, nil
	}
	if u, ok := unknown(a, b); ok {
		return u, nil
	}
	x, isText := a.(string)
	y, areTexts := b.(string)
	items, isList := itemsOf(b)
	switch {
	case isText && isList && (e.op == "in" || e.op == "not in"):
		if u, ok := unknown(items...); ok {
			return u, nil
		}
		return slices.Contains(items, any(x)) == (e.op == "in"), nil
	case e.op == "==" && isText && areTexts:
		return x == y, nil
	case e.op == "!=" && isText && areTexts:
		return x != y, nil
	case e.op == "in" && isText && areTexts:
		return strings.Contains(y, x), nil
	case e.op == "not in" && isText && areTexts:
		return !strings.Contains(y, x), nil
	}
	return nil, refuse(e.line, "it compares values by %q", e.op)
}

// onCommandLine answers whether a word is on the command line. A build has
// names of commands, options and paths there, and no other words, such as
// "publish".
func onCommandLine(op string, a, b any) (holds, ok bool) {
	if _, isWord := b.(commandWord); isWord {
		a, b = b, a
	}
	word, isText := b.(string)
	if op == "in" || op == "not in" {
		if b != module("sys.argv") {
			return false, false
		}
		word, isText = a.(string)
	} else if _, isWord := a.(commandWord); !isWord || op != "==" && op != "!=" {
		return false, false
	}
	foreign := isText && slices.Contains([]string{"publish", "upload", "register", "test", "tag", "clean", "docs", "release"}, word)
	return op == "!=" || op == "not in", foreign
}

func add(a, b any, line int) (any, error) {
	if u, ok := unknown(a, b); ok {
		return u, nil
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok && len(x)+len(y) <= maxText {
			return x + y, nil
		}
	case List:
		if y, ok := b.(List); ok && len(x)+len(y) < maxSteps {
			return slices.Concat(x, y), nil
		}
	case Tuple:
		if y, ok := b.(Tuple); ok && len(x)+len(y) < maxSteps {
			return slices.Concat(x, y), nil
		}
	}
	return nil, refuse(line, "it adds values that are not two texts or two lists")
}

// format is text % values, where all conversions are %s.
func format(a, b any, line int) (any, error) {
	args, isTuple := b.(Tuple)
	if !isTuple {
		args = Tuple{b}
	}
	if u, ok := unknown(append(Tuple{a}, args...)...); ok {
		return u, nil
	}
	pattern, isText := a.(string)
	texts, all := values{by: args, name: &Dict{}}.texts()
	if isText && all && !strings.Contains(strings.ReplaceAll(pattern, "%s", ""), "%") {
		if out, ok := fill(pattern, "%s", texts); ok {
			return out, nil
		}
	}
	return nil, refuse(line, "it formats a text")
}

func (m *machine) choice(e choice, s *scope) (any, error) {
	v, err := m.eval(e.test, s)
	if err != nil {
		return nil, err
	}
	if u, ok := unknown(v); ok {
		return u, nil
	}
	holds, err := truth(v, e.line)
	switch {
	case err != nil:
		return nil, err
	case holds:
		return m.eval(e.a, s)
	}
	return m.eval(e.b, s)
}
