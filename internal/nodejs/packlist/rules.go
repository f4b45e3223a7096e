package packlist

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/glob"
)

// rules are the lines of an ignore file, or the entries of "files": the last one that
// matches decides. Case does not count, as in npm.
type rules struct {
	dir  string // the folder of the file in the package, "" is the top
	list []rule
}

// rule is a line or an entry.
type rule struct {
	pattern *glob.Pattern
	takes   bool // the path is taken, not left out
	folder  bool // the pattern ends with "/" and names folders alone
	base    bool // a pattern without a slash is matched against the last name, at any depth
}

// parseIgnores reads an ignore file of npm, which lies in the folder dir. Unlike git,
// npm reads braces and lists such as @(…) in it.
func parseIgnores(body []byte, dir string) (*rules, error) {
	out := &rules{dir: dir}
	n := 0
	for line := range strings.Lines(string(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		one, err := parseRule(line, false)
		if err != nil {
			return &rules{}, fmt.Errorf("line %d: %w", n, err)
		}
		out.list = append(out.list, one)
	}
	return out, nil
}

// parseRule reads a pattern. takes is what it does; each "!" before it turns that
// round.
func parseRule(text string, takes bool) (rule, error) {
	r := rule{takes: takes}
	for strings.HasPrefix(text, "!") {
		r.takes, text = !r.takes, text[1:]
	}
	r.base = !strings.HasPrefix(text, "/")
	r.folder = strings.HasSuffix(text, "/")
	var err error
	r.pattern, err = glob.Parse(text, glob.Options{Dot: true, Fold: true, Void: true})
	return r, err
}

// names reports whether the pattern names a path. One that takes back names the folders
// above what it may name, so that they are entered.
func (r *rule) names(path string, isDir bool) bool {
	switch {
	case r.folder && !isDir:
		return false
	case r.base && r.pattern.MatchBase(path):
		return true
	case !isDir:
		return r.pattern.Match(path)
	}
	return r.pattern.MatchFolder(path) || r.takes && r.pattern.MayHold(path)
}

// decide says whether the rules take a path or leave it out, or nothing of it. They say
// nothing of what is outside of their folder.
func (f *rules) decide(path string, isDir bool) (taken, decided bool) {
	if f.dir != "" {
		rest, ok := strings.CutPrefix(path, f.dir+"/")
		if !ok {
			return false, false
		}
		path = rest
	}
	for i := len(f.list) - 1; i >= 0; i-- {
		if r := &f.list[i]; r.names(path, isDir) {
			return r.takes, true
		}
	}
	return false, false
}
