package semver

import (
	"cmp"
	"slices"
	"strings"
)

// readAlternative reads what is between "||". Loosely, what is no simple range is
// passed over; it is false where nothing else is left.
func readAlternative(text string, o Options) (a alternative, ok bool, err error) {
	words := strings.FieldsFunc(withoutMetadata(text), isBlank)
	if len(words) == 0 {
		return nil, true, nil
	}
	if at := slices.Index(words, "-"); at > 0 {
		if a, ok, err := readHyphen(joinPrefix(words[:at]), joinPrefix(words[at+1:]), o); ok || err != nil {
			return a, ok, err
		}
	}
	a = make(alternative, 0, 2*len(words))
	for i := 0; i < len(words); {
		word, first := words[i], i == 0
		i++
		// Blanks may stand between an operator and its version.
		for i < len(words) && endsInOperator(word) {
			next := words[i]
			// The version of "> = 1" is "= 1", of which the blank stays.
			stop := isPrefix(next) && strings.ContainsAny(word[len(word)-1:], "<>=")
			word += next
			i++
			if stop {
				break
			}
		}
		before := len(a)
		var good bool
		if a, good, err = readSimple(a, word, o); err != nil || !good && o.Strict {
			return nil, false, errRange
		}
		if !good {
			continue
		}
		// "*" counts at the ends: loosely, "foo * bar" is no range and "foo *" is.
		ok = ok || len(a) > before || first || i == len(words)
	}
	return a, ok, nil
}

// isPrefix tells whether a word is what may stand before a version.
func isPrefix(word string) bool { return strings.Trim(word, "v=") == "" }

// joinPrefix joins a version with what may stand before it behind blanks. What
// cannot be joined is "".
func joinPrefix(words []string) string {
	for i, w := range words {
		if i < len(words)-1 && !isPrefix(w) {
			return ""
		}
	}
	return strings.Join(words, "")
}

// endsInOperator tells whether a word ends in an operator that waits for its
// version.
func endsInOperator(word string) bool {
	switch word[len(strings.TrimRight(word, "<>=")):] {
	case "<", ">", "<=", ">=", "=":
		return true
	case "":
		return strings.HasSuffix(word, "~") || strings.HasSuffix(word, "^")
	}
	return false
}

// withoutMetadata drops building metadata, wherever it stands.
func withoutMetadata(text string) string {
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '+')
		if i < 0 {
			return text
		}
		i += from
		c := cursor{text: text, at: i}
		for c.at++; c.word() != "" && c.peek() == '.' && c.at+1 < len(text) && isWordByte(text[c.at+1]); c.at++ {
		}
		if c.at == i+1 {
			from = i + 1
			continue
		}
		text, from = text[:i]+text[c.at:], i
	}
}

// tidy drops comparators that stand twice or hold everything, and all others beside
// one that no version meets.
func (a alternative) tidy(o Options) alternative {
	everything := comparator{greaterEqual, Version{}}
	if o.IncludePrerelease {
		everything.pre = lowest
	}
	out := a[:0:len(a)]
	for _, c := range a {
		if c.same(nothing) {
			return alternative{nothing}
		}
		if !c.same(everything) && !slices.ContainsFunc(out, c.same) {
			out = append(out, c)
		}
	}
	return out
}

// readPartial reads a partial version that may have "v" and "=" before it.
func readPartial(text string, o Options) (p partial, ok bool, err error) {
	c := cursor{text: text, loose: !o.Strict}
	c.skip("v=")
	prefix := text[:c.at]
	p, ok = c.partial()
	p.marked = prefix != "" && prefix != "v"
	if ok = ok && c.at == len(text); ok && p.tooLarge {
		return p, false, errRange
	}
	return p, ok, nil
}

// readHyphen reads a range from one partial version to another, both included.
func readHyphen(from, to string, o Options) (a alternative, ok bool, err error) {
	f, okF, errF := readPartial(from, o)
	t, okT, errT := readPartial(to, o)
	if o.Strict && (f.marked && f.given == 3 || t.marked && t.given == 3 && !o.IncludePrerelease) {
		return nil, false, errRange
	}
	if !okF || !okT || errF != nil || errT != nil {
		return nil, false, cmp.Or(errF, errT)
	}
	a = t.bounds(f.bounds(nil, ">=", o), "<=", o)
	for i, c := range a {
		switch {
		case !o.IncludePrerelease || len(c.pre) > 0:
		case c.op == greaterEqual:
			a[i].pre = lowest
		case c.op == lessEqual:
			a[i] = comparator{less, t.step(2)}
		}
	}
	return a, true, nil
}

// lower is the lowest version that a partial one stands for. If prereleases are
// included, an incomplete one stands for those before it too.
func (p *partial) lower(o Options) Version {
	v := p.Version
	if p.given < 3 && o.IncludePrerelease {
		v.pre = lowest
	}
	return v
}

// readSimple appends the bounds of an operator and a partial version.
func readSimple(a alternative, word string, o Options) (_ alternative, ok bool, err error) {
	rest := word
	symbol := ""
	for _, s := range [...]string{"^", "~>", "~", ">=", "<=", ">", "<", "="} {
		if strings.HasPrefix(rest, s) {
			symbol, rest = s, rest[len(s):]
			break
		}
	}
	p, ok, err := readPartial(rest, o)
	if !ok || err != nil {
		return a, false, err
	}
	if p.ragged && !strings.ContainsAny(symbol, "^~") {
		return a, false, nil
	}
	if o.Strict && p.marked && p.given == 3 && symbol != "" && !strings.ContainsAny(symbol, "^~") {
		return a, false, nil
	}
	return p.bounds(a, symbol, o), true, nil
}

// bounds appends what an operator makes of a partial version.
func (p *partial) bounds(a alternative, symbol string, o Options) alternative {
	if p.given == 0 {
		if symbol == "<" || symbol == ">" {
			return append(a, nothing)
		}
		return a
	}
	lower, last, whole := p.lower(o), p.given-1, p.given == 3
	switch symbol {
	case "^":
		last = 0 // of the first number that is not zero
		for last < p.given-1 && [...]uint64{p.Major, p.Minor}[last] == 0 {
			last++
		}
	case "~", "~>":
		last = min(last, 1)
	case ">=":
		return append(a, comparator{greaterEqual, lower})
	case "<":
		if !whole {
			lower.pre = lowest
		}
		return append(a, comparator{less, lower})
	case ">":
		if whole {
			return append(a, comparator{greater, p.Version})
		}
		above := p.step(last)
		if !o.IncludePrerelease {
			above.pre = nil
		}
		return append(a, comparator{greaterEqual, above})
	case "<=":
		if whole {
			return append(a, comparator{lessEqual, p.Version})
		}
		return append(a, comparator{less, p.step(last)})
	default:
		if whole {
			return append(a, comparator{equal, p.Version})
		}
	}
	return append(a, comparator{greaterEqual, lower}, comparator{less, p.step(last)})
}
