package python

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// metadata writes METADATA, top_level.txt and entry_points.txt.
func (b *builder) metadata(licenses []string) {
	w := &metadataWriter{setupArgs: b.setupArgs}
	w.header(b.s.version)
	w.requirements()
	w.dynamic(len(licenses) > 0)
	for _, l := range licenses {
		w.licenses = append(w.licenses, "License-File: "+l)
	}
	b.out.metadata = w.bytes()
	info := b.out.distInfo + "/"
	b.put(info+"METADATA", b.out.metadata)
	b.put(info+"WHEEL", []byte("Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n"))
	b.put(info+"top_level.txt", []byte(strings.Join(b.names(), "\n")+"\n"))
	if text := b.entryPoints(); text != "" {
		b.put(info+"entry_points.txt", []byte(text))
	}
	if b.value("namespace_packages") != nil {
		b.put(info+"namespace_packages.txt", []byte("\n"))
	}
	if b.flag("zip_safe") {
		b.put(info+"zip-safe", []byte("\n"))
	}
}

// entryPoints renders entry_points.txt, groups and names in order.
func (b *builder) entryPoints() string {
	groups := b.dict("entry_points")
	var out []string
	for _, group := range slices.Sorted(slices.Values(groups.Keys())) {
		v, _ := groups.Get(group)
		var lines []string
		for _, line := range b.setupArgs.requirements(fmt.Sprintf("entry_points[%q]", group), v) {
			name, value, ok := strings.Cut(line, "=")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			if !ok || name == "" || value == "" || strings.HasPrefix(line, "[") {
				b.fail("its setup.py has the entry point %q", line)
			}
			lines = append(lines, name+" = "+value)
		}
		slices.Sort(lines)
		if len(slices.Compact(slices.Clone(lines))) != len(lines) {
			b.fail("its setup.py has an entry point twice")
		}
		if len(lines) > 0 {
			out = append(out, "["+group+"]\n"+strings.Join(lines, "\n")+"\n")
		}
	}
	return strings.Join(out, "\n")
}

// metadataWriter writes METADATA as setuptools does.
type metadataWriter struct {
	*setupArgs
	head, licenses, needs, moving []string
	description                   string
}

func (w *metadataWriter) field(name, value string) {
	if value != "" {
		w.head = append(w.head, name+": "+value)
	}
}

// textFields are fields that hold an argument as it is.
var textFields = [][2]string{
	{"Home-page", "url"},
	{"Download-URL", "download_url"},
	{"Author", "author"},
	{"Author-email", "author_email"},
	{"Maintainer", "maintainer"},
	{"Maintainer-email", "maintainer_email"},
}

func (w *metadataWriter) header(version pep440.Version) {
	w.field("Metadata-Version", "2.4")
	name, _ := w.text("name")
	w.field("Name", name)
	w.field("Version", version.String())
	summary, _ := w.lines("description")
	summary, _, _ = strings.Cut(strings.TrimSpace(summary)+"\n", "\n")
	if whole, _ := w.lines("description"); !strings.Contains(whole, "\n") {
		summary = whole
	}
	w.field("Summary", summary)
	for _, f := range textFields {
		if value, given := w.text(f[1]); given {
			w.head = append(w.head, f[0]+": "+value)
		}
	}
	license, _ := w.lines("license")
	w.field("License", strings.ReplaceAll(license, "\n", "\n        "))
	urls := w.dict("project_urls")
	for _, label := range urls.Keys() {
		value, _ := urls.Get(label)
		w.head = append(w.head, "Project-URL: "+label+", "+strings.Join(w.texts("project_urls", setuppy.List{value}), ""))
	}
	w.field("Keywords", strings.Join(w.words("keywords"), ","))
	for _, platform := range w.words("platforms") {
		w.head = append(w.head, "Platform: "+platform)
	}
	for _, classifier := range w.list("classifiers") {
		w.head = append(w.head, "Classifier: "+classifier)
	}
	python, _ := w.text("python_requires")
	if _, err := pep440.ParseSpecifiers(python); err != nil {
		w.fail("its setup.py has the python_requires %q", python)
	}
	w.field("Requires-Python", python)
	kind, _ := w.text("long_description_content_type")
	w.field("Description-Content-Type", kind)
	w.description, _ = w.lines("long_description")
}

