package lockfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

const someHash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// large are lock files of so many packages, each of which needs the next.
var large = map[string]func(n int) string{
	"uv.lock": func(n int) string {
		var b strings.Builder
		b.WriteString("version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"root\"\nversion = \"0\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"p0\" }]\n\n")
		for i := range n {
			fmt.Fprintf(&b, "[[package]]\nname = \"p%d\"\nversion = \"1\"\nsource = { registry = \"https://pypi.org/simple\" }\n", i)
			if i+1 < n {
				fmt.Fprintf(&b, "dependencies = [{ name = \"p%d\" }]\n", i+1)
			}
			fmt.Fprintf(&b, "wheels = [{ url = \"https://files.example/p%d-1-py3-none-any.whl\", hash = \"sha256:%s\", size = 1 }]\n\n", i, someHash)
		}
		return b.String()
	},
	"pylock.toml": func(n int) string {
		var b strings.Builder
		b.WriteString("lock-version = \"1.0\"\ncreated-by = \"x\"\n\n")
		for i := range n {
			fmt.Fprintf(&b, "[[packages]]\nname = \"p%d\"\nversion = \"1\"\nwheels = [{ url = \"https://files.example/p%d-1-py3-none-any.whl\", hashes = { sha256 = \"%s\" } }]\n\n", i, i, someHash)
		}
		return b.String()
	},
	"poetry.lock": func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[[package]]\nname = \"p%d\"\nversion = \"1\"\ndescription = \"\"\noptional = false\npython-versions = \"*\"\ngroups = [\"main\"]\nfiles = [{file = \"p%d-1-py3-none-any.whl\", hash = \"sha256:%s\"}]\n", i, i, someHash)
			if i+1 < n {
				fmt.Fprintf(&b, "\n[package.dependencies]\np%d = \"*\"\n", i+1)
			}
			b.WriteString("\n")
		}
		return b.String() + "[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.12\"\ncontent-hash = \"x\"\n"
	},
	"Pipfile.lock": func(n int) string {
		var b strings.Builder
		b.WriteString(`{"_meta":{"pipfile-spec":6,"requires":{},"sources":[{"name":"pypi","url":"https://pypi.org/simple","verify_ssl":true}]},"develop":{},"default":{`)
		for i := range n {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, `"p%d":{"version":"==1","hashes":["sha256:%s"]}`, i, someHash)
		}
		return b.String() + "}}"
	},
}

// TestLargeLocksAreReadInLinearTime has several times the packages of the largest
// projects.
func TestLargeLocksAreReadInLinearTime(t *testing.T) {
	for file, write := range large {
		t.Run(file, func(t *testing.T) {
			name, text := filepath.Join(t.TempDir(), file), write(20_000)
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			indextest.Promptly(t, len(text), func() {
				if _, err := ReadLockFile(t.Context(), name, Options{}, []wheel.Target{pythontest.Py312}); err != nil {
					t.Errorf("%s: %.300v", file, err)
				}
			})
		})
	}
}
