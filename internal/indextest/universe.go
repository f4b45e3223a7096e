package indextest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

type project struct {
	name  string // normalised
	files []*file
}

// file is one line of a project's page.
type file struct {
	name     string
	content  []byte
	sha256   string
	metadata []byte // of a wheel; nil when the index has none
	python   string
	uploaded string // "" when unknown
	yanked   *string
}

// release is what a universe says about one.
type release struct {
	name, version string
	requires      []string
	extras        []extra
	python        string
	headers       []string // further lines of METADATA
	noMetadata    bool
	wheels        []string
	sdist         bool
	uploaded      string
	yanked        *string
	files         map[string][]byte
}

type extra struct {
	name     string
	requires []string
}

const defaultUploaded = "2024-01-01T00:00:00Z"

var (
	headLine  = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*) ([^\s#]+)$`)
	separator = regexp.MustCompile(`[-_.]+`)
)

// add parses the text and builds its files; mu is held or not needed yet.
func (i *Index) add(universe string) error {
	releases, err := parse(universe)
	if err != nil {
		return err
	}
	for _, r := range releases {
		files, err := i.config.build(r)
		if err != nil {
			return err
		}
		name := normalise(r.name)
		p := i.projects[name]
		if p == nil {
			p = &project{name: name}
			i.projects[name] = p
		}
		for _, f := range files {
			p.files = slices.DeleteFunc(p.files, func(old *file) bool { return old.name == f.name })
			p.files = append(p.files, f)
			i.files[f.name] = f
		}
		slices.SortFunc(p.files, func(a, b *file) int { return cmp.Compare(a.name, b.name) })
	}
	return nil
}

// parse reads a universe. Its releases keep their order.
func parse(universe string) ([]*release, error) {
	archive := txtar.Parse([]byte(universe))
	var releases []*release
	var current *release
	for n, line := range strings.Split(string(archive.Comment), "\n") {
		line = strings.TrimRight(line, " \t\r")
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if head := headLine.FindStringSubmatch(line); head != nil {
			current = &release{name: head[1], version: head[2], uploaded: defaultUploaded, files: map[string][]byte{}}
			releases = append(releases, current)
			continue
		}
		if current == nil || line == text {
			return nil, fmt.Errorf("reading universe line %d: want \"name version\" or an indented field, have %q", n+1, line)
		}
		if err := current.field(text); err != nil {
			return nil, fmt.Errorf("reading universe line %d: %w", n+1, err)
		}
	}
	for _, f := range archive.Files {
		if err := place(releases, f); err != nil {
			return nil, err
		}
	}
	return releases, nil
}

// place gives a file of the archive to its release.
func place(releases []*release, f txtar.File) error {
	of, path, ok := strings.Cut(f.Name, "/")
	for _, r := range releases {
		if ok && of == r.name+" "+r.version {
			r.files[path] = f.Data
			return nil
		}
	}
	return fmt.Errorf("reading universe file %q: want the name and version of a release, then a path", f.Name)
}

func (r *release) field(text string) error {
	key, value, _ := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch key {
	case "requires":
		r.requires = append(r.requires, splitRequirements(value)...)
	case "extra":
		name, requires, _ := strings.Cut(value, ":")
		r.extras = append(r.extras, extra{name: strings.TrimSpace(name), requires: splitRequirements(requires)})
	case "python":
		r.python = value
	case "wheel":
		if strings.Count(value, "-") < 2 {
			return fmt.Errorf("wheel %q: want three tags", value)
		}
		r.wheels = append(r.wheels, value)
	case "sdist":
		r.sdist = true
	case "uploaded":
		return r.setUploaded(value)
	case "yanked":
		r.yanked = &value
	case "metadata":
		if value == "absent" {
			r.noMetadata = true
		} else {
			r.headers = append(r.headers, value)
		}
	case "file":
		path, content, ok := strings.Cut(value, ":")
		if !ok {
			return fmt.Errorf("file %q: want a path, a colon and the content", value)
		}
		unescape := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
		r.files[strings.TrimSpace(path)] = []byte(unescape.Replace(strings.TrimPrefix(content, " ")))
	default:
		return fmt.Errorf("unknown field %q", key)
	}
	return nil
}

func (r *release) setUploaded(value string) error {
	if value == "unknown" {
		r.uploaded = ""
		return nil
	}
	if _, err := time.Parse(time.RFC3339, value); err != nil {
		return fmt.Errorf("uploaded %q: want RFC 3339 or \"unknown\"", value)
	}
	r.uploaded = value
	return nil
}

// splitRequirements cuts at the commas before a name: not those between the
// clauses of a version, in brackets, or in quotes.
func splitRequirements(list string) []string {
	var parts []string
	depth, start := 0, 0
	var quote rune
	for at, r := range list {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[' || r == '(':
			depth++
		case r == ']' || r == ')':
			depth--
		case r == ',' && depth == 0 && beginsName(list[at+1:]):
			parts = append(parts, strings.TrimSpace(list[start:at]))
			start = at + 1
		}
	}
	if last := strings.TrimSpace(list[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

func beginsName(s string) bool {
	s = strings.TrimLeft(s, " ")
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z' || s[0] >= '0' && s[0] <= '9')
}

// normalise is the name of a project in addresses (PEP 503).
func normalise(name string) string {
	return strings.ToLower(separator.ReplaceAllString(name, "-"))
}
