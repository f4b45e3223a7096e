package glob

import (
	"strings"
	"testing"
	"time"
)

// TestMatchesAsMinimatch holds what minimatch 10.2.5 answers.
func TestMatchesAsMinimatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, yes, no string // paths
		dot              bool
	}{
		{"lib/*.js", "lib/a.js", "lib/.js lib/.a.js lib/b/a.js lib/a.jsx", false},
		{"lib/*.js", "lib/a.js lib/.js lib/.a.js", "a.js", true},
		{"**/a", "a x/a x/y/a", ".x/a xa", false},
		{"**/a", "a x/a .x/y/a", "a/b", true},
		{"a/**", "a/b a/b/c", "a ab", false},
		{"a**/b", "a/b ax/b", "a/x/b", false},
		{"{a,b/c}d", "ad b/cd", "{a,b/c}d a b/c", false},
		{"x{a,{b,c}y,}z", "xaz xbyz xcyz xz", "xyz xbz", false},
		{"t{1..3}", "t1 t2 t3", "t0 t4 t1..3", false},
		{"t{08..12..2}", "t08 t10 t12", "t8 t09 t11", false},
		{"t{c..a}", "ta tb tc", "td", false},
		{"{a}{b", "{a}{b", "ab a{b", false},
		{`\{a,b\}`, "{a,b}", "a b", false},
		{"@(a|b).js", "a.js b.js", "ab.js .js c.js", false},
		{"?(a|b)c", "c ac bc", "abc", false},
		{"*(a|b)c", "c ac abbac", "adc", false},
		{"+(a|b)c", "ac abbac", "c", false},
		{"!(a|b)", "c ab aa", "a b .c", false},
		{"!(a|b)*", "c", "a b ab aa", false},
		{"!(a).js", "b.js aa.js", "a.js", false},
		{"!(*.ts|*.map)", "a.js ts", "a.ts a.js.map", false},
		{"+(a|@(b|c)d)", "a abd cdbda", "b c ac", false},
		{"!(!(a))", "a", "b aa", false},
		{"[a-c][!x]", "ay bz", "ax dy a", false},
		{"[]a][", "a[ ][", "b[ a", false},
		{"(a|b)", "(a|b)", "a b", false},
		{"@(a", "@(a", "a", false},
		{"ü?", "üü", "üab", false},
	} {
		p, err := Parse(c.pattern, Options{Dot: c.dot})
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for path := range strings.FieldsSeq(c.yes) {
			if !p.Match(path) {
				t.Errorf("%q does not match %q", c.pattern, path)
			}
		}
		for path := range strings.FieldsSeq(c.no) {
			if p.Match(path) {
				t.Errorf("%q matches %q", c.pattern, path)
			}
		}
	}
}

func TestFoldersAndWhatMayBeInThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		folder, may   bool
	}{
		{"a/**", "a", true, true},
		{"a/*", "a", false, true},
		{"a/!(b)", "a", true, true},
		{"a/b/c", "a/b", false, true},
		{"a/{b,c}/d", "a/c", false, true},
		{"a/b/c", "a/x", false, false},
		{"**/c", "x/y", false, true},
		{"a", "a/b", false, false},
	} {
		p, err := Parse(c.pattern, Options{Void: true})
		if err != nil || p.MatchFolder(c.path) != c.folder || p.MayHold(c.path) != c.may {
			t.Errorf("%q of %q: %v", c.pattern, c.path, err)
		}
	}
	p, err := Parse("*.{js,x/y}", Options{Fold: true})
	if err != nil || !p.MatchBase("a/b.JS") || p.MatchBase("a/b.x/y") || !p.Match("b.X/Y") {
		t.Errorf("a pattern without a slash is not that of a last name: %v", err)
	}
}

func TestPatternsThatAskForTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		strings.Repeat("a", 1001):             "longer than 1000 bytes",
		strings.Repeat("{a,b}", 10):           "more than 1000 patterns",
		"{1..1001}":                           "more than 1000 patterns",
		"{1..999999999}{1..999999999}":        "more than 1000 patterns",
		"{1..1000}" + strings.Repeat("b", 60): "or 50000 bytes",
		"@(a|@(b|@(c|@(d))))":                 "too deep",
		"[[:alpha:]]":                         "class by name",
		strings.Repeat("{", 400) + "\xff":     "not UTF-8",
	} {
		if _, err := Parse(pattern, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", pattern, err, want)
		}
	}
}

// FuzzMatch holds that no pattern takes long, and that a path is found by itself.
func FuzzMatch(f *testing.F) {
	f.Add("a/{b,c}/**/!(d|*.ts)", "a/b/x.js")
	f.Add("*(*(*(a)))b", strings.Repeat("a", 250))
	f.Add("+(*(a|b)*|+(c*))!(*(a)*)", "aabbccaabbcc")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(path) > 255 {
			return
		}
		start := time.Now()
		p, err := Parse(pattern, Options{Dot: true})
		if err != nil {
			return
		}
		got := p.Match(path)
		p.MatchFolder(path)
		p.MayHold(path)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q takes %v", pattern, took)
		}
		plain := pattern != "" && !strings.ContainsAny(pattern, `*?[{(\`) && !strings.Contains("/"+pattern+"/", "/.") && !strings.Contains("/"+pattern+"/", "//")
		if plain && got != (pattern == path) {
			t.Errorf("%q matches %q: %v", pattern, path, got)
		}
	})
}
