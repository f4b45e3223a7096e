package backend

import (
	"fmt"
	"io/fs"
	"maps"
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
	plugin := ""
	if include, set := t["include-package-data"].(bool); include || !set {
		listed, plugin = p.manifest(), p.listingPlugin()
	}
	// decide says whether a file is data, or that nothing on disk tells.
	decide := func(pkg, file string) (data, known bool) {
		below := strings.TrimPrefix(file, packages[pkg]+"/")
		switch {
		case filetree.Match(unwanted[pkg], below):
			return false, true
		case matchesAny(wanted[pkg], below):
			return true, true
		}
		if nearest(packages, file) != pkg {
			return false, true
		}
		data, known = listed[file]
		return data, known || plugin == ""
	}
	if plugin != "" {
		p.refuseUnknown(plugin, packages, decide)
	}
	return func(pkg, file string) bool {
		data, _ := decide(pkg, file)
		return data
	}
}

// listingPlugins are plugins of setuptools that make data of every file that the version
// control of the project tracks.
var listingPlugins = []string{
	"setuptools-scm", "setuptools-git", "setuptools-git-ls-files", "setuptools-svn", "setuptools-hg", "setuptools-bzr", "setuptools-darcs",
	"setuptools-fossil", "setuptools-cvs", "setuptools-mtn", "setuptools-vcs", "hgtools",
}

// checkouts are what lies at the top of a checkout of version control.
var checkouts = []string{".git", ".hg", ".svn", ".bzr", "_darcs", ".fslckout", "_FOSSIL_", "_MTN", "CVS"}

// listingPlugin returns the plugin that the build requires and that finds a checkout, or
// "". Where there is none, it lists nothing.
func (p *project) listingPlugin() string {
	if p.BuildSystem == nil {
		return ""
	}
	for _, requirement := range p.BuildSystem.Require {
		end := strings.IndexAny(requirement+" ", " \t[(<>=!~;@")
		name := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(requirement[:end]))
		if slices.Contains(listingPlugins, name) && p.isCheckout() {
			return name
		}
	}
	return ""
}

// isCheckout reports whether the project, or a folder above it, is a checkout.
func (p *project) isCheckout() bool {
	for dir := path.Clean(p.dir); ; dir = path.Dir(dir) {
		for _, name := range checkouts {
			if _, err := fs.Stat(p.above, path.Join(dir, name)); err == nil {
				return true
			}
		}
		if dir == "." {
			return false
		}
	}
}

// refuseUnknown refuses a project with files in its packages of which only its version
// control tells whether they are data. What git ignores is none.
func (p *project) refuseUnknown(plugin string, packages map[string]string, decide func(pkg, file string) (data, known bool)) {
	open, packed := map[string]bool{}, map[string]bool{}
	for pkg, dir := range packages {
		for file := range p.files(path.Clean(dir)) {
			data, known := decide(pkg, file)
			packed[file] = packed[file] || data || path.Dir(file) == path.Clean(dir) && strings.HasSuffix(file, ".py")
			open[file] = open[file] || !known
		}
	}
	var unknown []string
	for _, file := range slices.Sorted(maps.Keys(open)) {
		if open[file] && !packed[file] && !p.gitIgnored(file) {
			unknown = append(unknown, file)
		}
	}
	if len(unknown) == 0 {
		return
	}
	more := ""
	switch n := len(unknown) - 1; {
	case n == 1:
		more = ", and of 1 other"
	case n > 1:
		more = fmt.Sprintf(", and of %d others", n)
	}
	p.refuse("its build requires %s, which packs the files that version control tracks, and nothing on disk tells that of %q%s: name them in package-data or exclude-package-data of [tool.setuptools], or in MANIFEST.in", plugin, unknown[0], more)
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
