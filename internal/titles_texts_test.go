package internal

import (
	"go/ast"
	"go/constant"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// keep notes the titles that an expression can be.
func (c *titles) keep(e ast.Expr, at site) {
	at.seen = map[ast.Node]bool{}
	for _, text := range c.texts(e, at) {
		if strings.ContainsFunc(text, unicode.IsLetter) {
			c.found[text] = e.Pos()
		}
	}
}

// texts returns what an expression can be, without what comes from a caller, which
// is looked for there.
func (c *titles) texts(e ast.Expr, at site) []string {
	if at.seen[e] {
		return nil
	}
	at.seen[e] = true
	defer delete(at.seen, e)
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return []string{text}
		}
		return []string{constant.MakeFromLiteral(e.Value, e.Kind, 0).String()}
	case *ast.ParenExpr:
		return c.texts(e.X, at)
	case *ast.BinaryExpr:
		var all []string
		for _, left := range c.parts(e.X, at) {
			for _, right := range c.parts(e.Y, at) {
				all = append(all, left+right)
			}
		}
		return all
	case *ast.Ident:
		return c.named(e, at)
	case *ast.SelectorExpr:
		return c.member(e, at)
	case *ast.CallExpr:
		return c.result(e, 0, at)
	case *ast.IndexExpr:
		return c.elements(e, at)
	case *ast.FuncLit:
		return c.returned(e.Body, 0, at)
	}
	c.lost[e.Pos()] = "this is not a title that the test can read"
	return nil
}

// parts returns what a part of a title can be: where that is not written in the
// code, a gap.
func (c *titles) parts(e ast.Expr, at site) []string {
	if _, ok := e.(*ast.SelectorExpr); ok || at.function != nil && slices.ContainsFunc(names(at.function.Type.Params), func(name string) bool { return isNamed(e, name) }) {
		return []string{gap}
	}
	before := maps.Clone(c.lost)
	if all := c.texts(e, at); len(all) > 0 {
		return all
	}
	c.lost = before
	return []string{gap}
}

// named returns what a name can be: a value of the package, what the function
// gives to it, or an argument.
func (c *titles) named(e *ast.Ident, at site) (all []string) {
	if at.function != nil {
		known := false
		ast.Inspect(at.function, func(n ast.Node) bool {
			for i, value := range given(n, e.Name) {
				known = true
				if call, ok := value.(*ast.CallExpr); ok {
					all = append(all, c.result(call, i, at)...)
				} else {
					all = append(all, c.texts(value, at)...)
				}
			}
			return true
		})
		if i := slices.Index(names(at.function.Type.Params), e.Name); i >= 0 {
			known = true
			if s := (sink{at.function, at.in, i}); !c.sinks[s] {
				c.sinks[s] = true
				c.queue = append(c.queue, s)
			}
		}
		arguments, ok := closureArguments(at.function, e.Name)
		for _, value := range arguments {
			all = append(all, c.texts(value, at)...)
		}
		if known || ok {
			return all
		}
	}
	for _, value := range at.in.values[e.Name] {
		all = append(all, c.texts(value, site{in: at.in, seen: at.seen})...)
	}
	if len(all) == 0 {
		c.lost[e.Pos()] = "nothing gives a text to " + e.Name
	}
	return all
}

// closureArguments returns what the calls of the closures inside of a function give
// to a parameter; known is false where no closure has it.
func closureArguments(function *ast.FuncDecl, parameter string) (all []ast.Expr, known bool) {
	ast.Inspect(function, func(n ast.Node) bool {
		assigned, ok := n.(*ast.AssignStmt)
		if !ok || len(assigned.Lhs) != 1 || len(assigned.Rhs) != 1 {
			return true
		}
		name, ok := assigned.Lhs[0].(*ast.Ident)
		closure, isClosure := assigned.Rhs[0].(*ast.FuncLit)
		if !ok || !isClosure {
			return true
		}
		i := slices.Index(names(closure.Type.Params), parameter)
		if i < 0 {
			return true
		}
		known = true
		ast.Inspect(function, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && called(call) == name.Name && len(call.Args) > i {
				all = append(all, call.Args[i])
			}
			return true
		})
		return true
	})
	return all, known
}

