// Package registry asks npm's registries: their documents, manifests and tarballs,
// as npm's configuration directs, and it picks the version of a document that a
// spec asks for.
package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/tarball"
)

const (
	// packumentMaxAge is how long a document is fresh where the registry does
	// not say, manifestMaxAge the same of a version, which does not change.
	packumentMaxAge = 5 * time.Minute
	manifestMaxAge  = 24 * time.Hour

	// maxBundle bounds a tarball that is opened while versions are chosen, and
	// maxBundledFile each file that is read of it.
	maxBundle      = 1 << 30
	maxBundledFile = 16 << 20
)

// Client asks the registries that npm's configuration names. It always asks for
// full documents, as npm does when it builds a tree: the abbreviated ones lack
// the upload times, libc and whether a shrinkwrap comes along.
type Client struct {
	fetch  *fetch.Client
	config *Npmrc
}

var _ Registry = (*Client)(nil)

// NewClient returns a registry client. It gives the credentials of the
// configuration to f, each for its own host and path.
func NewClient(f *fetch.Client, config *Npmrc) (*Client, error) {
	if err := config.Authorize(f); err != nil {
		return nil, err
	}
	for _, p := range config.parts {
		f.Secrets().LearnPart(p.name, p.value, p.host)
	}
	return &Client{fetch: f, config: config}, nil
}

// Registries returns the addresses that are asked, by scope; that of "" has all
// other packages.
func (c *Client) Registries() map[string]string { return maps.Clone(c.config.registries) }

// Packument returns the document of a name. What is stored of it, and held in
// memory, is a small part of what the registry sends. Errors that tell of the
// request are a *ResolveError: E404, E401, E403 or EINVALIDPACKAGENAME.
func (c *Client) Packument(ctx context.Context, name string) (*Packument, error) {
	address, err := c.address(name)
	if err != nil {
		return nil, err
	}
	request := fetch.PageRequest{
		URL: address, Accept: "application/json", MaxBytes: filetree.MaxPackument, MaxAge: packumentMaxAge,
		Distill:      func(body []byte, _ string) ([]byte, error) { return distill(body) },
		Distillation: distillation,
	}
	p, cached, err := load(ctx, c, request, ReadPackument)
	if err != nil {
		return nil, c.Explain(err, name, "")
	}
	if cached {
		request.MaxAge = manifestMaxAge // it is as it was a moment ago
		p.reload = func(ctx context.Context) (*Packument, error) {
			again, _, err := load(ctx, c, request, ReadPackument)
			if err != nil {
				return nil, c.Explain(err, name, "")
			}
			return again, nil
		}
	}
	if p.Name == "" {
		p.Name = name
	}
	p.Registry = fetch.Redact(c.config.Registry(name))
	return p, nil
}

// Manifest returns the full manifest of one version, as the registry has it
// under that version's own address, or else in the document of the package.
func (c *Client) Manifest(ctx context.Context, name, version string) (*manifest.Manifest, error) {
	address, err := c.address(name)
	if err != nil {
		return nil, err
	}
	request := fetch.PageRequest{
		URL: address + "/" + url.PathEscape(version), Accept: "application/json", MaxAge: manifestMaxAge,
		Distill:      func(body []byte, _ string) ([]byte, error) { return distillManifest(body, version) },
		Distillation: "npm manifest 2",
	}
	m, _, err := load(ctx, c, request, manifest.Read)
	if err == nil {
		return m, nil
	}
	if status, ok := errors.AsType[*fetch.StatusError](err); !ok || !fetch.IsNotFound(err) && status.Code != 405 {
		return nil, c.Explain(err, name, version)
	}
	// Not every registry has addresses of versions.
	p, err := c.Packument(ctx, name)
	if err != nil {
		return nil, err
	}
	at := p.Find(version)
	if at < 0 {
		return nil, &manifest.ResolveError{Code: "ETARGET", Name: name, Spec: version, Detail: "the registry has no such version"}
	}
	return p.Manifest(ctx, at)
}

// Bundle opens the tarball of m, which is checked against its integrity.
func (c *Client) Bundle(ctx context.Context, m *manifest.Manifest) (map[string]*manifest.Manifest, []byte, error) {
	title := m.Name + "@" + m.Version
	integrity, err := fetch.ParseIntegrity(m.TarballIntegrity())
	if err != nil {
		return nil, nil, &manifest.ResolveError{Code: "EINTEGRITY", Name: m.Name, Spec: m.Version, Detail: "the registry has no digest of its tarball", Err: err}
	}
	address := m.Tarball
	if address == "" {
		address = c.config.DerivedURL(m.Name, m.Version)
	}
	f, err := c.fetch.Blob(ctx, fetch.Source{URL: address, Integrity: integrity, MaxBytes: maxBundle})
	if err != nil {
		return nil, nil, c.Explain(err, m.Name, m.Version)
	}
	packages, shrinkwrap, err := readBundle(title, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, err
	}
	return packages, shrinkwrap, nil
}

// Locate returns where the tarball of a version is: [Npmrc.TarballURL] of the
// address that a lock file has for it, or, where that is "", where it is most
// likely.
func (c *Client) Locate(name, version, resolved string) string {
	if resolved == "" {
		return c.config.DerivedURL(name, version)
	}
	return c.config.TarballURL(resolved)
}

