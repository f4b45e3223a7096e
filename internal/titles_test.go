package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gap stands in a title for what differs from case to case.
const gap = "…"

// diagnosticTitles are the functions of the framework that make a diagnostic, and
// which argument is its title.
var diagnosticTitles = map[string]int{
	"NewErrorDiagnostic": 0, "NewWarningDiagnostic": 0, "AddError": 0, "AddWarning": 0,
	"NewAttributeErrorDiagnostic": 1, "NewAttributeWarningDiagnostic": 1, "AddAttributeError": 1, "AddAttributeWarning": 1,
}

// code is the parsed code of a package.
type code struct {
	name      string
	room      string // the package at the top of it
	files     []*ast.File
	functions map[string][]*ast.FuncDecl
	values    map[string][]ast.Expr // of constants and variables of the package
	fields    map[string][]ast.Expr // what struct literals and assignments give to fields
}

// titles follows the texts that become titles of diagnostics back to the words in
// the code.
type titles struct {
	set      *token.FileSet
	packages map[string]*code
	found    map[string]token.Pos
	lost     map[token.Pos]string
	sinks    map[sink]bool // arguments that become titles
	queue    []sink
}

// sink is an argument of a function that becomes a title.
type sink struct {
	function *ast.FuncDecl
	in       *code
	argument int
}

// site is where a text is written: its function, and the code of its package.
type site struct {
	in       *code
	function *ast.FuncDecl
	seen     map[ast.Node]bool
}

// collectTitles returns the title of every diagnostic that the code can make, with
// a gap for what differs, and the places where it does not understand the code.
func collectTitles(t *testing.T) (all map[string]string, lost []string) {
	t.Helper()
	c := &titles{set: token.NewFileSet(), packages: map[string]*code{}, found: map[string]token.Pos{}, lost: map[token.Pos]string{}, sinks: map[sink]bool{}}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(name))
		if dir == "." || slices.Contains(testRooms, dir) {
			return nil
		}
		parsed, err := parser.ParseFile(c.set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		c.add(dir, parsed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.packages {
		c.scan(p)
	}
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		for _, p := range c.packages {
			c.callers(p, next)
		}
	}
	all = map[string]string{}
	for title, at := range c.found {
		all[title] = c.set.Position(at).String()
	}
	for at, why := range c.lost {
		lost = append(lost, c.set.Position(at).String()+": "+why)
	}
	slices.Sort(lost)
	return all, lost
}

func (c *titles) add(dir string, file *ast.File) {
	p := c.packages[dir]
	if p == nil {
		room, _, _ := strings.Cut(dir, "/")
		p = &code{name: file.Name.Name, room: room, functions: map[string][]*ast.FuncDecl{}, values: map[string][]ast.Expr{}, fields: map[string][]ast.Expr{}}
		c.packages[dir] = p
	}
	p.files = append(p.files, file)
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			p.functions[n.Name.Name] = append(p.functions[n.Name.Name], n)
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				p.fields[key.Name] = append(p.fields[key.Name], n.Value)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok && len(n.Rhs) == len(n.Lhs) {
					p.fields[s.Sel.Name] = append(p.fields[s.Sel.Name], n.Rhs[i])
				}
			}
		}
		return true
	})
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, s := range g.Specs {
				if v, ok := s.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
					for i, name := range v.Names {
						p.values[name.Name] = append(p.values[name.Name], v.Values[i])
					}
				}
			}
		}
	}
}

// each calls do for every node inside of functions and of values of a package.
func (p *code) each(do func(n ast.Node, in *ast.FuncDecl)) {
	for _, f := range p.files {
		for _, d := range f.Decls {
			function, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				if n != nil {
					do(n, function)
				}
				return true
			})
		}
	}
}

// scan finds what becomes a title at once: arguments of the framework's functions,
// and the summaries of faults.
func (c *titles) scan(p *code) {
	p.each(func(n ast.Node, in *ast.FuncDecl) {
		switch n := n.(type) {
		case *ast.CallExpr:
			if i, ok := diagnosticTitles[called(n)]; ok && p.room == "provider" && len(n.Args) > i {
				c.keep(n.Args[i], site{in: p, function: in})
			}
		case *ast.CompositeLit:
			if ends(n.Type, "Definition") {
				return // a function of Terraform's language, with a summary for its page
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && (isNamed(kv.Key, "Summary") || isNamed(kv.Key, "summary") && p.name == "audit") {
					c.keep(kv.Value, site{in: p, function: in})
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if len(n.Rhs) == len(n.Lhs) && (ends(left, "Summary") || ends(left, "summary") && p.name == "audit") {
					c.keep(n.Rhs[i], site{in: p, function: in})
				}
			}
		}
	})
}

// callers keeps what the calls of a function give to an argument that becomes a
// title.
func (c *titles) callers(p *code, s sink) {
	p.each(func(n ast.Node, in *ast.FuncDecl) {
		call, ok := n.(*ast.CallExpr)
		if !ok || called(call) != s.function.Name.Name || len(call.Args) <= s.argument {
			return
		}
		if parameters := names(s.function.Type.Params); len(call.Args) != len(parameters) && !variadic(s.function) {
			return // another function of the name
		}
		if p != s.in && !ast.IsExported(s.function.Name.Name) {
			return
		}
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok && s.function.Recv == nil && (p == s.in || !isNamed(selector.X, s.in.name)) {
			return // of another package
		}
		c.keep(call.Args[s.argument], site{in: p, function: in})
	})
}
