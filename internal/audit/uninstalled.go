package audit

import (
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// uninstalled tells of what was packed as an installer finds it or keeps it, and not as
// Python imports it: wheels, folders of wheels, and pointers to folders of another
// machine.
func (l *layoutCheck) uninstalled() {
	if !l.has(runtimes.Python) {
		return
	}
	for _, r := range l.files.runs {
		top, inside, _ := strings.Cut(r.dir, ".data/")
		scheme, _, _ := strings.Cut(inside, "/")
		if (scheme == "purelib" || scheme == "platlib") && l.imported(parent(top)) {
			folder := top + ".data/"
			l.add(one{
				check: Layout, severity: Warning, cause: "data " + folder, file: l.layer.Files[r.from].Path,
				summary: func(*Finding) string { return fmt.Sprintf("Nothing in %q can be imported", folder) },
				need:    "A wheel has the folder, and an installer moves what is in it.", way: "Bring the wheel in python.wheels, or install it with pip install --target.",
			})
		}
		if r.dir != "" && !l.imported(r.dir) {
			continue
		}
		for i := r.from; i < r.to; i++ {
			l.uninstalledFile(l.layer.Files[i].Path)
		}
	}
}

func (l *layoutCheck) uninstalledFile(file string) {
	name := base(file)
	switch {
	case strings.HasSuffix(name, ".whl"):
		l.add(one{
			check: Layout, severity: Warning, cause: "wheel", file: file, summary: titled("is a wheel that is not installed"),
			need: "Python imports nothing from it.", way: fmt.Sprintf("Write python = { wheels = [{ source = %q }], requirements = [\"…\"] } with its name.", name),
		})
	case strings.HasPrefix(name, "__editable__") && strings.HasSuffix(name, ".pth") || strings.HasSuffix(name, ".egg-link") || name == "easy-install.pth":
		l.add(one{
			check: Layout, severity: Warning, cause: "editable", file: file, summary: titled("belongs to an editable install"),
			need: "It points to a folder of the machine where pip install -e ran: the code itself is not in the layer.", way: "Install the project without -e, or bring its folder in files.",
		})
	}
}

// imported reports whether a declared runtime imports from a folder.
func (l *layoutCheck) imported(dir string) bool {
	for _, t := range l.layer.Targets {
		for _, folder := range t.Paths {
			if t.Family == runtimes.Python && folder == dir {
				return true
			}
		}
	}
	return false
}

// nested tells of a folder that holds itself once more and nothing else.
func (l *layoutCheck) nested() {
	for _, c := range []struct{ family, outer, inner string }{
		{runtimes.Python, "python/", "python/"}, {runtimes.NodeJS, "nodejs/", "nodejs/"}, {runtimes.NodeJS, "nodejs/node_modules/", "node_modules/"},
	} {
		first, all := "", l.has(c.family)
		for i := 0; i < len(l.files.runs) && all; i++ {
			dir := l.files.runs[i].dir + "/"
			if !strings.HasPrefix(dir, c.outer) {
				continue
			}
			if all = strings.HasPrefix(dir, c.outer+c.inner); first == "" {
				first = l.layer.Files[l.files.runs[i].from].Path
			}
		}
		deep := c.outer + c.inner
		if first == "" || !all || l.files.at(deep+"__init__.py") != nil {
			continue
		}
		l.add(one{
			check: Layout, severity: Warning, cause: "nested " + deep, file: first,
			summary: func(*Finding) string { return fmt.Sprintf("Everything lies in %q, one folder too deep", deep) },
			has:     fmt.Sprintf("Lambda looks into %s, and finds the folder %s there.", c.outer, c.inner), way: fmt.Sprintf("Pack what is in %q into %q.", deep, c.outer),
		})
	}
}

// pretenders tells of files that are libraries by their names alone.
func (a *auditor) pretenders() {
	for _, i := range a.files.libraries {
		name := a.layer.Files[i].Path
		if !a.saysLibrary(name) {
			continue
		}
		if f := a.facts(name); f != nil && f.Kind != native.Script && f.Kind != native.Archive {
			continue
		}
		a.add(one{
			check: Native, severity: Warning, cause: "no library", file: name, summary: titled("is no library"),
			need: "It does not begin as an ELF file does: loading it fails with \"invalid ELF header\" or \"file too short\".",
			way:  "Bring the library itself. A file of Git LFS that was not fetched looks like this, and so does a text for the linker.",
		})
	}
}

// saysLibrary reports whether the name of a file says that Python or Node.js loads it
// as native code. A bare .so may be data.
func (a *auditor) saysLibrary(name string) bool {
	switch {
	case strings.HasSuffix(name, ".node"):
		return a.layer.Function || strings.HasPrefix(name, "nodejs/")
	case strings.HasSuffix(name, ".so") && (a.layer.Function || strings.HasPrefix(name, "python/")):
		e, ok := extensionOf(name)
		return ok && e.other == "" && !e.bare
	}
	return false
}
