package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// large are lock files of so many packages, by the file's name.
var large = map[string]func(n int) string{
	"pnpm-lock.yaml": func(n int) string {
		var packages, snapshots strings.Builder
		for i := range n {
			fmt.Fprintf(&packages, "  p%d@1.0.0:\n    resolution: {integrity: sha512-aa}\n", i)
			fmt.Fprintf(&snapshots, "  p%d@1.0.0: {}\n", i)
		}
		return "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      p0:\n        specifier: ^1.0.0\n        version: 1.0.0\npackages:\n" + packages.String() + "snapshots:\n" + snapshots.String()
	},
	"wide/pnpm-lock.yaml": func(n int) string { // one package needs all others
		var packages, snapshots, needs strings.Builder
		for i := range n {
			fmt.Fprintf(&packages, "  p%d@1.0.0:\n    resolution: {integrity: sha512-aa}\n", i)
			if i > 0 {
				fmt.Fprintf(&snapshots, "  p%d@1.0.0: {}\n", i)
				fmt.Fprintf(&needs, "      p%d: 1.0.0\n", i)
			}
		}
		return "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      p0:\n        specifier: ^1.0.0\n        version: 1.0.0\npackages:\n" + packages.String() + "snapshots:\n  p0@1.0.0:\n    dependencies:\n" + needs.String() + snapshots.String()
	},
	"berry/yarn.lock": func(n int) string {
		var b strings.Builder
		b.WriteString("__metadata:\n  version: 8\n\n\"root@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"root@workspace:.\"\n  dependencies:\n    p0: ^1.0.0\n")
		for i := range n {
			fmt.Fprintf(&b, "\"p%d@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"p%d@npm:1.0.0\"\n", i, i)
		}
		return b.String()
	},
	"classic/yarn.lock": func(n int) string {
		var b strings.Builder
		b.WriteString("# yarn lockfile v1\n\n\n")
		for i := range n {
			fmt.Fprintf(&b, "p%d@^1.0.0:\n  version \"1.0.0\"\n  resolved \"https://registry.yarnpkg.com/p%d/-/p%d-1.0.0.tgz#aa\"\n  dependencies:\n    p%d \"^1.0.0\"\n\n", i, i, i, (i+1)%n)
		}
		return b.String()
	},
	"package-lock.json": func(n int) string {
		var b strings.Builder
		b.WriteString(`{"name":"root","lockfileVersion":3,"packages":{"":{"dependencies":{"p0":"^1.0.0"}}`)
		for i := range n {
			fmt.Fprintf(&b, `,"node_modules/p%d":{"version":"1.0.0","resolved":"https://registry.npmjs.org/p%d/-/p%d-1.0.0.tgz","integrity":"sha512-aa","dependencies":{"p%d":"^1.0.0"}}`, i, i, i, (i+1)%n)
		}
		return b.String() + "}}"
	},
	"deep/package-lock.json": func(n int) string { // folders within folders
		var b strings.Builder
		b.WriteString(`{"name":"root","lockfileVersion":3,"packages":{"":{"dependencies":{"p0":"^1.0.0"}}`)
		at := ""
		for range min(n, 1000) {
			at = strings.TrimPrefix(at+"/node_modules/p0", "/")
			fmt.Fprintf(&b, `,%q:{"version":"1.0.0","resolved":"https://registry.npmjs.org/p0/-/p0-1.0.0.tgz","integrity":"sha512-aa","dependencies":{"p0":"^1.0.0"}}`, at)
		}
		return b.String() + "}}"
	},
}

// TestLargeLocksAreReadInLinearTime has several times the packages of the largest
// monorepos.
func TestLargeLocksAreReadInLinearTime(t *testing.T) {
	for file, write := range large {
		t.Run(file, func(t *testing.T) {
			dir := t.TempDir()
			count := 15_000
			if strings.HasSuffix(file, "yaml") || strings.HasPrefix(file, "berry") {
				count = 60_000 // the decoder of YAML compares keys fast
			}
			text := write(count)
			name := filepath.Join(dir, filepath.Base(file))
			for at, content := range map[string]string{name: text, filepath.Join(dir, "package.json"): `{"name":"root","dependencies":{"p0":"^1.0.0"}}`} {
				if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			indextest.Promptly(t, len(text), func() {
				graph, err := Read(name, Options{})
				if err != nil {
					t.Errorf("%s: %v", file, err)
				} else if len(graph.Packages) == 0 {
					t.Error("it has no packages")
				}
			})
		})
	}
}

// TestNestingOfVersion1IsBounded: the paths of n packages that lie in each other have
// n² bytes, which the file does not have.
func TestNestingOfVersion1IsBounded(t *testing.T) {
	t.Parallel()
	deep := func(n int) string {
		return `{"name":"app","lockfileVersion":1,"dependencies":` + strings.Repeat(`{"a":{"version":"1.0.0","integrity":"sha512-aa","dependencies":`, n) + "{}" + strings.Repeat("}}", n) + "}"
	}
	wide := func(n int) string { // at the end of a deep path
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"p%d":{"version":"1.0.0"}`, i))
		}
		const depth = 150
		return `{"name":"app","lockfileVersion":1,"dependencies":` + strings.Repeat(`{"a":{"version":"1.0.0","dependencies":`, depth) + "{" + strings.Join(all, ",") + "}" + strings.Repeat("}}", depth) + "}"
	}
	for _, c := range []struct {
		name, text string
		refused    bool
	}{
		{"150 folders", deep(150), false},
		{"201 folders", deep(201), true},
		{"4,000 folders", deep(4000), true},
		{"1,000 packages in 150 folders", wide(1000), false},
		{"60,000 packages in 150 folders", wide(60_000), true},
	} {
		dir := t.TempDir()
		name := filepath.Join(dir, "package-lock.json")
		if err := errors.Join(os.WriteFile(name, []byte(c.text), 0o600), os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"name":"app"}`), 0o600)); err != nil {
			t.Fatal(err)
		}
		_, err := Read(name, Options{})
		if refused := err != nil && strings.Contains(err.Error(), "its packages lie deeper in each other than any project needs"); refused != c.refused {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// TestReferencesWithinALockAreRefused has documents that stand for far more than they
// have.
func TestReferencesWithinALockAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "a: &a {x: 1, y: 2}\nb: &b {x: *a, y: *a}\nc: &c {x: *b, y: *b}\n"
	for file, text := range map[string]string{
		"pnpm-lock.yaml": "lockfileVersion: '9.0'\nimporters:\n  .: {}\n" + bomb,
		"yarn.lock":      "__metadata:\n  version: 8\n" + bomb,
	} {
		name := filepath.Join(t.TempDir(), file)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Read(name, Options{})
		if _, ok := errors.AsType[*locked.Error](err); !ok || !strings.Contains(err.Error(), "refers to parts of itself") {
			t.Errorf("%s: %v, want a refusal", file, err)
		}
	}
}
