package pep440

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func TestParsePoetryRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"*", ""}, {"^1.2.3", ">=1.2.3,<2"}, {"^0.2.3", ">=0.2.3,<0.3"}, {"^0.0.3", ">=0.0.3,<0.0.4"}, {"^0", ">=0,<1"}, {"^0.0", ">=0.0,<0.1"},
		{"~1.2.3", ">=1.2.3,<1.3"}, {"~1", ">=1,<2"}, {"~=1.2", "~=1.2"}, {"1.2.*", "==1.2.*"}, {"1.2", "==1.2"}, {"= 1.2", "==1.2"},
		{">= 1.5.6, < 1.5.7 || >1.5.7", ">=1.5.6,<1.5.7 | >1.5.7"}, {">=2.7 !=3.0.*", ">=2.7,!=3.0.*"},
	} {
		ranges, err := ParsePoetryRange(c.text)
		if err != nil {
			t.Errorf("ParsePoetryRange(%q) = %v", c.text, err)
			continue
		}
		got := ""
		for i, r := range ranges {
			if i > 0 {
				got += " | "
			}
			got += r.String()
		}
		if got != c.want {
			t.Errorf("ParsePoetryRange(%q) = %q, want %q", c.text, got, c.want)
		}
	}
	for _, text := range []string{"^", "^x", ">=", "1.2 beta"} {
		if got, err := ParsePoetryRange(text); err == nil {
			t.Errorf("ParsePoetryRange(%q) = %v, want an error", text, got)
		}
	}
}

func FuzzPoetryRange(f *testing.F) {
	for _, seed := range []string{"*", "^1.2", "~0.0.3", ">=1,<2 || 3.*", "^1.0b1+x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		defer indextest.Budget(t, len(text))()
		ranges, err := ParsePoetryRange(text)
		if err == nil && len(ranges) == 0 {
			t.Errorf("ParsePoetryRange(%q) gives no range", text)
		}
	})
}
