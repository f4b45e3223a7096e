// Package glob matches slash paths against patterns as the tools of npm read them:
// *, ?, classes, ** for any number of folders, braces ({a,b} and {1..3}), and
// ?(…), *(…), +(…), @(…) and !(…) within a name. It reads no disk.
package glob

import (
	"fmt"
	"strings"
)

// What a pattern may ask for. The time that matching takes grows with these.
const (
	maxPattern  = 1000   // bytes
	maxChoices  = 1000   // patterns that braces stand for
	maxExpanded = 50_000 // bytes of these together
	maxDepth    = 3      // lists such as @(…) within each other
)

// Options tell how the pattern's wildcards and letters are meant.
type Options struct {
	Dot  bool // wildcards stand for names that begin with a dot too
	Fold bool // case does not count
	Void bool // the first name may stand for no folder, and the last for none in a folder: ?(lib)/a, lib/!(a)
}

// Pattern is what [Parse] read.
type Pattern struct {
	options Options
	choices [][]*name // for each choice of the braces, the names between slashes; nil is "**"
}

// Parse reads a pattern that is relative to some folder. A slash at its end says
// nothing, nor does "." as a folder of its own.
func Parse(pattern string, o Options) (*Pattern, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("reading the pattern %.40q…: it is longer than %d bytes", pattern, maxPattern)
	}
	text := pattern
	if o.Fold {
		text = strings.ToLower(text)
	}
	choices, ok := expand(text)
	if !ok {
		return nil, fmt.Errorf("reading the pattern %q: its braces stand for more than %d patterns, or %d bytes", pattern, maxChoices, maxExpanded)
	}
	p := &Pattern{options: o}
	for _, choice := range choices {
		names, err := parseChoice(choice)
		if err != nil {
			return nil, fmt.Errorf("reading the pattern %q: %w", pattern, err)
		}
		p.choices = append(p.choices, names)
	}
	return p, nil
}

// parseChoice reads what is between the slashes of a pattern without braces. ".." takes
// the name before it away.
func parseChoice(choice string) ([]*name, error) {
	var names []*name
	for part := range strings.SplitSeq(choice, "/") {
		last := len(names) - 1
		switch {
		case part == "" || part == ".":
		case part == ".." && last >= 0 && names[last] != nil:
			names = names[:last]
		case part == "**":
			if last < 0 || names[last] != nil {
				names = append(names, nil)
			}
		default:
			one, err := parseName(part)
			if err != nil {
				return nil, err
			}
			names = append(names, one)
		}
	}
	return names, nil
}

// Match reports whether the pattern names the path of a file.
func (p *Pattern) Match(path string) bool { return p.matches(path, whole) }

// MatchFolder reports whether the pattern names the path of a folder: "lib/**" names
// lib too.
func (p *Pattern) MatchFolder(path string) bool { return p.matches(path, folder) }

// MayHold reports whether the pattern may name something below a folder.
func (p *Pattern) MayHold(path string) bool { return p.matches(path, prefix) }

// MatchBase reports whether a choice of the pattern that has no slash names a path by
// its last name.
func (p *Pattern) MatchBase(path string) bool {
	base := []string{p.fold(path[strings.LastIndexByte(path, '/')+1:])}
	for _, choice := range p.choices {
		if len(choice) == 1 && p.walk(choice, base, whole) {
			return true
		}
	}
	return false
}

// extent is how much of a pattern a path has to match.
type extent int

const (
	whole  extent = iota
	folder        // the whole, where "**" at the end stands for nothing too
	prefix        // its beginning
)

func (p *Pattern) fold(path string) string {
	if p.options.Fold {
		return strings.ToLower(path)
	}
	return path
}

func (p *Pattern) matches(path string, e extent) bool {
	parts := strings.Split(p.fold(path), "/")
	for _, choice := range p.choices {
		if p.walk(choice, parts, e) {
			return true
		}
	}
	return false
}

// walk matches the names of a path against those of a pattern, in time in proportion
// to both.
func (p *Pattern) walk(names []*name, parts []string, e extent) bool {
	// at tells how many parts the names so far can stand for.
	at := make([]bool, len(parts)+1)
	at[0] = true
	for i, one := range names {
		skipped := p.options.Void && i == 0 && one != nil && one.matches("", true)
		if e == prefix && at[len(parts)] {
			return true
		}
		next := make([]bool, len(parts)+1)
		next[0] = skipped
		for j, reached := range at {
			switch {
			case one == nil && i == len(names)-1 && e == whole:
				next[j] = j > 0 && (at[j-1] || next[j-1]) && p.passes(parts[j-1])
			case one == nil:
				next[j] = reached || j > 0 && next[j-1] && p.passes(parts[j-1])
			case reached && j < len(parts):
				next[j+1] = one.matches(parts[j], p.options.Dot)
			}
		}
		if p.options.Void && e == folder && i == len(names)-1 && one != nil && at[len(parts)] && one.matches("", true) {
			return true // "lib/!(a)" names what has no name in lib
		}
		at = next
	}
	return at[len(parts)]
}

// passes reports whether "**" stands for a folder.
func (p *Pattern) passes(part string) bool { return p.options.Dot || !strings.HasPrefix(part, ".") }
