package setuppy

import (
	"slices"
	"strconv"
	"strings"
)

// The expressions that are read ("Expressions" in the language reference).
type (
	expression interface{ where() int }

	literal struct {
		value any
		line  int
	}
	variable struct {
		name string
		line int
	}
	sequence struct {
		items []expression
		tuple bool
		line  int
	}
	mapping struct {
		keys, values []expression // a nil key: **value
		line         int
	}
	call struct {
		function expression
		args     []argument
		line     int
	}
	argument struct {
		name string // "" for one by position, "**" for a dictionary
		x    expression
	}
	attribute struct {
		x    expression
		name string
		line int
	}
	index struct {
		x, i expression
		line int
	}
	binary struct {
		op   string // + % == != in "not in" and or
		a, b expression
		line int
	}
	negation struct {
		x    expression
		line int
	}
	choice struct {
		test, a, b expression
		line       int
	}
	// oddExpression is what is not read.
	oddExpression struct {
		line int
		pure bool // evaluating it changes nothing
	}
)

func (e literal) where() int       { return e.line }
func (e variable) where() int      { return e.line }
func (e sequence) where() int      { return e.line }
func (e mapping) where() int       { return e.line }
func (e call) where() int          { return e.line }
func (e attribute) where() int     { return e.line }
func (e index) where() int         { return e.line }
func (e binary) where() int        { return e.line }
func (e negation) where() int      { return e.line }
func (e choice) where() int        { return e.line }
func (e oddExpression) where() int { return e.line }

// tupleOrOne reads an expression, or several with commas between them.
func (p *parser) tupleOrOne() (expression, bool) {
	line := p.peek().line
	x, ok := p.expression()
	if !ok || !p.is(",") {
		return x, ok
	}
	t := sequence{[]expression{x}, true, line}
	for p.eat(",") {
		if p.is("=") || p.is(")") || p.peek().kind == newline {
			break
		}
		if x, ok = p.expression(); !ok {
			return nil, false
		}
		t.items = append(t.items, x)
	}
	return t, true
}

func (p *parser) expression() (expression, bool) {
	if p.depth++; p.depth > maxDepth {
		return nil, false
	}
	defer func() { p.depth-- }()
	line := p.peek().line
	x, ok := p.or()
	if !ok || !p.eat("if") {
		return x, ok
	}
	c := choice{a: x, line: line}
	if c.test, ok = p.or(); !ok || !p.eat("else") {
		return nil, false
	}
	c.b, ok = p.expression()
	return c, ok
}

func (p *parser) or() (expression, bool)  { return p.chain("or", p.and) }
func (p *parser) and() (expression, bool) { return p.chain("and", p.not) }

func (p *parser) chain(op string, part func() (expression, bool)) (expression, bool) {
	x, ok := part()
	for ok && p.is(op) {
		line := p.next().line
		var y expression
		y, ok = part()
		x = binary{op, x, y, line}
	}
	return x, ok
}

func (p *parser) not() (expression, bool) {
	if !p.is("not") {
		return p.comparison()
	}
	line := p.next().line
	x, ok := p.comparison()
	return negation{x, line}, ok
}

func (p *parser) comparison() (expression, bool) {
	x, ok := p.sum()
	if !ok {
		return nil, false
	}
	line := p.peek().line
	op := ""
	for _, known := range []string{"==", "!=", "<", "<=", ">", ">=", "in", "is"} {
		if p.eat(known) {
			op = known
			break
		}
	}
	switch {
	case op == "" && p.eat("not"):
		if !p.eat("in") {
			return nil, false
		}
		op = "not in"
	case op == "is" && p.eat("not"):
		op = "is not"
	}
	if op == "" {
		return x, true
	}
	y, ok := p.sum()
	return binary{op, x, y, line}, ok
}

func (p *parser) sum() (expression, bool) {
	x, ok := p.chain("%", p.postfix)
	for ok && p.is("+") {
		line := p.next().line
		var y expression
		y, ok = p.chain("%", p.postfix)
		x = binary{"+", x, y, line}
	}
	return x, ok
}

