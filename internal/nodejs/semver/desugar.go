package semver

import (
	"errors"
	"strings"
)

var errNotARange = errors.New("it is no range")

// reduce trims s and makes one blank of every run of white space.
func reduce(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || '\t' <= c && c <= '\r' || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, isBlank), " ")
}

// parseSets makes comparators of a reduced text. Alternatives that nothing
// matches are left out beside others, and one that matches all is the range.
func parseSets(text string, o Options) ([][]comparator, error) {
	var sets [][]comparator
	for alternative := range strings.SplitSeq(text, "||") {
		set, err := o.parseSet(strings.Trim(alternative, " "))
		if err != nil {
			return nil, err
		}
		if len(set) > 0 {
			sets = append(sets, set)
		}
	}
	if len(sets) < 2 {
		if len(sets) == 0 {
			return nil, errNotARange
		}
		return sets, nil
	}
	some := make([][]comparator, 0, len(sets))
	for _, set := range sets {
		if !set[0].none() {
			some = append(some, set)
		}
	}
	if len(some) == 0 {
		return sets[:1], nil
	}
	if len(some) > 1 {
		for _, set := range some {
			if len(set) == 1 && set[0].any {
				return [][]comparator{set}, nil
			}
		}
	}
	return some, nil
}

// parseSet makes comparators of one alternative: none where, loosely, nothing
// in it is one.
func (o Options) parseSet(text string) ([]comparator, error) {
	text = dropMetadata(text)
	text, err := o.dropHyphen(text)
	if err != nil {
		return nil, err
	}
	text = joinOperators(text)
	all := make([]comparator, 0, 2)
	words := strings.Count(text, " ") + 1
	index := 0
	for word := range strings.SplitSeq(text, " ") {
		edge := index == 0 || index == words-1
		index++
		if all, err = o.parseWord(all, word, edge); err != nil {
			return nil, err
		}
	}
	set := all[:0]
	bounded := false
	for _, c := range all {
		if c.none() {
			return []comparator{c}, nil
		}
		bounded = bounded || !c.any
	}
	for _, c := range all {
		if c.any && bounded || contains(set, c) {
			continue
		}
		set = append(set, c)
	}
	return set, nil
}

func contains(set []comparator, c comparator) bool {
	for i := range set {
		if set[i].equal(c) {
			return true
		}
	}
	return false
}

// parseWord appends the comparators of a word, in which no blank is left. A
// word that matches all counts at the edge of the text alone: between others
// npm loses it.
func (o Options) parseWord(all []comparator, word string, edge bool) ([]comparator, error) {
	bounds, done, err := o.desugar(word)
	if err != nil {
		return nil, err
	}
	if done {
		return append(all, bounds.list(edge)...), nil
	}
	word = dropStar(word)
	switch {
	case word == "":
		if edge {
			all = append(all, comparator{any: true})
		}
		return all, nil
	case word == o.lowest():
		return append(all, comparator{any: true}), nil
	}
	op, rest := cutOperator(word)
	v, err := parse(rest, !o.Strict)
	if err != nil {
		if o.Strict || errors.Is(err, errTooLarge) || len(rest) > maxLength {
			return nil, err
		}
		return all, nil
	}
	return append(all, comparator{version: v, op: op}), nil
}

// lowest is the comparator that every version matches.
func (o Options) lowest() string {
	if o.IncludePrerelease {
		return ">=0.0.0-0"
	}
	return ">=0.0.0"
}

// bounds is what a word stands for: any version, or one or two comparators.
type bounds struct {
	comparators [2]comparator
	count       int
}

// list returns the comparators; one for any version counts at the edge alone.
func (b *bounds) list(edge bool) []comparator {
	if b.count > 0 {
		return b.comparators[:b.count]
	}
	if !edge {
		return nil
	}
	b.comparators[0] = comparator{any: true}
	return b.comparators[:1]
}

// desugar reads carets, tildes and x-ranges; done is unset for other words.
func (o Options) desugar(word string) (b bounds, done bool, err error) {
	if word == "" {
		return b, true, nil
	}
	switch word[0] {
	case '^':
		p, ok := parsePartial(word[1:], !o.Strict)
		if !ok {
			return b, false, nil
		}
		b, err = o.caret(p)
		return b, true, err
	case '~':
		p, ok := parsePartial(strings.TrimPrefix(word[1:], ">"), !o.Strict)
		if !ok {
			return b, false, nil
		}
		b, err = o.tilde(p)
		return b, true, err
	}
	op, rest := cutOperator(word)
	p, ok := parsePartial(rest, !o.Strict)
	misordered := p.major.any() && !p.minor.any() || p.minor.any() && !p.patch.any()
	if !ok || misordered || p.full() {
		return b, false, nil
	}
	b, err = o.xRange(op, p)
	return b, true, err
}

