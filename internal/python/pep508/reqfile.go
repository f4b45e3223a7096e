package pep508

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
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
	text := strings.TrimSpace(s)
	l := line{source: source, text: text, shown: text}
	if strings.HasPrefix(l.text, "-") {
		return Input{}, l.fail(0, "expected a requirement, not an option: options belong into a file for python.requirements_file")
	}
	return l.input()
}

// ReadRequirementsFile reads a file in pip's requirements format, with every
// file that it names by -r and -c. Paths are relative to the file they stand in;
// in Source and in errors files are named relative to the folder of the first
// one. A ${NAME} of capitals, digits and underscores is replaced by the variable
// that getenv returns, as pip does; what stands in it is in no error. Options that
// name source checkouts are refused: the errors, each a *SyntaxError, say what to
// write instead, and all of a file are reported at once. With --require-hashes a
// requirement without --hash is an error.
func ReadRequirementsFile(name string, getenv func(string) string) (*RequirementsFile, error) {
	if fault := otherKind(name); fault != "" && exists(name) {
		return nil, fmt.Errorf("reading requirements file %q: %s", filepath.Base(name), fault)
	}
	r := reader{read: filetree.ReadDocument, exists: exists, getenv: getenv, seen: map[visit]bool{}}
	return r.all(name)
}

// otherKind says what a file is that holds no requirements, by its name, and
// where it belongs; "" for any other.
func otherKind(name string) string {
	base := filepath.Base(name)
	switch {
	case isLockFile(base):
		return "it is a lock file: name it in python.lock_file"
	case base == "pyproject.toml":
		command, writes := LockCommand(name)
		return fmt.Sprintf("it describes a project and holds no list of requirements: run %s and name the %s that this writes in python.lock_file, or write its dependencies in python.requirements", command, writes)
	case base == "Pipfile":
		return "it describes a project of Pipenv: run pipenv lock and name its Pipfile.lock in python.lock_file"
	case base == "setup.py" || base == "setup.cfg":
		return "it describes a project of setuptools: write its install_requires in python.requirements"
	case base == "environment.yml" || base == "environment.yaml":
		return "it describes an environment of conda: write what it lists below pip in python.requirements"
	case base == "package.json" || IsNodeLock(base):
		return "it belongs to Node.js: name it in nodejs.package_json or nodejs.lock_file"
	case strings.HasSuffix(base, ".toml") || strings.HasSuffix(base, ".json"):
		return "it is not a file in pip's requirements format, such as requirements.txt"
	}
	return ""
}

// RequirementsFile is what a requirements file and those that it includes say.
type RequirementsFile struct {
	Requirements, Constraints []Input
	// IndexURL is the index in place of all others, "" where none is named.
	// No address holds credentials.
	IndexURL  string
	ExtraURLs []string
	NoIndex   bool
	// Accounts are addresses of IndexURL, ExtraURLs and FindLinks with the user and
	// password that environment variables gave them: for a client alone.
	Accounts []string
	// Parts are the values of variables in the paths of addresses: for a client alone.
	Parts []secret.Part
	// Prerelease and ExcludeNewer are --pre and --uploaded-prior-to.
	Prerelease   bool
	ExcludeNewer time.Time
	// RequireHashes is --require-hashes.
	RequireHashes bool
	// FindLinks are folders, relative to the working directory, and addresses.
	FindLinks []string
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// reader collects a file and what it includes.
type reader struct {
	read   func(name string) ([]byte, error)
	exists func(name string) bool
	getenv func(name string) string
	faults []error // of lines
	out    RequirementsFile
	seen   map[visit]bool // files read or being read
	open   []string       // files being read, outermost first
}

// visit is a file in one role: the same file may hold requirements and, for
// another file, constraints.
type visit struct {
	path       string
	constraint bool
}

// all reads the file at name and returns what it and its includes hold.
func (r *reader) all(name string) (*RequirementsFile, error) {
	if err := r.file(name, filepath.Base(name), false); err != nil {
		return nil, err
	}
	for _, input := range r.out.Requirements {
		if r.out.RequireHashes && len(input.Hashes) == 0 {
			r.faults = append(r.faults, &SyntaxError{
				Source: input.Source, Input: input.Requirement.String(),
				Reason: "--require-hashes is set, and this requirement has no --hash",
			})
		}
	}
	if len(r.faults) > 0 {
		return nil, errors.Join(r.faults...)
	}
	return &r.out, nil
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

	if b = decoded(b); !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return fmt.Errorf("reading requirements file %q: it is not UTF-8: save it as UTF-8", title)
	}
	for _, l := range splitLines(string(b), title) {
		if err := r.line(l, name, title, constraint); err != nil {
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				return err
			}
			r.faults = append(r.faults, err)
		}
	}
	return nil
}