// postfix reads an atom with calls, attributes and indexes behind it.
func (p *parser) postfix() (expression, bool) {
	x, ok := p.atom()
	for ok {
		line := p.peek().line
		switch {
		case p.eat("."):
			x = attribute{x, p.next().text, line}
		case p.eat("("):
			var args []argument
			args, ok = p.arguments()
			x = call{x, args, line}
		case p.eat("["):
			var i expression
			i, ok = p.expression()
			ok = ok && p.eat("]")
			x = index{x, i, line}
		default:
			return x, true
		}
	}
	return x, ok
}

func (p *parser) arguments() ([]argument, bool) {
	var args []argument
	for !p.eat(")") {
		var a argument
		switch {
		case p.eat("**"):
			a.name = "**"
		case p.peek().kind == name && p.tokens[p.i+1].kind == operator && p.tokens[p.i+1].text == "=":
			a.name = p.next().text
			p.next()
		}
		start := p.i
		var ok bool
		if a.x, ok = p.expression(); !ok || !p.is(",") && !p.is(")") {
			p.i = start
			a.x = p.skipTo(func(t token) bool { return t.kind == operator && (t.text == "," || t.text == ")") })
		}
		args = append(args, a)
		if !p.eat(",") && !p.is(")") {
			return nil, false
		}
	}
	return args, true
}

func (p *parser) atom() (expression, bool) {
	t := p.next()
	switch t.kind {
	case text:
		var whole strings.Builder
		whole.WriteString(t.text)
		for p.peek().kind == text {
			whole.WriteString(p.next().text)
		}
		value := whole.String()
		if p.peek().kind == odd {
			return nil, false
		}
		return literal{value, t.line}, true
	case odd:
		for p.peek().kind == text || p.peek().kind == odd {
			p.next()
		}
		return oddExpression{t.line, false}, true
	case number:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return oddExpression{t.line, true}, true
		}
		return literal{n, t.line}, true
	case name:
		return named(t)
	case operator:
		return p.bracket(t)
	}
	return nil, false
}

// keywords are words that are no names.
var keywords = strings.Fields(`lambda yield await not if else for in is and or def class while del global assert import from as with
	try except finally return raise pass break continue nonlocal async elif`)

func named(t token) (expression, bool) {
	switch t.text {
	case "True", "False":
		return literal{t.text == "True", t.line}, true
	case "None":
		return literal{nil, t.line}, true
	}
	if slices.Contains(keywords, t.text) {
		return nil, false
	}
	return variable{t.text, t.line}, true
}

func (p *parser) bracket(t token) (expression, bool) {
	switch t.text {
	case "-":
		if p.peek().kind != number {
			return nil, false
		}
		x, ok := p.atom()
		n, isNumber := x.(literal)
		value, isInt := n.value.(int64)
		return literal{-value, t.line}, ok && isNumber && isInt
	case "{":
		return p.mapping(t.line)
	case "[":
		s := sequence{line: t.line}
		return s.rest(p, "]")
	case "(":
		if p.eat(")") {
			return sequence{tuple: true, line: t.line}, true
		}
		x, ok := p.expression()
		if !ok || p.eat(")") {
			return x, ok
		}
		if !p.eat(",") {
			return nil, false
		}
		s := sequence{[]expression{x}, true, t.line}
		return s.rest(p, ")")
	}
	return nil, false
}

func (e sequence) rest(p *parser, end string) (expression, bool) {
	for !p.eat(end) {
		x, ok := p.expression()
		if !ok || !p.eat(",") && !p.is(end) {
			return nil, false
		}
		e.items = append(e.items, x)
	}
	return e, true
}

func (p *parser) mapping(line int) (expression, bool) {
	m := mapping{line: line}
	for !p.eat("}") {
		var k, v expression
		ok := true
		if !p.eat("**") {
			k, ok = p.expression()
			ok = ok && p.eat(":")
		}
		if ok {
			v, ok = p.expression()
		}
		if !ok || !p.eat(",") && !p.is("}") {
			return nil, false
		}
		m.keys, m.values = append(m.keys, k), append(m.values, v)
	}
	return m, true
}
