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

func TestModulesThatAlwaysLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, want string }{
		{"require", "const a = require('a')\nvar { b, c } = require(\"b\");\nmodule.exports = require('./c').d\nrequire('e')\n", "1:a 2:b 3:./c 4:e"},
		{"in a call", "__exportStar(require('./x'), exports);\nfoo(bar(require('y')))\n", "1:./x 2:y"},
		{"list", "var a = require('a')\n  , b = require('b'),\n  c = require('c')\n", "1:a 2:b 3:c"},
		{"import", "import a from 'a'\nimport { b,\n  c } from \"b\"; import 'c'\nexport * from './d'\nexport { e } from 'e'\nimport * as f from 'f'\n", "1:a 3:b 3:c 4:./d 5:e 6:f"},
		{"minified", "import{a as b}from\"x\";import\"y\";export*from\"z\";", "1:x 1:y 1:z"},
		{"not import", "import('a')\nimport.meta.url\nexport const from = 'b'\nexport default 'c'\nx.import('d')\nexport function f() { require('e') }\n", ""},
		{"blocks", "try { require('a') } catch (e) {}\nfunction f() { return require('b') }\nif (x) { require('c') }\nrequire('d')\n", "4:d"},
		{"without blocks", "if (x) require('a')\nif (x)\n  require('b')\nelse\n  require('c')\nconst f = () => require('d')\nconst g = () =>\n  require('e');\nrequire('f')\n", "9:f"},
		{"conditions", "const a = x ? require('a') : require('b')\nconst b = x && require('c')\nconst c = x ||\n  require('d')\nconst d = x\n  ? require('e')\n  : require('f')\n", ""},
		{"computed", "require('a' + b)\nrequire(`c`)\nrequire.resolve('d')\nx.require('e')\nrequire(f)\n", ""},
		{"comments and strings", "// require('a')\n/* require('b')\n*/ require('c')\nconst s = \"require('d')\", t = 'it\\'s'\nrequire('e')\n", "3:c 5:e"},
		{"templates", "const a = `x ${b ? `require('c')` : {d: 1}} \\` require('e')\n`\nrequire('f')\n", "3:f"},
		{"regular expressions", "const a = /['\"\\/]require('b')/.test(c), d = e / f / g\nconst h = x.replace(/[/'\"]/g, '')\nrequire('i')\n", "3:i"},
		{"wrapped", "(function () { require('a') })();\n(() => { require('b') })()\n!function(){require('c')}()\n", ""},
		{"shebang and strict", "#!/usr/bin/env node\n'use strict'\nObject.defineProperty(exports, '__esModule', { value: true })\nconst a_1 = require('a')\n", "4:a"},
	} {
		var got []string
		for _, l := range Top([]byte(c.source)) {
			got = append(got, fmt.Sprintf("%d:%s", l.Line, l.Name))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}

var sources = map[string]string{
	"nodejs/node_modules/axios/package.json":                       `{"main": "index.js", "exports": {".": {"types": "./x.d.ts", "browser": "./no.js", "default": {"require": "./dist/node.cjs", "default": "./index.js"}}, "./package.json": "./package.json", "./unsafe/*.js": "./lib/*.js", "./old/": "./lib/"}}`,
	"nodejs/node_modules/axios/dist/node.cjs":                      "const fd = require('form-data'); const fs = require('fs'), t = require('node:test')\n",
	"nodejs/node_modules/axios/lib/utils.js":                       "import gone from './gone.js'\n",
	"nodejs/node_modules/form-data/package.json":                   `{"main": "./lib/form_data"}`,
	"nodejs/node_modules/form-data/lib/form_data.js":               "var mime = require('mime')\nrequire('./populate')\n",
	"nodejs/node_modules/form-data/lib/populate/index.js":          "require('../../package.json')\n",
	"nodejs/node_modules/form-data/node_modules/mime/a.js":         "",
	"nodejs/node_modules/form-data/node_modules/mime/package.json": `{"main": "a.js"}`,
	"nodejs/node_modules/esm/package.json":                         `{"type": "module", "exports": {"import": "./index.mjs"}}`,
	"nodejs/node_modules/esm/index.mjs":                            "import { S3Client } from '@aws-sdk/client-s3'\nimport peer from '@acme/peer/sub'\n",
	"nodejs/node_modules/empty/package.json":                       `{"main": "lost.js"}`,
	"nodejs/node_modules/empty/README.md":                          "",
	"nodejs/node_modules/odd/package.json":                         `{"exports": null, "main": "./lib/m"}`,
	"nodejs/node_modules/twice/package.json":                       `{"main": "lib"}`,
	"nodejs/node_modules/twice/lib/package.json":                   `{"main": "./m"}`,
	"nodejs/node_modules/twice/lib/m.js":                           "",
	"nodejs/node_modules/odd/lib/m.js":                             "try { require('optional') } catch {}\nrequire('aws-sdk')\n",
	"nodejs/node22/node_modules/only22/index.js":                   "",
	"nodejs/node_modules/@s/p/index.json":                          "{}",
}

func TestAssertions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, name, want string }{
		{"nodejs22.x", "axios", ""},
		{"nodejs22.x", "axios/package.json", ""},
		{"nodejs22.x", "axios/unsafe/utils.js", "./gone.js by nodejs/node_modules/axios/lib/utils.js:1"},
		{"nodejs22.x", "axios/old/utils.js", "./gone.js by nodejs/node_modules/axios/lib/utils.js:1"},
		{"nodejs22.x", "axios/lib/utils.js", "axios/lib/utils.js of axios there"},
		{"nodejs22.x", "form-data/lib/populate", ""},
		{"nodejs22.x", "esm", "@acme/peer/sub of @acme/peer by nodejs/node_modules/esm/index.mjs:2"},
		{"nodejs22.x", "empty", "empty of empty there"},
		{"nodejs22.x", "odd", "aws-sdk of aws-sdk by nodejs/node_modules/odd/lib/m.js:2"},
		{"nodejs22.x", "twice", "twice of twice there"}, // Node.js reads no package.json of the folder that "main" names
		{"nodejs22.x", "twice/lib", ""},
		{"nodejs22.x", "only22", ""},
		{"nodejs20.x", "only22", "only22 of only22"},
		{"nodejs22.x", "@s/p", ""},
		{"nodejs22.x", "fs/promises", ""},
		{"nodejs22.x", "@aws-sdk/client-dynamodb", ""},
		{"nodejs22.x", "@acme/lib/x", "@acme/lib/x of @acme/lib"},
	} {
		r, err := runtimes.Lookup(c.id)
		if err != nil {
			t.Fatal(err)
		}
		missing, err := worldOf(r, sources).Assert(c.name)
		var got []string
		for _, m := range missing {
			text := m.Module
			if m.Package != "" {
				text += " of " + m.Package
			}
			if m.There {
				text += " there"
			}
			if m.By != "" {
				text += fmt.Sprintf(" by %s:%d", m.By, m.Line)
			}
			got = append(got, text)
		}
		if text := strings.Join(got, "; "); err != nil || text != c.want {
			t.Errorf("%s: %q is told of %s, want %q (%v)", c.id, text, c.name, c.want, err)
		}
	}
}

