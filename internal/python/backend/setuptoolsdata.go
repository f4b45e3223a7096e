package backend

import (
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// setuptoolsData returns the rule for files that are no modules: whether one is
// data of a package. Stubs and py.typed always are; others are where
// package-data names them, or where MANIFEST.in does.
func setuptoolsData(p *project, t table, packages map[string]string) func(pkg, file string) bool {
	wanted := p.dataGlobs(t, "package-data", packages, "*.pyi", "py.typed")
	unwanted := p.dataGlobs(t, "exclude-package-data", packages)
	listed := map[string]bool{}
	if include, set := t["include-package-data"].(bool); include || !set {
		listed = p.manifest()
	}
	return func(pkg, file string) bool {
		below := strings.TrimPrefix(file, packages[pkg]+"/")
		switch {
		case filetree.Match(unwanted[pkg], below):
			return false
		case matchesAny(wanted[pkg], below):
			return true
		}
		return listed[file] && nearest(packages, file) == pkg
	}
}

func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return filetree.MatchPath(glob, name) })
}

// nearest returns the package whose folder is the nearest above the file.
func nearest(packages map[string]string, file string) string {
	best, at := "", ""
	for name, dir := range packages {
		if strings.HasPrefix(file, dir+"/") && len(dir) > len(at) {
			best, at = name, dir
		}
	}
	return best
}

// dataGlobs returns the globs of every package: always, its own, and those under "*"
// or "" of all.
func (p *project) dataGlobs(t table, key string, packages map[string]string, always ...string) map[string][]string {
	at := setuptoolsAt + "." + key
	declared := below(t, key)
	out := map[string][]string{}
	for pkg := range packages {
		globs := slices.Clone(always)
		for _, key := range []string{"*", "", pkg} {
			for _, glob := range p.texts(declared, at, key) {
				if glob = path.Clean(glob); strings.Contains(glob, "{") || filetree.CheckPattern(glob) != nil {
					p.changes(at)
				}
				globs = append(globs, glob)
			}
		}
		out[pkg] = globs
	}
	return out
}

// manifest returns the files that MANIFEST.in adds, by "Controlling files in the
// distribution" in setuptools' documentation.
func (p *project) manifest() map[string]bool {
	listed := map[string]bool{}
	if !p.isFile("MANIFEST.in") {
		return listed
	}
	body, err := p.read("MANIFEST.in")
	if err != nil {
		p.refuse("%v", err)
	}
	all := slices.Collect(p.files("."))
	text := strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		globs, takes := manifestLine(words)
		for _, name := range all {
			if matchesAny(globs, name) {
				listed[name] = takes
			}
		}
	}
	return listed
}

// manifestLine returns the globs of a line, none for an unknown one, and whether it takes
// files in.
func manifestLine(words []string) (globs []string, takes bool) {
	prefix, rest := "", words[1:]
	switch words[0] {
	case "include", "exclude":
	case "global-include", "global-exclude":
		prefix = "**/"
	case "recursive-include", "recursive-exclude":
		prefix, rest = strings.Trim(words[1], "/")+"/**/", words[2:]
	case "graft", "prune":
		return []string{strings.Trim(words[1], "/") + "/**"}, words[0] == "graft"
	default:
		return nil, false
	}
	for _, glob := range rest {
		globs = append(globs, prefix+strings.TrimPrefix(glob, "./"))
	}
	return globs, strings.HasSuffix(words[0], "include")
}
