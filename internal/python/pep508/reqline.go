package pep508

import (
	"cmp"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// line is one logical line of a requirements file, without its comment.
type line struct {
	source string
	text   string            // with the values of variables
	shown  string            // as it is written
	values map[string]string // of the variables in it
}

// Options in their long spelling.
const (
	optRequirement = "--requirement"
	optConstraint  = "--constraint"
	optHash        = "--hash"
	optIndex       = "--index-url"
	optExtraIndex  = "--extra-index-url"
	optNoIndex     = "--no-index"
	optLinks       = "--find-links"
)

// lineOptions may start a line; true for those that take a value. Certificates are
// checked whatever --trusted-host says.
var lineOptions = map[string]bool{
	optRequirement: true, optConstraint: true, optHash: true, optIndex: true, optExtraIndex: true, optLinks: true, optNoIndex: false,
	"--only-binary": true, "--use-feature": true, "--no-binary": true, "--all-releases": true, "--only-final": true, "--uploaded-prior-to": true,
	"--trusted-host": true, "--require-hashes": false, "--prefer-binary": false, "--pre": false,
}

// buildOptions may stand behind a requirement and take a value. They steer builds
// from source, of which there are none.
var buildOptions = map[string]bool{"--config-settings": true, "--global-option": true, "--build-option": true}

// longOptions are the long spellings of others.
var longOptions = map[string]string{
	"-r": optRequirement, "-c": optConstraint, "-e": "--editable", "-i": optIndex, "--pypi-url": optIndex, "-f": optLinks,
	"-C": "--config-settings", "--config-setting": "--config-settings",
}

func (l line) fail(offset int, reason string) error {
	if l.text != l.shown {
		offset = 0
	}
	return &SyntaxError{Source: l.source, Input: l.shown, Offset: offset, Reason: reason}
}

// envVariable is what pip replaces in a requirements file.
var envVariable = regexp.MustCompile(`\$\{([A-Z0-9_]+)\}`)

// expand puts the values of variables into the line, and returns the name of the
// first that is not set, or "".
func (l *line) expand(getenv func(string) string) (missing string) {
	l.text = envVariable.ReplaceAllStringFunc(l.text, func(found string) string {
		name := envVariable.FindStringSubmatch(found)[1]
		value := getenv(name)
		if value == "" && missing == "" {
			missing = name
		}
		if l.values == nil {
			l.values = map[string]string{}
		}
		l.values[name] = value
		return value
	})
	return missing
}

// input reads a requirement and the options behind it.
func (l line) input() (Input, error) {
	spec, options := l.text, ""
	if i := optionsStart(l.text); i >= 0 {
		spec, options = strings.TrimSpace(l.text[:i]), l.text[i:]
	}
	spec = withName(spec)
	if reason := notRequirement(spec); reason != "" {
		return Input{}, l.fail(0, reason)
	}
	input := Input{Source: l.source}
	words := splitWords(options)
	for len(words) > 0 {
		option, value, rest := nextOption(words)
		words = rest
		switch option {
		case optHash:
			hash, ok := parseHash(value)
			if !ok {
				return Input{}, l.fail(strings.Index(l.text, optHash), "expected --hash=sha256:<hex>, or sha384, or sha512")
			}
			input.Hashes = append(input.Hashes, hash)
		default:
			if !buildOptions[option] {
				return Input{}, l.fail(len(l.text)-len(options), "this option does not go behind a requirement")
			}
		}
	}
	var err error
	input.Requirement, err = ParseRequirement(spec)
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		if syntax.Source = l.source; l.text != l.shown {
			return input, l.fail(0, syntax.Reason)
		}
	}
	return input, err
}

// withName puts the name before the address of a wheel that stands alone, as pip
// does: it is the one in the name of the file.
func withName(spec string) string {
	if !strings.HasPrefix(spec, "https://") && !strings.HasPrefix(spec, "http://") {
		return spec
	}
	address, _, _ := strings.Cut(spec, " ")
	file := FileOf(address)
	name, _, ok := strings.Cut(file, "-")
	if !ok || !strings.HasSuffix(file, ".whl") {
		return spec
	}
	return NormalizeName(name) + " @ " + spec
}

// optionsStart returns where the first word stands that starts with a dash, -1
// without one.
func optionsStart(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '-' && isSpace(s[i-1]) {
			return i
		}
	}
	return -1
}

// notRequirement returns what to write in place of a path or a bare URL, "" for
// anything else.
func notRequirement(s string) string {
	head := s
	if i := strings.IndexAny(s, " \t@[;<>=!~("); i > 0 {
		head = s[:i]
	}
	head = strings.ToLower(head)
	switch {
	case strings.HasPrefix(head, "git+") || strings.HasPrefix(head, "hg+") || strings.HasPrefix(head, "svn+") || strings.HasPrefix(head, "bzr+"):
		return "nothing is built from source: make its wheel once with pip wheel --no-deps " + WithoutLogin(s) + ", give that in python.wheels, and write the name alone here"
	case strings.Contains(head, "://") || strings.HasPrefix(head, "file:"):
		return "a URL alone is not a requirement: write name==version, and where that has no wheel, give one in python.wheels"
	case strings.HasPrefix(head, ".") || strings.HasPrefix(head, "~") || strings.ContainsAny(head, `/\`):
		return "a path is not a requirement: put code in files, and wheels in python.wheels"
	}
	for _, suffix := range []string{".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2"} {
		if strings.HasSuffix(head, suffix) {
			return "a file is not a requirement: write name==version, and the wheel in python.wheels"
		}
	}
	return ""
}

// WithoutLogin returns the first word of a line without users and passwords.
func WithoutLogin(s string) string {
	word, _, _ := strings.Cut(secret.Redact(s), " ")
	return word
}

// refusal returns why an option at the start of a line is not obeyed and what to
// write instead, "" when it is obeyed or has no effect here.
func refusal(option string) string {
	if _, known := lineOptions[option]; known {
		return ""
	}
	if option == "--editable" {
		return "an editable checkout cannot go into a layer: put its code in files, or a wheel of it in python.wheels"
	}
	return "this option is not known in a requirements file"
}

// nextOption takes one option and its value off words. Short spellings become
// long ones; the value may stand behind =, in the next word, or, for short
// options, in the same word.
func nextOption(words []string) (option, value string, rest []string) {
	word, rest := words[0], words[1:]
	option, value, found := strings.Cut(word, "=")
	if !strings.HasPrefix(word, "--") && len(word) >= 2 && word[0] == '-' {
		option, value, found = word[:2], strings.TrimPrefix(word[2:], "="), len(word) > 2
	}
	option = cmp.Or(longOptions[option], option)
	if !found && len(rest) > 0 && (lineOptions[option] || buildOptions[option]) {
		value, rest = rest[0], rest[1:]
	}
	return option, value, rest
}

// parseHash reads "sha256:<hex>" and brings it to lower case.
func parseHash(s string) (string, bool) {
	s = strings.ToLower(s)
	algorithm, digits, _ := strings.Cut(s, ":")
	size := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]
	_, err := hex.DecodeString(digits)
	return s, err == nil && size != 0 && len(digits) == size
}

// splitWords splits at white space outside quotes and drops the quotes.
func splitWords(s string) []string {
	var words []string
	var word strings.Builder
	var quote byte
	inside := false
	for i := range len(s) {
		c := s[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && isSpace(c):
			if inside {
				words = append(words, word.String())
				word.Reset()
				inside = false
			}
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// FileOf returns the file name at the end of an address, "" where it has none.
func FileOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path[strings.LastIndexByte(u.Path, '/')+1:]
}