// readBundle collects the manifests below node_modules and the shrinkwrap.
func readBundle(title string, in io.Reader) (packages map[string]*manifest.Manifest, shrinkwrap []byte, err error) {
	packages = map[string]*manifest.Manifest{}
	err = tarball.Read(title, in, func(f tarball.File, content io.Reader) error {
		dir, base := path.Split(f.Path)
		dir = strings.TrimSuffix(dir, "/")
		bundled := base == "package.json" && dir != "" && tarball.IsPackageFolder(dir)
		if !bundled && f.Path != "npm-shrinkwrap.json" || f.Size > maxBundledFile {
			return nil
		}
		raw, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		if !bundled {
			shrinkwrap = raw
			return nil
		}
		if m, err := manifest.Read(raw); err == nil { // npm passes over what it cannot read
			packages[dir] = m
		}
		return nil
	})
	return packages, shrinkwrap, err
}

// address returns where the document of a package is: the slash of a scoped
// name is escaped, as npm does.
func (c *Client) address(name string) (string, error) {
	if err := manifest.CheckName(name); err != nil {
		return "", &manifest.ResolveError{Code: "EINVALIDPACKAGENAME", Name: name, Detail: err.Error()}
	}
	return c.config.Registry(name) + strings.Replace(name, "/", "%2f", 1), nil
}

// load fetches a page and reads it, and reports whether it was a kept one. A kept
// page that cannot be read is fetched anew.
func load[T any](ctx context.Context, c *Client, request fetch.PageRequest, read func([]byte) (T, error)) (v T, cached bool, err error) {
	page, err := c.fetch.Page(ctx, request)
	if err != nil {
		return v, false, err
	}
	if v, err = read(page.Body); err == nil || !page.Cached {
		return v, page.Cached, err
	}
	request.Renew = true
	if page, err = c.fetch.Page(ctx, request); err != nil {
		return v, false, err
	}
	v, err = read(page.Body)
	return v, false, err
}

// Explain says of a failed request for a package, or for its tarball, what the user
// can do: a *[manifest.ResolveError] where the registry has answered.
func (c *Client) Explain(err error, name, version string) error {
	registry := fetch.Redact(c.config.Registry(name))
	fault := &manifest.ResolveError{Name: name, Spec: version}
	status, _ := errors.AsType[*fetch.StatusError](err)
	switch {
	case fetch.IsNotFound(err):
		fault.Code, fault.Detail = "E404", fmt.Sprintf("the registry %s has no such package, or does not show it to us", registry)
	case fetch.IsUnauthorized(err):
		fault.Code = fmt.Sprintf("E%d", status.Code)
		fault.Detail = c.refusal(status)
	default:
		if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted && c.config.trustHint != "" {
			return fmt.Errorf("asking for %q: %w; %s", name, err, c.config.trustHint)
		}
		return fmt.Errorf("asking for %q: %w", name, err)
	}
	return fault
}

// refusal says who refused what, and what to write.
func (c *Client) refusal(status *fetch.StatusError) string {
	host := status.URL
	place := "//host/"
	if u, err := url.Parse(status.URL); err == nil && u.Host != "" {
		host, place = u.Host, "//"+u.Host+"/"
		for _, known := range c.Registries() {
			if strings.HasPrefix(status.URL, known) {
				place = strings.TrimPrefix(known, u.Scheme+":")
			}
		}
	}
	text := fmt.Sprintf("%s answered %d", host, status.Code)
	if status.Credentials != "" {
		text += " to the credentials that are configured for it: they may have expired, or lack the right to read this package"
	} else {
		text += ", and no credentials are configured for it: write a line such as " + place + ":_authToken=${NPM_TOKEN} into .npmrc"
	}
	if c.config.loginHint != "" {
		text += "; " + c.config.loginHint
	}
	return text
}

// distillManifest keeps what [manifest.Read] reads of a version's document.
func distillManifest(body []byte, version string) ([]byte, error) {
	body = jsonscan.TrimBOM(body)
	named := ""
	err := jsonscan.EachMember(body, func(key string, value []byte) error {
		if key == "version" {
			named = jsonscan.Text(value)
		}
		return nil
	})
	if err == nil && named != version {
		err = fmt.Errorf("it is of version %q", named)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the document of version %q: %w", version, err)
	}
	kept, _ := shapes()
	return kept.append(nil, body)
}

// Registry answers what npm asks a registry for. Errors that tell of the
// request, not of the network, are *ResolveError.
type Registry interface {
	// Packument returns the document of a name, such as "@aws-sdk/client-s3".
	Packument(ctx context.Context, name string) (*Packument, error)
	// Manifest returns the full manifest of one version.
	Manifest(ctx context.Context, name, version string) (*manifest.Manifest, error)
	// Bundle returns what the tarball of m brings besides the package itself:
	// the manifests below node_modules by their path there, such as
	// "node_modules/a/node_modules/b", and npm-shrinkwrap.json, nil where
	// there is none.
	Bundle(ctx context.Context, m *manifest.Manifest) (packages map[string]*manifest.Manifest, shrinkwrap []byte, err error)
	// Locate returns the address of a version's tarball without asking, "" where
	// that is not known. resolved is what a lock file names, "" where it names none.
	Locate(name, version, resolved string) string
}
