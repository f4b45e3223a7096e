package registry

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// defaultRegistry is npm's own.
const defaultRegistry = "https://registry.npmjs.org/"

// Npmrc is npm's configuration: what its environment variables and .npmrc files
// say of registries and of peer dependencies. It holds credentials, and shows them to nobody but
// [Npmrc.Authorize].
type Npmrc struct {
	// LegacyPeerDeps ignores peer dependencies: legacy-peer-deps.
	LegacyPeerDeps bool
	// StrictPeerDeps ends a resolution at a conflict of peers among dependencies of
	// the project's dependencies, too: strict-peer-deps.
	StrictPeerDeps bool

	registries map[string]string // by scope, such as "@acme", "" for all other; with a slash at their end
	replace    string            // replace-registry-host
	logins     map[string]login  // by prefix without a scheme, such as "//host/path/"
	parts      []part

	// hints are sentences on settings that are ignored.
	trustHint, loginHint string
}

// part is the value of a variable that is a part of a registry's address.
type part struct{ name, value, host string }

// login is what is configured below one prefix.
type login struct{ token, auth, user, password string }

// unusable says what in npm's configuration cannot be used. It does not tell the value
// of the key, which may be a secret.
func unusable(key, reason string) error {
	return fmt.Errorf("reading npm's configuration: %q %s", key, reason)
}

// LoadNpmrc reads npm's configuration as npm does in a folder: the environment,
// given as "key=value", before the folder's .npmrc, before the user's, before
// the global one that npm_config_globalconfig names. dir may be "".
//
// A missing file is no error. What cannot be used is one.
func LoadNpmrc(dir string, environ []string) (*Npmrc, error) {
	env := environment(environ)
	settings := maps.Clone(env.npm)
	files := []string{env.npm["userconfig"], env.npm["globalconfig"]}
	if home := env.home(); files[0] == "" && home != "" {
		files[0] = filepath.Join(home, ".npmrc")
	}
	if dir != "" {
		files = append([]string{filepath.Join(dir, ".npmrc")}, files...)
	}
	var written []string
	for _, file := range files {
		if file == "" {
			continue
		}
		raw, err := filetree.ReadDocument(file)
		if err != nil {
			continue // it is not there, or may not be read
		}
		written = append(written, string(raw))
		for key, value := range parseNpmrc(string(raw), env.all) {
			if _, known := settings[key]; !known {
				settings[key] = value
			}
		}
	}
	c, err := newNpmrc(settings)
	if err != nil {
		return nil, err
	}
	c.noteParts(env.all, written)
	return c, nil
}

// minPart is the length from which the value of a variable is looked for in the
// addresses of registries.
const minPart = 6

// noteParts notes the variables whose values are in the addresses of registries:
// those that the files name, and those that are secrets by their names.
func (c *Npmrc) noteParts(env map[string]string, written []string) {
	named := map[string]bool{}
	for _, text := range written {
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			named[m[2]] = true
		}
	}
	for name, value := range env {
		if len(value) < minPart || !named[name] && !secret.NamesVariable(name) {
			continue
		}
		for _, address := range c.registries {
			if u, err := url.Parse(address); err == nil && strings.Contains(u.Path, value) {
				c.parts = append(c.parts, part{name, value, u.Host})
			}
		}
	}
}

func newNpmrc(settings map[string]string) (*Npmrc, error) {
	c := &Npmrc{
		LegacyPeerDeps: isOn(settings["legacy-peer-deps"]), StrictPeerDeps: isOn(settings["strict-peer-deps"]),
		registries: map[string]string{}, replace: settings["replace-registry-host"], logins: map[string]login{},
	}
	if c.replace == "" || c.replace == "npmjs" {
		c.replace = "registry.npmjs.org"
	}
	var err error
	if c.registries[""], err = registryURL("registry", settings["registry"], defaultRegistry); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		value := settings[key]
		if scope, ok := strings.CutSuffix(key, ":registry"); ok && strings.HasPrefix(scope, "@") {
			if c.registries[scope], err = registryURL(key, value, c.registries[""]); err != nil {
				return nil, err
			}
		}
		if strings.HasPrefix(key, "//") {
			if err := c.setLogin(key, value); err != nil {
				return nil, err
			}
		}
		c.hint(key, value)
	}
	return c, nil
}

// isOn reports whether a setting that is on or off is on.
func isOn(value string) bool {
	return !slices.Contains([]string{"", "false", "0", "null", "undefined"}, strings.TrimSpace(value))
}

// hint notes settings that are not obeyed, for the error that may follow.
func (c *Npmrc) hint(key, value string) {
	switch key {
	case "cafile", "ca", "ca[]":
		c.trustHint = fmt.Sprintf("%s in .npmrc is not read: name the file of certificates in SSL_CERT_FILE", strings.TrimSuffix(key, "[]"))
	case "strict-ssl":
		if value == "false" {
			c.trustHint = "strict-ssl=false in .npmrc is ignored, because certificates are always checked: name the file of certificates in SSL_CERT_FILE"
		}
	case "_auth", "_authToken", "_password":
		c.loginHint = fmt.Sprintf("%s in .npmrc names no host, and is sent to none: write //host/path/:%s", key, key)
	}
	if strings.HasPrefix(key, "//") && (strings.HasSuffix(key, ":certfile") || strings.HasSuffix(key, ":keyfile")) {
		c.loginHint = "certificates of clients, such as certfile in .npmrc, are not supported: use a token"
	}
}

