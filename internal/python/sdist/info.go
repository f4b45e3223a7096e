package sdist

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/backend"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// head is the header of a PKG-INFO file (the "Core metadata" specification).
type head struct {
	text   string // without the requirements, with the end of its last line
	body   string // the description below, after the empty line
	format float64
	values map[string][]string // by lower-case field name
	needs  []string            // lines of requirements and extras
}

// readHead reads PKG-INFO, and compares name and version with those of the
// file's name.
func (s *Sdist) readHead(file string) *head {
	body, ok := s.files[file]
	if !ok {
		s.refuse("it has no %s", file)
	}
	h := &head{values: map[string][]string{}}
	text := strings.ReplaceAll(strings.TrimPrefix(string(body), "\ufeff"), "\r\n", "\n")
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
			more, after, _ := strings.Cut(rest, "\n")
			line, rest = line+"\n"+more, after
		}
		name, value, ok := strings.Cut(line, ":")
		if line == "" {
			h.body = rest
			break
		}
		if !ok || strings.ContainsAny(name, " \t") {
			h.body = text
			break
		}
		text = rest
		name, value = strings.ToLower(name), strings.TrimSpace(value)
		h.values[name] = append(h.values[name], value)
		switch name {
		case "requires-dist", "provides-extra":
			h.needs = append(h.needs, line)
		default:
			h.text += line + "\n"
		}
	}
	if pep508.NormalizeName(h.one("name")) != s.name || !sameVersion(s.version, h.one("version")) {
		s.refuse("its %s is of %s %s", file, h.one("name"), h.one("version"))
	}
	h.format, _ = strconv.ParseFloat(h.one("metadata-version"), 64)
	return h
}

func (h *head) one(name string) string {
	if values := h.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// moving names a field that resolution needs and that only a build would tell:
// "Dynamic" in the specification, which has it since version 2.2.
func (h *head) moving() string {
	if h.format < 2.2 {
		return "its requirements"
	}
	for _, field := range h.values["dynamic"] {
		switch strings.ToLower(field) {
		case "requires-dist", "requires-python", "provides-extra", "name", "version":
			return field
		}
	}
	return ""
}

// carried are the files of the metadata that a wheel has as they are.
var carried = []string{"top_level.txt", "zip-safe", "namespace_packages.txt", "dependency_links.txt"}

// info adds METADATA, the licences and the other files of the metadata, as
// setuptools writes them.
func (e *eggInfo) info(w *Wheel, h *head) {
	licenses := e.licenses(h)
	for _, name := range licenses {
		w.put("licenses/"+name, e.files[name])
	}
	for _, name := range carried {
		body, ok := e.files[e.dir+"/"+name]
		if ok && e.dir != "" && (name != "dependency_links.txt" || len(bytes.TrimSpace(body)) > 0) {
			w.put(name, body)
		}
	}
	if points := e.entryPoints(); points != "" {
		w.put("entry_points.txt", []byte(points))
	}
	needs := h.needs
	if !slices.ContainsFunc(needs, func(line string) bool { return strings.HasPrefix(strings.ToLower(line), "requires-dist:") }) && e.dir != "" {
		needs = e.requires()
	}
	text := h.text
	for _, name := range licenses {
		if line := "License-File: " + name + "\n"; !strings.Contains(text, line) {
			text += line
		}
	}
	for _, line := range needs {
		text += line + "\n"
	}
	if h.body != "" {
		text += "\n" + h.body
	}
	w.put("METADATA", []byte(text))
}

// licenses returns the licence files: those that PKG-INFO names, else those that
// setuptools finds by itself.
func (e *eggInfo) licenses(h *head) []string {
	var found []string
	for _, name := range h.values["license-file"] {
		if _, ok := e.files[name]; ok {
			found = append(found, name)
		}
	}
	if len(found) > 0 {
		return found
	}
	if m := cfgLicense.FindSubmatch(e.files["setup.cfg"]); m != nil {
		for name := range strings.FieldsSeq(string(m[1])) {
			if _, ok := e.files[name]; ok {
				found = append(found, name)
			}
		}
		return found
	}
	for _, glob := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"} {
		for _, p := range e.paths {
			if ok, err := path.Match(glob, p); ok && err == nil && !strings.HasSuffix(p, "~") {
				found = append(found, p)
			}
		}
	}
	return found
}

var cfgLicense = regexp.MustCompile(`(?m)^license_files?\s*=\s*((?:[^\n]*\n?)(?:[ \t]+[^\n]*\n?)*)`)

// entryPoints writes entry_points.txt as setuptools does, groups and names in
// order.
func (e *eggInfo) entryPoints() string {
	groups := map[string][]string{}
	group := ""
	for _, line := range e.lines(e.dir + "/entry_points.txt") {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if inner, ok := strings.CutPrefix(line, "["); ok {
			group = strings.TrimSpace(strings.TrimSuffix(inner, "]"))
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || group == "" || name == "" || value == "" {
			e.refuse("its entry_points.txt has the line %q", line)
		}
		groups[group] = append(groups[group], name+" = "+value)
	}
	var out []string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		slices.Sort(groups[group])
		out = append(out, "["+group+"]\n"+strings.Join(groups[group], "\n")+"\n")
	}
	return strings.Join(out, "\n")
}

var notInExtra = regexp.MustCompile(`[^A-Za-z0-9]+`)

// requires returns the lines of METADATA that requires.txt stands for: sections
// in brackets hold the requirements of an extra, under a marker behind a colon.
func (e *eggInfo) requires() []string {
	var out []string
	extra, marker := "", ""
	for _, line := range e.lines(e.dir + "/requires.txt") {
		if inner, ok := strings.CutPrefix(line, "["); ok {
			inner, ok = strings.CutSuffix(inner, "]")
			if !ok {
				e.refuse("its requires.txt has the line %q", line)
			}
			extra, marker, _ = strings.Cut(inner, ":")
			extra = strings.Trim(strings.ToLower(notInExtra.ReplaceAllString(strings.TrimSpace(extra), "-")), "-")
			if line := "Provides-Extra: " + extra; extra != "" && !slices.Contains(out, line) {
				out = append(out, line)
			}
			continue
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if marker = strings.TrimSpace(marker); marker != "" {
			line = backend.WithMarker(line, marker)
		}
		if extra != "" {
			line = backend.WithMarker(line, fmt.Sprintf("extra == %q", extra))
		}
		out = append(out, "Requires-Dist: "+line)
	}
	return out
}
