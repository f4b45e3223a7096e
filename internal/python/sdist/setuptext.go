package sdist

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
)

// setupText is the text of a setup.py. It is searched for words and literals,
// and never evaluated.
type setupText struct{ text string }

func (s *Sdist) readSetup() setupText { return setupText{string(s.files["setup.py"])} }

var (
	use2to3    = regexp.MustCompile(`\buse_2to3\s*['"]?\s*[=:\]]`)
	ownCommand = regexp.MustCompile(`['"](build_py|build|install|install_lib|bdist_wheel|build_ext)['"]\s*:\s*`)
	dirLiteral = regexp.MustCompile(`\bpackage_dir['"]?\s*[=:]\s*\{([^{}]*)\}`)
	pairs      = regexp.MustCompile(`['"]([^'"]*)['"]\s*:\s*['"]([^'"]*)['"]`)
	literals   = regexp.MustCompile(`['"]([^'"]*)['"]`)
)

func (t setupText) translates() bool { return use2to3.MatchString(t.text) }

// command returns the name of a command of its own that may change what a wheel
// holds, "" where there is none.
func (t setupText) command() string {
	if !strings.Contains(t.text, "cmdclass") || strings.Contains(t.text, "versioneer.get_cmdclass") {
		return ""
	}
	if m := ownCommand.FindStringSubmatch(t.text); m != nil {
		return m[1]
	}
	return ""
}

// packageDir returns the folders of packages where they are written as texts.
func (t setupText) packageDir() map[string]string {
	out := map[string]string{}
	if m := dirLiteral.FindStringSubmatch(t.text); m != nil {
		for _, pair := range pairs.FindAllStringSubmatch(m[1], -1) {
			out[pair[1]] = strings.Trim(strings.TrimPrefix(pair[2], "./"), "/.")
		}
	}
	return out
}

// list returns the texts of a list that an argument is given as, and whether it
// is written so.
func (t setupText) list(argument string) ([]string, bool) {
	m := regexp.MustCompile(`\b` + argument + `['"]?\s*[=:]\s*[\[(]([^\[\](){}]*)[\])]`).FindStringSubmatch(t.text)
	if m == nil {
		return nil, false
	}
	var out []string
	for _, l := range literals.FindAllStringSubmatch(m[1], -1) {
		out = append(out, l[1])
	}
	left := literals.ReplaceAllString(m[1], "")
	return out, strings.Trim(left, ", \t\r\n") == ""
}

var shebang = regexp.MustCompile(`^#!.*python[0-9.]*([ \t].*)?$`)

// scripts adds the scripts that setup.py lists as texts, the first lines of
// Python's as installers expect them. Scripts that it computes are left out:
// they are no part of what can be imported.
func (s *Sdist) scripts(setup setupText, w *Wheel) {
	names, literal := setup.list("scripts")
	if !literal {
		return
	}
	for _, name := range names {
		body, ok := s.files[path.Clean(name)]
		if !ok {
			s.refuse("its setup.py names the script %q, which it does not hold", name)
		}
		first, rest, found := bytes.Cut(body, []byte("\n"))
		if m := shebang.FindSubmatch(bytes.TrimSuffix(first, []byte("\r"))); m != nil && found {
			rest = bytes.ReplaceAll(rest, []byte("\r\n"), []byte("\n"))
			body = slices.Concat([]byte("#!python"), m[1], []byte("\n"), rest)
		}
		w.Files[strings.TrimSuffix(w.DistInfo, ".dist-info")+".data/scripts/"+path.Base(name)] = body
	}
}

// conditional reports whether setup.py looks at the machine that it runs on.
func (t setupText) conditional() bool { return machine.MatchString(t.text) }

var machine = regexp.MustCompile(`\b(sys\.version|version_info|sys\.platform|platform\.(system|machine|python)|os\.name|os\.environ|PY2|PY3)\b`)