// cutOperator cuts the operator from a word; "=" is none.
func cutOperator(word string) (operator, string) {
	op := equal
	if word != "" && (word[0] == '<' || word[0] == '>') {
		op = less
		if word[0] == '>' {
			op = greater
		}
		word = word[1:]
	}
	if word != "" && word[0] == '=' {
		if op != equal {
			op++
		}
		word = word[1:]
	}
	return op, word
}

func (o Options) caret(p partial) (bounds, error) {
	switch {
	case p.major.any():
		return bounds{}, nil
	case p.minor.any():
		return o.between(p, o.floor(), p.nextMajor())
	case p.patch.any():
		if p.major.zero {
			return o.between(p, o.floor(), p.nextMinor())
		}
		return o.between(p, o.floor(), p.nextMajor())
	case !p.major.zero:
		return o.between(p, p.pre, p.nextMajor())
	case !p.minor.zero:
		return o.between(p, p.pre, p.nextMinor())
	}
	return o.between(p, p.pre, p.nextPatch())
}

func (o Options) tilde(p partial) (bounds, error) {
	switch {
	case p.major.any():
		return bounds{}, nil
	case p.minor.any():
		return o.between(p, o.floor(), p.nextMajor())
	case p.patch.any():
		return o.between(p, o.floor(), p.nextMinor())
	}
	return o.between(p, p.pre, p.nextMinor())
}

// xRange reads a version of which a part is missing or x.
func (o Options) xRange(op operator, p partial) (bounds, error) {
	wildMinor := p.minor.any()
	next := p.nextMinor()
	if wildMinor {
		next = p.nextMajor()
	}
	switch {
	case p.major.any() && (op == less || op == greater):
		return bounds{[2]comparator{{version: Version{pre: parsePre("0")}, op: less}}, 1}, nil
	case p.major.any():
		return bounds{}, nil
	case op == greater:
		return o.bound(greaterEqual, next, o.floor())
	case op == lessEqual:
		return o.bound(less, next, "0")
	case op == less:
		return o.bound(less, p.rounded(), "0")
	case op == greaterEqual:
		return o.bound(greaterEqual, p.rounded(), o.floor())
	}
	return o.between(p, o.floor(), next)
}

// floor is the prerelease of lower bounds that no prerelease was written for.
func (o Options) floor() string {
	if o.IncludePrerelease {
		return "0"
	}
	return ""
}

// between bounds by p with another prerelease, and by all below next.
func (o Options) between(p partial, pre string, next partial) (bounds, error) {
	low, err := p.rounded().with(pre)
	if err != nil {
		return bounds{}, err
	}
	high, err := next.with("0")
	if err != nil {
		return bounds{}, err
	}
	return bounds{[2]comparator{o.atLeast(low), {version: high, op: less}}, 2}, nil
}

// bound is a single comparator.
func (o Options) bound(op operator, p partial, pre string) (bounds, error) {
	v, err := p.with(pre)
	if err != nil {
		return bounds{}, err
	}
	c := comparator{version: v, op: op}
	if op == greaterEqual {
		c = o.atLeast(v)
	}
	return bounds{[2]comparator{c}, 1}, nil
}

// atLeast is a lower bound, or none where every version is above it.
func (o Options) atLeast(v Version) comparator {
	c := comparator{version: v, op: greaterEqual}
	c.any = v.sameTuple(Version{}) && string(c.append(nil)) == o.lowest()
	return c
}

// rounded has zeros from the first part that is missing or wild.
func (p partial) rounded() partial {
	switch {
	case p.minor.any():
		return partial{major: p.major}
	case p.patch.any():
		return partial{major: p.major, minor: p.minor}
	}
	return p
}

func (p partial) nextMajor() partial {
	return partial{major: part{number: p.major.number + 1, given: true}}
}

func (p partial) nextMinor() partial {
	return partial{major: p.major, minor: part{number: p.minor.number + 1, given: true}}
}

func (p partial) nextPatch() partial {
	return partial{major: p.major, minor: p.minor, patch: part{number: p.patch.number + 1, given: true}}
}