// worldOf returns what a runtime finds of files by their paths.
func worldOf(r runtimes.Runtime, texts map[string]string) *World {
	var files filetree.Tree
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		files = append(files, filetree.Entry{Path: name, Size: int64(len(texts[name]))})
	}
	return NewWorld(r, files, r.Paths, func(e *filetree.Entry) ([]byte, error) { return []byte(texts[e.Path]), nil })
}

// TestESMOnly holds the answer against what require() of Node.js 20 does with
// such a package: load it, or ERR_REQUIRE_ESM and ERR_PACKAGE_PATH_NOT_EXPORTED.
func TestESMOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, packageJSON string
		files             map[string]string
		want              bool
	}{
		{"nothing said", `{}`, map[string]string{"index.js": ""}, false},
		{"main", `{"main": "lib"}`, map[string]string{"lib/index.js": ""}, false},
		{"a module", `{"type": "module"}`, map[string]string{"index.js": ""}, true},
		{"a module by its main", `{"type": "module", "main": "./lib/a"}`, map[string]string{"lib/a.js": ""}, true},
		{"a main that is CommonJS by name", `{"type": "module", "main": "a.cjs"}`, map[string]string{"a.cjs": ""}, false},
		{"a main that is a module by name", `{"main": "a.mjs"}`, map[string]string{"a.mjs": ""}, true},
		{"a main that is CommonJS by its folder", `{"type": "module", "main": "cjs/a.js"}`, map[string]string{"cjs/a.js": "", "cjs/package.json": `{"type": "commonjs"}`}, false},
		{"a main that is a module by its folder", `{"main": "esm/a.js"}`, map[string]string{"esm/a.js": "", "esm/package.json": `{"type": "module"}`}, true},
		{"no code", `{"type": "module", "types": "index.d.ts"}`, map[string]string{"index.d.ts": ""}, false},
		{"data", `{"type": "module", "main": "data.json"}`, map[string]string{"data.json": ""}, false},
		{"exports as text", `{"type": "module", "exports": "./a.js"}`, map[string]string{"a.js": ""}, true},
		{"exports go before main", `{"main": "a.cjs", "exports": "./b.mjs"}`, map[string]string{"a.cjs": "", "b.mjs": ""}, true},
		{"both ways", `{"type": "module", "exports": {".": {"import": "./a.js", "require": "./a.cjs"}}}`, map[string]string{"a.js": "", "a.cjs": ""}, false},
		{"import alone", `{"type": "module", "exports": {".": {"import": "./a.js"}}}`, map[string]string{"a.js": ""}, true},
		{"import alone, without a path", `{"exports": {"import": "./a.js"}}`, map[string]string{"a.js": ""}, true},
		{"types and default", `{"type": "module", "exports": {".": {"types": "./a.d.ts", "default": "./a.js"}}}`, map[string]string{"a.js": ""}, true},
		{"the order of conditions", `{"type": "module", "exports": {"default": "./a.js", "require": "./a.cjs"}}`, map[string]string{"a.js": "", "a.cjs": ""}, true},
		{"nested conditions", `{"exports": {"node": {"import": "./a.mjs", "require": "./a.cjs"}, "default": "./a.mjs"}}`, map[string]string{"a.mjs": "", "a.cjs": ""}, false},
		{"conditions that lead nowhere", `{"exports": {"node": {"import": "./a.mjs"}, "default": "./a.cjs"}}`, map[string]string{"a.mjs": "", "a.cjs": ""}, false},
		{"a condition that forbids", `{"exports": {"require": null, "default": "./a.mjs"}}`, map[string]string{"a.mjs": ""}, true},
		{"a condition that forbids within another", `{"exports": {"node": {"require": null}, "default": "./a.cjs"}}`, map[string]string{"a.cjs": ""}, true},
		{"a target that is none", `{"exports": {"node": "a.mjs", "default": "./a.mjs"}}`, map[string]string{"a.mjs": ""}, false},
		{"alternatives that forbid", `{"exports": {"node": ["x", null], "default": "./a.mjs"}}`, map[string]string{"a.mjs": ""}, false},
		{"no alternatives", `{"exports": {"node": [], "default": "./a.mjs"}}`, map[string]string{"a.mjs": ""}, true},
		{"a byte order mark", "\ufeff" + `{"main": "a.mjs"}`, map[string]string{"a.mjs": ""}, true},
		{"alternatives", `{"exports": ["not-relative", "./a.cjs"]}`, map[string]string{"a.cjs": ""}, false},
		{"only subpaths", `{"exports": {"./sub": "./sub.js"}}`, map[string]string{"sub.js": ""}, false},
		{"null", `{"type": "module", "exports": null, "main": "a.cjs"}`, map[string]string{"a.cjs": ""}, false},
		{"junk", `{"type": 7, "main": [], "exports": 7}`, map[string]string{"index.js": ""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.files["package.json"] = c.packageJSON
			if got, err := worldOf(runtimes.Runtime{}, c.files).ESMOnly("."); err != nil || got != c.want {
				t.Errorf("got %t, %v, want %t", got, err, c.want)
			}
		})
	}
}

func FuzzTop(f *testing.F) {
	for _, seed := range []string{"import a from 'a'", "const a = require(\"b\")", "`${`${a}`}`", "/[/]/", "'\\", "`\\", "`${", "/*", "//", "require('a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		lines := 1 + strings.Count(source, "\n")
		for _, l := range Top([]byte(source)) {
			if l.Name == "" || l.Line < 1 || l.Line > lines {
				t.Errorf("%q is loaded in line %d of %d", l.Name, l.Line, lines)
			}
		}
	})
}

// FuzzESMOnly reads any package.json: files that can be read make no error.
func FuzzESMOnly(f *testing.F) {
	f.Add(`{"type": "module", "exports": {".": {"import": "./a.js", "require": ["x", {"node": "./a.cjs"}]}}}`)
	f.Add(`{"main": "../../x"}`)
	f.Fuzz(func(t *testing.T, packageJSON string) {
		defer indextest.Budget(t, len(packageJSON))()
		files := map[string]string{"package.json": packageJSON, "index.js": "", "a.js": "", "lib/package.json": "{", "lib/index.js": ""}
		if _, err := worldOf(runtimes.Runtime{}, files).ESMOnly("."); err != nil {
			t.Errorf("an error of files that can be read: %v", err)
		}
	})
}
