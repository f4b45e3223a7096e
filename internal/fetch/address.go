package fetch

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Address is where a file lies on the web, in a form that may be kept: in a lock,
// a state, a cache. It is made by ParseAddress or ParseOwnAddress alone; what is
// decoded of a lock goes through the latter. The zero Address is none.
type Address struct{ text string }

// maxAddress bounds an address, in bytes. The longest that PyPI and npm serve have
// 250.
const maxAddress = 2 << 10

// AddressError says why a text is no Address.
type AddressError struct {
	// Host is that of the address, "" where it has none.
	Host   string
	Reason AddressReason
	// Within says that the credentials are those of another address, which stands in
	// the path of this one.
	Within bool
	// Query is the name of the part of the query that is a secret.
	Query string
}

// AddressReason is what is wrong with an address.
type AddressReason int

// The reasons. AddressScheme is that of a text without http:// or https:// and a
// host: files of this machine are no addresses.
const (
	AddressScheme AddressReason = iota
	AddressLong
	AddressCredentials
	AddressQuery
	AddressFragment
)

func (e *AddressError) Error() string {
	switch e.Reason {
	case AddressLong:
		return fmt.Sprintf("an address is longer than %d bytes", maxAddress)
	case AddressCredentials:
		if e.Within {
			return fmt.Sprintf("the path of the address at %q holds another address with credentials", e.Host)
		}
		return fmt.Sprintf("the address at %q holds credentials", e.Host)
	case AddressQuery:
		return fmt.Sprintf("the address at %q holds %q in its query, which looks like a signature or a token", e.Host, e.Query)
	case AddressFragment:
		return fmt.Sprintf("the address at %q has a fragment", e.Host)
	}
	return "it is not an address that starts with http:// or https:// and names a host"
}

// ParseAddress reads the address that a stranger names: the page of an index, the
// document of a registry, a lock file. It keeps scheme, host and path: credentials,
// query and fragment may be secret and are dropped. Anything but http and https,
// such as the path of a file, is an *AddressError.
func ParseAddress(text string) (Address, error) {
	u, err := webURL(text)
	if err != nil {
		return Address{}, err
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return Address{u.String()}, nil
}

// ParseOwnAddress reads the address that the user wrote and that is kept as it is.
// It refuses what it may not keep: credentials, a query that looks like a
// signature or a token, and a fragment. The error is an *AddressError.
func ParseOwnAddress(text string) (Address, error) {
	u, err := webURL(text)
	if err != nil {
		return Address{}, err
	}
	key := secret.QueryName(text)
	query, err := url.QueryUnescape(u.RawQuery)
	switch {
	case u.User != nil || err == nil && secret.HoldsAccount(query):
		return Address{}, &AddressError{Host: u.Host, Reason: AddressCredentials}
	case key != "":
		return Address{}, &AddressError{Host: u.Host, Reason: AddressQuery, Query: key}
	case u.Fragment != "" || u.RawFragment != "":
		return Address{}, &AddressError{Host: u.Host, Reason: AddressFragment}
	}
	return Address{u.String()}, nil
}

// Keep reads the address that a stranger names, as ParseAddress does. Values that
// came out of variables, such as a token in the path of a registry's address, are
// kept as the variables: https://host/${NPM_TOKEN}/a.tgz.
func (c *Client) Keep(text string) (Address, error) {
	a, err := ParseAddress(text)
	return Address{c.secrets.Conceal(a.text, a.Host())}, err
}

// Reveal returns where an address that was kept leads to: with the values of the
// variables that the configuration of its host names.
func (c *Client) Reveal(a Address) string { return c.secrets.Reveal(a.text, a.Host()) }

// placeholder is a variable in the path of an address, as String escapes it.
var placeholder = regexp.MustCompile(`\$%7B([A-Za-z_][A-Za-z0-9_]*)%7D`)

// ParseKept reads an address that was kept in a lock: as ParseOwnAddress does, with
// the variables that Keep has put into it.
func ParseKept(text string) (Address, error) {
	a, err := ParseOwnAddress(text)
	if err == nil && strings.Contains(text, "${") {
		a.text = placeholder.ReplaceAllString(a.text, "$${$1}")
	}
	return a, err
}

// webURL parses an address of http or https with a host.
func webURL(text string) (*url.URL, error) {
	if len(text) > maxAddress {
		return nil, &AddressError{Reason: AddressLong}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Opaque != "" {
		return nil, &AddressError{Reason: AddressScheme}
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		u.RawPath = "" // String escapes what is no character of an address
	}
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if secret.HoldsAccount(bare.String()) || secret.HoldsAccount(bare.Path) {
		return nil, &AddressError{Host: u.Host, Reason: AddressCredentials, Within: true}
	}
	if len(u.String()) > maxAddress { // escaped, a byte takes three
		return nil, &AddressError{Reason: AddressLong}
	}
	return u, nil
}

// String returns the address.
func (a Address) String() string { return a.text }

// IsZero reports whether there is no address.
func (a Address) IsZero() bool { return a.text == "" }

// Host returns the host, with its port where it names one.
func (a Address) Host() string {
	u, err := url.Parse(a.text)
	if err != nil {
		return ""
	}
	return u.Host
}

// Base returns the last component of the path, unescaped: the name of the file.
func (a Address) Base() string {
	u, err := url.Parse(a.text)
	if err != nil || u.Path == "" {
		return ""
	}
	return path.Base(u.Path)
}

// MarshalText writes the address.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// UnmarshalText reads what MarshalText wrote, and refuses all else as
// ParseKept does.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := ParseKept(string(text))
	if err != nil {
		return errors.Join(errors.New("reading an address"), err)
	}
	*a = parsed
	return nil
}
