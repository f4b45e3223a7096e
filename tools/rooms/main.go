// Rooms reports how large the packages below internal/ are, and how far their files
// can be told apart: files that need each other in circles can only be read
// together. Run it in the root of the module:
//
//	go -C tools run ./rooms [pattern …]
//
// It prints a line for each package: code lines, code files, lines and files with
// tests, and the largest circle of files, which is a strongly connected component of
// the graph "a file uses what another file of the package declares", by types and not
// by names. It is guidance for a reader, and no gate.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/tools/go/packages"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("C", "..", "the root of the module")
	verbose := flag.Bool("v", false, "name the files of each largest circle")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./internal/..."}
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile,
		Dir:  *dir,
	}, patterns...)
	if err != nil {
		log.Fatalf("loading packages: %v", err)
	}
	if packages.PrintErrors(loaded) > 0 {
		log.Fatal("the packages do not compile")
	}
	mains, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps, Dir: *dir}, ".")
	if err != nil {
		log.Fatalf("loading the program: %v", err)
	}
	shipped := map[string]bool{}
	packages.Visit(mains, nil, func(p *packages.Package) { shipped[p.PkgPath] = true })
	var rooms []room
	for _, p := range loaded {
		r, err := survey(p)
		if err != nil {
			log.Fatalf("surveying %s: %v", p.PkgPath, err)
		}
		r.ships = shipped[p.PkgPath]
		rooms = append(rooms, r)
	}
	slices.SortFunc(rooms, func(a, b room) int { return cmp.Or(cmp.Compare(b.lines, a.lines), cmp.Compare(a.name, b.name)) })
	if err := report(os.Stdout, rooms, *verbose); err != nil {
		log.Fatalf("writing the report: %v", err)
	}
}

// room is one package.
type room struct {
	name         string
	ships        bool     // whether the program imports it
	lines, files int      // without tests
	all, number  int      // with tests
	circle       []string // the files of the largest circle
	inCircle     int      // their lines
}

func survey(p *packages.Package) (room, error) {
	_, name, _ := strings.Cut(p.PkgPath, "/internal/")
	r := room{name: cmp.Or(name, p.PkgPath)}
	lines := map[string]int{}
	for _, file := range p.GoFiles {
		n, err := count(file)
		if err != nil {
			return r, err
		}
		lines[file] = n
		r.lines += n
	}
	r.files, r.all, r.number = len(p.GoFiles), r.lines, len(p.GoFiles)
	if len(p.GoFiles) > 0 {
		tests, err := filepath.Glob(filepath.Join(filepath.Dir(p.GoFiles[0]), "*_test.go"))
		if err != nil {
			return r, err
		}
		for _, file := range tests {
			n, err := count(file)
			if err != nil {
				return r, err
			}
			r.all, r.number = r.all+n, r.number+1
		}
	}
	for _, circle := range circles(uses(p)) {
		if len(circle) > max(1, len(r.circle)) {
			r.circle = circle
		}
	}
	for _, file := range r.circle {
		r.inCircle += lines[file]
	}
	return r, nil
}

func count(file string) (int, error) {
	body, err := os.ReadFile(file)
	return bytes.Count(body, []byte("\n")), err
}

// uses returns, for each file of a package, the files that declare what it uses.
func uses(p *packages.Package) map[string][]string {
	graph := map[string][]string{}
	for _, syntax := range p.Syntax {
		from := p.Fset.Position(syntax.FileStart).Filename
		graph[from] = nil
		ast.Inspect(syntax, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			object := p.TypesInfo.Uses[name]
			if object == nil || object.Pkg() != p.Types || isLocal(object) {
				return true
			}
			to := p.Fset.Position(object.Pos()).Filename
			if to != from && !slices.Contains(graph[from], to) {
				graph[from] = append(graph[from], to)
			}
			return true
		})
	}
	return graph
}

// isLocal reports whether an object is declared within a function.
func isLocal(object types.Object) bool {
	scope := object.Parent()
	return scope != nil && scope != object.Pkg().Scope() // methods and fields have no scope
}

// circles returns the strongly connected components of a graph (Tarjan, "Depth-first
// search and linear graph algorithms", 1972), each sorted.
func circles(graph map[string][]string) [][]string {
	t := tarjan{graph: graph, at: map[string]int{}, low: map[string]int{}, on: map[string]bool{}}
	for _, node := range slices.Sorted(keys(graph)) {
		if t.at[node] == 0 {
			t.visit(node)
		}
	}
	return t.found
}

type tarjan struct {
	graph   map[string][]string
	next    int
	at, low map[string]int // from 1, in the order of visits
	stack   []string
	on      map[string]bool // the stack
	found   [][]string
}

func (t *tarjan) visit(node string) {
	t.next++
	t.at[node], t.low[node] = t.next, t.next
	t.stack, t.on[node] = append(t.stack, node), true
	for _, to := range t.graph[node] {
		if t.at[to] == 0 {
			t.visit(to)
			t.low[node] = min(t.low[node], t.low[to])
		} else if t.on[to] {
			t.low[node] = min(t.low[node], t.at[to])
		}
	}
	if t.low[node] != t.at[node] {
		return
	}
	first := slices.Index(t.stack, node)
	circle := slices.Clone(t.stack[first:])
	t.stack = t.stack[:first]
	for _, member := range circle {
		t.on[member] = false
	}
	slices.Sort(circle)
	t.found = append(t.found, circle)
}

func keys(graph map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for node := range graph {
			if !yield(node) {
				return
			}
		}
	}
}

func report(out *os.File, rooms []room, verbose bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "package\tlines\tfiles\twith tests\tfiles\tlargest circle\tits lines\t")
	var ships, others room
	for _, r := range rooms {
		circle := "-"
		if len(r.circle) > 0 {
			circle = fmt.Sprintf("%d of %d", len(r.circle), r.files)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%d\t\n", r.name, r.lines, r.files, r.all, r.number, circle, r.inCircle)
		sum := &others
		if r.ships {
			sum = &ships
		}
		sum.lines, sum.files, sum.all, sum.number = sum.lines+r.lines, sum.files+r.files, sum.all+r.all, sum.number+r.number
	}
	fmt.Fprintf(w, "what ships\t%d\t%d\t%d\t%d\t\t\t\n", ships.lines, ships.files, ships.all, ships.number)
	fmt.Fprintf(w, "what only tests import\t%d\t%d\t%d\t%d\t\t\t\n", others.lines, others.files, others.all, others.number)
	if err := w.Flush(); err != nil {
		return err
	}
	if !verbose {
		return nil
	}
	for _, r := range rooms {
		if len(r.circle) == 0 {
			continue
		}
		var names []string
		for _, file := range r.circle {
			names = append(names, filepath.Base(file))
		}
		if _, err := fmt.Fprintf(out, "\n%s: %s\n", r.name, strings.Join(names, " ")); err != nil {
			return err
		}
	}
	return nil
}
