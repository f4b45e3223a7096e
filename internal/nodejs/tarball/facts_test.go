package tarball

import (
	"os"
	"slices"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// texts are the files of a package.
type texts map[string]string

func (f texts) Has(name string) bool { _, ok := f[name]; return ok }

func (f texts) Read(name string) ([]byte, error) {
	if !f.Has(name) {
		return nil, os.ErrNotExist
	}
	return []byte(f[name]), nil
}

// TestESMOnly holds the answer against what require() of Node.js 20 does with
// such a package: load it, or ERR_REQUIRE_ESM and ERR_PACKAGE_PATH_NOT_EXPORTED.
func TestESMOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, packageJSON string
		files             texts
		want              bool
	}{
		{"nothing said", `{}`, texts{"index.js": ""}, false},
		{"main", `{"main": "lib"}`, texts{"lib/index.js": ""}, false},
		{"a module", `{"type": "module"}`, texts{"index.js": ""}, true},
		{"a module by its main", `{"type": "module", "main": "./lib/a"}`, texts{"lib/a.js": ""}, true},
		{"a main that is CommonJS by name", `{"type": "module", "main": "a.cjs"}`, texts{"a.cjs": ""}, false},
		{"a main that is a module by name", `{"main": "a.mjs"}`, texts{"a.mjs": ""}, true},
		{"a main that is CommonJS by its folder", `{"type": "module", "main": "cjs/a.js"}`, texts{"cjs/a.js": "", "cjs/package.json": `{"type": "commonjs"}`}, false},
		{"a main that is a module by its folder", `{"main": "esm/a.js"}`, texts{"esm/a.js": "", "esm/package.json": `{"type": "module"}`}, true},
		{"no code", `{"type": "module", "types": "index.d.ts"}`, texts{"index.d.ts": ""}, false},
		{"data", `{"type": "module", "main": "data.json"}`, texts{"data.json": ""}, false},
		{"exports as text", `{"type": "module", "exports": "./a.js"}`, texts{"a.js": ""}, true},
		{"exports go before main", `{"main": "a.cjs", "exports": "./b.mjs"}`, texts{"a.cjs": "", "b.mjs": ""}, true},
		{"both ways", `{"type": "module", "exports": {".": {"import": "./a.js", "require": "./a.cjs"}}}`, texts{"a.js": "", "a.cjs": ""}, false},
		{"import alone", `{"type": "module", "exports": {".": {"import": "./a.js"}}}`, texts{"a.js": ""}, true},
		{"import alone, without a path", `{"exports": {"import": "./a.js"}}`, texts{"a.js": ""}, true},
		{"types and default", `{"type": "module", "exports": {".": {"types": "./a.d.ts", "default": "./a.js"}}}`, texts{"a.js": ""}, true},
		{"the order of conditions", `{"type": "module", "exports": {"default": "./a.js", "require": "./a.cjs"}}`, texts{"a.js": "", "a.cjs": ""}, true},
		{"nested conditions", `{"exports": {"node": {"import": "./a.mjs", "require": "./a.cjs"}, "default": "./a.mjs"}}`, texts{"a.mjs": "", "a.cjs": ""}, false},
		{"conditions that lead nowhere", `{"exports": {"node": {"import": "./a.mjs"}, "default": "./a.cjs"}}`, texts{"a.mjs": "", "a.cjs": ""}, false},
		{"a condition that forbids", `{"exports": {"require": null, "default": "./a.mjs"}}`, texts{"a.mjs": ""}, true},
		{"alternatives", `{"exports": ["not-relative", "./a.cjs"]}`, texts{"a.cjs": ""}, false},
		{"only subpaths", `{"exports": {"./sub": "./sub.js"}}`, texts{"sub.js": ""}, false},
		{"null", `{"type": "module", "exports": null, "main": "a.cjs"}`, texts{"a.cjs": ""}, false},
		{"junk", `{"type": 7, "main": [], "exports": 7}`, texts{"index.js": ""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := ReadFacts([]byte(c.packageJSON))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.ESMOnly(c.files); err != nil || got != c.want {
				t.Errorf("got %t, %v, want %t", got, err, c.want)
			}
		})
	}
}

func TestFactsOfScripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		packageJSON       string
		scripts, optional []string
		noGyp             bool
	}{
		{`{"scripts": {"test": "x", "prepare": "x"}}`, nil, nil, false},
		{`{"scripts": {"postinstall": "x", "install": " ", "preinstall": "y"}}`, []string{"preinstall", "postinstall"}, nil, false},
		{`{"scripts": ["install"], "optionalDependencies": {"b": "1", "a": "1"}}`, nil, []string{"a", "b"}, false},
		{"\xef\xbb\xbf" + `{"scripts": {"install": "x"}, "gypfile": false}`, []string{"install"}, nil, true},
	} {
		got, err := ReadFacts([]byte(c.packageJSON))
		if err != nil || !slices.Equal(got.Scripts, c.scripts) || !slices.Equal(got.Optional, c.optional) || got.NoGyp != c.noGyp {
			t.Errorf("%s: got %+v, %v", c.packageJSON, got, err)
		}
	}
	for _, text := range []string{"", "[]", "{"} {
		if got, err := ReadFacts([]byte(text)); err == nil {
			t.Errorf("ReadFacts(%q) = %+v, want an error", text, got)
		}
	}
}

func FuzzReadFacts(f *testing.F) {
	f.Add([]byte(`{"type": "module", "exports": {".": {"import": "./a.js", "require": ["x", {"node": "./a.cjs"}]}}, "scripts": {"install": "x"}}`))
	f.Add([]byte(`{"main": "../../x", "optionalDependencies": {"a": "1"}}`))
	f.Fuzz(func(t *testing.T, packageJSON []byte) {
		defer indextest.Budget(t, len(packageJSON))()
		facts, err := ReadFacts(packageJSON)
		if err != nil {
			return
		}
		if _, err := facts.ESMOnly(texts{"index.js": "", "a.js": "", "lib/package.json": "{", "lib/index.js": ""}); err != nil {
			t.Errorf("an error of files that can be read: %v", err)
		}
	})
}
