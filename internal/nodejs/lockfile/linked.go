package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// readLinked fills a package of a folder whose dependencies the package manager
// leaves to the folder itself, with what its package.json asks for. A folder
// without one is packed as it is.
func (r *lockReader) readLinked(p *lockPackage, by string) {
	p.Linked = true
	if !r.files.IsFolder(p.Local) {
		p.Fault = fmt.Sprintf("it is a link to %q, where there is no folder: bring the folder, or remove the dependency", p.Local)
		return
	}
	e, err := r.manifestOnDisk(path.Join(p.Local, "package.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		p.Fault = fmt.Sprintf("%s links to its folder, and the package.json there cannot be read", by)
		return
	}
	if e.Name != "" {
		p.Name = string(e.Name)
	}
	p.Version, p.Edges = string(e.Version), e.edges(toolYarn1, false)
}

// checkLinked refuses linked folders whose dependencies nothing in the layer
// answers: their own node_modules, which answer them on disk, are not packed.
func (w *treeWriter) checkLinked() error {
	at := map[string]*lockPackage{}
	for _, p := range w.tree.Packages {
		at[p.Path] = &lockPackage{Name: p.Name, Version: p.Version}
	}
	for _, p := range w.tree.Local {
		at[p.Path] = &lockPackage{Name: p.Name, Version: p.Version, Local: p.Source}
	}
	var faults []error
	for _, l := range w.tree.Local {
		p := w.linked[l.Path]
		if p == nil {
			continue
		}
		var unmet []string
		for _, e := range p.Edges {
			if e.Kind.bends() {
				continue
			}
			if found := lookUp(at, l.Path, e.Name); found == nil || !answers(found, e.Name, e.Spec) {
				unmet = append(unmet, e.Name+" "+strconv.Quote(e.Spec))
			}
		}
		if len(unmet) > 0 {
			faults = append(faults, &Error{File: w.File, Entry: l.Name, Reason: fmt.Sprintf("it is the folder %q, whose dependencies %s leaves to the folder itself, and nothing in the layer answers %s. %s",
				l.Source, w.tool.command(), strings.Join(unmet, ", "), w.tool.linking())})
		}
	}
	return errors.Join(faults...)
}

// lookUp returns what Node.js finds under a name from a path, nil for nothing.
func lookUp(at map[string]*lockPackage, from, name string) *lockPackage {
	for _, level := range slices.Backward(levels(from)) {
		if p := at[path.Join(level, manifest.ModulesFolder, name)]; p != nil {
			return p
		}
	}
	return nil
}

// command is the tool's name on the command line.
func (t tool) command() string {
	switch t {
	case toolYarn1, toolBerry:
		return "yarn"
	}
	return string(t)
}

// linking says how the dependencies of a linked folder get into a layer.
func (t tool) linking() string {
	const own = "add these to the dependencies of the project"
	switch t {
	case toolNPM:
		return "Make the folder a member of a workspace, " + own + `, or let npm install the folder as a package: "npm install --install-links"`
	case toolPnpm:
		return "Make the folder a member of the workspace, depend on it by file: instead of link:, or " + own
	case toolBerry:
		return "Make the folder a member of the workspace, depend on it by portal: or file: instead of link:, or " + own
	}
	return "Make the folder a member of the workspace, depend on it by file: instead of link:, or " + own
}

// quoted joins words in quotes.
func quoted(words []string) string {
	var all []string
	for _, word := range words {
		all = append(all, strconv.Quote(word))
	}
	return strings.Join(all, ", ")
}
