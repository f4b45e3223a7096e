package semver

import (
	"strconv"
	"strings"
)

// What npm does to the text of a range before it reads the words of it.

// dropMetadata drops building metadata everywhere.
func dropMetadata(s string) string {
	if !strings.Contains(s, "+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if end := listEnd(s, i+1); s[i] == '+' && end > i+1 {
			i = end
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// listEnd returns where the list of identifiers that begins at i ends; i where
// there is none.
func listEnd(s string, i int) int {
	end := i
	for {
		word := i
		for word < len(s) && isWord(s[word]) {
			word++
		}
		if word == i {
			return end
		}
		end = word
		if end == len(s) || s[end] != '.' {
			return end
		}
		i = end + 1
	}
}

// dropHyphen turns "1.2 - 3" into ">=1.2.0 <4.0.0-0".
func (o Options) dropHyphen(s string) (string, error) {
	before, after, found := strings.Cut(s, " - ")
	if !found {
		return s, nil
	}
	before, after = strings.Trim(before, " "), strings.Trim(after, " ")
	low, okLow := parsePartial(before, !o.Strict)
	high, okHigh := parsePartial(after, !o.Strict)
	if !okLow || !okHigh {
		return s, nil
	}
	from, to := "", ""
	switch {
	case low.major.any():
	case low.minor.any() || low.patch.any():
		v, err := low.rounded().with(o.floor())
		if err != nil {
			return "", err
		}
		from = ">=" + v.String()
	case low.pre == "" && o.IncludePrerelease:
		from = ">=" + before + "-0"
	default:
		from = ">=" + before
	}
	var next partial
	switch {
	case high.major.any():
		return from, nil
	case high.minor.any():
		next = high.nextMajor()
	case high.patch.any():
		next = high.nextMinor()
	case high.pre != "" || !o.IncludePrerelease:
		to = "<=" + after
		if high.pre != "" {
			to = "<=" + high.numbers() + "-" + high.pre
		}
		return strings.Trim(from+" "+to, " "), nil
	default:
		next = high.nextPatch()
	}
	v, err := next.with("0")
	if err != nil {
		return "", err
	}
	return strings.Trim(from+" <"+v.String(), " "), nil
}

// numbers are the three numbers of a full partial.
func (p partial) numbers() string {
	return strconv.FormatUint(p.major.number, 10) + "." + strconv.FormatUint(p.minor.number, 10) + "." + strconv.FormatUint(p.patch.number, 10)
}

// dropStar drops the first star of a word, with the operator before it.
func dropStar(word string) string {
	star := strings.IndexByte(word, '*')
	if star < 0 {
		return word
	}
	begin := star
	if begin > 0 && word[begin-1] == '=' {
		begin--
	}
	if begin > 0 && (word[begin-1] == '<' || word[begin-1] == '>') {
		begin--
	}
	return word[:begin] + word[star+1:]
}

// joinOperators drops the blanks between operators and what they apply to.
func joinOperators(s string) string {
	needed := false
	for i := 1; i < len(s); i++ {
		if s[i] == ' ' && strings.IndexByte("<>=~^", s[i-1]) >= 0 {
			needed = true
			break
		}
	}
	if !needed {
		return s
	}
	s = joinComparators(s)
	s = strings.NewReplacer("~> ", "~", "~ ", "~").Replace(s)
	return strings.ReplaceAll(s, "^ ", "^")
}

// joinComparators drops the blank after a comparison sign where a version
// follows.
func joinComparators(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		sign := i
		if s[sign] == ' ' {
			sign++
		}
		after := sign
		if after < len(s) && (s[after] == '<' || s[after] == '>') {
			after++
		}
		if after < len(s) && s[after] == '=' {
			after++
		}
		begin := after
		if after > sign && begin < len(s) && s[begin] == ' ' {
			begin++
		}
		end := plainEnd(s, begin)
		if end == begin {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(s[i:after])
		b.WriteString(s[begin:end])
		i = end
	}
	return b.String()
}

// plainEnd returns where the version that begins at i ends, signs before it
// included; i where there is none.
func plainEnd(s string, i int) int {
	at := i
	for at < len(s) && strings.IndexByte("v= ", s[at]) >= 0 {
		at++
	}
	n := partEnd(s[at:], true)
	if n == 0 {
		return i
	}
	at += n
	for range 2 {
		if at >= len(s) || s[at] != '.' {
			return at
		}
		if n = partEnd(s[at+1:], true); n == 0 {
			return at
		}
		at += 1 + n
	}
	if at < len(s) && s[at] == '-' && listEnd(s, at+1) > at+1 {
		return listEnd(s, at+1)
	}
	return listEnd(s, at)
}
