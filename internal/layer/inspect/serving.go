package inspect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Serving tells whether a zip can serve a runtime on an architecture.
type Serving struct {
	Runtime      string `json:"runtime"`
	Architecture string `json:"architecture"`
	// Why is a sentence that tells what keeps it from that; "" where it can.
	Why string `json:"why,omitempty"`
}

// Place is a folder of a layer, and what Lambda takes from it.
type Place struct {
	// Path is where functions see it, such as "/opt/python".
	Path string `json:"path"`
	// Finds says who looks there: "Python imports", "PATH".
	Finds string `json:"finds"`
	// Names are what is found, up to 200; More is how many others there are.
	Names []string `json:"names"`
	More  int      `json:"more,omitempty"`
}

const maxNames = 200

// folder is a folder of layers that a language looks into.
type folder struct{ path, family, finds string }

// folders returns those of all languages, the deeper ones first.
func folders() []folder {
	all := []folder{
		{"bin", "", "PATH"}, {"lib", "", "LD_LIBRARY_PATH"}, {"extensions", "", "extensions that Lambda starts"},
	}
	for _, r := range runtimes.All() {
		finds := map[string]string{
			runtimes.Python: "Python", runtimes.NodeJS: "Node.js", runtimes.Java: "class path of Java", runtimes.Ruby: "Ruby",
		}[r.Family]
		for _, p := range r.Paths {
			if slices.ContainsFunc(all, func(f folder) bool { return f.path == p }) {
				continue
			}
			named := finds
			if strings.Count(p, "/") > 1 {
				named += " " + r.Version
			}
			all = append(all, folder{p, r.Family, named})
		}
	}
	slices.SortStableFunc(all, func(x, y folder) int { return strings.Count(y.path, "/") - strings.Count(x.path, "/") })
	return all
}

// folderOf returns the folder that a file is found in, none where nobody looks.
func folderOf(all []folder, name string) (folder, bool) {
	i := slices.IndexFunc(all, func(f folder) bool { return isWithin(name, f.path) })
	if i < 0 {
		return folder{}, false
	}
	return all[i], true
}

// isWithin reports whether a file lies in a folder.
func isWithin(name, folder string) bool {
	return len(name) > len(folder) && name[len(folder)] == '/' && strings.HasPrefix(name, folder)
}

// candidates returns every runtime that files in some folders are meant for, on
// every architecture: those of the languages whose folders hold files, else every
// one where a common folder does.
func candidates(held map[string]folder) []runtimes.Target {
	families := map[string]bool{}
	for _, f := range held {
		families[f.family] = true
	}
	common := families[""]
	delete(families, "")
	var all []runtimes.Target
	for _, r := range runtimes.All() {
		if !families[r.Family] && (len(families) > 0 || !common) {
			continue
		}
		for _, a := range runtimes.Architectures() {
			all = append(all, runtimes.Target{Runtime: r, Architecture: a})
		}
	}
	return all
}

// heldFolders returns the folders that hold files, by path.
func heldFolders(tree filetree.Tree) map[string]folder {
	held, all := map[string]folder{}, folders()
	for _, e := range tree {
		if f, ok := folderOf(all, e.Path); ok {
			held[f.path] = f
		}
	}
	return held
}

// serving judges the files for every runtime of their languages.
func (p *Parts) serving(facts map[string]native.Facts) []Serving {
	held := heldFolders(p.files)
	targets := candidates(held)
	if len(targets) == 0 {
		return []Serving{}
	}
	all := make([]Serving, 0, len(targets))
	for _, t := range targets {
		s := Serving{Runtime: t.ID, Architecture: t.Architecture, Why: p.refusal(t, held)}
		// Each alone: beside another runtime that it suits, a file is no error.
		found := audit.Judge(audit.Layer{Files: p.files, Facts: facts, Targets: []runtimes.Target{t}})
		i := slices.IndexFunc(found, func(f audit.Finding) bool { return f.Severity == audit.Error && f.Check != audit.Layout })
		if s.Why == "" && i >= 0 {
			s.Why = found[i].Summary
		}
		all = append(all, s)
	}
	return all
}

// refusal tells what of the places and of the distributions' own words keeps a
// runtime from using the files; "" where nothing does.
func (p *Parts) refusal(t runtimes.Target, held map[string]folder) string {
	looked := append(slices.Clone(t.Paths), "bin", "lib", "extensions")
	if !slices.ContainsFunc(looked, func(p string) bool { _, ok := held[p]; return ok }) {
		return fmt.Sprintf("Nothing lies in %s", strings.Join(t.Paths, " or "))
	}
	if t.Family != runtimes.Python {
		return ""
	}
	for i := range p.distributions {
		d := &p.distributions[i]
		if slices.Contains(t.Paths, d.Site) && d.Refuses(python.TargetFor(t)) {
			return fmt.Sprintf("%s %s wants Python %s", d.Name, d.Version, d.Metadata.Python)
		}
	}
	return ""
}

// placesIn tells what Lambda finds where, in the order of the folders.
func placesIn(tree filetree.Tree) []Place {
	known := folders()
	names := map[folder]map[string]bool{}
	for _, e := range tree {
		f, name := placeOf(known, e.Path)
		if names[f] == nil {
			names[f] = map[string]bool{}
		}
		names[f][name] = true
	}
	all := make([]Place, 0, len(names))
	for f, found := range names {
		delete(found, "")
		sorted := slices.AppendSeq([]string{}, maps.Keys(found))
		slices.Sort(sorted)
		shown := min(len(sorted), maxNames)
		all = append(all, Place{Path: strings.TrimSuffix("/opt/"+f.path, "/"), Finds: f.finds, Names: sorted[:shown], More: len(sorted) - shown})
	}
	slices.SortFunc(all, func(x, y Place) int { return strings.Compare(x.Path, y.Path) })
	return all
}

// placeOf returns the folder that a file is found in, and the name by which it is
// found, "" for what has none. What nobody looks for is reached by its whole path.
func placeOf(all []folder, file string) (f folder, name string) {
	f, ok := folderOf(all, file)
	if !ok {
		top, _, deep := strings.Cut(file, "/")
		if deep {
			top += "/"
		}
		return folder{finds: "whole paths only"}, top
	}
	within := file[len(f.path)+1:]
	top, rest, deep := strings.Cut(within, "/")
	switch f.family {
	case runtimes.Python:
		return f, moduleBelow(top, rest, deep)
	case runtimes.NodeJS:
		switch {
		case strings.HasPrefix(top, ".") || !deep:
			return f, ""
		case strings.HasPrefix(top, "@"):
			scoped, _, _ := strings.Cut(rest, "/")
			return f, top + "/" + scoped
		}
	case runtimes.Ruby:
		return f, top
	case "":
		return f, within
	}
	return f, top
}

// moduleBelow returns the module or package of Python that a file is part of, ""
// where it is none.
func moduleBelow(top, rest string, deep bool) string {
	if !deep {
		module, ext, _ := strings.Cut(top, ".")
		if ext == "py" || ext == "pyc" || strings.HasSuffix(ext, "so") {
			return module
		}
		return ""
	}
	if strings.ContainsAny(top, ".- ") || top == "__pycache__" || top == "bin" || top == "lib" && strings.HasPrefix(rest, "python3.") {
		return ""
	}
	return top
}
