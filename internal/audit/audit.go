// Package audit tells whether a layer loads on the runtimes that it is declared
// for. It is a pure function: the files of a layer, the facts of the native ones
// and the targets go in, [Finding]s come out. No file is opened here.
//
// What loads is judged as Lambda's default environment has it (LD_LIBRARY_PATH,
// PATH, NODE_PATH, sys.path), and for the layer alone: other layers of a
// function and its own code are not seen.
package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Check names what is checked, as users write it.
type Check string

// The checks.
const (
	Layout      Check = "layout"      // files lie where the runtimes look
	Native      Check = "native"      // native files are for the machine, the system and the language version
	Libraries   Check = "libraries"   // shared libraries that they need are there
	Executables Check = "executables" // programs can be run
	Imports     Check = "imports"     // what distributions bring and need is there
)

// Checks returns all checks, in the order of their findings.
func Checks() []Check { return []Check{Layout, Native, Libraries, Executables, Imports} }

// Severity says what a finding means for a function that uses the layer.
type Severity string

// The severities. What is an Error fails on some target, what is a Warning may
// fail, a Note is worth knowing and needs no action.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// rank orders severities, the worst first.
func (s Severity) rank() int {
	return map[Severity]int{Error: 0, Warning: 1, Note: 2}[s]
}

// Layer is what is judged.
type Layer struct {
	// Files are the files of the layer, merged and pruned.
	Files filetree.Tree
	// Links are the symbolic links by layer path, and where each leads. Only a zip
	// that was made elsewhere has some.
	Links map[string]string
	// Facts are those of the native files and scripts, by layer path.
	Facts map[string]native.Facts
	// Targets are the runtimes on their architectures.
	Targets []runtimes.Target
	// Function is set for the code of a function: packages lie at the root.
	Function bool
	// AtImport reports whether a runtime loads a Python extension module when its
	// distribution is imported. It reads sources, and is asked only about one that lacks
	// a library. nil: nobody looks.
	AtImport func(t runtimes.Target, path string) bool
	// Distributions are what is known of Python's distributions in the layer.
	Distributions []Distribution
	// Unfound returns the imports that find nothing on a runtime when the packages
	// and modules of an origin are imported there. It reads sources, and is asked
	// only where a distribution seems to import what is not there. nil: nobody looks.
	Unfound func(t runtimes.Target, origin filetree.Origin) []Import
}

// Import is a statement that imports a module.
type Import struct {
	// Module is the dotted name, File the layer path of the source, and Line the
	// line of the statement, from 1.
	Module, File string
	Line         int
}

// Finding is one cause, with the files that it concerns.
type Finding struct {
	Check    Check
	Severity Severity
	// Summary names the outcome and the culprit, without a full stop.
	Summary string
	// Files are up to ten layer paths, More is how many others there are.
	Files []string
	More  int
	// Origin is the input that brings the files.
	Origin filetree.Origin
	// Targets are the runtimes that it concerns, such as "python3.12 x86_64".
	Targets []string
	// Need, Has and WayOut are sentences: what is needed, what the runtimes
	// have, what to do.
	Need, Has, WayOut string
}

// maxFiles is how many files a finding names.
const maxFiles = 10

// Text returns what a user should know of the finding, in sentences.
func (f *Finding) Text() string {
	var parts []string
	for _, s := range []string{f.Need, f.Has, f.WayOut} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	text := strings.Join(parts, " ")
	if len(f.Files) > 1 {
		text += "\nFiles:\n  " + strings.Join(f.Files, "\n  ")
	}
	if f.More > 0 {
		text += fmt.Sprintf("\n  and %d more", f.More)
	}
	return text
}

// one is what is found of one file on one target; those of one cause become a
// Finding.
type one struct {
	check    Check
	severity Severity
	cause    string // tells causes apart
	file     string
	origin   filetree.Origin
	target   string
	summary  func(f *Finding) string
	need     string
	has      string
	way      string
}

// Judge returns the findings of a layer, grouped by cause: checks in the order
// of [Checks], worst first. The order of files decides nothing.
func Judge(l Layer) []Finding {
	a := newAuditor(l)
	if !l.Function {
		a.layout()
	}
	a.twins()
	a.links()
	a.pretenders()
	for _, t := range l.Targets {
		a.judgeTarget(t)
	}
	a.imports()
	return group(a.found)
}

// auditor holds what the checks share.
type auditor struct {
	layer  Layer
	files  files
	byBase map[string][]string // native files by their last name
	native []string            // paths of native files, sorted
	known  map[string]*native.Facts
	// runnable are the files that can be programs, by what they hold or where
	// they lie.
	runnable []*filetree.Entry
	// byOrigin are the native files of each input.
	byOrigin map[filetree.Origin][]string
	// modules are the top-level names that runtimes import, by their ids.
	modules map[string]map[string]bool
	found   []one
}

