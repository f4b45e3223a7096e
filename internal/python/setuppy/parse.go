package setuppy

import "strings"

// The statements that are read ("Simple statements" and "Compound statements"
// in the language reference). Any other is an oddStatement.
type (
	statement interface{ at() int }
	place     struct{ line int }

	importStatement struct {
		place
		module string
		as     string      // of "import module as as"
		names  [][2]string // of "from module import name as other"; nil without from
	}
	assignStatement struct {
		place
		names []string
		add   bool // +=
		x     expression
	}
	itemStatement struct { // name[key] = x
		place
		name   string
		key, x expression
	}
	exprStatement struct {
		place
		x expression
	}
	ifStatement struct {
		place
		test      expression
		then, or_ []statement
	}
	withStatement struct {
		place
		x    expression
		name string
		body []statement
	}
	tryStatement struct {
		place
		body, or_, finally []statement
		handlers           []handler
	}
	handler struct {
		classes []string // none: every exception
		name    string
		body    []statement
	}
	defStatement struct {
		place
		name   string
		params []string
		body   []statement
		odd    bool // has parameters of other kinds
	}
	returnStatement struct {
		place
		x expression // may be nil
	}
	raiseStatement struct{ place }
	passStatement  struct{ place }
	classStatement struct {
		place
		name string
		body []statement
	}
	oddStatement struct {
		place
		word string
		pure bool // running it changes nothing but names
	}
)

func (p place) at() int { return p.line }

// parser reads statements. What it cannot read becomes an oddStatement, which
// is a fault only where it would run.
type parser struct {
	tokens []token
	i      int
	depth  int // of expressions
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != endOfFile {
		p.i++
	}
	return t
}

// is reports whether the next token is this operator or keyword.
func (p *parser) is(word string) bool {
	t := p.peek()
	return (t.kind == operator || t.kind == name) && t.text == word
}

func (p *parser) eat(word string) bool {
	if p.is(word) {
		p.i++
		return true
	}
	return false
}

func (p *parser) eatKind(k kind) bool {
	if p.peek().kind == k {
		p.next()
		return true
	}
	return false
}

// block reads statements up to the end of the block.
func (p *parser) block(depth int) []statement {
	var body []statement
	for p.peek().kind != endOfFile && p.peek().kind != dedent {
		start := p.i
		s, ok := p.statement(depth)
		if !ok {
			p.i = start
			s = p.skip()
		}
		body = append(body, s)
	}
	p.eatKind(dedent)
	return body
}

// skip passes over a statement with the block below it.
func (p *parser) skip() statement {
	start := p.i
	t := p.next()
	for k := t.kind; k != newline && k != endOfFile; {
		if p.peek().kind == endOfFile {
			break
		}
		k = p.next().kind
	}
	if p.peek().kind == indent {
		p.next()
		for open := 1; open > 0 && p.peek().kind != endOfFile; {
			switch p.next().kind {
			case indent:
				open++
			case dedent:
				open--
			}
		}
	}
	return &oddStatement{place{t.line}, t.text, pure(p.tokens[start:p.i])}
}

// skipTo passes over an expression up to a token that ends it.
func (p *parser) skipTo(end func(token) bool) expression {
	start, depth := p.i, 0
	for t := p.peek(); t.kind != endOfFile && (depth > 0 || !end(t)); t = p.peek() {
		if t.kind == operator && strings.Contains("([{", t.text) {
			depth++
		}
		if t.kind == operator && strings.Contains(")]}", t.text) {
			if depth--; depth < 0 {
				break
			}
		}
		p.next()
	}
	return oddExpression{p.tokens[start].line, pure(p.tokens[start:p.i])}
}

// suite reads what follows a colon: a block, or one statement on the line.
func (p *parser) suite(depth int) ([]statement, bool) {
	if !p.eat(":") || depth >= maxDepth {
		return nil, false
	}
	if !p.eatKind(newline) {
		s, ok := p.statement(depth + 1)
		return []statement{s}, ok
	}
	if !p.eatKind(indent) {
		return nil, false
	}
	return p.block(depth + 1), true
}

func (p *parser) statement(depth int) (statement, bool) {
	t := p.peek()
	at := place{t.line}
	if t.kind == name {
		switch t.text {
		case "if":
			return p.ifStatement(depth)
		case "with":
			return p.withStatement(depth)
		case "try":
			return p.tryStatement(depth)
		case "def":
			return p.defStatement(depth)
		case "class":
			return p.classStatement(depth)
		}
	}
	s, ok := p.simple(at)
	return s, ok && p.eatKind(newline)
}

