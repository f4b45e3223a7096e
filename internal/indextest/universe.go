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

// entry is what the releases of both kinds of universes have.
type entry struct {
	name, version string
	uploaded      string // "" when unknown
	files         map[string][]byte
}

func (e *entry) common() *entry { return e }

// release is what a universe says about one.
type release struct {
	entry
	requires   []string
	extras     []extra
	python     string
	headers    []string // further lines of METADATA
	noMetadata bool
	wheels     []string
	sdist      bool
	yanked     *string
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

func parse(universe string) ([]*release, error) {
	return parseUniverse(universe, headLine, func(e entry) *release { return &release{entry: e} })
}

// parseUniverse reads a universe, whose releases start with lines like head and keep
// their order.
func parseUniverse[R interface {
	common() *entry
	field(key, value string) error
}](universe string, head *regexp.Regexp, begin func(entry) R) ([]R, error) {
	archive := txtar.Parse([]byte(universe))
	var releases []R
	for n, line := range strings.Split(string(archive.Comment), "\n") {
		line = strings.TrimRight(line, " \t\r")
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if found := head.FindStringSubmatch(line); found != nil {
			releases = append(releases, begin(entry{name: found[1], version: found[2], uploaded: defaultUploaded, files: map[string][]byte{}}))
			continue
		}
		if len(releases) == 0 || line == text {
			return nil, fmt.Errorf("reading universe line %d: want \"name version\" or an indented field, have %q", n+1, line)
		}
		key, value, _ := strings.Cut(text, ":")
		if err := releases[len(releases)-1].field(key, strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("reading universe line %d: %w", n+1, err)
		}
	}
	for _, f := range archive.Files {
		at := slices.IndexFunc(releases, func(r R) bool { return strings.HasPrefix(f.Name, r.common().prefix()) })
		if at < 0 {
			return nil, fmt.Errorf("reading universe file %q: want the name and version of a release, then a path", f.Name)
		}
		r := releases[at].common()
		r.files[strings.TrimPrefix(f.Name, r.prefix())] = f.Data
	}
	return releases, nil
}

// prefix is what the names of the archive's files for the release begin with.
func (e *entry) prefix() string { return e.name + " " + e.version + "/" }

// field reads a field that both kinds of releases have.
func (e *entry) field(key, value string) error {
	switch key {
	case "uploaded":
		if _, err := time.Parse(time.RFC3339, value); err != nil && value != "unknown" {
			return fmt.Errorf("uploaded %q: want RFC 3339 or \"unknown\"", value)
		}
		e.uploaded = strings.TrimPrefix(value, "unknown")
	case "file":
		path, content, ok := strings.Cut(value, ":")
		if !ok {
			return fmt.Errorf("file %q: want a path, a colon and the content", value)
		}
		unescape := strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
		e.files[strings.TrimSpace(path)] = []byte(unescape.Replace(strings.TrimPrefix(content, " ")))
	default:
		return fmt.Errorf("unknown field %q", key)
	}
	return nil
}

func (r *release) field(key, value string) error {
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
	case "yanked":
		r.yanked = &value
	case "metadata":
		if value == "absent" {
			r.noMetadata = true
		} else {
			r.headers = append(r.headers, value)
		}
	default:
		return r.entry.field(key, value)
	}
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
