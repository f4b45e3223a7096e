package manifest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestReadManifest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		title, text string
		want        Manifest
	}{
		{"all parts", `{
			"name": "@s/a", "version": "1.0.0",
			"dependencies": {"b": "^1", "c": "2", "d": "3"},
			"optionalDependencies": {"c": "^2"},
			"peerDependencies": {"p": "*", "q": "1"},
			"peerDependenciesMeta": {"q": {"optional": true}, "r": {"optional": false}},
			"devDependencies": {"z": "1"},
			"bundleDependencies": ["d"],
			"engines": {"node": ">=18"}, "os": ["linux", "!win32"], "cpu": ["x64"], "libc": ["glibc"],
			"bin": {"a": "./bin/a.js"}, "scripts": {"postinstall": "node x", "test": "y"},
			"deprecated": "no more", "_hasShrinkwrap": true,
			"dist": {"tarball": "https://h/a.tgz", "integrity": "sha512-x", "shasum": "ff", "unpackedSize": 3}}`,
			Manifest{
				Name: "@s/a", Version: "1.0.0", Dependencies: []Dependency{{"b", "^1"}, {"d", "3"}},
				OptionalDependencies: []Dependency{{"c", "^2"}}, PeerDependencies: []Dependency{{"p", "*"}, {"q", "1"}},
				OptionalPeers: map[string]bool{"q": true, "r": false}, DevDependencies: []Dependency{{"z", "1"}},
				Bundled: []string{"d"}, Engines: []Dependency{{"node", ">=18"}}, OS: []string{"linux", "!win32"},
				CPU: []string{"x64"}, Libc: []string{"glibc"},
				InstallScript: true, Shrinkwrap: true, Tarball: "https://h/a.tgz", Integrity: "sha512-x", Shasum: "ff",
			}},
		{"junk", `{"name": 1, "version": null, "dependencies": ["b"], "optionalDependencies": null, "peerDependencies": "x",
			"peerDependenciesMeta": [1], "bundleDependencies": 7, "engines": ["node >= 0.4"], "os": null, "cpu": {"x": 1},
			"bin": 3, "scripts": "x", "deprecated": false, "hasInstallScript": false, "_hasShrinkwrap": "yes", "dist": "x", "license": [{}]}`,
			Manifest{}},
		{"values of dependencies that are no strings", `{"dependencies": {"a": 1, "b": null, "c": "^1", "d": {}}}`,
			Manifest{Dependencies: []Dependency{{"c", "^1"}}}},
		{"words in place of lists", `{"os": "linux", "cpu": "x64", "libc": "musl"}`,
			Manifest{OS: []string{"linux"}, CPU: []string{"x64"}, Libc: []string{"musl"}}},
		{"order of keys, numbers first, the last of equal ones", `{"dependencies": {"b": "1", "10": "2", "a": "3", "9": "4", "b": "5", "01": "6"}}`,
			Manifest{Dependencies: []Dependency{{"9", "4"}, {"10", "2"}, {"b", "5"}, {"a", "3"}, {"01", "6"}}}},
		{"all bundled", `{"bundledDependencies": true, "dependencies": {"a": "1", "b": "2"}}`,
			Manifest{Bundled: []string{"a", "b"}, Dependencies: []Dependency{{"a", "1"}, {"b", "2"}}}},
		{"bundled as an object", `{"bundleDependencies": {"a": "1"}, "bundledDependencies": ["b"]}`, Manifest{Bundled: []string{"a"}}},
		{"what the abbreviated form says", `{"hasInstallScript": true}`, Manifest{InstallScript: true}},
		{"escapes", `{"name": "\u0061\/b", "version": "1\n"}`, Manifest{Name: "a/b", Version: "1\n"}},
		{"a byte order mark", "\ufeff{\"name\": \"a\"}", Manifest{Name: "a"}},
	} {
		got, err := Read([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.title, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.title, *got, c.want)
		}
	}
}

func TestReadManifestRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	for _, text := range []string{
		"", "  ", "[]", `"x"`, "null", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a" 1}`, `{"a":}`, `{a:1}`, `{"a":"b`, `{"a":{]}`,
		`{"dependencies":{"a":"b"`, `{"a":1;"b":2}`, `{"x":` + deep + `}`, `{"a\x":1}`, `{"os":["a" "b"]}`,
	} {
		if m, err := Read([]byte(text)); err == nil {
			t.Errorf("manifest %.40q is %+v, want an error", text, m)
		}
	}
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"name":"a","bin":{"x":"y"},"dependencies":{"1":"2"},"scripts":{"install":"x"},"os":["a"],"dist":{"tarball":"x"}}`))
	f.Add([]byte(`{"bundleDependencies":true,"peerDependenciesMeta":{"a":{"optional":true}},"deprecated":{"a":"\"}"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer indextest.Budget(t, len(raw))()
		m, err := Read(raw)
		if err != nil {
			return
		}
		for _, d := range m.OptionalDependencies {
			if slices.ContainsFunc(m.Dependencies, func(e Dependency) bool { return e.Name == d.Name }) {
				t.Errorf("manifest %q has %q as a dependency of two kinds", raw, d.Name)
			}
		}
	})
}
