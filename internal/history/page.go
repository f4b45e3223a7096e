package history

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Entry is what a page says of one version.
type Entry struct {
	Number int64
	// Date is the day of its publish, such as "2026-01-30", "" where it is not known.
	Date string
	// Lines are the items of its list.
	Lines []string
}

// versionHeading matches the heading of a version.
var versionHeading = regexp.MustCompile(`^##\s+[Vv]ersion\s+([0-9]+)\b`)

// Add returns the page with the entries that it lacks, newest version first, below
// the heading of the layer: "# name Layer". A page without that heading gets it at
// its end, so that several layers may share a page. All that is on the page stays
// as it is: the entry of a version that has one is not changed.
func Add(page, layer string, entries []Entry) string {
	end := "\n"
	if strings.Contains(page, "\r\n") {
		end = "\r\n"
	}
	lines := strings.Split(strings.ReplaceAll(page, "\r\n", "\n"), "\n")
	if page == "" {
		lines = nil
	}
	from, to := section(lines, layer)
	if from < 0 {
		lines = append(trimEnd(lines), spaced(lines, "# "+layer+" Layer", "")...)
		from, to = section(lines, layer)
	}
	own := slices.Clone(lines[from:to])
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Number, b.Number) })
	for _, e := range entries {
		own = insert(own, e)
	}
	if slices.Equal(own, lines[from:to]) {
		return page
	}
	lines = slices.Concat(lines[:from], own, lines[to:])
	return strings.Join(append(trimEnd(lines), ""), end)
}

// Fits reports whether a file may get the entries of a layer: it holds nothing, is
// Markdown or a text by its name, or has the heading of the layer already.
func Fits(name, text, layer string) bool {
	if from, _ := section(strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), layer); from >= 0 || strings.TrimSpace(text) == "" {
		return true
	}
	return slices.Contains([]string{"", ".md", ".markdown", ".mdx", ".txt"}, strings.ToLower(path.Ext(name)))
}

// Missing returns those of the numbers that are above every version that the page
// has of the layer: what was published since it was written.
func Missing(page, layer string, numbers []int64) []int64 {
	lines := strings.Split(strings.ReplaceAll(page, "\r\n", "\n"), "\n")
	newest := int64(0)
	if from, to := section(lines, layer); from >= 0 {
		for _, h := range headings(lines[from:to]) {
			newest = max(newest, h.number)
		}
	}
	var missing []int64
	for _, n := range numbers {
		if n > newest {
			missing = append(missing, n)
		}
	}
	return missing
}

// section returns the lines of a layer: from its heading to the next one of the
// same rank. from is -1 where there is none.
func section(lines []string, layer string) (from, to int) {
	from = -1
	for i := range plainLines(lines) {
		title, ok := strings.CutPrefix(lines[i], "# ")
		if !ok {
			continue
		}
		if from >= 0 {
			return from, i
		}
		if title = strings.TrimSpace(title); title == layer || strings.EqualFold(title, layer+" layer") {
			from = i
		}
	}
	return from, len(lines)
}

// plainLines yields the numbers of the lines that are not in a block of code.
func plainLines(lines []string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		fence := ""
		for i, line := range lines {
			mark := strings.TrimSpace(line)
			switch {
			case fence == "" && (strings.HasPrefix(mark, "```") || strings.HasPrefix(mark, "~~~")):
				fence = mark[:3]
			case fence != "" && strings.HasPrefix(mark, fence):
				fence = ""
			case fence == "" && !yield(i):
				return
			}
		}
	}
}

type heading struct {
	line   int
	number int64
}

// headings returns those of the versions.
func headings(lines []string) []heading {
	var all []heading
	for i := range plainLines(lines) {
		if match := versionHeading.FindStringSubmatch(lines[i]); match != nil {
			if number, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				all = append(all, heading{i, number})
			}
		}
	}
	return all
}

// insert puts an entry in front of the first older version, else at the end.
func insert(lines []string, e Entry) []string {
	at := len(lines)
	for _, h := range headings(lines) {
		if h.number == e.Number {
			return lines
		}
		if h.number < e.Number && at == len(lines) {
			at = h.line
		}
	}
	title := fmt.Sprintf("## Version %d", e.Number)
	if e.Date != "" {
		title += " (" + e.Date + ")"
	}
	text := []string{title}
	for _, line := range e.Lines {
		text = append(text, "- "+line)
	}
	before := trimEnd(lines[:at])
	return slices.Concat(before, spaced(before, append(text, "")...), lines[at:])
}

// spaced returns lines to follow others, with an empty one between them.
func spaced(before []string, lines ...string) []string {
	if len(before) == 0 {
		return lines
	}
	return append([]string{""}, lines...)
}

// trimEnd drops empty lines at the end.
func trimEnd(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return slices.Clone(lines)
}

// Sentences tells changes as a page has them, a line each: "Updated requests from
// 2.30.0 to 2.31.0". What has a digest for a version is told without it.
func Sentences(changes []Change) []string {
	var lines []string
	for _, c := range changes {
		name, versioned := part(c.Name)
		from, to := "", ""
		if versioned {
			from, to = blank(c.From), blank(c.To)
		}
		switch {
		case c.From == "" && c.To != "":
			lines = append(lines, "Added "+name+to)
		case c.To == "" && c.From != "":
			lines = append(lines, "Removed "+name+from)
		case versioned && c.From != "":
			lines = append(lines, fmt.Sprintf("Updated %s from %s to %s", name, c.From, c.To))
		default:
			lines = append(lines, "Changed "+name)
		}
	}
	return lines
}

// part returns the name of a part for a page, and whether its version is one that
// people know, not a digest.
func part(key string) (name string, versioned bool) {
	kind, name, named := strings.Cut(key, ":")
	if !named {
		return quoted(key), true
	}
	return quoted(name), kind == "python" || kind == "nodejs"
}

func blank(version string) string {
	if version == "" {
		return ""
	}
	return " " + version
}

// quoted makes a name safe in Markdown.
func quoted(name string) string {
	if strings.ContainsAny(name, "*_`<>[]\\|") {
		return "`" + strings.ReplaceAll(name, "`", "'") + "`"
	}
	return name
}

// Plain returns a text of a person as one line of a page.
func Plain(text string) string { return strings.Join(strings.Fields(text), " ") }

// Initial tells what the first version of a layer holds.
func Initial(contents map[string]string) string {
	var parts []string
	for _, c := range Compare(nil, contents) {
		name, versioned := part(c.Name)
		if versioned {
			name += blank(c.To)
		}
		parts = append(parts, name)
	}
	if len(parts) == 0 {
		return "Initial release"
	}
	return "Initial release with " + strings.Join(parts, ", ")
}
