package pep508

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{
		"six", "a[b,c]>=1,<2; python_version < '3.12' and extra == 'x'", "a @ https://example.com/a.whl ; os_name == 'posix'",
		"a (==1.*)", "a===x", "a; (os.name in 'a' or 'b' not  in sys_platform)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		r, err := ParseRequirement(s)
		if err != nil {
			return
		}
		again, err := ParseRequirement(r.String())
		if err != nil || again.String() != r.String() {
			t.Errorf("ParseRequirement(%q) = %q, which reads back as %q, %v", s, r, again, err)
		}
	})
}

func FuzzParseMarker(f *testing.F) {
	for _, seed := range []string{
		`python_version < "3.12"`, `(os_name == 'a' or extra != "b") and "c" in extras`, `"3" ~= python_full_version`, `platform_release === ' 5'`,
	} {
		f.Add(seed, "extra")
	}
	env := Linux(12, 0, "x86_64")
	f.Fuzz(func(t *testing.T, s, extra string) {
		defer indextest.Budget(t, len(s)+len(extra))()
		m, err := ParseMarker(s)
		if err != nil {
			return
		}
		again, err := ParseMarker(m.String())
		if err != nil || again.String() != m.String() || again.Eval(env, extra) != m.Eval(env, extra) {
			t.Errorf("ParseMarker(%q) = %q, which reads back as %q, %v", s, m, again, err)
		}
	})
}

func FuzzReadRequirementsFile(f *testing.F) {
	f.Add("six==1 \\\n --hash=sha256:00 # x\n-r \"other.txt\"\n--pre\n")
	f.Add("-i https://example.com/simple -f wheels\n--extra-index-url=http://u:p@example.com\n--no-index\n")
	f.Add("-i https://example.com/simple=http://u:p@\n-f https://example.com/wheels?at=https://u@host")
	f.Add("a @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + strings.Repeat("ab", 32) + "\nhttps://example.com/b-1-py3-none-any.whl --hash=sha256:" + strings.Repeat("ab", 32))
	f.Add("\ufeff-c c.txt\r\n${A}\r\n./x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		files := map[string]string{"requirements.txt": text, "other.txt": "-c c.txt\nflask", "c.txt": "six<2"}
		r := reader{getenv: noVariables, seen: map[visit]bool{}, exists: func(string) bool { return false }, read: func(name string) ([]byte, error) {
			if text, ok := files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}}
		read, err := r.all("requirements.txt")
		if err != nil {
			return
		}
		for _, address := range slices.Concat(read.ExtraURLs, read.FindLinks, []string{read.IndexURL}) {
			if secret.HoldsAccount(address) {
				t.Errorf("reading %q gives the address %q", text, address)
			}
		}
		for _, input := range append(read.Requirements, read.Constraints...) {
			if input.Requirement.Name == "" || !strings.Contains(input.Source, ".txt:") {
				t.Errorf("reading %q gives %+v", text, input)
			}
		}
	})
}
