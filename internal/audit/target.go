package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// weight says how much depends on a file that does not load.
type weight int

const (
	// optional is an extension module that is not loaded with its package.
	optional weight = iota
	// loose is a library that no other file of the layer loads: code opens it
	// by its name, if ever.
	loose
	// wanted is a program outside of bin/, or a module of which nobody looked
	// whether it is loaded with its package.
	wanted
	// needed is a module that is loaded with its package, the addon that a
	// package picks, a program in bin/.
	needed
)

// role says how a native file is used: how much depends on a library that it
// lacks, and what it means that the file itself cannot be loaded.
type role struct {
	weight weight
	fatal  Severity
	// module is set for an extension module in a package: whether it is loaded
	// with the package is asked only where a library is missing.
	module bool
}

// judgement is the work on one target.
type judgement struct {
	linker
	roots   map[string]role
	reached map[string]bool // what the roots load
	// silent are files that are judged elsewhere, or that nothing loads on
	// this target.
	silent map[string]bool
}

// judgeTarget finds what does not load on one target.
func (a *auditor) judgeTarget(t runtimes.Target) {
	j := &judgement{
		linker: linker{auditor: a, target: t},
		roots:  map[string]role{}, reached: map[string]bool{}, silent: map[string]bool{},
	}
	j.elsewhere()
	j.pythonModules()
	j.nodeAddons()
	j.programs()
	j.executables()
	for _, root := range slices.Sorted(keys(j.roots)) {
		j.judgeRoot(root, j.roots[root])
	}
	for _, name := range a.native {
		if j.reached[name] || j.silent[name] {
			continue
		}
		if f := a.facts(name); loadable(f) {
			j.judgeLoose(name, f)
		}
	}
	j.systemFirst()
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// families maps the folders of layers that one language alone looks into.
var families = map[string]string{"python": runtimes.Python, "nodejs": runtimes.NodeJS, "java": runtimes.Java, "ruby": runtimes.Ruby}

// elsewhere silences the files in folders that other runtimes of the layer have
// for themselves.
func (j *judgement) elsewhere() {
	for _, name := range j.native {
		if family := families[topFolder(name)]; family != "" && family != j.target.Family && !j.layer.Function {
			j.silent[name] = true
		}
		if other, ok := ofRuntime(name); ok && !slices.Contains(j.target.Paths, other) {
			j.silent[name] = true
		}
	}
}

// ofRuntime returns the folder of a single language version that a file lies
// in, such as "python/lib/python3.11/site-packages".
func ofRuntime(name string) (string, bool) {
	if !strings.HasPrefix(name, "python/lib/") && !strings.HasPrefix(name, "nodejs/node") {
		return "", false
	}
	parts := strings.SplitN(name, "/", 5)
	switch {
	case len(parts) == 5 && parts[0] == "python" && parts[1] == "lib" && strings.HasPrefix(parts[2], "python3.") && parts[3] == "site-packages":
		return strings.Join(parts[:4], "/"), true
	case len(parts) >= 4 && parts[0] == "nodejs" && strings.HasPrefix(parts[1], "node") && parts[2] == "node_modules" && parts[1] != "node_modules":
		return strings.Join(parts[:3], "/"), true
	}
	return "", false
}

// loadable reports whether anything loads or runs files of this kind anywhere.
func loadable(f *native.Facts) bool {
	switch f.Kind {
	case native.ELF:
		return f.Type != native.Object
	case native.MachO, native.PE:
		return true
	}
	return false
}

// judgeRoot finds what is wrong with a file that is loaded for itself, and with
// all that it loads.
func (j *judgement) judgeRoot(root string, r role) {
	f := j.facts(root)
	if why := j.unfit(f); why != "" {
		j.reached[root] = true
		j.foreign(root, r, why)
		return
	}
	c := j.load(root)
	for _, name := range c.files {
		j.reached[name] = true
		j.judgeFile(name, r, &c)
	}
	if !isLibraryName(root) && f.Interpreter != "" && f.Interpreter != j.loaderPath() {
		j.add(one{
			check: Native, severity: r.fatal, cause: "loader " + f.Interpreter, file: root, target: j.target.String(),
			summary: titled("asks for a loader that Lambda does not have"),
			need:    fmt.Sprintf("It names %s as its loader.", f.Interpreter), has: fmt.Sprintf("%s has %s.", j.target, j.loaderPath()),
			way: "Use a static build, or one for common Linux distributions.",
		})
	}
	if len(c.lacks) > 0 && r.module && j.layer.AtImport != nil {
		r.weight = optional
		if j.layer.AtImport(j.target, root) {
			r.weight = needed
		}
	}
	for _, k := range c.lacks {
		j.lacking(k, r)
	}
	for _, k := range c.shadows {
		j.shadowed(k)
	}
}

func (j *judgement) loaderPath() string {
	if j.target.Architecture == runtimes.ARM64 {
		return "/lib/ld-linux-aarch64.so.1"
	}
	return "/lib64/ld-linux-x86-64.so.2"
}

func isLibraryName(name string) bool {
	return strings.HasSuffix(name, ".so") || strings.Contains(base(name), ".so.") || strings.HasSuffix(name, ".node")
}

// judgeFile looks at the faults and symbol versions of one file.
func (j *judgement) judgeFile(name string, r role, c *closure) {
	f := j.facts(name)
	if f.Fault != "" {
		severity := r.fatal
		if r.weight == loose {
			severity = Note // debug information, or a part of a file
		}
		j.add(one{
			check: Native, severity: severity, cause: "fault " + f.Fault, file: name, target: j.target.String(),
			summary: titled("is damaged"), need: fmt.Sprintf("The file %s: the dynamic linker refuses it.", f.Fault),
			way: "Bring the file anew, without strip or patchelf, or exclude it.",
		})
	}
	if f.ISA == 4 {
		j.add(one{
			check: Native, severity: Warning, cause: "isa", file: name, target: j.target.String(),
			summary: titled("is built for x86-64-v4, which Lambda does not promise"), need: "It needs AVX-512.", has: "Lambda's x86_64 offers AVX2 (x86-64-v3).",
			way: "Use a build for x86-64-v3 or lower.",
		})
	}
	for _, v := range f.Requires {
		if c.system[v.Library] {
			j.version(name, v, r)
		}
	}
}

// version judges one symbol version that comes from the system.
func (j *judgement) version(name string, v native.Version, r role) {
	severity := r.fatal
	prefix, number, ok := native.SplitVersion(v.Name)
	if !ok {
		if v.Name == "GLIBC_PRIVATE" || strings.HasPrefix(v.Name, "GLIBC_ABI_") {
			j.tooNew(name, v, severity, fmt.Sprintf("%s has glibc 2.%d, which lacks it.", j.target.System, j.target.Glibc))
		}
		return
	}
	certain, latest, known := j.target.Highest(prefix)
	switch {
	case !known || native.CompareVersions(number, certain) <= 0:
	case native.CompareVersions(number, latest) <= 0:
		if severity == Error {
			severity = Warning
		}
		j.tooNew(name, v, severity, fmt.Sprintf("%s of early %s has %s_%s; newer versions of the runtime have up to %s_%s.", v.Library, j.target.System, prefix, certain, prefix, latest))
	default:
		has := fmt.Sprintf("%s has %s_%s.", j.target.System, prefix, latest)
		if prefix == "GLIBC" {
			has = fmt.Sprintf("%s has glibc %s.", j.target.System, latest)
		}
		j.tooNew(name, v, severity, has)
	}
}

func (j *judgement) tooNew(name string, v native.Version, severity Severity, has string) {
	j.add(one{
		check: Native, severity: severity, cause: "version " + v.Name + " " + has, file: name, target: j.target.String(),
		summary: titled(fmt.Sprintf("needs %s, which %s does not have", v.Name, cmp.Or(j.target.System, j.target.ID))),
		need:    fmt.Sprintf("Loading fails with \"version `%s' not found\" in %s.", v.Name, v.Library), has: has, way: j.older(name),
	})
}

// older is the way out for a file that is built for newer systems.
func (j *judgement) older(name string) string {
	switch j.origin(name).Ecosystem {
	case "python":
		return "Pin an older version that has a wheel for this system, or use a runtime with a newer system."
	case "nodejs":
		return "Pin an older version of the package, or use a runtime with a newer system."
	}
	return fmt.Sprintf("Build the file on %s, link it statically, or use a runtime with a newer system.", j.target.System)
}

// lacking judges a library that is not found.
func (j *judgement) lacking(k lack, r role) {
	need := fmt.Sprintf("It needs %s, which is neither in this layer where the dynamic linker looks nor ", k.soname)
	way := fmt.Sprintf("Bring %s into lib/ of the layer by files, downloads or images, or exclude what needs it.", k.soname)
	severity := Warning
	switch j.target.Library(k.soname) {
	case runtimes.Absent:
		need += fmt.Sprintf("in %s.", j.target.System)
		if r.weight == needed {
			severity = Error
		}
	case runtimes.LikelyAbsent:
		need += fmt.Sprintf("listed for %s.", j.target.System)
	default:
		need += "known in the runtime: another layer of the function may bring it."
	}
	if r.weight == optional {
		severity = Note
	}
	has := ""
	if others := j.elsewhereInLayer(k.soname); len(others) > 0 {
		if r.weight == loose && j.distributed(k.by) && j.origin(others[0]) == j.origin(k.by) {
			return // what loads the file has an RPATH for both, or loads both
		}
		has = fmt.Sprintf("%q is in the layer, but not where the RPATH of the file looks: it is found only if something else has loaded it before.", others[0])
		way = "Put it into lib/ of the layer, or leave it where the package's own code loads it first."
		severity = Warning
		if j.distributed(k.by) && j.origin(others[0]) == j.origin(k.by) {
			severity = Note
		}
	}
	j.add(one{
		check: Libraries, severity: severity, cause: "lacks " + k.soname + has, file: k.by, target: j.target.String(),
		summary: titled("needs " + k.soname + ", which is not there"), need: need, has: has, way: way,
	})
}

// elsewhereInLayer returns the files of a library's name that fit the target.
func (j *judgement) elsewhereInLayer(soname string) []string {
	var out []string
	for _, name := range j.byBase[soname] {
		if j.fits(name) && !j.silent[name] {
			out = append(out, name)
		}
	}
	return out
}

// shadowed notes a bundled library in whose place the system's is taken.
func (j *judgement) shadowed(k lack) {
	j.add(one{
		check: Libraries, severity: Note, cause: "shadow " + k.soname, file: k.by, target: j.target.String(),
		summary: titled("has " + k.soname + " beside it, but loads the one of the system"),
		need:    "The loader searches LD_LIBRARY_PATH, which has /lib64, before the RUNPATH of the file.",
	})
}

// systemFirst tells of libraries in lib/ that the system has, too.
func (j *judgement) systemFirst() {
	for _, name := range j.native {
		f := j.facts(name)
		if parent(name) != "lib" || f.Type != native.Shared || !j.fits(name) {
			continue
		}
		soname := cmp.Or(f.Soname, base(name))
		if j.target.Library(soname) != runtimes.Present {
			continue
		}
		j.add(one{
			check: Libraries, severity: Warning, cause: "system " + soname, file: name, target: j.target.String(),
			summary: titled("is never loaded: the runtime's own is found first"),
			need:    fmt.Sprintf("%s has %s in /lib64.", j.target.System, soname), has: "The loader searches /opt/lib last, so it finds the copy of the runtime first.",
			way: "Leave it out, give what needs it an RPATH that leads to another folder, or set LD_LIBRARY_PATH for the function.",
		})
	}
}
