package pep508

import (
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// maxDepth bounds the parentheses within parentheses of a marker.
const maxDepth = 100

// variable is the name of an environment marker, in today's spelling.
type variable string

const (
	varExtra  variable = "extra"
	varExtras variable = "extras"
	varGroups variable = "dependency_groups"
)

// lookup returns the variable that a name of any age stands for, "" for none.
func lookup(name string) variable {
	switch name {
	case "os.name", "sys.platform", "platform.version", "platform.machine", "platform.python_implementation":
		return variable(strings.Replace(name, ".", "_", 1))
	case "python_implementation":
		return "platform_python_implementation"
	case "python_version", "python_full_version", "os_name", "sys_platform", "platform_machine",
		"platform_python_implementation", "platform_system", "platform_release", "platform_version",
		"implementation_name", "implementation_version", "extra", "extras", "dependency_groups":
		return variable(name)
	}
	return ""
}

func (v variable) isVersion() bool {
	switch v {
	case "python_version", "python_full_version", "implementation_version", "platform_release":
		return true
	}
	return false
}

func (v variable) isSet() bool { return v == varExtras || v == varGroups }

func (v variable) value(env *Env, extra string) string {
	switch v {
	case "python_version":
		return env.PythonVersion
	case "python_full_version":
		return env.PythonFullVersion
	case "os_name":
		return env.OSName
	case "sys_platform":
		return env.SysPlatform
	case "platform_machine":
		return env.PlatformMachine
	case "platform_python_implementation":
		return env.PlatformPythonImplementation
	case "platform_system":
		return env.PlatformSystem
	case "platform_release":
		return env.PlatformRelease
	case "platform_version":
		return env.PlatformVersion
	case "implementation_name":
		return env.ImplementationName
	case "implementation_version":
		return env.ImplementationVersion
	}
	return extra
}

func (v variable) set(env *Env) []string {
	if v == varGroups {
		return env.DependencyGroups
	}
	return env.Extras
}

// marker reads a whole expression and the white space behind it.
func (p *Parser) marker() (*Marker, error) {
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	return &Marker{root: root}, nil
}

func (p *Parser) or() (node, error) {
	return p.join("or", func() (node, error) { return p.join("and", p.atom) })
}

// join reads one or more parts with the word between them.
func (p *Parser) join(word string, part func() (node, error)) (node, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	parts := []node{first}
	for p.word(word) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, nil
	}
	return &junction{or: word == "or", parts: parts}, nil
}

func (p *Parser) atom() (node, error) {
	p.space()
	if !p.eat("(") {
		return p.comparison()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("too many parentheses within parentheses")
	}
	inner, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.eat(")") {
		return nil, p.fail("expected and, or, or a closing )")
	}
	p.depth--
	p.space()
	return inner, nil
}

func (p *Parser) comparison() (node, error) {
	start := p.i
	var c comparison
	var err error
	if c.left, err = p.operand(); err != nil {
		return nil, err
	}
	p.space()
	if c.op = p.operator(); c.op == "" {
		return nil, p.fail("expected a marker operator: == != <= >= < > ~= === in, or not in")
	}
	p.space()
	if c.right, err = p.operand(); err != nil {
		return nil, err
	}
	if reason := c.settle(); reason != "" {
		p.i = start
		return nil, p.fail(reason)
	}
	p.space()
	return &c, nil
}

// settle decides how the operands compare, and returns the reason why they cannot.
func (c *comparison) settle() string {
	c.variable = c.left.variable
	if c.variable == "" {
		c.variable = c.right.variable
	}
	set := c.left.variable.isSet() || c.right.variable.isSet()
	switch {
	case c.variable == "":
		return "one side of a comparison must be a marker variable, such as python_version"
	case set && (c.left.variable != "" || c.op != opIn && c.op != opNotIn):
		return `this variable goes only behind in, as in "name" in ` + string(c.variable)
	case set || c.variable == varExtra:
		c.left.literal = NormalizeName(c.left.literal)
		c.right.literal = NormalizeName(c.right.literal)
	case c.variable.isVersion() && c.right.variable == "":
		// What is no version compares as a string: no error here.
		c.clause, _ = pep440.ParseClause(c.op, c.right.literal)
	}
	return ""
}

func (p *Parser) operand() (operand, error) {
	if p.i < len(p.S) && (p.S[p.i] == '"' || p.S[p.i] == '\'') {
		n := strings.IndexByte(p.S[p.i+1:], p.S[p.i])
		if n < 0 {
			return operand{}, p.fail("the closing quote is missing")
		}
		literal := p.S[p.i+1 : p.i+1+n]
		p.i += n + 2
		return operand{literal: literal}, nil
	}
	end := p.i
	for end < len(p.S) && isWord(p.S[end]) {
		end++
	}
	v := lookup(p.S[p.i:end])
	if v == "" {
		return operand{}, p.fail("expected a marker variable or a quoted string")
	}
	p.i = end
	return operand{variable: v}, nil
}

func (p *Parser) operator() string {
	for _, op := range []string{"===", "==", "~=", "!=", "<=", ">=", "<", ">"} {
		if p.eat(op) {
			return op
		}
	}
	if p.word("in") {
		return opIn
	}
	start := p.i
	if p.word("not") && p.i > start+len("not") && p.word("in") {
		return opNotIn
	}
	p.i = start
	return ""
}

// word steps over a whole word and the white space behind it.
func (p *Parser) word(w string) bool {
	rest, found := strings.CutPrefix(p.S[p.i:], w)
	if !found || rest != "" && isWord(rest[0]) {
		return false
	}
	p.i += len(w)
	p.space()
	return true
}

func isWord(c byte) bool { return IsAlphanumeric(c) || c == '_' || c == '.' }
