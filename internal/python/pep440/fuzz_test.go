package pep440

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1.0", "v1!2.3a1.post2.dev3+local.4", "1.0-1", "1.0c", "01.002", "1.0+", "1..0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		v, err := Parse(s)
		if err != nil {
			return
		}
		w, err := Parse(v.String())
		if err != nil || w.Compare(v) != 0 || w.String() != v.String() {
			t.Errorf("Parse(%q) = %q, which reads back as %q, %v", s, v, w, err)
		}
		if k, err := Parse(v.Key()); err != nil || k.Compare(v) != 0 || k.Key() != v.Key() {
			t.Errorf("%q has key %q, which reads back as %q, %v", s, v.Key(), k, err)
		}
	})
}

func FuzzSpecifiers(f *testing.F) {
	for _, seed := range []string{">=1.0,<2", "~=1.4.2", "==1.*", "!=1!2.0 >3", "===x", ">=2.7.*", "<", "==1.0+a"} {
		f.Add(seed, "1.5rc1")
	}
	f.Fuzz(func(t *testing.T, s, version string) {
		defer indextest.Budget(t, len(s)+len(version))()
		set, err := ParseSpecifiers(s)
		if err != nil {
			return
		}
		again, err := ParseSpecifiers(set.String())
		if err != nil || again.String() != set.String() {
			t.Fatalf("ParseSpecifiers(%q) = %q, which reads back as %q, %v", s, set, again, err)
		}
		if v, err := Parse(version); err == nil && set.Match(v) != again.Match(v) {
			t.Errorf("%q and %q differ on %q", set, again, version)
		}
	})
}
