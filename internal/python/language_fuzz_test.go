package python

import (
	"io/fs"
	"strings"
	"testing"
)

func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{
		"six", "a[b,c]>=1,<2; python_version < '3.12' and extra == 'x'", "a @ https://example.com/a.whl ; os_name == 'posix'",
		"a (==1.*)", "a===x", "a; (os.name in 'a' or 'b' not  in sys_platform)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
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
	env := Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}.Env()
	f.Fuzz(func(t *testing.T, s, extra string) {
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

func FuzzParseWheelName(f *testing.F) {
	f.Add("six-1.16.0-py2.py3-none-any.whl")
	f.Add("a-1-2b-cp312-abi3-manylinux_2_28_x86_64.whl")
	f.Add("a-1-graalpy311-none-win32.whl")
	tags := Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}.Tags()
	f.Fuzz(func(t *testing.T, s string) {
		w, err := ParseWheelName(s)
		if err != nil {
			return
		}
		_, fits := tags.Rank(w)
		if reason := tags.Misfit(w); fits != (reason == "") {
			t.Errorf("Rank(%q) fits: %t, but Misfit is %q", s, fits, reason)
		}
		if w.CompareBuild(w) != 0 {
			t.Errorf("CompareBuild(%q) with itself is not 0", s)
		}
	})
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte("Name: a\nVersion: 1\nRequires-Dist: b>=1 ; extra == 'c'\nProvides-Extra: c\nRequires-Python: >=3.8\n\nbody"))
	f.Add([]byte("Name: a\r\nVersion: 1\r\nLicense: x\r\n y\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMetadata(b)
		if err == nil && (m.Name == "" || m.Version == "") {
			t.Errorf("ParseMetadata(%q) = %+v without a name or a version", b, m)
		}
	})
}

func FuzzReadRequirementsFile(f *testing.F) {
	f.Add("six==1 \\\n --hash=sha256:00 # x\n-r \"other.txt\"\n--pre\n")
	f.Add("-i https://example.com/simple -f wheels\n--extra-index-url=http://u:p@example.com\n--no-index\n")
	f.Add("a @ https://example.com/a-1.0-py3-none-any.whl#sha256=" + sumOfWheel + "\nhttps://example.com/b-1-py3-none-any.whl --hash=sha256:" + sumOfWheel)
	f.Add("\ufeff-c c.txt\r\n${A}\r\n./x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
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
		for _, address := range append(read.ExtraURLs, read.IndexURL) {
			if strings.Contains(address, "@") && address != hideCredentials(address, 0) {
				t.Errorf("reading %q gives the address %q", text, address)
			}
		}
		for _, input := range append(read.Requirements, read.Constraints...) {
			if input.Requirement.Name == "" || !strings.Contains(input.Source, ".txt:") {
				t.Errorf("reading %q gives %+v", text, input)
			}
		}
		spec := Spec{Targets: []Target{py312}, Requirements: read.Requirements}
		if spec.TakeDirect() != nil {
			return
		}
		for _, g := range spec.Given {
			if name, err := g.Name(); err != nil || g.SHA256.IsZero() || name.Version == "" || strings.ContainsAny(g.URL, "#?") {
				t.Errorf("reading %q gives the wheel %+v", text, g)
			}
		}
		for _, in := range spec.Requirements {
			if in.Requirement.URL != "" {
				t.Errorf("reading %q leaves the address %q", text, in.Requirement.URL)
			}
		}
	})
}
