package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// everywhere are the folders that every runtime looks into: PATH,
// LD_LIBRARY_PATH, and the extensions that Lambda starts.
var everywhere = []string{"bin", "lib", "extensions"}

// layout judges where the files lie.
func (a *auditor) layout() {
	looked := slices.Clone(everywhere)
	var families []string
	for _, t := range a.layer.Targets {
		if !slices.Contains(families, t.Family) {
			families = append(families, t.Family)
		}
		for _, folder := range t.Paths {
			if !slices.Contains(looked, folder) {
				looked = append(looked, folder)
			}
		}
	}
	l := layoutCheck{auditor: a, looked: looked, families: families}
	l.flattened()
	l.uninstalled()
	l.nested()
	found := l.place()
	for i := range l.strays {
		l.tell(&l.strays[i], found)
	}
}

// layoutCheck sorts files into those that are found and those that are not.
type layoutCheck struct {
	*auditor
	looked   []string
	families []string
	strays   []stray
}

// stray is a folder or file that no runtime looks into.
type stray struct {
	path   string // of the folder, or the file at the root
	kind   strayKind
	target string // where it should go, such as "python/shared_utils"
	files  []string
}

type strayKind string

const (
	pythonCode   strayKind = "python"
	nodeCode     strayKind = "node"
	topFolderOf  strayKind = "top"     // holds a whole layer
	otherVersion strayKind = "version" // of a language version that is not declared
	programFile  strayKind = "program"
	capitals     strayKind = "capitals" // differs in case from a folder that is looked into
)

// place parts the files, and reports whether some are found.
func (l *layoutCheck) place() bool {
	found := false
	at := map[string]int{}
	for _, r := range l.files.runs {
		if l.plain(r.dir) {
			found = true
			continue
		}
		for i := r.from; i < r.to; i++ {
			name := l.layer.Files[i].Path
			s, ok := l.strayOf(name)
			if !ok {
				found = found || l.isLooked(name)
				continue
			}
			k, known := at[s.path]
			if !known {
				k = len(l.strays)
				at[s.path] = k
				l.strays = append(l.strays, s)
			}
			l.strays[k].files = append(l.strays[k].files, name)
		}
	}
	return found
}

// plain reports whether a folder is one in which nothing is astray: below that of all
// versions of a language that is declared.
func (l *layoutCheck) plain(dir string) bool {
	return strings.HasPrefix(dir, "python/") && l.has(runtimes.Python) && !strings.HasPrefix(dir, "python/lib/") && !strings.Contains(dir, "/site-packages") ||
		strings.HasPrefix(dir, "nodejs/node_modules/") && l.has(runtimes.NodeJS)
}

// isLooked reports whether a declared runtime looks where a file lies.
func (l *layoutCheck) isLooked(name string) bool {
	return slices.ContainsFunc(l.looked, func(folder string) bool {
		return len(name) > len(folder) && name[len(folder)] == '/' && strings.HasPrefix(name, folder)
	})
}

func (l *layoutCheck) has(family string) bool { return slices.Contains(l.families, family) }

// strayOf returns what is wrong with the place of a file, and false for data,
// which any code may read by its path, and for what is found.
func (l *layoutCheck) strayOf(name string) (stray, bool) {
	if folder, ok := ofRuntime(name); ok && !slices.Contains(l.looked, folder) {
		return stray{path: folder, kind: otherVersion}, true
	}
	if folder, ok := misplacedSite(name); ok && l.has(runtimes.Python) {
		return stray{path: folder, kind: pythonCode, target: "python"}, true
	}
	if l.isLooked(name) || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base(name), "._") {
		return stray{}, false // what macOS adds is data
	}
	top := topFolder(name)
	if small := strings.ToLower(top); small != top && top != name && (slices.Contains(l.looked, small) || l.has(families[small])) && !strings.Contains(name, "/site-packages/") {
		return stray{path: top, kind: capitals, target: small}, true
	}
	within := strings.TrimPrefix(name, top+"/")
	if top != name && l.isLayerTop(top, within) {
		return stray{path: top, kind: topFolderOf, target: within}, true
	}
	switch {
	case top == "node_modules" && l.has(runtimes.NodeJS):
		return stray{path: top, kind: nodeCode, target: "nodejs/node_modules"}, true
	case l.has(runtimes.Python) && isPython(name):
		if i := strings.Index(name, "site-packages/"); i >= 0 {
			return stray{path: name[:i+len("site-packages")], kind: pythonCode, target: "python"}, true
		}
		return stray{path: top, kind: pythonCode, target: l.pythonTarget(top)}, true
	case l.has(runtimes.NodeJS) && isNode(name):
		if top == "nodejs" {
			folder, rest, deep := strings.Cut(within, "/")
			if deep && rest == "package.json" {
				return stray{path: "nodejs/" + folder, kind: nodeCode, target: "nodejs/node_modules/" + folder}, true
			}
			return stray{}, false // package.json and the like, beside node_modules
		}
		return stray{path: top, kind: nodeCode, target: "nodejs/node_modules/" + top}, true
	}
	if f := l.facts(name); f != nil && f.Kind == native.ELF && f.Type == native.Executable && !isLibraryName(name) {
		return stray{path: name, kind: programFile, target: "bin/" + base(name)}, true
	}
	return stray{}, false
}

