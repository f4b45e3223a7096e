package fetch

import "testing"

func TestErrorSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&StatusError{URL: "https://x/", Code: 404}, "https://x/ answered 404 Not Found"},
		{&StatusError{URL: "https://x/", Code: 401}, "https://x/ answered 401 Unauthorized; no credentials were sent: write a line into ~/.netrc: machine x login <user> password <password>"},
		{&StatusError{URL: "https://x/", Code: 403, Credentials: "netrc"}, "https://x/ answered 403 Forbidden to the login and password of the netrc file"},
		{&StatusError{URL: "https://x/", Code: 403, Credentials: "url"}, "https://x/ answered 403 Forbidden to the user and password of the index's URL"},
		{&OfflineError{URL: "https://x/"}, "https://x/ is not in the cache, and offline mode forbids to fetch it"},
		{&SizeError{URL: "https://x/", Limit: 7}, "https://x/ is larger than the 7 bytes it may have"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, want string }{
		{"https://user:secret@host:8443/simple/#sha256=00", "https://host:8443/simple/"},
		{"https://host/x?repo=a&access_token=secret&b", "https://host/x?repo=a&access_token=(hidden)&b"},
		{"https://s3/x?X-Amz-Credential=a&X-Amz-Signature=b&Expires=3", "https://s3/x?X-Amz-Credential=(hidden)&X-Amz-Signature=(hidden)&Expires=3"},
		{"https://host/x?0123456789abcdef0123456789abcdef", "https://host/x?=(hidden)"},
		{"https://host/x?h=0123456789abcdef0123456789abcdef", "https://host/x?h=(hidden)"},
		{"https://user:sec%zzret@host/", "(a URL that does not parse)"},
	} {
		if got := Redact(c.url); got != c.want {
			t.Errorf("Redact(%q) = %q, want %q", c.url, got, c.want)
		}
	}
}
