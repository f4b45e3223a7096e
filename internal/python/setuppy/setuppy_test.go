package setuppy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// memory are files by path.
type memory map[string]string

func (m memory) ReadFile(name string) ([]byte, bool) {
	content, ok := m[name]
	return []byte(content), ok
}

func (m memory) List() []string { return slices.Sorted(maps.Keys(m)) }

// project is what the scripts of the tests lie in.
func project(script string) memory {
	return memory{
		"setup.py": script, "README.md": "read\r\nme\n", "requirements.txt": "a\nb\n", "latin": "\xe9",
		"pkg/__init__.py": "__version__ = '1.2'\n", "pkg/sub/__init__.py": "", "pkg/data/x.txt": "", "tests/__init__.py": "", "tests/unit/__init__.py": "",
		"src/deep/__init__.py": "",
	}
}

// show writes a value in one line.
func show(v any) string {
	switch v := v.(type) {
	case List:
		return "[" + shown(v) + "]"
	case Tuple:
		return "(" + shown(v) + ")"
	case *Dict:
		var parts []string
		for _, key := range v.Keys() {
			item, _ := v.Get(key)
			parts = append(parts, key+": "+show(item))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case Unknown:
		return "unknown: " + v.Why
	}
	return fmt.Sprintf("%#v", v)
}

func shown(items []any) string {
	var parts []string
	for _, item := range items {
		parts = append(parts, show(item))
	}
	return strings.Join(parts, ", ")
}

func TestReadValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ script, want string }{
		{`setup(x="a" 'b' r"\n" "\x41\t")`, `"ab\\nA\t"`},
		{`setup(x="""two` + "\n" + `lines""")`, `"two\nlines"`},
		{`setup(x=[1, -2, True, None, (3,), (), {"k": [4]}, ("in brackets")])`, `[1, -2, true, <nil>, (3), (), {k: [4]}, "in brackets"]`},
		{`setup(x="a" + "b" + "%s-%s" % ("c", "d") + "%s" % "e")`, `"abc-de"`},
		{`setup(x=["a"] + ["b"])`, `["a", "b"]`},
		{"a = b = 'v'\na += 'w'\nsetup(x=a + b)", `"vwv"`},
		{"d = {}\nd['k'] = 1\nd2 = dict(z=2, **d)\nsetup(x=d2)", `{z: 2, k: 1}`},
		{"kw = dict(x=1)\nsetup(**kw)", `1`},
		{"def f():\n    return 'v'\nsetup(x=f())", `"v"`},
		{"def read(name):\n    with open(os.path.join(os.path.dirname(__file__), name)) as f:\n        return f.read()\nsetup(x=read('README.md'))", `"read\nme\n"`},
		{"here = os.path.abspath(os.path.dirname(__file__))\nsetup(x=io.open(os.path.join(here, 'README.md'), encoding='utf-8').read())", `"read\nme\n"`},
		{"setup(x=codecs.open('README.md', 'r', 'utf-8').read())", `"read\r\nme\n"`},
		{"setup(x=open('README.md', 'rb').read().decode('utf-8'))", `"read\r\nme\n"`},
		{"setup(x=open('requirements.txt').read().splitlines())", `["a", "b"]`},
		{"setup(x=open('requirements.txt').read().strip().split('\\n'))", `["a", "b"]`},
		{"try:\n    x = open('missing').read()\nexcept IOError:\n    x = 'none'\nsetup(x=x)", `"none"`},
		{"try:\n    import pypandoc\n    x = pypandoc.convert('README.md')\nexcept (OSError, ImportError) as e:\n    print(e)\n    x = ''\nelse:\n    x = 'else'\nfinally:\n    y = 1\nsetup(x=x)", `""`},
		{"try:\n    from setuptools import setup as s\nexcept ImportError:\n    from distutils.core import setup as s\ns(x=1)", `1`},
		{"if __name__ == '__main__':\n    setup(x=1)", `1`},
		{"if sys.argv[-1] == 'publish':\n    os.system('rm -rf /')\n    sys.exit()\nsetup(x=1)", `1`},
		{"if 'test' in sys.argv:\n    os.system('x')\nsetup(x=1)", `1`},
		{"if platform.system() in ('Linux', 'Unix'):\n    x = 'l'\nelse:\n    x = 'o'\nsetup(x=x)", `"l"`},
		{"setup(x=os.environ.get('HOOK', 'usual'))", `"usual"`},
		{"setup(x='a' if os.name == 'nt' else 'b')", `"b"`},
		{"setup(x=find_packages())", `["pkg", "pkg.sub", "tests", "tests.unit"]`},
		{"setup(x=find_packages(exclude=['tests*']))", `["pkg", "pkg.sub"]`},
		{"setup(x=find_packages(exclude=('tests', 'pkg.sub')))", `["pkg", "tests.unit"]`},
		{"setup(x=find_packages('src'))", `["deep"]`},
		{"setup(x=find_packages(where='.', include=['p*']))", `["pkg", "pkg.sub"]`},
		{"import pkg\nsetup(x=pkg.__version__)", `unknown: what pkg holds when it runs`},
		{"from pkg import __version__ as v\nsetup(x=v + 'dev')", `unknown: what pkg holds when it runs`},
		{"def v():\n    m = re.search('x', open('README.md').read())\n    if m:\n        return m.group(1)\n    raise RuntimeError('no')\nsetup(x=v())", `unknown: re.search`},
		{"def v():\n    for line in open('pkg/__init__.py'):\n        if line.startswith('_'):\n            return line.split('=')[1]\nsetup(x=v())", `unknown: what is not understood without running it`},
		{"setup(x='.'.join([str(n) for n in (1, 2)]))", `unknown: what is not understood without running it`},
		{"class Test(Command):\n    user_options = []\n    def run(self):\n        subprocess.call(['x'])\nsetup(x={'test': Test})", `{test: unknown: the class Test}`},
		{"# -*- coding: utf-8 -*-\n\"\"\"Über.\"\"\"\nsetup(x=__doc__)", `"Über."`},
		{"setup(x=sys.version_info)", `unknown: sys.version_info`},
		{"x = 'a' \\\n  'b'\nsetup(x=x,  # why\n)", `"ab"`},
		{"setup(x='{} = {}'.format('a', 'b'))", `"a = b"`},
	} {
		script := "import os, sys, io, codecs, platform, re, subprocess\nfrom setuptools import setup, find_packages, Command\n" + c.script + "\n"
		if strings.HasPrefix(c.script, "#") {
			script = strings.Replace(c.script, "setup(", "from setuptools import setup\nsetup(", 1) + "\n"
		}
		got, err := Read(project(script), Options{OwnImports: true})
		if err != nil {
			t.Errorf("Read(%s) = %v", c.script, err)
			continue
		}
		x, _ := got.Args.Get("x")
		if text := show(x); text != c.want {
			t.Errorf("Read(%s): x = %s, want %s", c.script, text, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"":                        "line 1 of setup.py: it does not call setup()",
		"setup()\nsetup()":        "line 4 of setup.py: it calls setup() in a way that cannot be read",
		"os.system('x')\nsetup()": "line 3 of setup.py: it calls os.system",
		"x = subprocess.check_output('git')\nsetup()":                    "line 3 of setup.py: it calls subprocess.check_output",
		"def f():\n    os.remove('x')\nf()\nsetup()":                     "line 4 of setup.py: it calls os.remove",
		"open('x', 'w').write('y')\nsetup()":                             `line 3 of setup.py: it opens "x" to do more than read it`,
		"x = open('/etc/passwd').read()\nsetup()":                        "line 3 of setup.py: it opens a file outside of the distribution",
		"x = open('../x').read()\nsetup()":                               "line 3 of setup.py: it opens a file outside of the distribution",
		"x = open('missing').read()\nsetup()":                            "line 3 of setup.py: it raises FileNotFoundError: missing",
		"x = open('latin').read()\nsetup()":                              `line 3 of setup.py: it reads "latin", which is not in UTF-8`,
		"x = open('README.md', newline='').read()\nsetup()":              `line 3 of setup.py: it opens "README.md" in a way that cannot be read`,
		"import numpy\nsetup()":                                          "line 3 of setup.py: it imports numpy",
		"import absent\nsetup()":                                         "line 3 of setup.py: it raises ModuleNotFoundError: absent",
		"from setuptools import Novelty\nsetup()":                        "line 3 of setup.py: it imports Novelty from setuptools",
		"if sys.version_info[0] == 2:\n    pass\nsetup()":                "line 3 of setup.py: where it goes on depends on sys.version_info",
		"for x in []:\n    pass\nsetup()":                                `line 3 of setup.py: its statement "for" … is not understood without running it`,
		"exec(open('pkg/__init__.py').read())\nsetup()":                  "line 3 of setup.py: it uses exec",
		"x = [f(y) for y in z]\nsetup()":                                 "line 3 of setup.py: it has an expression that is not understood without running it",
		"class A(B):\n    x = os.getpid()\nsetup()":                      "line 4 of setup.py: it calls os.getpid",
		"def f():\n    return f()\nsetup(x=f())":                         "line 4 of setup.py: it calls itself too deep",
		"raise SystemExit\nsetup()":                                      "line 3 of setup.py: it stops with an error",
		"setup(x=undefined)":                                             "line 3 of setup.py: it uses undefined",
		"x = (\nsetup()":                                                 "line 4 of setup.py: a bracket is not closed",
		"x = 'a\nsetup()":                                                "line 3 of setup.py: a text is not closed",
		"  x = 1\nsetup()":                                               "line 4 of setup.py: its blocks cannot be read",
		"setup(packages=find_namespace_packages())":                      "line 3 of setup.py: it calls find_namespace_packages, which takes folders of every kind for packages",
		"def main():\n    setup(x=1)\n    if re.x:\n        f()\nmain()": "line 5 of setup.py: where it goes on depends on re.x",
	} {
		prefix := "import os, sys, re, subprocess\nfrom setuptools import setup, find_namespace_packages\n"
		_, err := Read(project(prefix+script), Options{OwnImports: true})
		refused, ok := errors.AsType[*Refusal](err)
		if !ok {
			t.Errorf("Read(%q) = %v, want a refusal", script, err)
			continue
		}
		if got := refused.Error(); got != want {
			t.Errorf("Read(%q) = %s, want %s", script, got, want)
		}
	}
}

func TestOwnModulesNeedTheLegacyBackend(t *testing.T) {
	t.Parallel()
	_, err := Read(project("from setuptools import setup\nimport pkg\nsetup()\n"), Options{})
	want := "line 2 of setup.py: it imports pkg, which the build backend in pyproject.toml keeps it from"
	if err == nil || err.Error() != want {
		t.Errorf("Read() = %v, want %s", err, want)
	}
}

// TestReadIsBounded reads scripts that Python would run for long, or that make
// values of no end.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	const head = "from setuptools import setup\n"
	for _, script := range []string{
		head + "a = [1]\n" + strings.Repeat("a = [a, a]\n", 60) + "setup(x=a)\n",
		head + "a = 'xx'\n" + strings.Repeat("a = a + a\n", 60) + "setup(x=a)\n",
		head + "d = {}\nd['k'] = d\nsetup(x=d)\n",
		head + strings.Repeat("x = (", 5000) + strings.Repeat(")", 5000) + "\nsetup()\n",
		head + "def f():\n    f()\n    f()\nf()\nsetup()\n",
		head + strings.Repeat("if 1:\n ", 3000) + "setup()\n",
	} {
		call, err := Read(project(script), Options{})
		if err == nil && len(show(call.Args)) > 64*maxValues {
			t.Errorf("Read(%.60q…) has arguments without end", script)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "a/b", true}, {"a*c", "abbc", true}, {"a*c", "abbd", false},
		{"?", "", false}, {"?", "x", true}, {"[ab]x", "bx", true}, {"[!ab]x", "bx", false}, {"[!ab]x", "cx", true},
		{"[a-c]", "b", true}, {"[]]", "]", true}, {"[", "[", true}, {"*.py[co]", "a.pyc", true}, {"*.py[co]", "a.py", false},
		{"LICEN[CS]E*", "LICENSE.txt", true}, {strings.Repeat("a*", 30) + "b", strings.Repeat("a", 200), false},
	} {
		if got := Match(c.pattern, c.s); got != c.want {
			t.Errorf("Match(%q, %q) = %t, want %t", c.pattern, c.s, got, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, script := range []string{
		"from setuptools import setup\nsetup(name='a', packages=['a'] + [b for b in c], **{'x': 1})\n",
		"try:\n  import x\nexcept (A, B) as e:\n  pass\nfinally:\n  pass\n",
		"def f(a, *b):\n\tif a: return 'x' if b else (1,)\n", "x = \"\"\"\\u0041\\N{DASH}\"\"\" % ('a',)\n", "class A(B):\n  x = {1: -2}\n",
	} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		call, err := Read(project(script), Options{OwnImports: true})
		if err == nil {
			show(call.Args)
			return
		}
		if refused, ok := errors.AsType[*Refusal](err); !ok || refused.Reason == "" {
			t.Errorf("Read(%q) = %v, want a refusal", script, err)
		}
	})
}
