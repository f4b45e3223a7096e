package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch/transport"
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

// certificateError adds what to do about an authority that is not known.
func certificateError(u *url.URL, err *tls.CertificateVerificationError) error {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		return err
	}
	issuer := ""
	if n := len(err.UnverifiedCertificates); n > 0 {
		issuer = err.UnverifiedCertificates[n-1].Issuer.String()
	}
	return fmt.Errorf("the certificate of %q is signed by %q, which this machine does not know as an authority. "+
		"If that is the authority of your company or of its proxy, write its certificate into a PEM file and name that in "+
		"the environment variable SSL_CERT_FILE or in custom_ca_bundle of the provider: %w", u.Host, issuer, err)
}

// proxyError returns the error of an answer by which a proxy asks for credentials,
// or nil where the request went through none.
func proxyError(resp *http.Response) error {
	if resp.StatusCode != http.StatusProxyAuthRequired || resp.Request == nil {
		return nil
	}
	// A proxy that cannot be read has not answered.
	if proxy, err := http.ProxyFromEnvironment(resp.Request); err == nil && proxy != nil {
		return &transport.ProxyError{Host: proxy.Host, Code: resp.StatusCode, Secure: resp.Request.URL.Scheme == "https", Credentials: proxy.User != nil}
	}
	return nil
}

// Redact returns a URL fit for messages and logs: no user info, no fragment,
// no query value that may be a secret, and no account of an address within it.
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
		return secret.Redact(clean.String())
	}
	pairs := strings.Split(clean.RawQuery, "&")
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if secret.Query(key, value) || value == "" && secret.Query("", key) {
			if !ok {
				key = "" // a bare word: it is the secret itself
			}
			pairs[i] = key + "=(hidden)"
		}
	}
	clean.RawQuery = strings.Join(pairs, "&")
	return secret.Redact(clean.String())
}

// Where the credentials of a request came from, as StatusError names them.
const (
	fromURL     = "url"
	fromNetrc   = "netrc"
	fromPrefix  = "prefix"
	fromDynamic = "dynamic"
)
