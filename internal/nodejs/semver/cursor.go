package semver

import (
	"strconv"
	"strings"
	"unicode"
)

// isBlank tells what JavaScript holds for white space.
func isBlank(r rune) bool { return unicode.IsSpace(r) && r != 0x85 || r == 0xFEFF }

// cursor reads a version, or a partial one, from left to right.
type cursor struct {
	text  string
	at    int
	loose bool
}

// partial is a version of which the last numbers may be missing.
type partial struct {
	Version

	given    int  // how many numbers there are before the first "x" or the end
	tooLarge bool // a number is larger than JavaScript can count
	marked   bool // it has more before it than a "v"
	ragged   bool // a number stands behind an "x"
}

// maxNumber is the largest number that JavaScript can count to.
const maxNumber = 1<<53 - 1

func (c *cursor) peek() byte {
	if c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

func (c *cursor) accept(b byte) bool {
	if c.peek() != b || c.at >= len(c.text) {
		return false
	}
	c.at++
	return true
}

func (c *cursor) skip(set string) {
	for c.at < len(c.text) && strings.IndexByte(set, c.text[c.at]) >= 0 {
		c.at++
	}
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isWordByte(b byte) bool {
	return isDigit(b) || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '-'
}

// partial reads up to three numbers, and behind the third a prerelease and
// building metadata. It is false where there is no number and no "x".
func (c *cursor) partial() (p partial, ok bool) {
	stars := false // an "x" was met: numbers behind it do not count
	for i, into := range []*uint64{&p.Major, &p.Minor, &p.Patch} {
		if i > 0 && !c.accept('.') {
			return p, true
		}
		switch b := c.peek(); {
		case b == 'x' || b == 'X' || b == '*':
			c.at++
			stars = true
		case isDigit(b):
			n, large, ok := c.number()
			if !ok {
				return p, false
			}
			p.tooLarge = p.tooLarge || large
			if stars {
				p.ragged = true
				break
			}
			*into = n
			p.given = i + 1
		default:
			return p, false
		}
	}
	if c.loose && p.given == 3 && c.peek() == '.' && c.at > 1 && isDigit(c.text[c.at-2]) {
		// "1.2.34.5" is loosely 1.2.3-4.5: the last digit begins a prerelease.
		c.at--
		p.Patch /= 10
	}
	pre, ok := c.prerelease()
	if !ok || !c.metadata() {
		return p, false
	}
	if p.given == 3 {
		p.pre = pre
	}
	return p, true
}

// number reads digits. Strictly, there is no zero before others.
func (c *cursor) number() (n uint64, large, ok bool) {
	start := c.at
	for isDigit(c.peek()) {
		c.at++
	}
	digits := c.text[start:c.at]
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err != nil || n > maxNumber, c.loose || digits[0] != '0' || len(digits) == 1
}

// prerelease reads identifiers behind a "-", which may be missing if loose.
func (c *cursor) prerelease() ([]identifier, bool) {
	marked := c.accept('-')
	if !marked && (!c.loose || !isWordByte(c.peek())) {
		return nil, true
	}
	if marked && c.loose && !isWordByte(c.peek()) {
		c.at-- // "1.2.3-" is loosely 1.2.3 with the prerelease "-"
	}
	var out []identifier
	for {
		word := c.word()
		if word == "" {
			return nil, false
		}
		id := identifier{word: word}
		if digits := (cursor{text: word, loose: c.loose}); isDigit(word[0]) {
			n, large, ok := digits.number()
			switch whole := digits.at == len(word); {
			case whole && !ok:
				return nil, false
			case whole && !large:
				id = identifier{number: n}
			}
		}
		out = append(out, id)
		if !c.accept('.') {
			return out, true
		}
	}
}

// metadata skips building metadata.
func (c *cursor) metadata() bool {
	if !c.accept('+') {
		return true
	}
	for {
		if c.word() == "" {
			return false
		}
		if !c.accept('.') {
			return true
		}
	}
}

func (c *cursor) word() string {
	start := c.at
	for isWordByte(c.peek()) {
		c.at++
	}
	return c.text[start:c.at]
}

// step returns the lowest version of all, prereleases included, that has a higher
// number at a place: 0 is the major number.
func (p *partial) step(place int) Version {
	v := Version{Major: p.Major, Minor: p.Minor, Patch: p.Patch, pre: lowest}
	switch place {
	case 0:
		v.Major, v.Minor, v.Patch = v.Major+1, 0, 0
	case 1:
		v.Minor, v.Patch = v.Minor+1, 0
	case 2:
		v.Patch++
	}
	return v
}

// isTooLarge tells whether JavaScript could not count to a number of v.
func (v Version) isTooLarge() bool { return max(v.Major, v.Minor, v.Patch) > maxNumber }
