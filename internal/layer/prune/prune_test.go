package prune

import "testing"

func TestLocate(t *testing.T) {
	t.Parallel()
	function := Layout{Function: true, Python: true}
	for _, c := range []struct {
		layout Layout
		name   string
		want   Location
	}{
		{Layout{}, "python/a/b.py", Location{Python: true, Within: "a/b.py"}},
		{Layout{}, "python/lib/python3.12/site-packages/a.py", Location{Python: true, Within: "a.py"}},
		{Layout{}, "nodejs/node_modules/@s/p/node_modules/q/lib/i.js", Location{Node: true, Folder: "nodejs/node_modules/@s/p/node_modules/q", Within: "lib/i.js"}},
		{Layout{}, "nodejs/node_modules/.bin/tool", Location{}},
		{Layout{}, "my_node_modules/p/i.js", Location{Within: "my_node_modules/p/i.js"}},
		{Layout{}, "bin/tool", Location{Within: "bin/tool"}},
		{function, "a/tests/x.py", Location{Python: true, Within: "a/tests/x.py"}},
		{function, "node_modules/p/package.json", Location{Node: true, Folder: "node_modules/p", Within: "package.json"}},
	} {
		if got := c.layout.Locate(c.name); got != c.want {
			t.Errorf("%+v: %q is at %+v, want %+v", c.layout, c.name, got, c.want)
		}
	}
}

func TestWhatNoPresetLeavesOut(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"python/a-1.0.dist-info/METADATA": true, "python/a/LICENSE": true, "python/docs/COPYING.md": true, "nodejs/node_modules/p/package.json": true,
		"python/a/license.py": false, "python/tests/x.py": false, "nodejs/node_modules/p/README.md": false,
	} {
		if got := alwaysStays(Layout{}.Locate(name)); got != want {
			t.Errorf("%q always stays: %t, want %t", name, got, want)
		}
	}
}
