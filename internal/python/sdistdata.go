package python

import (
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// packageData adds the data of the packages: what package_data names, and, with
// include_package_data, what the manifest lists below them.
func (b *builder) packageData() {
	wanted, unwanted := b.lists("package_data"), b.lists("exclude_package_data")
	listed := map[string][]string{}
	if b.flag("include_package_data") {
		listed = b.manifested()
	}
	for _, pkg := range b.packages {
		dir := b.dirOf(pkg)
		files := slices.Clone(listed[pkg])
		for _, pattern := range slices.Concat([]string{"*.pyi", "py.typed"}, wanted[""], wanted[pkg]) {
			if b.checkPattern(pattern) {
				files = append(files, globFiles(b.s.under(dir), pattern)...)
			}
		}
		for _, pattern := range slices.Concat(unwanted[""], unwanted[pkg]) {
			if b.checkPattern(pattern) {
				files = slices.DeleteFunc(files, func(f string) bool { return setuppy.Match(path.Join(dir, pattern), path.Join(dir, f)) })
			}
		}
		for _, f := range files {
			b.put(path.Join(strings.ReplaceAll(pkg, ".", "/"), f), b.s.files[path.Join(dir, f)])
		}
	}
}

func (b *builder) checkPattern(pattern string) bool {
	ok := strings.Count(pattern, "**") < 3 && !strings.Contains(pattern, "..") && !strings.Contains(pattern, "\\") && !path.IsAbs(pattern) && pattern != ""
	if !ok {
		b.fail("its setup.py asks for the package data %q", pattern)
	}
	return ok
}

// manifested returns the files that the manifest lists below the folder of each
// package, relative to it, without modules. The manifest is SOURCES.txt as the
// archive has it: a build would add to it what MANIFEST.in names, so that a
// file that it does not list, or that MANIFEST.in takes out of it, is a reason
// to refuse.
func (b *builder) manifested() map[string][]string {
	sources := map[string]bool{}
	name, _ := b.text("name")
	info := path.Join(b.packageDir[""], strings.Trim(strings.ReplaceAll(name, "-", "_"), "_")+".egg-info", "SOURCES.txt")
	for line := range strings.SplitSeq(string(b.s.files[info]), "\n") {
		sources[strings.TrimSuffix(line, "\r")] = true
	}
	packages := map[string]string{} // by folder
	for _, pkg := range b.packages {
		packages[b.dirOf(pkg)] = pkg
	}
	out := map[string][]string{}
	for _, file := range b.s.paths {
		dir := path.Dir(file)
		for ; dir != "." && packages[dir] == ""; dir = path.Dir(dir) {
		}
		pkg := packages[strings.TrimPrefix(dir, ".")]
		inside := strings.TrimPrefix(file, dir+"/")
		isModule := !strings.Contains(inside, "/") && strings.HasSuffix(inside, ".py")
		if pkg == "" || isModule || strings.Contains(file, ".egg-info/") {
			continue
		}
		if !sources[file] {
			b.fail("it includes the data of its packages, and its SOURCES.txt does not list %q", file)
		}
		b.checkManifest(file)
		out[pkg] = append(out[pkg], inside)
	}
	return out
}

// checkManifest refuses a file that MANIFEST.in might take out of the manifest.
func (b *builder) checkManifest(file string) {
	for line := range strings.SplitSeq(string(b.s.files["MANIFEST.in"]), "\n") {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		patterns := words[1:]
		switch words[0] {
		case "prune":
			if setuppy.Match(patterns[0]+"/*", file) {
				b.fail("its MANIFEST.in takes %q out by %q", file, strings.TrimSpace(line))
			}
			continue
		case "recursive-exclude":
			patterns = words[2:]
		case "exclude", "global-exclude":
		default:
			continue
		}
		for _, pattern := range patterns {
			if setuppy.Match(path.Base(pattern), path.Base(file)) {
				b.fail("its MANIFEST.in may take %q out by %q", file, strings.TrimSpace(line))
			}
		}
	}
}

// globFiles returns the files that Python's glob finds, sorted: * and ? match
// within a name and no dot at its start, ** any number of folders.
func globFiles(files []string, pattern string) []string {
	var out []string
	parts := strings.Split(path.Clean(pattern), "/")
	for _, f := range files {
		if globMatch(parts, strings.Split(f, "/")) {
			out = append(out, f)
		}
	}
	return out
}

func globMatch(pattern, names []string) bool {
	switch {
	case len(pattern) == 0:
		return len(names) == 0
	case pattern[0] == "**" && len(pattern) == 1:
		return !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, ".") })
	case pattern[0] == "**":
		return globMatch(pattern[1:], names) ||
			len(names) > 1 && !strings.HasPrefix(names[0], ".") && globMatch(pattern, names[1:])
	case len(names) == 0:
		return false
	case strings.HasPrefix(names[0], ".") && !strings.HasPrefix(pattern[0], "."):
		return false
	}
	return setuppy.Match(pattern[0], names[0]) && globMatch(pattern[1:], names[1:])
}
