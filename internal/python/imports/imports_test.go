package imports

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func shown(statements []Statement) string {
	var out []string
	for _, s := range statements {
		text := fmt.Sprintf("%d:%s", s.Line, s.Module)
		for _, n := range s.Names {
			text += " " + n.Name
			if n.As != n.Name {
				text += "=" + n.As
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func TestImportsThatAlwaysRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"plain", "import a\nimport b.c as d, e\n", "1:a; 2:b.c; 2:e"},
		{"from", "from a.b import c as d, e\nfrom . import f\nfrom .. g import h\nfrom .import i\n", "1:a.b c=d e; 2:. f; 3:..g h; 4:. i"},
		{"over lines", "from a import (  # why\n    b,\n    c as d,\n)\nimport e, \\\n    f\n", "1:a b c=d; 5:e; 5:f"},
		{"star", "from a import *\r\nimport b\r\n", "1:a *; 2:b"},
		{"several in a line", "import a; import b;x = 1\n", "1:a; 1:b"},
		{"docstring", "\"\"\"Use it:\n\nimport example\nfrom x import y\n\"\"\"\nimport a\n", "6:a"},
		{"quotes in comments", "# it's \"\"\"\nimport a\ns = 'it\\'s # no'\nimport b\n", "2:a; 4:b"},
		{"raw string", "s = r'\\d\\\\'\nimport a\n", "2:a"},
		{"unclosed string ends with its line", "s = 'open\nimport a\n", "2:a"},
		{"try", "try:\n    import a\nexcept ImportError:\n    a = None\nimport b\n", "5:b"},
		{"if", "if TYPE_CHECKING:\n    import a\nelif x:\n  import b\nelse:\n\timport c\nimport d\n", "7:d"},
		{"platform", "if sys.platform == 'win32':\n    import winreg\n", ""},
		{"with", "with suppress(ImportError):\n    import a\nwhile 0:\n    import b\n", ""},
		{"function", "def f(\n    x=1,\n):\n    import a\n\nasync def g():\n    import b\nimport c\n", "8:c"},
		{"class", "class A(B):\n    import a\n    def f(self):\n        import b\n", "2:a"},
		{"one line", "if x: import a\ntry: import b\nexcept: pass\n", ""},
		{"no imports", "important = 1\nfrom_x = 2\nx = (\nimport_\n)\nprint('import z')\n", ""},
		{"dictionary", "d = {\n'a':\n1}\nimport b\n", "4:b"},
	} {
		if got := shown(Top([]byte(c.source))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// world returns what python3.12 imports of sources at their layer paths.
func world(t *testing.T, id string, sources map[string]string) *World {
	t.Helper()
	r, err := runtimes.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	var files filetree.Tree
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		files = append(files, filetree.Entry{Path: name, Size: int64(len(sources[name]))})
	}
	return NewWorld(r, files, r.Paths, func(e *filetree.Entry) ([]byte, error) { return []byte(sources[e.Path]), nil })
}

func told(missing []Missing) string {
	var out []string
	for _, m := range missing {
		text := m.Module
		if m.Name != "" {
			text += " has no " + m.Name
		}
		if m.By != "" {
			text += fmt.Sprintf(" by %s:%d", m.By, m.Line)
		}
		if m.Making != "" {
			text += " for " + m.Making
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// tracer is what aws-lambda-powertools 2.30.0 does: the module loads without the X-Ray
// SDK, and a Tracer cannot be made.
var tracer = map[string]string{
	"python/powertools/__init__.py":                 "from powertools.tracing import Tracer\nfrom .logging import Logger as Log\n",
	"python/powertools/logging.py":                  "class Logger:\n    def __init__(self):\n        if self.debug:\n            import debugger\n        self.load()\n    def load(self):\n        import json\n",
	"python/powertools/lazy.py":                     "class LazyLoader: pass\n",
	"python/powertools/tracing/__init__.py":         "from .extensions import trace_config\nfrom .tracer import Tracer\n",
	"python/powertools/tracing/extensions.py":       "def trace_config():\n    '''Doc'''\n    from aws_xray_sdk.ext import (\n        client,\n    )\n    return client()\n",
	"python/powertools/tracing/tracer.py":           "from ..lazy import LazyLoader\naws_xray_sdk = LazyLoader('aws_xray_sdk', globals(), 'aws_xray_sdk')\n\nclass Tracer:\n    def __init__(self, provider=None):\n        self.__build_config(\n            provider=provider,\n        )\n\n    def __build_config(self, provider):\n        self.provider = provider or self._patch()\n\n    def _patch(self):\n        from aws_xray_sdk.core import xray_recorder  # type: ignore\n        return xray_recorder\n\n    def later(self):\n        import never\n",
	"python/powertools-2.30.0.dist-info/METADATA":   "",
	"python/native/__init__.py":                     "from ._fast import x\nfrom . import _other\nfrom six.moves import urllib\n",
	"python/native/_fast.cpython-312-x86_64.so":     "",
	"python/native/_other.cpython-311-x86_64.so":    "",
	"python/six.py":                                 "import sys\nsys.modules['six.moves'] = None\n",
	"python/acme/__init__.py":                       "import acme.gone\nfrom acme import here\nimport distutils.util\n",
	"python/acme/here.py":                           "import acme.gone\nfrom google.cloud import storage, absent\nimport requests.adapters\n",
	"python/google/cloud/storage/__init__.py":       "import boto3, os.path\n",
	"python/lib/python3.12/site-packages/only12.py": "import tomllib\n",
	"python/lib/python3.11/site-packages/only11.py": "import tomllib\n",
	"python/vend/__init__.py":                       "import sys\nsys.path.insert(0, 'x')\nimport vend.other\n",
	"python/vend/other.py":                          "import inside.deep\n",
	"python/vend/_vendor/inside/deep.py":            "import json\n",
	"python/google/cloud/_hidden/__init__.py":       "import grpc\n",
	"python/google/cloud/storage_grpc.py":           "import grpc\n",
	"python/tests/test_it.py":                       "import pytest\n",
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, name, want string }{
		{"python3.12", "powertools", ""},
		{"python3.12", "powertools.tracing", ""},
		{"python3.12", "powertools.Tracer", "aws_xray_sdk.core by python/powertools/tracing/tracer.py:14 for Tracer"},
		{"python3.12", "powertools.tracing.Tracer", "aws_xray_sdk.core by python/powertools/tracing/tracer.py:14 for Tracer"},
		{"python3.12", "powertools.tracing.trace_config", "aws_xray_sdk.ext by python/powertools/tracing/extensions.py:3 for trace_config"},
		{"python3.12", "powertools.Log", ""},
		{"python3.12", "powertools.logging.Logger.load", ""},
		{"python3.12", "powertools.Tracker", "powertools has no Tracker"},
		{"python3.12", "powertools.metrics.Metrics", "powertools has no metrics"},
		{"python3.12", "requests", "requests"},
		{"python3.12", "boto3", ""},
		{"python3.12", "json.decoder", ""},
		{"python3.12", "distutils", "distutils"},
		{"python3.11", "distutils", ""},
		{"python3.12", "native", ""},
		{"python3.12", "native._other", "native has no _other"},
		{"python3.11", "native", "native._fast by python/native/__init__.py:1"},
		{"python3.12", "only12", ""},
		{"python3.11", "only12", "only12"},
		{"python3.10", "only11", "only11"},
		{"python3.12", "google.cloud", ""},
		{"python3.12", "google.cloud.storage", ""},
		{"python3.12", "google.cloud.absent", "google.cloud.absent"},
		{"python3.11", "acme", "acme.gone by python/acme/__init__.py:1; google.cloud.absent by python/acme/here.py:2; requests.adapters by python/acme/here.py:3"},
		{"python3.12", "vend", ""},
		{"python3.12", "google.cloud.storage_grpc", "grpc by python/google/cloud/storage_grpc.py:1"},
		{"python3.12", "acme.here", "distutils.util by python/acme/__init__.py:3; acme.gone by python/acme/here.py:1"},
	} {
		got, err := world(t, c.id, tracer).Assert(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if c.name == "acme.here" {
			if !strings.Contains(told(got), "distutils.util by python/acme/__init__.py:3") || !strings.Contains(told(got), "acme.gone") {
				t.Errorf("%s: %q is told of %s", c.id, told(got), c.name)
			}
			continue
		}
		if told(got) != c.want {
			t.Errorf("%s: %q is told of %s, want %q", c.id, told(got), c.name, c.want)
		}
	}
}

func TestWhatIsReachedFromTheTop(t *testing.T) {
	t.Parallel()
	got, err := world(t, "python3.12", tracer).Reached(func(path string) bool { return !strings.Contains(path, "acme") && !strings.Contains(path, "only") })
	if want := ""; err != nil || told(got) != want {
		t.Errorf("got %q, want %q (%v)", told(got), want, err)
	}
	got, err = world(t, "python3.12", tracer).Reached(func(path string) bool { return strings.Contains(path, "acme") })
	want := "acme.gone by python/acme/__init__.py:1; distutils.util by python/acme/__init__.py:3; google.cloud.absent by python/acme/here.py:2; requests.adapters by python/acme/here.py:3"
	if err != nil || told(got) != want {
		t.Errorf("got %q, want %q (%v)", told(got), want, err)
	}
}

// TestWhatIsLoaded imports all that p brings. What "try" imports, and what stands in
// for it, is not loaded for sure; what a condition imports mostly is.
func TestWhatIsLoaded(t *testing.T) {
	t.Parallel()
	sources := map[string]string{
		"python/p/__init__.py": "from ._fast import f\ntry:\n    from . import _optional\nexcept ImportError:\n    from . import _fallback\nelse:\n    from . import _with_optional\nfinally:\n    from . import _finally\nfrom p import sub\n",
		"python/p/sub/__init__.py": "import sys\nfrom typing import TYPE_CHECKING\ndef later():\n    import p._lazy\nif TYPE_CHECKING:\n    from . import _typed\nelse:\n    from .deep import x\n" +
			"if sys.version_info < (3, 8): pass\nelif True:\n    with open('x'):\n        from . import _inside\nif __name__ == '__main__':\n    from . import _main\n",
		"python/p/sub/deep.py":           "import q\n",
		"python/other/__init__.py":       "import other._c\n",
		"python/space/r/__init__.py":     "from . import _c\n",
		"python/p/sub/tests/__init__.py": "import p._never\n",
	}
	for _, name := range []string{
		"p/_fast", "p/_optional", "p/_fallback", "p/_with_optional", "p/_finally", "p/_lazy", "p/_never",
		"p/sub/_typed", "p/sub/_inside", "p/sub/_main", "other/_c", "space/r/_c", "q",
	} {
		sources["python/"+name+".cpython-312-x86_64-linux-gnu.so"] = ""
	}
	loaded, err := world(t, "python3.12", sources).Loaded(func(path string) bool { return !strings.Contains(path, "/other/") && !strings.Contains(path, "/q.") })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, path := range slices.Sorted(maps.Keys(loaded)) {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "python/"), ".")
		got = append(got, name)
	}
	want := "p/__init__ p/_fast p/_finally p/sub/__init__ p/sub/_inside p/sub/deep q space/r/__init__ space/r/_c"
	if strings.Join(got, " ") != want {
		t.Errorf("loaded are %q, want %q", strings.Join(got, " "), want)
	}
}

func TestWhatADistributionNeedsFromElsewhere(t *testing.T) {
	t.Parallel()
	var c Collector
	for _, name := range slices.Sorted(maps.Keys(tracer)) {
		if file, ok := strings.CutPrefix(name, "python/"); ok && !strings.HasPrefix(file, "lib/") {
			c.Add(file, []byte(tracer[name]))
		}
	}
	c.Add("a-1.0.data/purelib/moved/__init__.py", []byte("\"\"\"Doc\n\nimport hidden\n\"\"\"\nimport shown  # \"\"\"\nx = ''' \nfrom hidden import x'''\nfrom .sub import y\nfrom . import (\n  other,\n  last)\n"))
	c.Add("moved/sub.py", []byte("import deep\r\ntry:\n    import tried\nexcept ImportError: pass\n"))
	c.Add("moved/last.py", []byte("importance = 1\nfrom.last import x\nimport\tlisted, a.b\n"))
	c.Add("moved/never.py", []byte("import never\n"))
	c.Add("a-1.0.data/scripts/tool.py", []byte("import script\n"))
	c.Add("a-1.0.dist-info/x.py", []byte("import info\n"))
	// What every standard library has is no matter of a collector, where it is alone.
	want := "a boto3 deep distutils inside listed os requests shown"
	if got := strings.Join(c.Outside(), " "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCollectorFindsWhatIsExact compares it with the exact reading of sources that
// hold no traps.
func TestCollectorFindsWhatIsExact(t *testing.T) {
	t.Parallel()
	for name, source := range tracer {
		if exact, fast := foreign(Top([]byte(source))), foreign(atLineStarts([]byte(source), true)); !slices.Equal(exact, fast) {
			t.Errorf("%s: %v, %v", name, exact, fast)
		}
	}
}

// foreign returns the modules of statements that are not of the standard library.
func foreign(all []Statement) []string {
	var names []string
	for _, s := range all {
		if !runtimes.IsStandardAlways(top(s.Module)) {
			names = append(names, s.Module)
		}
	}
	return names
}

func FuzzTop(f *testing.F) {
	for _, seed := range []string{"import a", "from . import (a,\nb)", "from a import \\\n b", "def f():\n import x", "import \\", "from x import (", "'''\nimport x\n'''", "class A:\n def __init__(self):\n  self.f()\n def f(self): pass\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		defer indextest.Budget(t, len(source))()
		_, _ = atLineStarts([]byte(source), false), atLineStarts([]byte(source), true)
		lines := 1 + strings.Count(source, "\n")
		for _, s := range append(Top([]byte(source)), called([]byte(source), "A")...) {
			if s.Line < 1 || s.Line > lines || strings.ContainsAny(s.Module, " \t\n,()") || s.Module == "" {
				t.Errorf("an import of %q in line %d of %d", s.Module, s.Line, lines)
			}
		}
	})
}
