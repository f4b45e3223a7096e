package signing

import (
	"testing"
)

func TestProfileOf(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string][2]string{
		"arn:aws:signer:us-west-2:292779133546:/signing-profiles/Layers/WlXrTjGnKQ": {"292779133546", "Layers"},
		"arn:aws:signer:us-west-2:292779133546:/signing-profiles/Layers":            {},
		"arn:aws:lambda:us-west-2:292779133546:/signing-profiles/Layers/x":          {},
		"": {},
	} {
		if by := ProfileOf(arn); by.ProfileOwner != want[0] || by.ProfileName != want[1] {
			t.Errorf("ProfileOf(%q) = %q; want %q", arn, by, want)
		}
	}
}