// decoded returns text in UTF-8 without a byte order mark, which tells UTF-16:
// what PowerShell writes when output is redirected.
func decoded(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(b, []byte("\ufeff"))
	}
	if len(b)%2 != 0 {
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for rest := b[2:]; len(rest) > 0; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}

// addressIn is an address in a line.
var addressIn = regexp.MustCompile(`https?://[^\s"'<>]+`)

func (r *reader) line(l line, name, title string, constraint bool) error {
	if missing := l.expand(r.getenv); missing != "" {
		return l.fail(0, "the environment variable "+missing+" is not set")
	}
	for _, address := range addressIn.FindAllString(l.text, -1) {
		r.out.Parts = append(r.out.Parts, secret.Parts(address, l.values)...)
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
		r.out.Constraints = append(r.out.Constraints, input)
	default:
		r.out.Requirements = append(r.out.Requirements, input)
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
			r.out.RequireHashes = true
		case "--pre":
			r.out.Prerelease = true
		case "--uploaded-prior-to":
			if err := r.priorTo(l, value); err != nil {
				return err
			}
		case "--no-binary":
			if value != ":none:" {
				return l.fail(0, "nothing is built from source: remove this option, and give a wheel in python.wheels")
			}
		case "--all-releases":
			if value != ":all:" && value != ":none:" {
				return l.fail(0, "pre-releases of single distributions are not chosen: require one by a specifier such as >=2.0rc1")
			}
			r.out.Prerelease = value == ":all:"
		case optHash:
			return l.fail(0, optHash+" belongs behind a requirement, on its line")
		case optIndex, optExtraIndex, optNoIndex, optLinks:
			if err := r.index(l, option, value, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// index obeys an option that says where distributions come from, as pip does:
// an index replaces those named before it, the others add to them.
func (r *reader) index(l line, option, value, name string) error {
	if option == optNoIndex {
		r.out.NoIndex = true
		return nil
	}
	if value == "" {
		return l.fail(0, "expected an address after "+option)
	}
	u, err := url.Parse(value)
	remote := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	if remote && u.User != nil && l.text != l.shown {
		r.out.Accounts = append(r.out.Accounts, value)
		u.User = nil
		value = u.String()
	}
	switch {
	case remote && (u.User != nil || secret.HoldsAccount(value)):
		// The second is an account in an address within the path, as a line that
		// lost its space before "--extra-index-url=https://u:p@host" has it.
		return l.fail(0, "write the address without user and password, and these into netrc: another machine builds from the lock, which has neither")
	case option == optLinks && remote:
		r.out.FindLinks = append(r.out.FindLinks, value)
	case option == optLinks && strings.Contains(strings.TrimPrefix(value, "file://"), "://"):
		return l.fail(0, "expected a folder with wheels, or an address that starts with https://, after "+option)
	case option == optLinks:
		value = strings.TrimPrefix(value, "file://")
		// As pip does: a path is relative to the file, if it is there.
		if beside := filepath.Join(filepath.Dir(name), filepath.FromSlash(value)); !filepath.IsAbs(value) && r.exists(beside) {
			value = beside
		}
		r.out.FindLinks = append(r.out.FindLinks, filepath.ToSlash(value))
	case !remote:
		return l.fail(0, "expected an address that starts with https:// after "+option+": a folder with wheels is named by "+optLinks)
	case option == optIndex:
		r.out.IndexURL, r.out.ExtraURLs = value, nil
	default:
		r.out.ExtraURLs = append(r.out.ExtraURLs, value)
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
			lines = append(lines, line{source: title + ":" + strconv.Itoa(start), text: text, shown: text})
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
		comment := strings.HasPrefix(strings.TrimLeft(physical, Spaces), "#")
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

// isLockFile reports whether a name is that of a lock file.
func isLockFile(base string) bool {
	return base == "uv.lock" || base == "poetry.lock" || base == "Pipfile.lock" || strings.HasPrefix(base, "pylock.") && strings.HasSuffix(base, ".toml")
}

// priorTo takes the moment of --uploaded-prior-to: the earliest counts.
func (r *reader) priorTo(l line, value string) error {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		at, err := time.Parse(form, value)
		if err != nil {
			continue
		}
		if r.out.ExcludeNewer.IsZero() || at.Before(r.out.ExcludeNewer) {
			r.out.ExcludeNewer = at
		}
		return nil
	}
	return l.fail(0, "expected a date or a moment such as 2026-01-31T00:00:00Z after --uploaded-prior-to")
}

// Sources lists what a requirements file says of where distributions come
// from, for a digest.
func (f *RequirementsFile) Sources() []string {
	var list []string
	for _, address := range f.ExtraURLs {
		list = append(list, "extra "+address)
	}
	for _, place := range f.FindLinks {
		list = append(list, "links "+place)
	}
	if f.IndexURL != "" {
		list = append(list, "index "+f.IndexURL)
	}
	if f.NoIndex {
		list = append(list, "none")
	}
	return list
}
