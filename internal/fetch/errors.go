package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// StatusError is an answer that is not a success.
type StatusError struct {
	// URL is the address that answered, redacted.
	URL string
	// Code is the HTTP status.
	Code int
	// Credentials tells where the refused credentials came from: "url",
	// "netrc", "prefix" (Client.Authorize), "dynamic" (Options.Credentials), or
	// "" when none were sent.
	Credentials string
	// Netrc is why the netrc file could not be read, where no credentials were
	// sent.
	Netrc error
}

// Error is a sentence; for a refusal it says whose credentials were refused.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.URL, e.Code, http.StatusText(e.Code))
	if e.Code != http.StatusUnauthorized && e.Code != http.StatusForbidden {
		return text
	}
	switch e.Credentials {
	case fromURL:
		return text + " to the user and password of the index's URL"
	case fromNetrc:
		return text + " to the login and password of the netrc file"
	case fromPrefix:
		return text + " to the credentials that are configured for this address"
	case fromDynamic:
		return text + " to a token that was made for it"
	}
	text += "; no credentials were sent"
	if e.Netrc != nil {
		text += fmt.Sprintf(" (%v)", e.Netrc)
	}
	host := "<host>"
	if u, err := url.Parse(e.URL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return text + fmt.Sprintf(": write a line into ~/.netrc: machine %s login <user> password <password>", host)
}

// IsNotFound reports whether err says that the server has no such document:
// status 404 or 410.
func IsNotFound(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && (s.Code == http.StatusNotFound || s.Code == http.StatusGone)
}

// IsUnauthorized reports whether err says that the server refused us: status
// 401 or 403.
func IsUnauthorized(err error) bool {
	var s *StatusError
	return errors.As(err, &s) && (s.Code == http.StatusUnauthorized || s.Code == http.StatusForbidden)
}

// OfflineError is a request that offline mode forbade.
type OfflineError struct {
	// URL is redacted.
	URL string
}

func (e *OfflineError) Error() string {
	return fmt.Sprintf("%s is not in the cache, and offline mode forbids to fetch it", e.URL)
}

// SizeError is a body larger than it may be.
type SizeError struct {
	// URL is redacted.
	URL string
	// Limit is the size in bytes that was exceeded.
	Limit int64
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("%s is larger than the %d bytes it may have", e.URL, e.Limit)
}

// Redact returns a URL fit for messages and logs: no user info, no fragment,
// and no query value that may be a secret.
func Redact(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "(a URL that does not parse)"
	}
	return redact(u)
}

func redact(u *url.URL) string {
	clean := *u
	clean.User, clean.Fragment, clean.RawFragment = nil, "", ""
	if clean.RawQuery == "" {
		return clean.String()
	}
	pairs := strings.Split(clean.RawQuery, "&")
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if secret.Query(key, value) || value == "" && secret.Query("", key) {
			if !ok {
				key = "" // a bare word: it is the secret itself
			}
			pairs[i] = key + "=redacted"
		}
	}
	clean.RawQuery = strings.Join(pairs, "&")
	return clean.String()
}
