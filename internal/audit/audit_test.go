package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Facts of files as these tests write them.
func so(needed ...string) native.Facts {
	return native.Facts{Kind: native.ELF, Machine: "x86_64", Bits: 64, Type: native.Shared, Needed: needed}
}

func module(name string, needed ...string) native.Facts {
	f := so(needed...)
	f.Modules = []string{name}
	return f
}

func program() native.Facts {
	return native.Facts{Kind: native.ELF, Machine: "x86_64", Bits: 64, Type: native.Executable}
}

func (f fileCase) with(change func(*native.Facts)) fileCase {
	change(&f.facts)
	return f
}

// fileCase is a file of a layer.
type fileCase struct {
	path  string
	facts native.Facts
	from  filetree.Origin
	exec  bool
}

func file(path string, facts native.Facts) fileCase {
	return fileCase{path: path, facts: facts, from: filetree.Origin{Ecosystem: "files"}, exec: facts.Type == native.Executable || facts.Kind == native.Script}
}

func of(name string, c fileCase) fileCase {
	ecosystem := "python"
	if strings.HasPrefix(c.path, "nodejs/") {
		ecosystem = "nodejs"
	}
	c.from = filetree.Origin{Ecosystem: ecosystem, Name: name, Version: "1"}
	return c
}

func script(path, interpreter string) fileCase {
	return file(path, native.Facts{Kind: native.Script, Interpreter: interpreter})
}

func text(path string) fileCase { return file(path, native.Facts{}) }

func layerOf(t *testing.T, ids []string, files ...fileCase) Layer {
	t.Helper()
	l := Layer{Facts: map[string]native.Facts{}}
	for _, id := range ids {
		id, cpu, _ := strings.Cut(id, " ")
		if cpu == "" {
			cpu = runtimes.X8664
		}
		l.Targets = append(l.Targets, target(t, id, cpu))
	}
	for _, f := range files {
		l.Files = append(l.Files, filetree.Entry{Path: f.path, Origin: f.from, Exec: f.exec})
		if f.facts.Kind != "" {
			l.Facts[f.path] = f.facts
		}
	}
	return l
}

// expect compares the findings of all checks but layout, which these cases do not
// keep to, with lines such as "error native: … is damaged".
func expect(t *testing.T, name string, l Layer, want ...string) {
	t.Helper()
	expectChecks(t, name, l, []Check{Native, Libraries, Executables, Imports}, want...)
}

