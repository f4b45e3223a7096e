package python

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// treeOf returns the tree of everything that a universe has for the targets.
func treeOf(t *testing.T, universe string, scripts bool, targets []wheel.Target, require ...string) (filetree.Tree, error) {
	t.Helper()
	idx := indextest.New(t, universe)
	client, st := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{
		Targets: targets, Store: st, Indexes: []index.Index{{URL: idx.URL()}}, Requirements: pythontest.Inputs(t, "req", require...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return treeIn(t, client, st, &Lock{Chosen: lock, Scripts: scripts}, nil, targets...)
}

// treeIn returns the files of a lock whose wheels come from its addresses, or from
// indexes.
func treeIn(t *testing.T, client *fetch.Client, st *store.Store, l *Lock, indexes []index.Index, targets ...wheel.Target) (filetree.Tree, error) {
	t.Helper()
	from, stop, err := index.NewMirror(t.Context(), client, st, indexes, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	return l.tree(t.Context(), from, targets)
}

// programs returns the content of what is below bin/.
func programs(t *testing.T, tree filetree.Tree) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, e := range tree {
		if name, ok := strings.CutPrefix(e.Path, "bin/"); ok {
			r, err := e.OpenContent()
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if !e.Exec {
				t.Errorf("%s is not executable", e.Path)
			}
			got[name] = string(body)
		}
	}
	return got
}

const tools = `
tools 1.0
  file: tools-1.0.dist-info/entry_points.txt: # made by a tool\n[console_scripts]\nTool = tools.cli:main\n  tool-2=tools.cli:App.run [extra]\n\n[gui_scripts]\nwindow = tools:show\n[tools.plugins]\nx = tools.plugin\n
  file: tools-1.0.data/scripts/old: #!pythonw -E\nprint("old")\n
  file: tools-1.0.data/scripts/shell: #!/bin/sh\necho shell\n
  file: tools-1.0.data/headers/x.h: int x;\n
`

const toolScript = `#!/var/lang/bin/python3.12
import os
import sys

layer = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "python")
runtime = "python%d.%d" % sys.version_info[:2]
sys.path[:0] = [os.path.join(layer, "lib", runtime, "site-packages"), layer]

from tools.cli import App

if __name__ == "__main__":
    raise SystemExit(App.run())
`

func TestScripts(t *testing.T) {
	t.Parallel()
	tree, err := treeOf(t, tools, true, []wheel.Target{pythontest.Py312}, "tools")
	if err != nil {
		t.Fatal(err)
	}
	got := programs(t, tree)
	for name, want := range map[string]string{
		"tool-2": toolScript,
		"Tool":   strings.NewReplacer("App.run", "main", "App", "main").Replace(toolScript),
		"window": strings.NewReplacer("tools.cli", "tools", "App.run", "show", "App", "show").Replace(toolScript),
		"old":    "#!/var/lang/bin/python3.12\nprint(\"old\")\n",
		"shell":  "#!/bin/sh\necho shell\n",
	} {
		if got[name] != want {
			t.Errorf("bin/%s is\n%s\nwant\n%s", name, got[name], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("bin/ has %d programs, want 5", len(got))
	}
	for _, e := range tree {
		if strings.HasSuffix(e.Path, "x.h") || strings.HasPrefix(e.Path, "python/bin") || e.Origin != (filetree.Origin{Ecosystem: "python", Name: "tools", Version: "1.0"}) {
			t.Errorf("the tree has %s of %s", e.Path, e.Origin)
		}
	}
}

func TestScriptsAreLeftOutUnlessAskedFor(t *testing.T) {
	t.Parallel()
	tree, err := treeOf(t, tools, false, []wheel.Target{pythontest.Py312}, "tools")
	if err != nil {
		t.Fatal(err)
	}
	if got := programs(t, tree); len(got) != 0 {
		t.Errorf("bin/ has %q", got)
	}
}

func TestScriptsOfSeveralRuntimes(t *testing.T) {
	t.Parallel()
	tree, err := treeOf(t, tools, true, []wheel.Target{pythontest.Py311, pythontest.Py312}, "tools")
	if err != nil {
		t.Fatal(err)
	}
	if got := programs(t, tree)["old"]; got != "#!/var/lang/bin/python3\nprint(\"old\")\n" {
		t.Errorf("bin/old is %q, want the interpreter that both runtimes have", got)
	}
}

func TestMalformedScripts(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"a", "a = tools", "a = tools:", "../a = tools:main", "a/b = tools:main", "a = tools:main()", "a = os; x:main", "= tools:main"} {
		universe := "tools 1.0\n  file: tools-1.0.dist-info/entry_points.txt: [console_scripts]\\n" + line + "\\n\n"
		_, err := treeOf(t, universe, true, []wheel.Target{pythontest.Py312}, "tools")
		if err == nil || !strings.Contains(err.Error(), "tools-1.0-py3-none-any.whl") || !strings.Contains(err.Error(), "is not a script") {
			t.Errorf("Tree() with %q = %v, want an error that names the wheel", line, err)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	const pkgutil = `__path__ = __import__("pkgutil").extend_path(__path__, __name__)\n`
	for _, c := range []struct {
		name, universe string
		targets        []wheel.Target
		want           []string
	}{{
		name:     "nothing to say",
		universe: "a 1.0\nb 1.0\n  file: ns/b/__init__.py: \\n\nc 1.0\n  file: ns/c/__init__.py: \\n\n",
	}, {
		name:     "a .pth file",
		universe: "a 1.0\n  file: a.pth: a/lib\\n\n  file: a-nspkg.pth: import a\\n\n  file: a/inner.pth: import x\\n\nb 1.0\n  file: hook.pth: x\\nimport b\\n\nc 1.0\n  file: distutils-precedence.pth: import os\\n\n",
		want:     []string{`"hook.pth" of b 1.0 runs code at every cold start`},
	}, {
		name:     "one has an __init__.py",
		universe: "a 1.0\nb 1.0\n  file: ns/__init__.py: \\n\n  file: ns/sub/__init__.py: \\n\nc 1.0\n  file: ns/sub/c.py: \\n\n",
		want:     []string{`"ns/__init__.py" is of b 1.0, and c 1.0 has files in that folder without one: they are found in this layer, and hidden if another ns is found first`},
	}, {
		name:     "all have one",
		universe: "a 1.0\nb 1.0\n  file: ns/__init__.py: \\n\nc 1.0\n  file: ns/__init__.py: \\n\n  file: ns/c.py: \\n\n",
	}, {
		name:     "a namespace by pkgutil",
		universe: "a 1.0\nb 1.0\n  file: ns/__init__.py: " + pkgutil + "\nc 1.0\n  file: ns/c.py: \\n\n",
	}, {
		name:    "in two folders of sys.path",
		targets: []wheel.Target{pythontest.Py311, pythontest.Py312},
		universe: "a 1.0\nb 1.0\n  wheel: cp311-cp311-linux_x86_64\n  wheel: cp312-cp312-linux_x86_64\n  file: ns/__init__.py: \\n\n" +
			"c 1.0\n  file: ns/c.py: \\n\n",
		want: []string{`"python/lib/python3.11/site-packages/ns/__init__.py" of b 1.0 hides what c 1.0 has in python/ns: build one layer for each runtime`},
	}, {
		name:     "folders that are never on one sys.path",
		targets:  []wheel.Target{pythontest.Py311, pythontest.Py312},
		universe: "a 1.0\nb 1.0\n  wheel: cp311-cp311-linux_x86_64\n  file: ns/__init__.py: \\n\nb 2.0\n  wheel: cp312-cp312-linux_x86_64\n  file: ns/x.py: \\n\nc 1.0\n",
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.targets == nil {
				c.targets = []wheel.Target{pythontest.Py312}
			}
			tree, err := treeOf(t, c.universe, false, c.targets, "a", "b", "c")
			if err != nil {
				t.Fatal(err)
			}
			got, err := wheel.Findings(tree)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("Findings() = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}