func newAuditor(l Layer) *auditor {
	a := &auditor{
		layer: l, files: newFiles(l.Files), byBase: map[string][]string{},
		known: make(map[string]*native.Facts, len(l.Facts)), byOrigin: map[filetree.Origin][]string{}, modules: map[string]map[string]bool{},
	}
	for _, r := range a.files.runs {
		if r.dir != "bin" && r.dir != "extensions" && !byPath(r.dir) {
			continue
		}
		for i := r.from; i < r.to; i++ {
			if e := &l.Files[i]; !has(l.Facts, e.Path) {
				a.runnable = append(a.runnable, e)
			}
		}
	}
	for name, f := range l.Facts {
		e := a.files.at(name)
		if e == nil {
			continue
		}
		a.known[name] = &f
		a.runnable = append(a.runnable, e)
	}
	slices.SortFunc(a.runnable, func(x, y *filetree.Entry) int { return strings.Compare(x.Path, y.Path) })
	for _, e := range a.runnable {
		if f := a.known[e.Path]; f != nil && f.Kind != native.Script && f.Kind != "" {
			a.native = append(a.native, e.Path)
			a.byBase[base(e.Path)] = append(a.byBase[base(e.Path)], e.Path)
			a.byOrigin[e.Origin] = append(a.byOrigin[e.Origin], e.Path)
		}
	}
	return a
}

func has[V any](m map[string]V, key string) bool {
	_, ok := m[key]
	return ok
}

// facts returns what is known of a native file or script, nil for others.
func (a *auditor) facts(name string) *native.Facts { return a.known[name] }

func (a *auditor) origin(name string) filetree.Origin {
	if e := a.files.at(name); e != nil {
		return e.Origin
	}
	return filetree.Origin{}
}

func (a *auditor) add(o one) {
	if o.origin == (filetree.Origin{}) {
		o.origin = a.origin(o.file)
	}
	a.found = append(a.found, o)
}

// group makes a finding of all that has one cause.
func group(found []one) []Finding {
	type key struct {
		check    Check
		severity Severity
		cause    string
		origin   filetree.Origin
	}
	at := map[key]int{}
	var out []Finding
	summaries := map[int]func(*Finding) string{}
	for _, o := range found {
		k := key{o.check, o.severity, o.cause, o.origin}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			summaries[i] = o.summary
			out = append(out, Finding{Check: o.check, Severity: o.severity, Origin: o.origin, Need: o.need, Has: o.has, WayOut: o.way})
		}
		if o.file != "" && !slices.Contains(out[i].Files, o.file) {
			out[i].Files = append(out[i].Files, o.file)
		}
		if o.target != "" && !slices.Contains(out[i].Targets, o.target) {
			out[i].Targets = append(out[i].Targets, o.target)
		}
	}
	for i := range out {
		f := &out[i]
		slices.Sort(f.Files)
		f.Summary = f.withTargets(summaries[i](f))
		f.Need, f.Has, f.WayOut = f.withTargets(f.Need), f.withTargets(f.Has), f.withTargets(f.WayOut)
		if len(f.Files) > maxFiles {
			f.More = len(f.Files) - maxFiles
			f.Files = f.Files[:maxFiles]
		}
	}
	order := Checks()
	slices.SortStableFunc(out, func(x, y Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, x.Check), slices.Index(order, y.Check)), cmp.Compare(x.Severity.rank(), y.Severity.rank()),
			cmp.Compare(x.Origin.String(), y.Origin.String()), cmp.Compare(x.Summary, y.Summary))
	})
	return out
}

// targetsHere is where a sentence names the runtimes of its finding, whichever they
// are in the end.
const targetsHere = "{targets}"

func (f *Finding) withTargets(sentence string) string {
	return strings.ReplaceAll(sentence, targetsHere, strings.Join(f.Runtimes(), ", "))
}

// Runtimes returns the ids of the finding's targets, each once.
func (f *Finding) Runtimes() []string {
	var ids []string
	for _, t := range f.Targets {
		id, _, _ := strings.Cut(t, " ")
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// titled returns a summary about a file and those with the same cause.
func titled(what string) func(*Finding) string {
	return func(f *Finding) string {
		file, more := f.Files[0], len(f.Files)-1
		switch {
		case more == 1:
			return fmt.Sprintf("%q and another file %s", file, plural(what))
		case more > 1:
			return fmt.Sprintf("%q and %d other files %s", file, more, plural(what))
		}
		return fmt.Sprintf("%q %s", file, what)
	}
}

// plural writes the verb of a summary for several files.
func plural(what string) string {
	for _, verb := range [][2]string{{"is ", "are "}, {"has ", "have "}, {"needs ", "need "}, {"asks ", "ask "}, {"lies ", "lie "}, {"names ", "name "}, {"belongs ", "belong "}, {"gives ", "give "}, {"uses ", "use "}} {
		if rest, ok := strings.CutPrefix(what, verb[0]); ok {
			return verb[1] + rest
		}
	}
	return what
}

// parent returns the folder of a path, "" for the root.
func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

// base returns the last name of a path.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