func TestNativeFilesThatDoNotLoad(t *testing.T) {
	t.Parallel()
	glibc := func(v string) func(*native.Facts) {
		return func(f *native.Facts) {
			f.Needed = append(f.Needed, "libc.so.6")
			f.Requires = append(f.Requires, native.Version{Library: "libc.so.6", Name: v})
		}
	}
	arm := func(f *native.Facts) { f.Machine = "arm64" }
	mac := native.Facts{Kind: native.MachO}
	dll := native.Facts{Kind: native.PE, Library: true}
	py311, py312, node18, node22 := []string{"python3.11"}, []string{"python3.12"}, []string{"nodejs18.x"}, []string{"nodejs22.x"}
	for _, c := range []struct {
		name  string
		ids   []string
		files []fileCase
		want  []string
	}{
		{"a program for glibc 2.34 on Amazon Linux 2", py311, []fileCase{file("bin/dyn", program()).with(glibc("GLIBC_2.34"))}, []string{`error native: "bin/dyn" needs GLIBC_2.34, which Amazon Linux 2 does not have … glibc 2.26`}},
		{"the same on Amazon Linux 2023", py312, []fileCase{file("bin/dyn", program()).with(glibc("GLIBC_2.34"))}, nil},
		{"DT_RELR", py312, []fileCase{file("bin/dyn", program()).with(glibc("GLIBC_ABI_DT_RELR"))}, []string{"error native: … GLIBC_ABI_DT_RELR"}},
		{"a library that nobody has", py312, []fileCase{file("lib/libuse.so", so("libbar.so.7"))}, []string{`warning libraries: "lib/libuse.so" needs libbar.so.7 … another layer`}},
		{"a library that lies elsewhere", py312, []fileCase{file("lib/libuse.so", so("libbar.so.7")), file("data/libbar.so.7", so())}, []string{`warning libraries: "lib/libuse.so" needs libbar.so.7 … "data/libbar.so.7" is in the layer`}},
		{"a library in lib", py312, []fileCase{file("lib/libuse.so", so("libbar.so.7")), file("lib/libbar.so.7", so())}, nil},
		{"a module for another CPython", py312, []fileCase{file("python/m/_c.cpython-311-x86_64-linux-gnu.so", module("_c"))}, []string{`error native: "python/m/_c.cpython-311-x86_64-linux-gnu.so" is for CPython 3.11, not for python3.12`}},
		{"the same beside what auditwheel copied", py312, []fileCase{of("m", file("python/m/_c.cpython-311-x86_64-linux-gnu.so", module("_c"))), of("m", file("python/m.libs/libblas-0.so.3", so()))}, []string{`error native: "python/m/_c.cpython-311-x86_64-linux-gnu.so" is for CPython 3.11, not for python3.12`}},
		{"the same beside a library of its own", py312, []fileCase{of("m", file("python/m/_c.cpython-311-x86_64-linux-gnu.so", module("_c"))), of("m", file("python/m/vss0.so", so()))}, []string{`warning native: "python/m/_c.cpython-311-x86_64-linux-gnu.so" is for CPython 3.11, not for python3.12`}},
		{"a module with a pure twin", py312, []fileCase{file("python/m/_c.cpython-311-x86_64-linux-gnu.so", module("_c")), text("python/m/_c.py")}, []string{"warning native: … CPython 3.11"}},
		{"a module for both", py312, []fileCase{file("python/m/_c.cpython-311-x86_64-linux-gnu.so", module("_c")), file("python/m/_c.cpython-312-x86_64-linux-gnu.so", module("_c"))}, nil},
		{"a free-threaded module", []string{"python3.13"}, []fileCase{file("python/m/_c.cpython-313t-x86_64-linux-gnu.so", module("_c"))}, []string{"error native: … without the global lock"}},
		{"a module for macOS", py312, []fileCase{of("m", file("python/m/_c.cpython-312-darwin.so", mac))}, []string{"error native: … CPython 3.12 on macOS"}},
		{"a bare module for macOS", py312, []fileCase{file("python/_cffi.so", mac)}, []string{`error native: "python/_cffi.so" is for macOS`}},
		{"a module for arm64", py312, []fileCase{file("python/m/_c.cpython-312-aarch64-linux-gnu.so", module("_c")).with(arm)}, []string{"error native: … is for arm64, and the layer is for x86_64"}},
		{"an abi3 module for earlier versions", []string{"python3.12", "python3.13"}, []fileCase{of("m", file("python/m/_c.abi3.so", module("_c"))).with(func(f *native.Facts) { f.PythonLast, f.PythonGone = 12, "_PyErr_Fetch" })}, []string{"error native: … needs what CPython has up to 3.12 alone … undefined symbol: _PyErr_Fetch … python3.13 runs a newer one"}},
		{"the same where the interpreter is newer than our table", []string{"python3.14"}, []fileCase{of("m", file("python/m/_c.so", module("_c"))).with(func(f *native.Facts) { f.PythonLast, f.PythonGone = 12, "_PyErr_Fetch" })}, []string{"warning native: … needs what CPython has up to 3.12 alone"}},
		{"the same on what it is for", py312, []fileCase{of("m", file("python/m/_c.abi3.so", module("_c"))).with(func(f *native.Facts) { f.PythonLast, f.PythonGone = 12, "_PyErr_Fetch" })}, nil},
		{"an abi3 module for later versions", []string{"python3.11", "python3.12"}, []fileCase{of("m", file("python/m/_c.abi3.so", module("_c"))).with(func(f *native.Facts) { f.PythonMinor, f.PythonSymbol = 12, "PyType_FromMetaclass" })}, []string{"error native: … needs functions of CPython 3.12 … undefined symbol: PyType_FromMetaclass … python3.11 runs an older one"}},
		{"a module that Git LFS left out", py312, []fileCase{text("python/m/_c.cpython-312-x86_64-linux-gnu.so"), text("python/m/data.so"), text("data/x.abi3.so")}, []string{`warning native: "python/m/_c.cpython-312-x86_64-linux-gnu.so" is no library … Git LFS`}},
		{"an addon that is text", node22, []fileCase{text("nodejs/node_modules/a/build/Release/a.node")}, []string{`warning native: "nodejs/node_modules/a/build/Release/a.node" is no library`}},
		{"a text for the linker", py312, []fileCase{text("lib/libfoo.so"), file("lib/libfoo.so.1", so())}, nil},
		{"a static library among programs' libraries", py312, []fileCase{file("lib/libm.a", native.Facts{Kind: native.Archive})}, nil},
		{"a musl program", py312, []fileCase{file("bin/p", program()).with(func(f *native.Facts) { f.Interpreter = "/lib/ld-musl-x86_64.so.1" })}, []string{`error native: "bin/p" is linked against musl`}},
		{"musl in disguise", py312, []fileCase{file("lib/libx.so", so("libc.so"))}, []string{`error native: "lib/libx.so" is linked against musl`}},
		{"a program for a loader of Nix", py312, []fileCase{file("bin/p", program()).with(func(f *native.Facts) { f.Interpreter = "/nix/store/a-glibc/lib/ld-linux-x86-64.so.2" })}, []string{`error native: "bin/p" asks for a loader`}},
		{"a static program", py312, []fileCase{file("bin/p", program())}, nil},
		{"a static program of 32 bits", py312, []fileCase{file("bin/p", program()).with(func(f *native.Facts) { f.Bits, f.Machine = 32, "386" })}, []string{`error native: "bin/p" is for 32-bit x86`}},
		{"a misaligned module", py312, []fileCase{of("scipy", file("python/scipy/_c.abi3.so", module("_c"))).with(func(f *native.Facts) { f.Fault = "has a segment whose address and offset are not properly aligned" })}, []string{"error native: … is damaged … not properly aligned"}},
		{"AVX-512 by note", py312, []fileCase{file("lib/libx.so", so()).with(func(f *native.Facts) { f.ISA = 4 })}, []string{"warning native: … x86-64-v4"}},
		{"a new C++ library on Amazon Linux 2023", node22, []fileCase{of("tree-sitter", file("nodejs/node_modules/tree-sitter/prebuilds/linux-x64/tree-sitter.node", so("libstdc++.so.6"))).with(func(f *native.Facts) {
			f.Requires = []native.Version{{Library: "libstdc++.so.6", Name: "GLIBCXX_3.4.31"}}
		})}, []string{"warning native: … GLIBCXX_3.4.31"}},
		{"the same beside its own C++ library", node22, []fileCase{of("t", file("nodejs/node_modules/t/build/t.node", so("libstdc++.so.6"))).with(func(f *native.Facts) {
			f.RPath, f.Requires = "$ORIGIN", []native.Version{{Library: "libstdc++.so.6", Name: "GLIBCXX_3.4.40"}}
		}), of("t", file("nodejs/node_modules/t/build/libstdc++.so.6", so()))}, nil},
		{"libvips too new for nodejs18.x", node18, []fileCase{
			of("sharp", file("nodejs/node_modules/@img/sharp-linux-x64/lib/sharp.node", so("libvips-cpp.so.8.18.7"))).with(func(f *native.Facts) {
				f.RPath = "$ORIGIN/../../sharp-libvips-linux-x64/lib"
			}),
			of("vips", file("nodejs/node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.8.18.7", so())).with(glibc("GLIBC_2.28")),
		}, []string{"error native: … libvips-cpp.so.8.18.7\" needs GLIBC_2.28"}},
		{"prebuilds of other versions", []string{"nodejs24.x"}, []fileCase{of("fn", file("nodejs/node_modules/@c/fn/prebuilds/linux-x64/@c+fn.abi127.glibc.node", so())), of("fn", file("nodejs/node_modules/@c/fn/prebuilds/darwin-arm64/@c+fn.abi127.node", mac))}, []string{`warning native: The package "@c/fn" brings no native code … Node.js 22`}},
		{"an addon with a fallback", []string{"nodejs22.x arm64"}, []fileCase{of("bufferutil", file("nodejs/node_modules/bufferutil/prebuilds/linux-x64/bufferutil.node", so()))}, nil},
		{"an addon that was built for another Node.js", node22, []fileCase{file("nodejs/node_modules/a/build/Release/a.node", so()).with(func(f *native.Facts) { f.NodeABI = 115 })}, []string{"warning native: … is for other versions of Node.js than nodejs22.x … NODE_MODULE_VERSION 115 (Node.js 20)"}},
		{"an addon for another machine", []string{"nodejs22.x arm64"}, []fileCase{of("faiss", file("nodejs/node_modules/faiss/build/Release/faiss.node", so()))}, []string{"error native: … is for x86_64, and the layer is for arm64"}},
		{"launchers of Windows", py312, []fileCase{of("setuptools", file("python/setuptools/cli-64.exe", native.Facts{Kind: native.PE}))}, nil},
		{"programs of every system side by side", py312, []fileCase{
			of("selenium", file("python/selenium/linux-arm64/selenium-manager", program())).with(arm), of("selenium", file("python/selenium/linux-x86_64/selenium-manager", program())),
			of("selenium", file("python/selenium/macos/selenium-manager", mac)), of("selenium", file("python/selenium/windows/selenium-manager.exe", native.Facts{Kind: native.PE})),
		}, nil},
		{"objects and class files", py312, []fileCase{of("ion", file("python/amazon/ion.o", native.Facts{Kind: native.ELF, Machine: "arm64", Bits: 64, Type: native.Object}))}, nil},
		{"a library for Windows alone, by platform", py312, []fileCase{of("wasmtime", file("python/wasmtime/win32-x86_64/_wasmtime.dll", dll))}, []string{"error native: … is for Windows"}},
		{"optional libraries for Windows", py312, []fileCase{of("discord", file("python/discord/bin/libopus-0.x64.dll", dll)), of("pywebview", file("python/webview/lib/runtimes/win-x64/native/WebView2Loader.dll", dll))}, nil},
		{"bindings of other versions by name", py312, []fileCase{of("mssql", file("python/m/ddbc_bindings.cp310-x86_64.so", module("ddbc_bindings"))), of("mssql", file("python/m/ddbc_bindings.cp312-x86_64.so", module("ddbc_bindings")))}, nil},
		{"a system library in lib", py312, []fileCase{file("lib/libstdc++.so.6", so()).with(func(f *native.Facts) { f.Soname = "libstdc++.so.6" })}, []string{"warning libraries: … the runtime's own is found first"}},
		{"a module in the folder of another runtime", []string{"python3.11", "python3.12"}, []fileCase{
			of("m", file("python/lib/python3.11/site-packages/_c.cpython-311-x86_64-linux-gnu.so", module("_c"))), of("m", file("python/lib/python3.12/site-packages/_c.cpython-312-x86_64-linux-gnu.so", module("_c"))),
		}, nil},
		{"modules of Python beside a Node.js runtime", node22, []fileCase{of("m", file("python/_c.cpython-311-x86_64-linux-gnu.so", module("_c"))).with(arm), text("bin/x.md")}, nil},
	} {
		l := layerOf(t, c.ids, c.files...)
		expectChecks(t, c.name, l, []Check{Native, Libraries}, c.want...)
	}
}