// misplacedSite returns the folder site-packages that a module of Python lies in,
// where it is that of a virtual environment or of another layout: in lib/ at the
// root, or in python/ without the version.
func misplacedSite(name string) (string, bool) {
	folder, _, ok := strings.Cut(name, "/site-packages/")
	if !ok || !isPython(name) {
		return "", false
	}
	if _, right := ofRuntime(name); right {
		return "", false
	}
	parts := strings.Split(folder, "/")
	for i, part := range parts {
		environment := strings.HasSuffix(part, "venv") && i < 2
		if part != "python" && part != "lib" && part != "lib64" && !strings.HasPrefix(part, "python3.") && !environment {
			return "", false
		}
	}
	return folder + "/site-packages", parts[0] == "python" || parts[0] == "lib" || parts[0] == "lib64"
}

// isLayerTop reports whether a folder at the root holds what belongs there
// itself, as an archive unpacked with its top folder.
func (l *layoutCheck) isLayerTop(top, within string) bool {
	if families[top] != "" || slices.Contains(everywhere, top) {
		return false
	}
	environment := strings.HasSuffix(top, "venv") || l.files.at(top+"/pyvenv.cfg") != nil
	for _, folder := range l.looked {
		if folder != "lib" && !(folder == "bin" && environment) && strings.HasPrefix(within, folder+"/") {
			return true
		}
	}
	return false
}

// pythonTarget returns where a folder or file at the root belongs. One whose
// __init__.py lies at the root lost its own name.
func (l *layoutCheck) pythonTarget(top string) string {
	if top == "__init__.py" || l.files.at("__init__.py") != nil {
		return "python/NAME"
	}
	return "python/" + top
}

func isPython(name string) bool {
	_, extension := extensionOf(name)
	return strings.HasSuffix(name, ".py") || extension && !strings.HasPrefix(base(name), "lib")
}

func isNode(name string) bool {
	for _, suffix := range []string{".js", ".cjs", ".mjs", ".node", "/package.json"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// flattened tells of a package whose files lie in python/ without its folder.
func (l *layoutCheck) flattened() {
	for _, folder := range l.looked {
		name := folder + "/__init__.py"
		if e := l.files.at(name); e == nil || topFolder(name) != "python" {
			continue
		}
		target := folder + "/NAME"
		l.add(one{
			check: Layout, severity: Warning, cause: "flattened " + folder, file: name,
			summary: titled("makes no package: " + folder + "/ itself cannot be imported"),
			need:    "A package is a folder with an __init__.py below " + folder + "/; its modules can now be imported by their own names alone, and relative imports in them fail.",
			way:     fmt.Sprintf("Write target = %q with the name of the package.", target),
		})
	}
}

// tell makes a finding of a stray: an error where nothing in the layer is found.
func (l *layoutCheck) tell(s *stray, found bool) {
	severity := Error
	if found || s.kind == programFile {
		severity = Warning
	}
	o := one{check: Layout, severity: severity, cause: string(s.kind) + " " + s.path, file: s.files[0]}
	ids := make([]string, 0, len(l.layer.Targets))
	var paths []string
	for _, t := range l.layer.Targets {
		if !slices.Contains(ids, t.ID) {
			ids = append(ids, t.ID)
		}
		for _, p := range t.Paths {
			if !slices.Contains(paths, p+"/") {
				paths = append(paths, p+"/")
			}
		}
	}
	looks := fmt.Sprintf("%s looks into %s.", strings.Join(ids, ", "), strings.Join(paths, " and "))
	if len(ids) > 1 {
		looks = fmt.Sprintf("%s look into %s.", strings.Join(ids, ", "), strings.Join(paths, ", "))
	}
	shown := s.path
	if l.files.isFolder(s.path) {
		shown += "/"
	}
	summary, way := "", fmt.Sprintf("Write target = %q.", s.target)
	switch s.kind {
	case pythonCode:
		summary = fmt.Sprintf("Nothing in %q can be imported", shown)
		if strings.HasSuffix(s.target, "/NAME") {
			way = fmt.Sprintf("Write target = %q with the name of the package.", s.target)
		}
	case capitals:
		summary = fmt.Sprintf("Nothing in %q is found: names on Lambda keep their case", shown)
	case nodeCode:
		summary = fmt.Sprintf("Nothing in %q can be required", shown)
	case topFolderOf:
		summary = fmt.Sprintf("Everything lies in %q, one folder too deep", shown)
		way = fmt.Sprintf("Pack what is in %q, so that the zip begins with %q.", shown, topFolder(s.target)+"/")
	case otherVersion:
		summary = fmt.Sprintf("%q is a folder of none of the runtimes", shown)
		parts := strings.Split(s.path, "/")
		way = fmt.Sprintf("Write %s in the path, or declare the runtime of %q.", strings.Join(paths, " or "), parts[len(parts)-2])
	case programFile:
		summary = fmt.Sprintf("The program %q is not on PATH", s.path)
		looks = "PATH ends with /opt/bin; elsewhere a program is run by its whole path, " + opt + s.path + "."
		way = fmt.Sprintf("Write target = %q, or for a download files = { %q = %q }.", s.target, "*/"+base(s.path), s.target)
	}
	o.summary = func(*Finding) string { return summary }
	o.has, o.way = looks, way
	l.add(o)
}
