package manifest

import (
	"testing"
)

// The order is that of Intl.Collator("en") for printable ASCII.
func TestCollateSortsAsICU(t *testing.T) {
	t.Parallel()
	want := []string{
		"", "_", "_a", "-", ",", ";", ":", "!", "?", ".", "'", `"`, "(", ")", "[", "]", "{", "}", "@", "@a/b", "*", "/", `\`, "&", "#", "%",
		"`", "^", "+", "<", "=", ">", "|", "~", "$", "0", "10", "2", "a", "A", "a_b", "a-b", "a.b", "a/b", "ab", "AB", "aC", "b", "B", "z",
	}
	for i := range want {
		for j := range want {
			got := Collate(want[i], want[j])
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("collate(%q, %q) = %d, want the sign of %d", want[i], want[j], got, i-j)
			}
		}
	}
}