func (p *parser) simple(at place) (statement, bool) {
	switch {
	case p.eat("pass"):
		return &passStatement{at}, true
	case p.is("import") || p.is("from"):
		return p.importStatement(at)
	case p.eat("return"):
		if p.peek().kind == newline {
			return &returnStatement{place: at}, true
		}
		x, ok := p.tupleOrOne()
		return &returnStatement{at, x}, ok
	case p.eat("raise"):
		for k := p.peek().kind; k != newline && k != endOfFile; k = p.peek().kind {
			p.next()
		}
		return &raiseStatement{at}, true
	}
	x, ok := p.tupleOrOne()
	if !ok {
		return nil, false
	}
	if p.eat("+=") {
		v, isName := x.(variable)
		y, ok := p.tupleOrOne()
		return &assignStatement{at, []string{v.name}, true, y}, ok && isName
	}
	if !p.eat("=") {
		return &exprStatement{at, x}, true
	}
	if i, ok := x.(index); ok {
		v, isName := i.x.(variable)
		y, ok := p.tupleOrOne()
		return &itemStatement{at, v.name, i.i, y}, ok && isName
	}
	assign := &assignStatement{place: at}
	for more := true; more; more = p.eat("=") {
		v, isName := x.(variable)
		if !isName {
			return nil, false
		}
		assign.names = append(assign.names, v.name)
		start := p.i
		if x, ok = p.tupleOrOne(); !ok || p.peek().kind != newline && !p.is("=") {
			p.i = start
			x = p.skipTo(func(t token) bool { return t.kind == newline })
		}
	}
	assign.x = x
	return assign, true
}

func (p *parser) dotted() string {
	names := []string{p.next().text}
	for p.eat(".") {
		names = append(names, p.next().text)
	}
	return strings.Join(names, ".")
}

func (p *parser) importStatement(at place) (statement, bool) {
	if p.eat("import") {
		s := &importStatement{place: at, module: p.dotted()}
		if p.eat("as") {
			s.as = p.next().text
		}
		if p.is(",") {
			return p.importList(s)
		}
		return s, true
	}
	p.next()
	s := &importStatement{place: at, module: p.dotted(), names: [][2]string{}}
	if !p.eat("import") {
		return nil, false
	}
	closing := p.eat("(")
	for p.peek().kind == name {
		imported := p.next().text
		as := imported
		if p.eat("as") {
			as = p.next().text
		}
		s.names = append(s.names, [2]string{imported, as})
		if !p.eat(",") {
			break
		}
	}
	return s, len(s.names) > 0 && (!closing || p.eat(")"))
}

// importList reads the rest of "import a, b", as statements under a condition
// that always holds.
func (p *parser) importList(first *importStatement) (statement, bool) {
	all := &ifStatement{place: first.place, test: literal{true, first.line}, then: []statement{first}}
	for p.eat(",") {
		s := &importStatement{place: first.place, module: p.dotted()}
		if p.eat("as") {
			s.as = p.next().text
		}
		all.then = append(all.then, s)
	}
	return all, true
}

func (p *parser) ifStatement(depth int) (statement, bool) {
	s := &ifStatement{place: place{p.next().line}}
	var ok bool
	if s.test, ok = p.expression(); !ok {
		return nil, false
	}
	if s.then, ok = p.suite(depth); !ok {
		return nil, false
	}
	switch {
	case p.is("elif"):
		var or statement
		if or, ok = p.ifStatement(depth + 1); !ok {
			return nil, false
		}
		s.or_ = []statement{or}
	case p.eat("else"):
		s.or_, ok = p.suite(depth)
	}
	return s, ok
}

func (p *parser) withStatement(depth int) (statement, bool) {
	s := &withStatement{place: place{p.next().line}}
	var ok bool
	if s.x, ok = p.expression(); !ok || !p.eat("as") || p.peek().kind != name {
		return nil, false
	}
	s.name = p.next().text
	s.body, ok = p.suite(depth)
	return s, ok
}

func (p *parser) tryStatement(depth int) (statement, bool) {
	s := &tryStatement{place: place{p.next().line}}
	var ok bool
	if s.body, ok = p.suite(depth); !ok {
		return nil, false
	}
	for p.eat("except") {
		var h handler
		if !p.is(":") {
			closing := p.eat("(")
			for more := true; more; more = closing && p.eat(",") && !p.is(")") {
				h.classes = append(h.classes, p.dotted())
			}
			if closing && !p.eat(")") {
				return nil, false
			}
			if p.eat("as") {
				h.name = p.next().text
			}
		}
		if h.body, ok = p.suite(depth); !ok {
			return nil, false
		}
		s.handlers = append(s.handlers, h)
	}
	if p.eat("else") {
		if s.or_, ok = p.suite(depth); !ok {
			return nil, false
		}
	}
	if p.eat("finally") {
		s.finally, ok = p.suite(depth)
	}
	return s, ok
}

func (p *parser) defStatement(depth int) (statement, bool) {
	s := &defStatement{place: place{p.next().line}}
	s.name = p.next().text
	if !p.eat("(") {
		return nil, false
	}
	for open := 1; open > 0; {
		t := p.next()
		switch {
		case t.kind == newline || t.kind == endOfFile:
			return nil, false
		case t.kind == operator && t.text == "(":
			open++
		case t.kind == operator && t.text == ")":
			open--
		case t.kind == name:
			s.params = append(s.params, t.text)
		case t.kind != operator || t.text != ",":
			s.odd = true
		}
	}
	var ok bool
	s.body, ok = p.suite(depth)
	return s, ok
}

// classStatement passes over what a class is derived of.
func (p *parser) classStatement(depth int) (statement, bool) {
	s := &classStatement{place: place{p.next().line}}
	s.name = p.next().text
	if p.eat("(") {
		p.skipTo(func(t token) bool { return t.text == ")" && t.kind == operator })
		p.next()
	}
	var ok bool
	s.body, ok = p.suite(depth)
	return s, ok
}
