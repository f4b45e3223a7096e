package backend

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// assigned finds the version in a module or a file of one.
var assigned = regexp.MustCompile(`(?m)^(?:__version__|VERSION|version)\s*(?::\s*str\s*)?=\s*["']([^"'\n]+)["']`)

// versionText returns the version of the project: the one that it declares, or
// that its lock file knows, or that the backend would read from a file.
func (p *project) versionText() string {
	for _, value := range []any{p.Project["version"], below(p.Tool, "poetry")["version"]} {
		if text, ok := value.(string); ok && text != "" && text != "0.0.0" {
			return text
		}
	}
	if p.version != "" {
		return p.version
	}
	var from []string
	module := func(name string) {
		from = append(from, name+".py", name+"/__init__.py", "src/"+name+".py", "src/"+name+"/__init__.py")
	}
	if name, ok := below(p.Tool, "hatch", "version")["path"].(string); ok {
		from = append(from, name)
	}
	dynamic := below(p.Tool, "setuptools", "dynamic", "version")
	if name, ok := dynamic["file"].(string); ok {
		if body, err := p.read(path.Clean(name)); err == nil {
			return strings.TrimSpace(string(body))
		}
	}
	if attr, ok := dynamic["attr"].(string); ok {
		if dot := strings.LastIndexByte(attr, '.'); dot > 0 {
			module(strings.ReplaceAll(attr[:dot], ".", "/"))
		}
	}
	if p.backend() == "flit_core.buildapi" {
		module(moduleName(p.name))
	}
	for _, name := range from {
		body, err := p.read(path.Clean(name))
		if m := assigned.FindSubmatch(body); err == nil && m != nil {
			return string(m[1])
		}
	}
	return ""
}

// info returns the files of the .dist-info folder: METADATA without the text of
// the readme, entry_points.txt where there is any, and the licences.
func (p *project) info(w *Wheel) map[string][]byte {
	licenses := p.licenses()
	info := map[string][]byte{"METADATA": p.metadata(w.Version, licenses)}
	for _, name := range licenses {
		body, err := p.read(name)
		if err != nil {
			p.refuse("its licence %q cannot be read: %v", name, err)
		}
		info["licenses/"+name] = body
	}
	if text := p.entryPoints(); text != "" {
		info["entry_points.txt"] = []byte(text)
	}
	return info
}

// licenses lists the licence files: those that the project names, else those
// that backends find by themselves.
func (p *project) licenses() []string {
	globs := []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"}
	if _, given := p.Project["license-files"].([]any); given {
		globs = p.texts(p.Project, "project", "license-files")
	}
	var found []string
	for _, glob := range globs {
		names, err := fs.Glob(p.fsys, path.Clean(glob))
		if err != nil {
			p.refuse("project.license-files in its pyproject.toml holds %q", glob)
		}
		for _, name := range names {
			if p.isFile(name) && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// metadata writes METADATA (the "Core metadata" specification) from [project],
// or from [tool.poetry] where that is all there is.
func (p *project) metadata(version string, licenses []string) []byte {
	var b strings.Builder
	field := func(name string, value any) {
		if text, ok := value.(string); ok && strings.TrimSpace(text) != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(strings.Fields(text), " "))
		}
	}
	t := p.Project
	poetry := below(p.Tool, "poetry")
	field("Metadata-Version", "2.4")
	field("Name", cmp.Or(textOf(t["name"]), textOf(poetry["name"]), p.name))
	field("Version", version)
	field("Summary", cmp.Or(textOf(t["description"]), textOf(poetry["description"])))
	urls := below(t, "urls")
	for _, label := range slices.Sorted(maps.Keys(urls)) {
		field("Project-URL", label+", "+textOf(urls[label]))
	}
	people(field, t["authors"], "Author")
	people(field, t["maintainers"], "Maintainer")
	field("License-Expression", t["license"])
	for _, name := range licenses {
		field("License-File", name)
	}
	words, _ := textsOf(t["keywords"])
	field("Keywords", strings.Join(words, ","))
	for _, declared := range []table{t, poetry} {
		classifiers, _ := textsOf(declared["classifiers"])
		for _, c := range classifiers {
			field("Classifier", c)
		}
	}
	field("Requires-Python", t["requires-python"])
	needs, _ := textsOf(t["dependencies"])
	for _, need := range needs {
		field("Requires-Dist", need)
	}
	extras := below(t, "optional-dependencies")
	for _, extra := range slices.Sorted(maps.Keys(extras)) {
		field("Provides-Extra", extra)
		needs, _ := textsOf(extras[extra])
		for _, need := range needs {
			field("Requires-Dist", WithMarker(need, "extra == '"+extra+"'"))
		}
	}
	return []byte(b.String())
}

func textOf(value any) string {
	text, _ := value.(string)
	return text
}

// WithMarker adds a condition to a requirement that may have one.
func WithMarker(requirement, condition string) string {
	needs, marker, found := strings.Cut(requirement, ";")
	if address, rest, isURL := strings.Cut(requirement, "@"); isURL && strings.Contains(rest, "://") {
		// A semicolon in an address is no marker unless white space is before it.
		from, own, has := strings.Cut(rest, " ;")
		needs, marker, found = address+"@"+from+" ", own, has
	}
	if marker = strings.TrimSpace(marker); found && marker != "" {
		if strings.Contains(marker, " or ") {
			marker = "(" + marker + ")"
		}
		condition = marker + " and " + condition
	}
	return strings.TrimRight(needs, " ") + strings.Repeat(" ", len(needs)-len(strings.TrimRight(needs, " "))) + "; " + condition
}

// people writes names and addresses as the specification wants them: an entry
// with an address in the -email field.
func people(field func(string, any), value any, name string) {
	list, _ := value.([]any)
	var names, addresses []string
	for _, element := range list {
		person, _ := element.(table)
		who, at := textOf(person["name"]), textOf(person["email"])
		switch {
		case at != "" && who != "":
			addresses = append(addresses, who+" <"+at+">")
		case at != "":
			addresses = append(addresses, at)
		case who != "":
			names = append(names, who)
		}
	}
	field(name, strings.Join(names, ", "))
	field(name+"-email", strings.Join(addresses, ", "))
}

// entryPoints writes entry_points.txt (the "Entry points" specification), groups
// and names in order.
func (p *project) entryPoints() string {
	groups := map[string]map[string]string{}
	take := func(group string, t table) {
		for name, value := range t {
			text, ok := value.(string)
			if one, isTable := value.(table); isTable { // Poetry's long form
				text, ok = one["reference"].(string)
			}
			if ok && text != "" {
				if groups[group] == nil {
					groups[group] = map[string]string{}
				}
				groups[group][name] = text
			}
		}
	}
	poetry, flit := below(p.Tool, "poetry"), below(p.Tool, "flit")
	for _, scripts := range []table{below(poetry, "scripts"), below(flit, "scripts"), below(p.Project, "scripts")} {
		take("console_scripts", scripts)
	}
	take("gui_scripts", below(p.Project, "gui-scripts"))
	for _, named := range []table{below(poetry, "plugins"), below(flit, "entrypoints"), below(p.Project, "entry-points")} {
		for group, t := range named {
			own, _ := t.(table)
			take(group, own)
		}
	}
	var b strings.Builder
	for i, group := range slices.Sorted(maps.Keys(groups)) {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "[%s]\n", group)
		for _, name := range slices.Sorted(maps.Keys(groups[group])) {
			fmt.Fprintf(&b, "%s = %s\n", name, groups[group][name])
		}
	}
	return b.String()
}
