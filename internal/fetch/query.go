package fetch

import (
	"net/url"
	"strings"
)

// SecretQuery returns the name of the first part of a URL's query that says by
// its name, or by being a signed token, that it is a secret: "X-Amz-Signature",
// "token", "sig". It is "" where none does. What is kept with the address, such
// as in a state, would be kept with the secret.
func SecretQuery(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	for part := range strings.FieldsFuncSeq(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(key); err == nil {
			key = name
		}
		if namesSecret(key) || strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 {
			return key
		}
	}
	return ""
}

// secretWords are words of names of secrets: those of the signed addresses of
// S3, CloudFront, Google Cloud and Azure, and of common tokens.
var secretWords = map[string]bool{
	"amz": true, "goog": true, "awsaccesskeyid": true, "googleaccessid": true, "signature": true, "sig": true, "policy": true,
	"token": true, "secret": true, "password": true, "passwd": true, "pwd": true, "auth": true, "authorization": true,
	"apikey": true, "accesskey": true, "key": true, "credential": true, "credentials": true, "jwt": true, "session": true,
}

// namesSecret looks for such a word: "private_token" has one, "monkey" has none.
func namesSecret(name string) bool {
	separator := func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') }
	for word := range strings.FieldsFuncSeq(strings.ToLower(name), separator) {
		if secretWords[word] {
			return true
		}
	}
	return false
}
