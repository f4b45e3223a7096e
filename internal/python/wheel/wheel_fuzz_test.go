package wheel

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func FuzzParseWheelName(f *testing.F) {
	f.Add("six-1.16.0-py2.py3-none-any.whl")
	f.Add("a-1-2b-cp312-abi3-manylinux_2_28_x86_64.whl")
	f.Add("a-1-graalpy311-none-win32.whl")
	tags := Target{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}.Tags()
	f.Fuzz(func(t *testing.T, s string) {
		defer indextest.Budget(t, len(s))()
		w, err := ParseWheelName(s)
		if err != nil {
			return
		}
		_, fits := tags.Rank(w)
		if reason := tags.Misfit(w); fits != reason.Fits() {
			t.Errorf("Rank(%q) fits: %t, but Misfit is %q", s, fits, reason)
		}
		if w.CompareBuild(w) != 0 {
			t.Errorf("CompareBuild(%q) with itself is not 0", s)
		}
	})
}

func FuzzParseMetadata(f *testing.F) {
	f.Add([]byte("Name: a\nVersion: 1\nRequires-Dist: b>=1 ; extra == 'c'\nProvides-Extra: c\nRequires-Python: >=3.8\n\nbody"))
	f.Add([]byte("Name: a\r\nVersion: 1\r\nLicense: x\r\n y\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		m, err := ParseMetadata(b)
		if err == nil && (m.Name == "" || m.Version == "") {
			t.Errorf("ParseMetadata(%q) = %+v without a name or a version", b, m)
		}
	})
}
