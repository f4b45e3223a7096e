package wheel

import (
	"bufio"
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Module is a file below a folder of sys.path.
type Module struct {
	// Path is relative to that folder, such as "numpy/testing/overrides.py".
	Path string
	// Entry is the file in the layer.
	Entry filetree.Entry
	// Dropped is set where the file is to be left out.
	Dropped bool
}

// maxModule bounds the source that is looked through: what is longer was not
// written to be imported.
const maxModule = 64 << 20

// Within returns the part of a layer path below the folder of sys.path that it
// lies in, and false where it lies in none.
func Within(name string) (string, bool) {
	_, within, ok := splitRoot(name)
	return within, ok
}

// KeepImported takes back the drop of modules that code which stays imports
// while it is loaded itself, with all that those import: numpy.testing of NumPy
// 2 imports numpy._core.tests, and astropy imports astropy.tests. Imports within
// functions do not count, nor those that are computed. What is dropped lies in
// folders with one of the names, which an import from outside has to spell.
func KeepImported(modules []Module, folders []string) error {
	r := rescuer{modules: modules, dropped: map[string][]int{}}
	for i, m := range modules {
		if name := dottedName(m.Path); m.Dropped && name != "" {
			r.dropped[name] = append(r.dropped[name], i)
		}
	}
	if len(r.dropped) == 0 {
		return nil
	}
	for i, m := range modules {
		if !m.Dropped && strings.HasSuffix(m.Path, ".py") {
			r.queue = append(r.queue, i)
		}
	}
	stays := len(r.queue)
	for n := 0; n < len(r.queue); n++ {
		if modules[r.queue[n]].Entry.Size > maxModule {
			continue
		}
		body, err := modules[r.queue[n]].Entry.ReadContent()
		if err != nil {
			return err
		}
		if n >= stays || spells(body, folders) {
			r.follow(modules[r.queue[n]].Path, body)
		}
	}
	return nil
}

// rescuer follows imports from what stays into what is dropped.
type rescuer struct {
	modules []Module
	dropped map[string][]int // by dotted name; several where runtimes have folders of their own
	queue   []int            // whose imports are to be followed
}

// dottedName returns the dotted name of a module's file, "" for other files.
func dottedName(file string) string {
	dir, base := path.Split(file)
	stem, ext, _ := strings.Cut(base, ".")
	if ext != "py" && !strings.HasSuffix(ext, "so") {
		return ""
	}
	if stem == "__init__" {
		return strings.ReplaceAll(strings.TrimSuffix(dir, "/"), "/", ".")
	}
	return strings.ReplaceAll(dir+stem, "/", ".")
}

func spells(body []byte, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return bytes.Contains(body, []byte(word)) })
}

// follow keeps what the module at the path imports.
func (r *rescuer) follow(at string, body []byte) {
	imports(body, func(from string, names []string) {
		from, ok := absolute(at, from)
		if !ok {
			return
		}
		r.keep(from)
		for _, name := range names {
			if name == "*" {
				r.keepBelow(from)
				return
			}
			r.keep(strings.TrimPrefix(from+"."+name, "."))
		}
	})
}

// keep keeps a module, if it is dropped, and the packages that it is in.
func (r *rescuer) keep(name string) {
	for name != "" {
		for _, i := range r.dropped[name] {
			if r.modules[i].Dropped {
				r.modules[i].Dropped = false
				if strings.HasSuffix(r.modules[i].Path, ".py") {
					r.queue = append(r.queue, i)
				}
			}
		}
		name = name[:max(0, strings.LastIndexByte(name, '.'))]
	}
}

// keepBelow keeps all modules of a dropped package: its __all__ may name any.
func (r *rescuer) keepBelow(name string) {
	if len(r.dropped[name]) == 0 {
		return
	}
	for below := range r.dropped {
		if strings.HasPrefix(below, name+".") {
			r.keep(below)
		}
	}
}

// absolute resolves the dots of a relative import in the module's file.
func absolute(file, from string) (string, bool) {
	name := strings.TrimLeft(from, ".")
	dots := len(from) - len(name)
	if dots == 0 {
		return name, true
	}
	dir := path.Dir(file)
	for range dots - 1 {
		if dir == "." {
			return "", false
		}
		dir = path.Dir(dir)
	}
	if dir == "." {
		return name, name != ""
	}
	return strings.TrimSuffix(strings.ReplaceAll(dir, "/", ".")+"."+name, "."), true
}

var (
	importLine = regexp.MustCompile(`^[ \t]*(?:from[ \t]+([\w.]+)[ \t]*import\b[ \t]*(.*)|import[ \t]+(.*))$`)
	defLine    = regexp.MustCompile(`^[ \t]*(?:async[ \t]+)?def[ \t]`)
)

// imports yields the imports of a module that run when it is loaded: "from" with
// its names, or a module with none. Text that only looks like an import, as in a
// string, is yielded too.
//
// The closet imports reads sources more exactly: an import within "if", "try" or "with"
// does not count there, and the text of a string is none. This reader stays as it is,
// because [KeepImported] decides which files of a locked layer are kept: another answer
// would be another digest for the same lock.
func imports(body []byte, yield func(from string, names []string)) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	function := -1 // indentation of the function that the line is in
	for lines.Scan() {
		line := lines.Text()
		text := strings.TrimLeft(line, " \t")
		if text == "" || text[0] == '#' {
			continue
		}
		indent := len(line) - len(text)
		if function >= 0 && indent > function {
			continue
		}
		function = -1
		if defLine.MatchString(line) {
			function = indent
			continue
		}
		if !strings.HasPrefix(text, "from") && !strings.HasPrefix(text, "import") {
			continue
		}
		found := importLine.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		if found[1] != "" {
			yield(found[1], importedNames(joined(found[2], lines)))
			continue
		}
		for _, name := range importedNames(joined(found[3], lines)) {
			yield(name, nil)
		}
	}
}

// joined returns the rest of a statement that goes on over lines.
func joined(rest string, lines *bufio.Scanner) string {
	var b strings.Builder
	open := strings.Contains(rest, "(")
	for {
		rest, _, _ = strings.Cut(rest, "#")
		rest = strings.TrimRight(rest, " \t\r")
		goesOn := open && !strings.Contains(rest, ")") || strings.HasSuffix(rest, `\`)
		b.WriteString(strings.TrimSuffix(rest, `\`) + " ")
		if !goesOn || !lines.Scan() {
			return b.String()
		}
		rest = lines.Text()
	}
}

// importedNames reads "a, b as c" in parentheses or not.
func importedNames(list string) []string {
	var names []string
	list, _, _ = strings.Cut(list, ";")
	for part := range strings.SplitSeq(strings.Trim(strings.TrimSpace(list), "()"), ",") {
		if fields := strings.Fields(strings.Trim(strings.TrimSpace(part), "()")); len(fields) > 0 {
			names = append(names, fields[0])
		}
	}
	return names
}
