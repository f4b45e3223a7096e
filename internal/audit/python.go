package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// extension is a file that Python imports as a module, by its name
// (importlib.machinery.EXTENSION_SUFFIXES).
type extension struct {
	file   string
	module string // folder and name, such as "numpy/_core/_multiarray_umath"
	// minor is the CPython 3 minor version in the suffix, or 0; free marks
	// builds without the global lock, which no runtime has.
	minor  int
	free   bool
	stable bool // .abi3.so
	bare   bool // .so
	other  string
}

// extensionOf reads the suffix of a file, and reports false for what Python
// does not import on any system.
func extensionOf(file string) (extension, bool) {
	name := base(file)
	module, suffix, ok := strings.Cut(name, ".")
	if !ok || module == "" {
		return extension{}, false
	}
	e := extension{file: file, module: strings.TrimPrefix(parent(file)+"/"+module, "/")}
	switch {
	case suffix == "so":
		e.bare = true
	case suffix == "abi3.so":
		e.stable = true
	case strings.HasPrefix(suffix, "cpython-3") && strings.HasSuffix(suffix, ".so"):
		tag := strings.TrimSuffix(strings.TrimPrefix(suffix, "cpython-3"), ".so")
		version, platform, _ := strings.Cut(tag, "-")
		version, e.free = strings.CutSuffix(version, "t")
		minor, err := strconv.Atoi(version)
		if err != nil {
			return extension{}, false
		}
		e.minor = minor
		if !strings.HasSuffix(platform, "-linux-gnu") {
			e.other = platform
		}
	case suffix == "pyd" || strings.HasSuffix(suffix, ".pyd"):
		e.other = "win"
	default:
		return extension{}, false
	}
	return e, true
}

// fits reports whether an interpreter takes the file by its name.
func (e extension) fits(minor int) bool {
	return e.other == "" && (e.bare || e.stable || e.minor == minor && !e.free)
}

// within returns the part of a path below a folder that the target looks for
// modules in.
func (j *judgement) within(name string) (string, bool) {
	if j.layer.Function {
		return name, true
	}
	if _, ok := ofRuntime(name); !ok || j.target.Family != runtimes.Python {
		return strings.CutPrefix(name, "python/")
	}
	for _, folder := range j.target.Paths {
		if rest, ok := strings.CutPrefix(name, folder+"/"); ok && folder != "python" {
			return rest, true
		}
	}
	return "", false
}

// pythonModules finds the extension modules that the target imports.
func (j *judgement) pythonModules() {
	minor, ok := j.target.PythonMinor()
	if !ok {
		return
	}
	modules := map[string][]extension{}
	for _, name := range j.native {
		if _, ok := j.within(name); !ok || j.silent[name] {
			continue
		}
		e, ok := extensionOf(name)
		if !ok || e.bare && !j.isModule(name) {
			continue
		}
		modules[e.module] = append(modules[e.module], e)
	}
	for _, module := range slices.Sorted(keys(modules)) {
		j.pythonModule(module, modules[module], minor)
	}
}

// isModule reports whether a file with the bare suffix is a module: a library may
// have the same name.
func (j *judgement) isModule(name string) bool {
	f := j.facts(name)
	return len(f.Modules) > 0 || f.Kind == native.MachO && !strings.HasPrefix(base(name), "lib")
}

func (j *judgement) pythonModule(module string, files []extension, minor int) {
	var fitting []extension
	for _, e := range files {
		if e.fits(minor) {
			fitting = append(fitting, e)
		}
		j.silent[e.file] = true
	}
	if len(fitting) == 0 {
		j.otherVersion(module, files)
		return
	}
	// Python tries the suffix with the version first, then abi3, then the bare one.
	slices.SortStableFunc(fitting, func(a, b extension) int {
		order := func(e extension) int {
			switch {
			case e.minor > 0:
				return 0
			case e.stable:
				return 1
			}
			return 2
		}
		return order(a) - order(b)
	})
	chosen := fitting[0].file
	delete(j.silent, chosen)
	within, _ := j.within(chosen)
	j.roots[chosen] = role{weight: wanted, fatal: Error, module: strings.Contains(within, "/")}
	if !strings.Contains(within, "/") {
		j.roots[chosen] = role{weight: needed, fatal: Error}
	}
	j.pythonNames(chosen, minor)
}

// pythonNames compares the names that a module takes from the interpreter with those
// that it has. What was gone from the newest CPython that we know may be back in a
// newer one.
func (j *judgement) pythonNames(chosen string, minor int) {
	f := j.facts(chosen)
	if j.unfit(f) != "" {
		return
	}
	if f.PythonLast > 0 && f.PythonLast < minor {
		severity := Error
		if minor > native.NewestPython {
			severity = Warning
		}
		j.add(one{
			check: Native, severity: severity, cause: fmt.Sprintf("python up to 3.%d", f.PythonLast), file: chosen, target: j.target.String(),
			summary: titled(fmt.Sprintf("needs what CPython has up to 3.%d alone", f.PythonLast)),
			need:    fmt.Sprintf("Importing it fails with \"undefined symbol: %s\".", f.PythonGone), has: targetsHere + " runs a newer one.",
			way: "Take a newer version of the distribution, or drop the runtime from the layer.",
		})
	}
	if f.PythonMinor > minor {
		j.add(one{
			check: Native, severity: Error, cause: fmt.Sprintf("python 3.%d", f.PythonMinor), file: chosen, target: j.target.String(),
			summary: titled(fmt.Sprintf("needs functions of CPython 3.%d", f.PythonMinor)),
			need:    fmt.Sprintf("Importing it fails with \"undefined symbol: %s\".", f.PythonSymbol), has: targetsHere + " runs an older one.",
			way: "Use an older version of the distribution for this runtime, or drop the runtime from the layer.",
		})
	}
}

// otherVersion tells that a module is there for other interpreters alone.
func (j *judgement) otherVersion(module string, files []extension) {
	if j.hasFitting(files) {
		return
	}
	severity := Error
	if j.distributed(files[0].file) && j.hasSibling(files[0].file) {
		severity = Warning // a part of what loads otherwise
	}
	for _, suffix := range []string{".py", "/__init__.py"} {
		if j.files.at(module+suffix) != nil {
			severity = Warning
		}
	}
	var versions []string
	for _, e := range files {
		text := fmt.Sprintf("CPython 3.%d", e.minor)
		switch {
		case e.free:
			text += " without the global lock"
		case e.other != "" && e.minor == 0:
			text = "Windows"
		case e.other == "darwin":
			text += " on macOS"
		case e.other != "":
			text += " on " + e.other
		}
		if !slices.Contains(versions, text) {
			versions = append(versions, text)
		}
	}
	for _, e := range files {
		j.add(one{
			check: Native, severity: severity, cause: "abi " + strings.Join(versions, ", "), file: e.file, target: j.target.String(),
			summary: titled("is for " + strings.Join(versions, ", ") + ", not for " + targetsHere),
			need:    "Importing it on " + targetsHere + " fails with \"No module named\".", has: "A runtime imports modules for its own CPython and for the stable ABI.",
			way: "Build it for " + targetsHere + ", bring a wheel of it in python.wheels, or declare the runtime that it is for.",
		})
	}
}

// hasFitting reports whether the distribution of a module for Windows or macOS
// alone brings native code for the target, too: then the module is one that the
// target does without.
func (j *judgement) hasFitting(files []extension) bool {
	for _, e := range files {
		if e.other == "" {
			return false
		}
	}
	return j.hasSibling(files[0].file)
}