// setLogin takes a key such as "//host/path/:_authToken".
func (c *Npmrc) setLogin(key, value string) error {
	colon := strings.LastIndexByte(key, ':')
	prefix, name := key[:max(colon, 0)], key[colon+1:]
	if strings.Contains(value, "${") {
		c.loginHint = fmt.Sprintf("%s in .npmrc names an environment variable that is not set", key)
		return nil
	}
	if value == "" {
		return nil
	}
	if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	l := c.logins[prefix]
	switch name {
	case "_authToken":
		l.token = value
	case "_auth":
		l.auth = value
	case "username":
		l.user = value
	case "_password":
		plain, err := decodeBase64(value)
		if err != nil {
			return unusable(key, "is not in base64")
		}
		l.password = plain
	default:
		return nil
	}
	c.logins[prefix] = l
	return nil
}

// credential returns what a request carries; false where too little is known.
func (l login) credential() (fetch.Credential, bool, error) {
	switch {
	case l.token != "":
		return fetch.Credential{Bearer: l.token}, true, nil
	case l.auth != "":
		plain, err := decodeBase64(l.auth)
		user, password, found := strings.Cut(plain, ":")
		if err != nil || !found {
			return fetch.Credential{}, false, errors.New("is not user:password in base64")
		}
		return fetch.Credential{User: user, Password: password}, true, nil
	case l.user != "" && l.password != "":
		return fetch.Credential{User: l.user, Password: l.password}, true, nil
	}
	return fetch.Credential{}, false, nil
}

func decodeBase64(s string) (string, error) {
	plain, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return string(plain), err
}

// Registry returns the address of the registry that has a package, with a slash
// at its end.
func (c *Npmrc) Registry(name string) string {
	scope, _, _ := strings.Cut(name, "/")
	return cmp.Or(c.registries[scope], c.registries[""])
}

// Authorize gives the credentials to a client: each for the addresses below its
// own host and path alone. They go over https, and over http only to the host
// of a registry that is configured so.
func (c *Npmrc) Authorize(client *fetch.Client) error {
	plain := map[string]bool{}
	for _, registry := range c.registries {
		if u, err := url.Parse(registry); err == nil && u.Scheme == "http" {
			plain[u.Host] = true
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(c.logins)) {
		cr, found, err := c.logins[prefix].credential()
		if err != nil {
			return unusable(prefix+":_auth", err.Error())
		}
		if !found {
			continue
		}
		schemes := []string{"https:"}
		if host, _, _ := strings.Cut(prefix[2:], "/"); plain[host] {
			schemes = append(schemes, "http:")
		}
		for _, scheme := range schemes {
			if err := client.Authorize(scheme+prefix, cr); err != nil {
				return err
			}
		}
	}
	return nil
}

// TarballURL returns where the tarball is that a lock file found at resolved:
// as npm does, one of the public registry is taken from the configured one,
// unless replace-registry-host says otherwise.
func (c *Npmrc) TarballURL(resolved string) string {
	from, err := url.Parse(resolved)
	if err != nil || from.Host == "" || c.replace == "never" {
		return resolved
	}
	to, err := url.Parse(c.registries[""])
	if err != nil {
		return resolved
	}
	host, path := c.replace, ""
	if whole, err := url.Parse(c.replace); err == nil && whole.Host != "" {
		host, path = whole.Hostname(), strings.TrimSuffix(whole.EscapedPath(), "/")
	}
	if host != "always" && !strings.EqualFold(host, from.Hostname()) || !below(from.EscapedPath(), path) {
		return resolved
	}
	base, rest := strings.TrimSuffix(to.EscapedPath(), "/"), from.EscapedPath()
	switch {
	case path != "":
		rest = base + rest[len(path):]
	case base != "" && !below(rest, base):
		rest = base + rest
	}
	from.Scheme, from.Host, from.User = to.Scheme, to.Host, nil
	if from.Path, err = url.PathUnescape(rest); err != nil {
		return resolved
	}
	from.RawPath = rest
	return from.String()
}

// DerivedURL returns where npm's own registry, and those that are like it, have
// the tarball of a version.
func (c *Npmrc) DerivedURL(name, version string) string {
	return c.Registry(name) + name + "/-/" + name[strings.LastIndexByte(name, '/')+1:] + "-" + version + ".tgz"
}

// below reports whether a path is the prefix or has it as its first segments.
func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// registryURL checks an address, writes its scheme in lower case and puts a
// slash at its end.
func registryURL(key, value, otherwise string) (string, error) {
	if value == "" {
		return otherwise, nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", unusable(key, "must be an address that begins with https:// or http://")
	}
	return u.Scheme + strings.TrimRight(value[len(u.Scheme):], "/") + "/", nil
}
