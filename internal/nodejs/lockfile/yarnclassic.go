package lockfile

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// classicEntry is an entry of yarn.lock version 1.
type classicEntry struct {
	patterns []string
	fields   map[string]string // version, resolved, integrity
	wishes
}

func (r *lockReader) readYarnClassic(b []byte) error {
	entries, err := r.parseClassic(string(b))
	if err != nil {
		return err
	}
	w := newYarnWorld(r)
	for _, e := range entries {
		if err := w.addClassic(e); err != nil {
			return err
		}
	}
	if err := w.projects(nil); err != nil {
		return err
	}
	return w.connect()
}

// addClassic makes the package of an entry.
func (w *yarnWorld) addClassic(e *classicEntry) error {
	folder, wanted := cutPattern(e.patterns[0])
	p := &locked.Package{Name: folder, Version: e.fields["version"], Integrity: e.fields["integrity"]}
	if p.Version == "" {
		return w.fault(e.patterns[0], "it has no version: run yarn install")
	}
	if spec, err := manifest.ParseSpec(folder, wanted); err == nil {
		p.Name, p.Remote = spec.Resolved().Name, !spec.FromRegistry()
	}
	address, fragment, _ := strings.Cut(e.fields["resolved"], "#")
	switch {
	case strings.HasPrefix(wanted, "link:"):
		p.Local = lockPath("", wanted)
		w.readLinked(p)
	case strings.HasPrefix(wanted, "file:") || strings.HasPrefix(wanted, "."):
		p.Local = lockPath("", wanted)
	case locked.UnsupportedSource(e.fields["resolved"]) != "":
		p.URL = e.fields["resolved"]
	default:
		p.URL = publicRegistry(address)
	}
	if _, err := hex.DecodeString(fragment); p.Integrity == "" && err == nil && len(fragment) == 40 && p.URL == publicRegistry(address) {
		p.Integrity = manifest.ShasumIntegrity(fragment)
	}
	if !p.Linked {
		p.Edges = e.edges()
	}
	key := p.String()
	if p.Local != "" {
		key = "file:" + p.Local
	}
	w.enter(key, p, e.patterns)
	return nil
}

// publicRegistry returns an address of yarn's alias for npm's public registry
// as one of that registry, so that npm's configuration applies to it.
func publicRegistry(address string) string {
	for _, alias := range []string{"https://registry.yarnpkg.com/", "http://registry.yarnpkg.com/", "http://registry.npmjs.org/"} {
		if rest, ok := strings.CutPrefix(address, alias); ok {
			return "https://registry.npmjs.org/" + rest
		}
	}
	return address
}

// cutPattern cuts "@scope/name@range" into name and range.
func cutPattern(pattern string) (name, wanted string) {
	if i := strings.Index(pattern[min(1, len(pattern)):], "@"); i >= 0 {
		return pattern[:i+1], pattern[i+2:]
	}
	return pattern, ""
}

// parseClassic reads yarn's own format: entries with patterns as their heads,
// below them fields by two blanks, and below "dependencies:" names by four. See
// https://classic.yarnpkg.com/lang/en/docs/yarn-lock/.
func (r *lockReader) parseClassic(text string) ([]*classicEntry, error) {
	var entries []*classicEntry
	var entry *classicEntry
	var block map[string]string
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, " \t\r\n")
		words := strings.TrimLeft(line, " ")
		depth := len(line) - len(words)
		if words == "" || words[0] == '#' {
			continue
		}
		tokens, colon, ok := classicWords(words)
		switch {
		case !ok || len(tokens) == 0 || depth > 0 && entry == nil:
			return nil, r.fault("line "+strconv.Itoa(number), "it is none that yarn writes: run yarn install")
		case depth == 0 && colon:
			entry = &classicEntry{tokens, map[string]string{}, wishes{Dependencies: table[string]{}, OptionalDependencies: table[string]{}}}
			entries, block = append(entries, entry), nil
		case depth == 2 && colon && len(tokens) == 1:
			block = map[string]map[string]string{"dependencies": entry.Dependencies, "optionalDependencies": entry.OptionalDependencies}[tokens[0]]
			if block == nil {
				block = map[string]string{} // what later versions of yarn may write
			}
		case depth == 2 && len(tokens) == 2:
			entry.fields[tokens[0]] = tokens[1]
		case depth == 4 && block != nil && len(tokens) == 2:
			block[tokens[0]] = tokens[1]
		default:
			return nil, r.fault("line "+strconv.Itoa(number), "it is none that yarn writes: run yarn install")
		}
	}
	return entries, nil
}

// classicWord is a word of a line: in quotes, or up to a blank or a comma.
var classicWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[^ ,"][^ ,]*`)

// classicWords splits a line into its words, which commas and blanks separate,
// and reports whether a colon ends it.
func classicWords(line string) (words []string, colon, ok bool) {
	line, colon = strings.CutSuffix(line, ":")
	ok = strings.Trim(classicWord.ReplaceAllString(line, ""), " ,") == ""
	for _, word := range classicWord.FindAllString(line, -1) {
		if word[0] != '"' {
			ok = ok && !strings.HasSuffix(word, ":")
		} else if unquoted, err := strconv.Unquote(word); err == nil {
			word = unquoted
		} else {
			ok = false
		}
		words = append(words, word)
	}
	return words, colon, ok
}
