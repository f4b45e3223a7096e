package python

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Input is one requirement or constraint and where it was written.
type Input struct {
	Requirement Requirement
	// Hashes are the digests of the files that may be installed, each as
	// "sha256:<hex>" (or sha384, sha512), in lower case; none: any file.
	Hashes []string
	Source string // "requirements.txt:12"
}

// ParseInput reads a requirement with the options that may follow it, such as
// "requests==2.31.0 --hash=sha256:…", as a line of a requirements file. The
// error is a *SyntaxError with source as its Source.
func ParseInput(s, source string) (Input, error) {
	l := line{source: source, text: strings.TrimSpace(s)}
	if strings.HasPrefix(l.text, "-") {
		return Input{}, l.fail(0, "expected a requirement, not an option: options belong into a file for python.requirements_file")
	}
	return l.input()
}

// ReadRequirementsFile reads a file in pip's requirements format, with every
// file that it names by -r and -c. Paths are relative to the file they stand in;
// in Source and in errors files are named relative to the folder of the first
// one. Environment variables are not expanded, and options that name indexes,
// source checkouts or paths are refused: the error, a *SyntaxError, says what to
// write instead. With --require-hashes a requirement without --hash is an error.
func ReadRequirementsFile(name string) (requirements, constraints []Input, err error) {
	r := reader{read: os.ReadFile, seen: map[visit]bool{}}
	return r.all(name)
}

// reader collects a file and what it includes.
type reader struct {
	read          func(name string) ([]byte, error)
	requirements  []Input
	constraints   []Input
	requireHashes bool
	seen          map[visit]bool // files read or being read
	open          []string       // files being read, outermost first
}

// visit is a file in one role: the same file may hold requirements and, for
// another file, constraints.
type visit struct {
	path       string
	constraint bool
}

// all reads the file at name and returns what it and its includes hold.
func (r *reader) all(name string) (requirements, constraints []Input, err error) {
	if err := r.file(name, filepath.Base(name), false); err != nil {
		return nil, nil, err
	}
	for _, input := range r.requirements {
		if r.requireHashes && len(input.Hashes) == 0 {
			return nil, nil, &SyntaxError{
				Source: input.Source, Input: input.Requirement.String(),
				Reason: "--require-hashes is set, and this requirement has no --hash",
			}
		}
	}
	return r.requirements, r.constraints, nil
}

// file reads the file at name; title stands for it in sources.
func (r *reader) file(name, title string, constraint bool) error {
	name = filepath.Clean(name)
	if slices.Contains(r.open, name) {
		return fmt.Errorf("reading requirements file %q: it includes itself", title)
	}
	if r.seen[visit{name, constraint}] {
		return nil
	}
	r.seen[visit{name, constraint}] = true
	b, err := r.read(name)
	if err != nil {
		return fmt.Errorf("reading requirements file %q: %w", title, err)
	}
	r.open = append(r.open, name)
	defer func() { r.open = r.open[:len(r.open)-1] }()

	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return fmt.Errorf("reading requirements file %q: it is not UTF-8: save it as UTF-8", title)
	}
	for _, l := range splitLines(string(b), title) {
		if err := r.line(l, name, title, constraint); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) line(l line, name, title string, constraint bool) error {
	if reason, at := unexpanded(l.text); reason != "" {
		return l.fail(at, reason)
	}
	if strings.HasPrefix(l.text, "-") {
		return r.options(l, name, title)
	}
	input, err := l.input()
	switch {
	case err != nil:
		return err
	case constraint && len(input.Requirement.Extras) > 0:
		return l.fail(0, "a constraint names no extras: ask for them in a requirement")
	case constraint:
		r.constraints = append(r.constraints, input)
	default:
		r.requirements = append(r.requirements, input)
	}
	return nil
}

// options obeys a line that starts with an option.
func (r *reader) options(l line, name, title string) error {
	words := splitWords(l.text)
	for len(words) > 0 {
		option, value, rest := nextOption(words)
		words = rest
		if reason := refusal(option); reason != "" {
			return l.fail(0, reason)
		}
		switch option {
		case optRequirement, optConstraint:
			if value == "" {
				return l.fail(0, "expected a file after "+option)
			}
			if err := r.include(l, value, name, title, option == optConstraint); err != nil {
				return err
			}
		case "--require-hashes":
			r.requireHashes = true
		case optHash:
			return l.fail(0, optHash+" belongs behind a requirement, on its line")
		}
	}
	return nil
}

// include reads the file that a line of another one names.
func (r *reader) include(l line, value, name, title string, constraint bool) error {
	if strings.Contains(value, "://") {
		return l.fail(0, "requirements files are read from disk only: save this one beside the other")
	}
	target, targetTitle := filepath.FromSlash(value), filepath.ToSlash(value)
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(name), target)
		targetTitle = path.Join(path.Dir(title), targetTitle)
	}
	err := r.file(target, targetTitle, constraint)
	var syntax *SyntaxError
	if err == nil || errors.As(err, &syntax) {
		return err
	}
	return fmt.Errorf("%s: %w", l.source, err)
}

// splitLines returns the lines that say something, without comments, and with
// lines that end in a backslash joined to the next. A comment ends such a chain.
func splitLines(text, title string) []line {
	var lines []line
	var joined strings.Builder
	start := 0
	emit := func() {
		if text := strings.TrimSpace(cutComment(joined.String())); text != "" {
			lines = append(lines, line{source: title + ":" + strconv.Itoa(start), text: text})
		}
		joined.Reset()
		start = 0
	}
	number := 0
	for physical := range strings.Lines(text) {
		number++
		physical = strings.TrimRight(physical, "\r\n")
		if start == 0 {
			start = number
		}
		comment := strings.HasPrefix(strings.TrimLeft(physical, spaces), "#")
		if head, more := strings.CutSuffix(physical, `\`); more && !comment {
			joined.WriteString(head)
			continue
		}
		if comment {
			joined.WriteByte(' ')
		}
		joined.WriteString(physical)
		emit()
	}
	emit()
	return lines
}

// cutComment drops what follows a # at the start or behind white space.
func cutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || isSpace(s[i-1])) {
			return s[:i]
		}
	}
	return s
}

// unexpanded finds a ${NAME} of the kind that pip would replace.
func unexpanded(s string) (reason string, at int) {
	for at := range len(s) {
		rest, ok := strings.CutPrefix(s[at:], "${")
		if !ok {
			continue
		}
		name, _, closed := strings.Cut(rest, "}")
		plain := strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
		if closed && name != "" && plain == "" {
			return "environment variables are not expanded: write the value of ${" + name + "}", at
		}
	}
	return "", 0
}
