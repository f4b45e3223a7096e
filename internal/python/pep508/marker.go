package pep508

import (
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

// Env holds the values of the environment markers of one target (PEP 508).
type Env struct {
	PythonVersion                string // "3.12"
	PythonFullVersion            string // "3.12.0"
	OSName                       string // "posix"
	SysPlatform                  string // "linux"
	PlatformMachine              string // "x86_64"
	PlatformPythonImplementation string // "CPython"
	PlatformSystem               string // "Linux"
	PlatformRelease              string // "": not known
	PlatformVersion              string // "": not known
	ImplementationName           string // "cpython"
	ImplementationVersion        string // "3.12.0"

	// Extras and DependencyGroups are the sets asked for, normalised. Only lock
	// files name them (PEP 751); in requirements they are empty. A comparison of the
	// variable extra with a name finds it in Extras too.
	Extras, DependencyGroups []string
}

// Marker is a condition on the environment and on the extra that is asked for
// (PEP 508). A nil Marker is always true.
type Marker struct {
	root node
}

// ParseMarker reads a marker such as `python_version < "3.12"`. The error is a
// *SyntaxError.
func ParseMarker(s string) (*Marker, error) {
	p := Parser{S: s}
	m, err := p.marker()
	if err == nil && p.i < len(p.S) {
		err = p.fail("expected and, or, or the end")
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Eval reports whether the condition holds in env when extra, a normalised
// name, is asked for; "" stands for no extra. A comparison that PEP 508 leaves
// undefined is false.
func (m *Marker) Eval(env Env, extra string) bool {
	return m == nil || m.root.eval(&env, extra)
}

// String returns the marker in one canonical spelling, "" for nil.
func (m *Marker) String() string {
	if m == nil {
		return ""
	}
	return m.root.text(false)
}

// node is a part of a marker: a junction or a comparison.
type node interface {
	eval(env *Env, extra string) bool
	text(nested bool) string
}

// junction is "and" or "or" over at least two parts.
type junction struct {
	or    bool
	parts []node
}

func (j *junction) eval(env *Env, extra string) bool {
	for _, part := range j.parts {
		if part.eval(env, extra) == j.or {
			return j.or
		}
	}
	return !j.or
}

func (j *junction) text(nested bool) string {
	texts := make([]string, len(j.parts))
	for i, part := range j.parts {
		texts[i] = part.text(true)
	}
	switch {
	case !j.or:
		return strings.Join(texts, " and ")
	case nested:
		return "(" + strings.Join(texts, " or ") + ")"
	}
	return strings.Join(texts, " or ")
}

// comparison is an operator between two operands, at least one a variable.
type comparison struct {
	left, right operand
	op          string
	variable    variable // decides how the operands compare
	// clause is op with the right operand, for variables that hold versions and
	// a right operand that is a literal and a version; else empty.
	clause pep440.Specifiers
}

// operand is a variable, or a literal when variable is "".
type operand struct {
	variable variable
	literal  string
}

func (o operand) text() string {
	switch {
	case o.variable != "":
		return string(o.variable)
	case strings.Contains(o.literal, `"`):
		return "'" + o.literal + "'"
	}
	return `"` + o.literal + `"`
}

func (o operand) value(env *Env, extra string) string {
	if o.variable == "" {
		return o.literal
	}
	return o.variable.value(env, extra)
}

func (c *comparison) text(bool) string {
	return c.left.text() + " " + c.op + " " + c.right.text()
}

func (c *comparison) eval(env *Env, extra string) bool {
	if c.right.variable.isSet() {
		return slices.Contains(c.right.variable.set(env), c.left.literal) == (c.op == opIn)
	}
	if c.variable == varExtra && slices.Contains(env.Extras, c.left.literal+c.right.literal) && (c.op == "==" || c.op == "!=") {
		return c.op == "=="
	}
	left, right := c.left.value(env, extra), c.right.value(env, extra)
	switch {
	case !c.variable.isVersion():
	case c.op == "===":
		return strings.EqualFold(left, strings.TrimSpace(right))
	default:
		clause := c.clause
		if c.right.variable != "" {
			clause, _ = pep440.ParseClause(c.op, right)
		}
		if !clause.Empty() {
			v, err := pep440.Parse(left)
			return err == nil && clause.Match(v)
		}
	}
	return compareStrings(left, c.op, right)
}

const (
	opIn    = "in"
	opNotIn = "not in"
)

// compareStrings compares as PEP 508 says for what is no version: there is no
// order between strings.
func compareStrings(left, op, right string) bool {
	switch op {
	case "==", "<=", ">=":
		return left == right
	case "!=":
		return left != right
	case opIn:
		return strings.Contains(right, left)
	case opNotIn:
		return !strings.Contains(right, left)
	}
	return false
}

// Linux returns the marker environment of CPython 3.minor.patch on Linux, on a
// machine such as "x86_64". The kernel's release and version, which nobody can
// know beforehand, are "".
func Linux(minor, patch int, machine string) Env {
	short := "3." + strconv.Itoa(minor)
	full := short + "." + strconv.Itoa(patch)
	return Env{
		PythonVersion:                short,
		PythonFullVersion:            full,
		OSName:                       "posix",
		SysPlatform:                  "linux",
		PlatformMachine:              machine,
		PlatformPythonImplementation: "CPython",
		PlatformSystem:               "Linux",
		ImplementationName:           "cpython",
		ImplementationVersion:        full,
	}
}
