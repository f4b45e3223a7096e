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
func setuptoolsData(p *project, t table, packages map[string]string) (func(pkg, file string) bool, error) {
	wanted, err := dataGlobs(below(t, "package-data"), setuptoolsAt+".package-data", packages)
	if err != nil {
		return nil, err
	}
	unwanted, err := dataGlobs(below(t, "exclude-package-data"), setuptoolsAt+".exclude-package-data", packages)
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	if include, set := t["include-package-data"].(bool); include || !set {
		if listed, err = p.manifest(); err != nil {
			return nil, err
		}
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
	}, nil
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

// dataGlobs returns the globs of every package: its own, and those under "*" or
// "" of all.
func dataGlobs(t table, at string, packages map[string]string) (map[string][]string, error) {
	out := map[string][]string{}
	for pkg := range packages {
		globs := []string{"*.pyi", "py.typed"}
		if strings.Contains(at, "exclude") {
			globs = nil
		}
		for _, key := range []string{"*", "", pkg} {
			more, err := texts(t[key], at)
			if err != nil {
				return nil, err
			}
			for _, glob := range more {
				if glob = path.Clean(glob); strings.Contains(glob, "{") || filetree.CheckPattern(glob) != nil {
					return nil, changes(at)
				}
				globs = append(globs, glob)
			}
		}
		out[pkg] = globs
	}
	return out, nil
}

// manifest returns the files that MANIFEST.in adds, by "Controlling files in the
// distribution" in setuptools' documentation.
func (p *project) manifest() (map[string]bool, error) {
	listed := map[string]bool{}
	if !p.isFile("MANIFEST.in") {
		return listed, nil
	}
	body, err := p.read("MANIFEST.in")
	if err != nil {
		return nil, err
	}
	var all []string
	if err := p.walk(".", func(name string) error { all = append(all, name); return nil }); err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		globs, takes, ok := manifestLine(words)
		if !ok {
			continue
		}
		for _, name := range all {
			if matchesAny(globs, name) {
				listed[name] = takes
			}
		}
	}
	return listed, nil
}

// manifestLine returns the globs of a line, and whether it takes files in.
func manifestLine(words []string) (globs []string, takes, ok bool) {
	prefix, rest := "", words[1:]
	switch words[0] {
	case "include", "exclude":
	case "global-include", "global-exclude":
		prefix = "**/"
	case "recursive-include", "recursive-exclude":
		prefix, rest = strings.Trim(words[1], "/")+"/**/", words[2:]
	case "graft", "prune":
		return []string{strings.Trim(words[1], "/") + "/**"}, words[0] == "graft", true
	default:
		return nil, false, false
	}
	for _, glob := range rest {
		globs = append(globs, prefix+strings.TrimPrefix(glob, "./"))
	}
	return globs, strings.HasSuffix(words[0], "include"), true
}