// expectChecks compares the findings of some checks, without notes, with lines of
// which each is in one of them; " … " stands for anything.
func expectChecks(t *testing.T, name string, l Layer, checks []Check, want ...string) {
	t.Helper()
	found := slices.DeleteFunc(Judge(l), func(f Finding) bool { return !slices.Contains(checks, f.Check) || f.Severity == Note })
	var got []string
	for _, f := range found {
		got = append(got, string(f.Severity)+" "+string(f.Check)+": "+f.Summary+". "+f.Text())
	}
	match(t, name, got, want)
}

func match(t *testing.T, name string, got, want []string) {
	t.Helper()
	for _, w := range want {
		i := slices.IndexFunc(got, func(g string) bool {
			for part := range strings.SplitSeq(w, " … ") {
				if !strings.Contains(g, part) {
					return false
				}
			}
			return true
		})
		if i < 0 {
			t.Errorf("%s: nothing says %q in\n%s", name, w, strings.Join(got, "\n"))
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, g := range got {
		t.Errorf("%s: unexpected: %s", name, g)
	}
}

func TestLibrariesAreFoundAsTheDynamicLinkerFindsThem(t *testing.T) {
	t.Parallel()
	rpath := func(path string) func(*native.Facts) { return func(f *native.Facts) { f.RPath = path } }
	runpath := func(path string) func(*native.Facts) { return func(f *native.Facts) { f.RunPath = path } }
	ext := func(needed ...string) fileCase { return of("p", file("python/p/_c.abi3.so", module("_c", needed...))) }
	lib := func(name string, needed ...string) fileCase {
		return of("p", file("python/p.libs/"+name, so(needed...)))
	}
	for _, c := range []struct {
		name  string
		files []fileCase
		note  string // the libraries that are not found where they are looked for
	}{
		{"RPATH", []fileCase{ext("liba.so.1").with(rpath("$ORIGIN/../p.libs")), lib("liba.so.1")}, ""},
		{"RPATH is inherited", []fileCase{ext("liba.so.1").with(rpath("$ORIGIN/../p.libs")), lib("liba.so.1", "libb.so.1"), lib("libb.so.1")}, ""},
		{"RUNPATH is not inherited", []fileCase{ext("liba.so.1").with(runpath("$ORIGIN/../p.libs")), lib("liba.so.1", "libb.so.1"), lib("libb.so.1")}, "libb.so.1"},
		{"RUNPATH hides the RPATH of who loads", []fileCase{ext("liba.so.1").with(rpath("$ORIGIN/../p.libs")), lib("liba.so.1", "libb.so.1").with(runpath("/nowhere")), lib("libb.so.1")}, "libb.so.1"},
		{"what is loaded is not looked for", []fileCase{ext("libb.so.1", "liba.so.1").with(runpath("$ORIGIN/../p.libs")), lib("liba.so.1", "libb.so.1"), lib("libb.so.1")}, ""},
		{"/opt in a path", []fileCase{ext("liba.so.1").with(rpath("/opt/python/p.libs")), lib("liba.so.1")}, ""},
		{"another package", []fileCase{ext("liba.so.1").with(rpath("${ORIGIN}/../q/lib")), of("q", file("python/q/lib/liba.so.1", so()))}, ""},
		{"a file of another machine is passed over", []fileCase{ext("liba.so.1").with(rpath("$ORIGIN/../p.libs:$ORIGIN/../q")), lib("liba.so.1").with(func(f *native.Facts) { f.Machine = "arm64" }), of("p", file("python/q/liba.so.1", so()))}, ""},
		{"no path at all", []fileCase{ext("liba.so.1"), lib("liba.so.1")}, "liba.so.1"},
	} {
		var lacks []string
		for _, f := range Judge(layerOf(t, []string{"python3.12"}, c.files...)) {
			if f.Check == Libraries {
				lacks = append(lacks, f.Summary)
			}
		}
		if c.note == "" && len(lacks) > 0 || c.note != "" && (len(lacks) != 1 || !strings.Contains(lacks[0], c.note)) {
			t.Errorf("%s: %q, want %q", c.name, lacks, c.note)
		}
	}
}

func TestLibrariesThatImportsNeed(t *testing.T) {
	t.Parallel()
	files := []fileCase{
		of("fiona", file("python/fiona/_env.abi3.so", module("_env", "libgdal.so"))).with(func(f *native.Facts) { f.RPath = "$ORIGIN/../fiona.libs" }),
		of("fiona", file("python/fiona.libs/libgdal.so", so("libexpat.so.1"))),
	}
	l := layerOf(t, []string{"python3.12"}, files...)
	l.AtImport = func(runtimes.Target, string) bool { return true }
	expect(t, "loaded with its package", l, `error libraries: "python/fiona.libs/libgdal.so" needs libexpat.so.1, which is not there`)
	l.AtImport = nil
	expect(t, "nobody looked", l, `warning libraries: "python/fiona.libs/libgdal.so" needs libexpat.so.1`)
	l.AtImport = func(runtimes.Target, string) bool { return false }
	expect(t, "an optional module", l)
	expect(t, "a module at the top", layerOf(t, []string{"python3.12"}, of("pyodbc", file("python/pyodbc.cpython-312-x86_64-linux-gnu.so", module("pyodbc", "libodbc.so.2")))),
		`warning libraries: "python/pyodbc.cpython-312-x86_64-linux-gnu.so" needs libodbc.so.2`)
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	py, node := []string{"python3.12"}, []string{"nodejs22.x"}
	for _, c := range []struct {
		name  string
		ids   []string
		files []fileCase
		want  []string
	}{
		{"a package at the root", py, []fileCase{text("shared_utils/__init__.py"), text("shared_utils/a.py")}, []string{`error layout: Nothing in "shared_utils/" can be imported. python3.12 looks into python/ and python/lib/python3.12/site-packages/. Write target = "python/shared_utils".`}},
		{"a package without its folder", py, []fileCase{text("__init__.py"), text("a.py")}, []string{`error layout: Nothing in "__init__.py" can be imported … target = "python/NAME"`, `error layout: Nothing in "a.py"`}},
		{"the folder of another version", py, []fileCase{text("python/lib/python3.11/site-packages/shared_utils/__init__.py")}, []string{`error layout: "python/lib/python3.11/site-packages/" is a folder of none of the runtimes … python/lib/python3.12/site-packages/`}},
		{"a package flattened into python", py, []fileCase{text("python/__init__.py"), text("python/a.py")}, []string{`warning layout: "python/__init__.py" makes no package`}},
		{"site-packages of a venv", py, []fileCase{text("venv/lib/python3.12/site-packages/requests/__init__.py")}, []string{`error layout: Nothing in "venv/lib/python3.12/site-packages/" can be imported`}},
		{"lib of a venv", py, []fileCase{text("lib/python3.12/site-packages/requests/__init__.py")}, []string{`error layout: Nothing in "lib/python3.12/site-packages/" can be imported … target = "python"`}},
		{"site-packages in python", py, []fileCase{text("python/site-packages/requests/__init__.py")}, []string{`error layout: Nothing in "python/site-packages/" can be imported`}},
		{"a venv in python", py, []fileCase{text("python/.venv/lib/python3.12/site-packages/requests/__init__.py"), text("python/a.py")}, []string{`warning layout: Nothing in "python/.venv/lib/python3.12/site-packages/" can be imported`}},
		{"a package that has such a folder", py, []fileCase{text("python/tool/site-packages/a.py")}, nil},
		{"packages without node_modules", node, []fileCase{text("nodejs/lodash/package.json"), text("nodejs/lodash/index.js")}, []string{`error layout: Nothing in "nodejs/lodash/" can be required … "nodejs/node_modules/lodash"`}},
		{"node_modules at the root", node, []fileCase{text("node_modules/lib/index.js")}, []string{`error layout: Nothing in "node_modules/" can be required … "nodejs/node_modules"`}},
		{"node_modules of another version", node, []fileCase{text("nodejs/node20/node_modules/lib/index.js")}, []string{`error layout: "nodejs/node20/node_modules/" is a folder of none of the runtimes`}},
		{"an archive with its top folder", py, []fileCase{text("my-layer/python/requests/__init__.py"), text("my-layer/python/six.py")}, []string{`error layout: Everything lies in "my-layer/", one folder too deep … begins with "python/"`}},
		{"a folder with capitals", py, []fileCase{text("Python/a.py")}, []string{`error layout: Nothing in "Python/" is found: names on Lambda keep their case … Write target = "python"`}},
		{"packages in NodeJS", node, []fileCase{text("NodeJS/node_modules/a/index.js")}, []string{`error layout: Nothing in "NodeJS/" is found`}},
		{"Lib of a venv of Windows", py, []fileCase{text("Lib/site-packages/a/__init__.py")}, []string{`error layout: Nothing in "Lib/site-packages/" can be imported`}},
		{"a venv with its programs", py, []fileCase{text(".venv/bin/python"), text(".venv/lib/python3.12/site-packages/a/__init__.py"), text(".venv/pyvenv.cfg")}, []string{`error layout: Nothing in ".venv/lib/python3.12/site-packages/" can be imported`}},
		{"a venv of another name", py, []fileCase{text("env1/bin/activate"), text("env1/pyvenv.cfg"), text("python/a.py")}, nil},
		{"what macOS adds to a zip", py, []fileCase{text("__MACOSX/python/._a.py"), text("python/a.py"), text("._b.py")}, nil},
		{"a wheel as a file", py, []fileCase{text("python/app-1.0-py3-none-any.whl"), text("python/a.py"), text("python/ensurepip/_bundled/pip-24.0-py3-none-any.whl")}, []string{`warning layout: "python/app-1.0-py3-none-any.whl" is a wheel that is not installed`}},
		{"a wheel at the root", py, []fileCase{text("app-1.0-py3-none-any.whl")}, []string{`warning layout: "app-1.0-py3-none-any.whl" is a wheel`}},
		{"a wheel that was unpacked", py, []fileCase{text("python/app-1.0.data/purelib/app/__init__.py"), text("python/app-1.0.dist-info/METADATA")}, []string{`warning layout: Nothing in "python/app-1.0.data/" can be imported … python.wheels`}},
		{"data that is called so", py, []fileCase{text("python/app/x.data/purelib/a.txt"), text("python/app/__init__.py")}, nil},
		{"an editable install", py, []fileCase{text("python/__editable__.app-1.0.pth"), text("python/app-1.0.dist-info/METADATA")}, []string{`warning layout: "python/__editable__.app-1.0.pth" belongs to an editable install`}},
		{"an older one", py, []fileCase{text("python/app.egg-link"), text("python/easy-install.pth"), text("python/a.py")}, []string{`warning layout: "python/app.egg-link" and another file belong to an editable install`}},
		{"other .pth files", py, []fileCase{text("python/distutils-precedence.pth"), text("python/a.py")}, nil},
		{"python twice", py, []fileCase{text("python/python/a.py"), text("python/python/b/__init__.py")}, []string{`warning layout: Everything lies in "python/python/", one folder too deep`}},
		{"a package of that name", py, []fileCase{text("python/python/__init__.py")}, nil},
		{"a folder of that name beside others", py, []fileCase{text("python/a.py"), text("python/python/b.py")}, nil},
		{"node_modules twice", node, []fileCase{text("nodejs/node_modules/node_modules/a/index.js")}, []string{`warning layout: Everything lies in "nodejs/node_modules/node_modules/"`}},
		{"namespace packages", py, []fileCase{text("python/acme/a/__init__.py"), text("python/acme/b/c.py")}, nil},
		{"the zip of a function", py, []fileCase{text("m.py"), text("python/lib.py")}, []string{`warning layout: Nothing in "m.py" can be imported`}},
		{"a program that is not on PATH", py, []fileCase{file("ffmpeg-7.0-amd64-static/ffmpeg", program())}, []string{`warning layout: The program "ffmpeg-7.0-amd64-static/ffmpeg" is not on PATH … files = { "*/ffmpeg" = "bin/ffmpeg" }`}},
		{"data", py, []fileCase{text("config/settings.json"), text("model.bin")}, nil},
		{"data beside code", py, []fileCase{text("config/settings.json"), text("python/a.py")}, nil},
		{"programs alone", py, []fileCase{file("bin/ffmpeg", program())}, nil},
		{"Node.js as npm lays it out", node, []fileCase{text("nodejs/package.json"), text("nodejs/node_modules/a/index.js")}, nil},
		{"both languages", []string{"python3.12", "nodejs22.x"}, []fileCase{text("python/a.py"), text("nodejs/node_modules/a/index.js")}, nil},
		{"files of two versions", []string{"python3.11", "python3.12"}, []fileCase{text("python/lib/python3.11/site-packages/a.py"), text("python/lib/python3.12/site-packages/a.py")}, nil},
	} {
		expectChecks(t, c.name, layerOf(t, c.ids, c.files...), []Check{Layout}, c.want...)
	}
	function := layerOf(t, py, text("handler.py"), text("requests/__init__.py"))
	function.Function = true
	expectChecks(t, "the code of a function", function, []Check{Layout})
}

func TestExecutables(t *testing.T) {
	t.Parallel()
	py := []string{"python3.12"}
	still := func(c fileCase) fileCase { c.exec = false; return c }
	for _, c := range []struct {
		name  string
		ids   []string
		files []fileCase
		want  []string
	}{
		{"scripts that run", py, []fileCase{script("bin/a", "/bin/sh"), script("bin/b", "/usr/bin/env python3"), script("bin/c", "/var/lang/bin/python3.12"), script("bin/d", "/usr/bin/env -S bash -e"), script("bin/e", "/opt/bin/a")}, nil},
		{"the path of a host", py, []fileCase{script("bin/tool", "/home/me/venv/bin/python")}, []string{`error executables: "bin/tool" names an interpreter of another machine … /home/me/venv/bin/python`}},
		{"env with options", py, []fileCase{script("bin/tool", "/usr/bin/env -S -u HOME -i A=1 python3 -u")}, nil},
		{"env without -S", py, []fileCase{script("bin/tool", "/usr/bin/env python3 -u")}, []string{`error executables: "bin/tool" gives env several words, which it takes for one … a program "python3 -u" … Write #!/usr/bin/env -S python3 -u.`}},
		{"env -S of a program that is not there", py, []fileCase{script("bin/tool", "/usr/bin/env -Sperl -w")}, []string{`warning executables: "bin/tool" names an interpreter that Lambda lacks`}},
		{"env -S on Amazon Linux 2", []string{"python3.11"}, []fileCase{script("bin/tool", "/usr/bin/env -S python3 -u")}, []string{`warning executables: "bin/tool" uses env -S, which the runtime does not have`}},
		{"an interpreter without a folder", py, []fileCase{script("bin/tool", "python3")}, []string{`error executables: "bin/tool" names an interpreter without its whole path … working directory`}},
		{"what keeps a folder in git", py, []fileCase{still(text("bin/.gitkeep")), still(text("bin/README"))}, nil},
		{"the same among extensions", py, []fileCase{still(text("extensions/.gitkeep"))}, []string{`warning executables: "extensions/.gitkeep" is not a program`}},
		{"python of /usr/local", py, []fileCase{script("bin/tool", "/usr/local/bin/python")}, []string{`error executables: "bin/tool" names an interpreter of another machine … #!/usr/bin/env python`}},
		{"python of /usr/bin", py, []fileCase{script("bin/tool", "/usr/bin/python3")}, []string{`error executables: "bin/tool" names an interpreter that is elsewhere on Lambda … #!/usr/bin/env python3`}},
		{"perl", py, []fileCase{script("bin/tool", "/usr/bin/perl")}, []string{"warning executables: … names an interpreter that Lambda lacks … has no perl"}},
		{"node on Python", py, []fileCase{script("bin/tool", "/usr/bin/env node")}, []string{"warning executables: … has no node"}},
		{"node in the layer", py, []fileCase{script("bin/tool", "/usr/bin/env node"), file("bin/node", program())}, nil},
		{"an interpreter that is not in the layer", py, []fileCase{script("bin/tool", "/opt/bin/lua")}, []string{"warning executables: … names an interpreter that is not in this layer"}},
		{"Windows line ends", py, []fileCase{script("bin/tool", "/bin/sh\r")}, []string{"error executables: … carriage return"}},
		{"neither", py, []fileCase{text("bin/tool"), text("bin/README.md"), text("extensions/ext")}, []string{`warning executables: "bin/tool" is not a program`, `warning executables: "extensions/ext" is not a program`}},
		{"no run bit", py, []fileCase{still(file("bin/p", program()))}, []string{`error executables: "bin/p" is not executable`}},
		{"no run bit in a package", []string{"nodejs22.x"}, []fileCase{still(of("@ffprobe-installer/linux-x64", file("nodejs/node_modules/@ffprobe-installer/linux-x64/ffprobe", program())))}, []string{`warning executables: "nodejs/node_modules/@ffprobe-installer/linux-x64/ffprobe" is not executable … executables = [`}},
	} {
		expectChecks(t, c.name, layerOf(t, c.ids, c.files...), []Check{Executables}, c.want...)
	}
}

func TestImportsOfDistributions(t *testing.T) {
	t.Parallel()
	l := layerOf(t, []string{"python3.12"}, text("python/requests/__init__.py"), text("python/six.py"), file("python/_c.cpython-312-x86_64-linux-gnu.so", module("_c")))
	l.Distributions = []Distribution{
		{Name: "requests", Modules: []string{"requests"}, Needs: []string{"idna", "six", "boto3", "certifi"}, Left: []string{"certifi"}},
		{Name: "six", Modules: []string{"six"}}, {Name: "c", Modules: []string{"_c"}}, {Name: "gone", Modules: []string{"gone", "_gone"}},
	}
	expectChecks(t, "imports", l, []Check{Imports}, `warning imports: "requests" needs "idna", which is not there`, `warning imports: Nothing of "gone" can be imported`)
}

// TestImportsThatNothingProvides asks for the exact imports only where a name is missing:
// what another layer may bring is a note, what Python itself has lost a warning.
func TestImportsThatNothingProvides(t *testing.T) {
	t.Parallel()
	judged := func(ids []string, imports string, unfound ...Import) (Layer, *int) {
		l := layerOf(t, ids, text("python/app/__init__.py"), text("python/idna.py"), text("python/lib/python3.12/site-packages/only12/__init__.py"))
		l.Distributions = []Distribution{{Name: "app", Modules: []string{"app"}, Imports: strings.Fields(imports)}}
		asked := new(int)
		l.Unfound = func(runtimes.Target, filetree.Origin) []Import { *asked++; return unfound }
		return l, asked
	}
	l, asked := judged([]string{"python3.11", "python3.12"}, "json boto3 idna six _thread")
	if found := Judge(l); len(found) != 0 || *asked != 0 {
		t.Errorf("asked %d times, found %+v", *asked, found)
	}
	l, asked = judged([]string{"python3.12"}, "only12 yaml", Import{"yaml.nodes", "python/app/__init__.py", 7})
	found := Judge(l)
	if len(found) != 1 || *asked != 1 || found[0].Severity != Note || found[0].Check != Imports || found[0].Summary != `"app" imports "yaml", which is not there` || !strings.Contains(found[0].Text(), `"python/app/__init__.py" imports "yaml.nodes" in line 7`) {
		t.Errorf("asked %d times, found %+v", *asked, found)
	}
	l, _ = judged([]string{"python3.11", "python3.12"}, "distutils only12", Import{"distutils.util", "python/app/__init__.py", 1})
	expectChecks(t, "distutils", l, []Check{Imports}, `warning imports: "app" imports "distutils", which is not there`)
	if found := Judge(l); len(found[0].Targets) != 1 || !strings.Contains(found[0].Text(), "up to 3.11. It is gone from python3.12.") {
		t.Errorf("found %+v", found)
	}
	l, _ = judged([]string{"python3.12"}, "falsely_read")
	expectChecks(t, "no statement", l, []Check{Imports})
}

func TestFindingsAreGroupedAndNameTenFiles(t *testing.T) {
	t.Parallel()
	var files []fileCase
	for _, c := range "abcdefghijklm" {
		files = append(files, of("p", file("python/p/_"+string(c)+".cpython-311-x86_64-linux-gnu.so", module("_"+string(c)))))
	}
	found := Judge(layerOf(t, []string{"python3.12", "python3.13"}, files...))
	if len(found) != 1 || len(found[0].Targets) != 2 || len(found[0].Files) != 10 || found[0].More != 3 || found[0].Origin.String() != "python:p 1" {
		t.Fatalf("findings are %+v", found)
	}
	slices.Reverse(files)
	again := Judge(layerOf(t, []string{"python3.12", "python3.13"}, files...))
	if again[0].Text() != found[0].Text() || again[0].Summary != found[0].Summary {
		t.Errorf("the order of files changes %q into %q", found[0].Text(), again[0].Text())
	}
}