// given returns the values that a statement gives to a name, by the place of the
// name among the results of a call.
func given(n ast.Node, name string) map[int]ast.Expr {
	values := map[int]ast.Expr{}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			switch {
			case !isNamed(left, name):
			case len(n.Rhs) == len(n.Lhs):
				values[0] = n.Rhs[i]
			case len(n.Rhs) == 1:
				values[i] = n.Rhs[0]
			}
		}
	case *ast.ValueSpec:
		for i, left := range n.Names {
			if left.Name == name && i < len(n.Values) {
				values[0] = n.Values[i]
			}
		}
	}
	return values
}

// member returns what a value of another package, or a field, can be. The field
// Summary of a fault was kept where it was written.
func (c *titles) member(e *ast.SelectorExpr, at site) (all []string) {
	if e.Sel.Name == "Summary" {
		return nil
	}
	if x, ok := e.X.(*ast.Ident); ok {
		for _, p := range c.packages {
			if p.name == x.Name {
				for _, value := range p.values[e.Sel.Name] {
					all = append(all, c.texts(value, site{in: p, seen: at.seen})...)
				}
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, value := range at.in.fields[e.Sel.Name] {
		all = append(all, c.texts(value, c.around(at.in, value, at))...)
	}
	if len(all) == 0 {
		c.lost[e.Pos()] = "nothing gives a text to the field " + e.Sel.Name
	}
	return all
}

// around returns the site of an expression of a package.
func (c *titles) around(p *code, e ast.Expr, at site) site {
	for _, f := range p.files {
		for _, d := range f.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && function.Pos() <= e.Pos() && e.End() <= function.End() {
				return site{in: p, function: function, seen: at.seen}
			}
		}
	}
	return site{in: p, seen: at.seen}
}

// elements returns what the elements of a map or a list of the package can be.
func (c *titles) elements(e *ast.IndexExpr, at site) (all []string) {
	if name, ok := e.X.(*ast.Ident); ok {
		for _, value := range at.in.values[name.Name] {
			if list, ok := value.(*ast.CompositeLit); ok {
				for _, element := range list.Elts {
					if kv, ok := element.(*ast.KeyValueExpr); ok {
						element = kv.Value
					}
					all = append(all, c.texts(element, site{in: at.in, seen: at.seen})...)
				}
			}
		}
	}
	if len(all) == 0 {
		c.lost[e.Pos()] = "the elements are not written in the code"
	}
	return all
}

// verb matches a verb of fmt.
var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*(?:\[\d+\])?[a-zA-Z]`)

// result returns what a result of a call can be.
func (c *titles) result(call *ast.CallExpr, result int, at site) (all []string) {
	name := called(call)
	switch {
	case name == "Summary" && len(call.Args) == 0:
		return nil // of a diagnostic, which was kept where it was made
	case name == "withTargets" || name == "Show":
		return nil // of a text that was kept where it was made
	case name == "titled" && at.in.name == "audit":
		for _, text := range c.texts(call.Args[0], at) {
			all = append(all, `"`+gap+`" `+strings.ReplaceAll(text, "{targets}", gap))
		}
		return all
	case name == "Sprintf":
		for _, format := range c.texts(call.Args[0], at) {
			text := strings.ReplaceAll(format, "%q", `"`+gap+`"`)
			all = append(all, verb.ReplaceAllString(strings.ReplaceAll(text, "%%", "%"), gap))
		}
		return all
	}
	for _, p := range c.packages {
		for _, function := range p.functions[name] {
			if selector, ok := call.Fun.(*ast.SelectorExpr); p != at.in && (!ok || !isNamed(selector.X, p.name)) || function.Body == nil {
				continue
			}
			all = append(all, c.returned(function.Body, result, site{in: p, function: function, seen: at.seen})...)
		}
	}
	if len(all) == 0 {
		c.lost[call.Pos()] = "no function of ours is called " + name
	}
	return all
}

// returned returns what a result of a function's body can be.
func (c *titles) returned(body *ast.BlockStmt, result int, at site) (all []string) {
	ast.Inspect(body, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > result {
			all = append(all, c.parts(r.Results[result], at)...)
		}
		return true
	})
	return all
}

// called returns the name of the function that a call is of.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// ends reports whether an expression is a field or a name of a package.
func ends(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == name
}

// names returns the names of parameters, in their order.
func names(list *ast.FieldList) (all []string) {
	for _, field := range list.List {
		for _, name := range field.Names {
			all = append(all, name.Name)
		}
	}
	return all
}

func variadic(function *ast.FuncDecl) bool {
	list := function.Type.Params.List
	if len(list) == 0 {
		return false
	}
	_, ok := list[len(list)-1].Type.(*ast.Ellipsis)
	return ok
}