// requirements writes the requirements, those of extras behind their names.
func (w *metadataWriter) requirements() {
	for _, text := range w.setupArgs.requirements("install_requires", w.value("install_requires")) {
		w.require(text, "", "")
	}
	extras := w.dict("extras_require")
	written := map[string]bool{}
	for _, key := range extras.Keys() {
		name, condition, _ := strings.Cut(key, ":")
		extra := strings.Trim(strings.ToLower(unsafeExtra.ReplaceAllString(strings.TrimSpace(name), "-")), "-")
		if extra != "" && !written[extra] {
			written[extra] = true
			w.needs = append(w.needs, "Provides-Extra: "+extra)
		}
		v, _ := extras.Get(key)
		if u, ok := v.(setuppy.Unknown); ok {
			w.fail("its setup.py makes extras_require depend on %s", u.Why)
		}
		for _, text := range w.setupArgs.requirements("extras_require", v) {
			w.require(text, strings.TrimSpace(condition), extra)
		}
	}
}

var unsafeExtra = regexp.MustCompile(`[^A-Za-z0-9]+`)

// require writes one requirement in the spelling of packaging: the name as it
// was written, the specifiers in the order of their texts, the marker with all
// conditions.
func (w *metadataWriter) require(text, condition, extra string) {
	r, err := ParseRequirement(text)
	if err != nil {
		w.fail("its setup.py has the requirement %q", text)
		return
	}
	name := requirementName.FindString(text)
	line := "Requires-Dist: " + name
	if len(r.Extras) > 0 {
		_, rest, _ := strings.Cut(text, "[")
		rest, _, _ = strings.Cut(rest, "]")
		extras := strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == ' ' })
		slices.Sort(extras)
		line += "[" + strings.Join(slices.Compact(extras), ",") + "]"
	}
	if r.URL != "" {
		w.fail("its setup.py has the requirement %q at an address", name)
	}
	specifiers := strings.Split(r.Specifiers.String(), ",")
	slices.Sort(specifiers)
	line += strings.Join(specifiers, ",")
	var conditions []string
	alone := condition == "" && extra == ""
	if r.Marker != nil {
		conditions = append(conditions, bracketed(r.Marker, !alone))
	}
	if condition != "" {
		m, err := ParseMarker(condition)
		if err != nil {
			w.fail("its setup.py has the marker %q", condition)
			return
		}
		conditions = append(conditions, bracketed(m, extra != "" || r.Marker != nil))
	}
	if extra != "" {
		conditions = append(conditions, fmt.Sprintf("extra == %q", extra))
	}
	if len(conditions) > 0 {
		line += "; " + strings.Join(conditions, " and ")
	}
	w.needs = append(w.needs, line)
}

var requirementName = regexp.MustCompile(`[A-Za-z0-9][A-Za-z0-9._-]*`)

// bracketed returns the text of a marker, in brackets if it is put beside
// others and has several conditions.
func bracketed(m *Marker, beside bool) string {
	if _, several := m.root.(*junction); several && beside {
		return "(" + m.String() + ")"
	}
	return m.String()
}

// movingFields are the fields that setuptools declares dynamic where an
// argument of setup() sets them, in its order.
var movingFields = [][2]string{
	{"author", "author"},
	{"author-email", "author_email"},
	{"classifier", "classifiers"},
	{"description", "long_description"},
	{"description-content-type", "long_description_content_type"},
	{"download-url", "download_url"},
	{"home-page", "url"},
	{"keywords", "keywords"},
	{"license", "license"},
	{"license-file", ""},
	{"maintainer", "maintainer"},
	{"maintainer-email", "maintainer_email"},
	{"platform", "platforms"},
	{"project-url", "project_urls"},
	{"provides-extra", "extras_require"},
	{"requires-dist", "install_requires"},
	{"requires-python", "python_requires"},
	{"summary", "description"},
}

func (w *metadataWriter) dynamic(licensed bool) {
	for _, f := range movingFields {
		v, _ := w.Get(f[1])
		text, isText := v.(string)
		if w.static[f[1]] {
			continue
		}
		if f[1] == "" && licensed || isText && text != "" || length(v) > 0 {
			w.moving = append(w.moving, "Dynamic: "+f[0])
		}
	}
}

func (w *metadataWriter) bytes() []byte {
	out := strings.Join(slices.Concat(w.head, w.licenses, w.needs, w.moving), "\n") + "\n"
	if w.description != "" {
		out += "\n" + w.description
		if !strings.HasSuffix(w.description, "\n") {
			out += "\n"
		}
	}
	return []byte(out)
}
