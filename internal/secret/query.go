package secret

import (
	"net/url"
	"strings"
)

// longValue is the length from which any value of a query may be a secret.
const longValue = 32

// Query reports whether a part of an address's query may be a secret: by its
// name, or as a value of a length that nobody types.
func Query(name, value string) bool {
	return len(value) >= longValue || NamesSecret(name)
}

// QueryName returns the name of the first part of an address's query that says by
// its name, or by being a signed token, that it is a secret: "X-Amz-Signature",
// "token", "sig". It is "" where none does, or where the address does not parse.
func QueryName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for part := range strings.FieldsFuncSeq(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(key); err == nil {
			key = name
		}
		if NamesSecret(key) || strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 {
			return key
		}
	}
	return ""
}

// secretWords are words of names of secrets: those of the signed addresses of
// S3, CloudFront, Google Cloud and Azure, and of common tokens.
var secretWords = map[string]bool{
	"amz": true, "goog": true, "awsaccesskeyid": true, "googleaccessid": true, "signature": true, "sig": true, "policy": true,
	"token": true, "secret": true, "password": true, "passwd": true, "pwd": true, "pass": true, "auth": true, "authorization": true,
	"apikey": true, "accesskey": true, "key": true, "credential": true, "credentials": true, "jwt": true, "session": true, "cred": true,
}

// NamesSecret reports whether a name says that what it names is a secret:
// "private_token" and "_authToken" do, "monkey" does not.
func NamesSecret(name string) bool {
	var words strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' && 'a' <= name[i-1] && name[i-1] <= 'z' {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	separator := func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') }
	for word := range strings.FieldsFuncSeq(strings.ToLower(words.String()+" "+name), separator) {
		if secretWords[word] {
			return true
		}
	}
	return false
}

// NamesVariable reports whether a variable of the environment is a secret by its
// name: NPM_TOKEN, AWS_SECRET_ACCESS_KEY, UV_INDEX_ACME_PASSWORD. It is stricter
// than NamesSecret: many harmless variables are called KEY or SESSION.
func NamesVariable(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"token", "secret", "passwor", "passwd", "passphrase", "apikey", "api_key", "access_key", "private_key"} {
		if strings.Contains(name, word) {
			return !strings.HasSuffix(name, "_id") && !strings.HasSuffix(name, "_file") && !strings.HasSuffix(name, "_path")
		}
	}
	return false
}
