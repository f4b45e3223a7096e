package fetch

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// keyring holds user names and passwords. It is safe for concurrent use once
// netrc is set.
type keyring struct {
	secrets *secret.Keeper
	// netrc reads the netrc file, once, for the first request without other
	// credentials; nil reads none. host is a bare host name.
	netrc func() ([]login, error)

	mu     sync.RWMutex
	byURL  []login // host is an origin; sorted by path
	grants []grant // the longest first
}

type login struct {
	host, path     string
	user, password string
}

// tokenLength is the length from which the name of a user may be a token.
const tokenLength = 16

// add remembers the user info of u for its origin, from its path down: there
// it replaces what was known.
func (k *keyring) add(u *url.URL) {
	password, _ := u.User.Password()
	k.secrets.Learn("", password)
	if name := u.User.Username(); len(name) >= tokenLength {
		k.secrets.Learn("", name) // a token in the place of a user
	}
	l := login{host: origin(u), path: u.EscapedPath(), user: u.User.Username(), password: password}
	if old, _, found := k.forURL(u); found && old.user == l.user && old.password == l.password {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byURL = slices.DeleteFunc(k.byURL, func(old login) bool {
		return old.host == l.host && strings.HasPrefix(old.path, l.path)
	})
	at, _ := slices.BinarySearchFunc(k.byURL, l, func(a, b login) int {
		return strings.Compare(a.path, b.path)
	})
	k.byURL = slices.Insert(k.byURL, at, l)
}

// authorize adds the credentials of the request's place, if there are any, and
// returns where they came from, or "".
func (k *keyring) authorize(req *http.Request) string {
	l, depth, found := k.forURL(req.URL)
	if g, ok := k.forPrefix(req.URL); ok && len(g.path) >= depth {
		g.cr.set(req)
		return fromPrefix
	}
	if found && l.password != "" {
		req.SetBasicAuth(l.user, l.password)
		return fromURL
	}
	// A URL that names only the user leaves the password to netrc.
	machines, _ := k.machines() // a file that cannot be read is named where a server refuses
	for _, n := range machines {
		if strings.EqualFold(n.host, req.URL.Hostname()) && (!found || n.user == l.user) {
			req.SetBasicAuth(n.user, n.password)
			return fromNetrc
		}
	}
	if found {
		req.SetBasicAuth(l.user, "")
		return fromURL
	}
	return ""
}

// explain adds to the refusal of a request without credentials that the netrc
// file could not be read.
func (k *keyring) explain(err error) {
	var refused *StatusError
	if IsUnauthorized(err) && errors.As(err, &refused) && refused.Credentials == "" {
		_, refused.Netrc = k.machines()
	}
}

func (k *keyring) machines() ([]login, error) {
	if k.netrc == nil {
		return nil, nil
	}
	return k.netrc()
}

// forURL returns, among the logins for the origin of u, the one whose path has
// most in common with it, and how many segments: several indexes may live on
// one host.
func (k *keyring) forURL(u *url.URL) (best login, most int, found bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	host, path := origin(u), strings.Split(u.EscapedPath(), "/")
	for _, l := range k.byURL {
		if l.host != host {
			continue
		}
		if n := common(path, strings.Split(l.path, "/")); n > most {
			best, most, found = l, n, true
		}
	}
	return best, most, found
}

func common(a, b []string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// origin is the scheme, host and port to which credentials belong.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// loadNetrc reads the netrc file at path, or at its usual places.
func loadNetrc(path string) ([]login, error) {
	paths := []string{path}
	if path == "" {
		paths = netrcPaths()
	}
	for _, p := range paths {
		raw, err := filetree.ReadSmall(p, filetree.MaxSettings)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading netrc: %w", err)
		}
		return parseNetrc(string(raw)), nil
	}
	return nil, nil
}

func netrcPaths() []string {
	if path := os.Getenv("NETRC"); path != "" {
		return []string{path}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil // without a home there is no netrc
	}
	paths := []string{filepath.Join(home, ".netrc")}
	if runtime.GOOS == "windows" {
		paths = append(paths, filepath.Join(home, "_netrc"))
	}
	return paths
}

// parseNetrc returns the machines of a netrc file in their order. "default"
// is left out: it would hand a password to any host. What is not understood is
// skipped.
func parseNetrc(text string) []login {
	var logins []login
	scan := netrcScanner{rest: text}
	nobody := &login{}
	at := nobody
	for word, ok := scan.next(); ok; word, ok = scan.next() {
		switch {
		case word == "machine":
			name, _ := scan.next()
			logins = append(logins, login{host: name})
			at = &logins[len(logins)-1]
		case word == "default":
			at = nobody
		case word == "macdef":
			scan.skipMacro()
		case strings.HasPrefix(word, "#"):
			scan.skipLine()
		case word == "login" || word == "user":
			at.user, _ = scan.next()
		case word == "password":
			at.password, _ = scan.next()
		case word == "account":
			scan.next()
		}
	}
	return slices.DeleteFunc(logins, func(l login) bool { return l.user == "" && l.password == "" })
}

// netrcScanner cuts a netrc file into words. A word may be quoted, and inside
// quotes a backslash takes the next character as it is.
type netrcScanner struct{ rest string }

func (s *netrcScanner) next() (string, bool) {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n")
	if s.rest == "" {
		return "", false
	}
	if s.rest[0] != '"' {
		end := strings.IndexAny(s.rest, " \t\r\n")
		if end < 0 {
			end = len(s.rest)
		}
		word := s.rest[:end]
		s.rest = s.rest[end:]
		return word, true
	}
	var word strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return word.String(), true
		case c == '\\' && i+1 < len(s.rest):
			i++
			word.WriteByte(s.rest[i])
		default:
			word.WriteByte(c)
		}
	}
	s.rest = ""
	return word.String(), true
}

func (s *netrcScanner) skipLine() {
	_, s.rest, _ = strings.Cut(s.rest, "\n")
}

// skipMacro skips to the blank line that ends a macro.
func (s *netrcScanner) skipMacro() {
	_, s.rest, _ = strings.Cut(strings.ReplaceAll(s.rest, "\r\n", "\n"), "\n\n")
}
