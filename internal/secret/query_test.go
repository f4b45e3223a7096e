package secret

import "testing"

func TestSecretQueryNamesWhatIsNoPlainQuery(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.com/a": "",
		"https://example.com/a?download=1&mirror=eu&monkey=x&tokens=":                           "",
		"https://sourceforge.example/p?ts=gAAAAABm0123456789012345678901234567890&use_mirror=x": "",
		"https://b.s3.amazonaws.com/a?v=1&X-Amz-Credential=AKIA":                                "X-Amz-Credential",
		"https://b.s3.amazonaws.com/a?AWSAccessKeyId=A&Expires=1":                               "AWSAccessKeyId",
		"https://storage.example/a?X-Goog-Signature=1":                                          "X-Goog-Signature",
		"https://x.blob.example/a?sv=1&sig=abc":                                                 "sig",
		"https://d.cloudfront.example/a?Key-Pair-Id=K":                                          "Key-Pair-Id",
		"https://gitlab.example/a?private_token=x":                                              "private_token",
		"https://example.com/a?x=1;access%5Ftoken=x":                                            "access_token",
		"https://example.com/a?t=eyJhbGciOiJub25lIn0.e30.c2ln":                                  "t",
	} {
		if got := QueryName(address); got != want {
			t.Errorf("QueryName(%q) = %q, want %q", address, got, want)
		}
	}
}
