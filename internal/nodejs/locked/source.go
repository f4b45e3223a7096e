package locked

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/registry"
)

// contradict reports whether two integrities of one algorithm share no digest.
func contradict(a, b string) bool {
	algorithm, _, _ := strings.Cut(a, "-")
	shared := func(word string) bool { return slices.Contains(strings.Fields(b), word) }
	return strings.HasPrefix(b, algorithm+"-") && !slices.ContainsFunc(strings.Fields(a), shared)
}

// newest returns the manifest of the version that npm would take for a spec, nil where
// there is none.
func (c *completion) newest(ctx context.Context, spec manifest.Spec) (*manifest.Manifest, error) {
	doc, err := c.registry.Packument(ctx, spec.Name)
	if refused, ok := manifest.AsRefusal(err); ok && refused.Code == "E404" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("completing the lock file %q: %w", c.File, err)
	}
	at, err := registry.Pick(doc, spec, registry.PickOptions{})
	if err != nil {
		return nil, nil //nolint:nilerr // no version fits
	}
	return c.registry.Manifest(ctx, spec.Name, doc.Versions[at].Version)
}

// refuseUnsupported refuses what has no tarball that a digest is of, and notes what
// was left out for that.
func (c *completion) refuseUnsupported() error {
	in := c.dependents(c.Reach(InProduction))
	for _, key := range slices.Sorted(maps.Keys(in)) {
		p := c.Packages[key]
		kind := UnsupportedSource(p.URL)
		if kind == "" {
			continue
		}
		why := "it comes from " + kind + ", and no archive of it has a digest in the lock file: publish it to a registry, or depend on the address of an archive (https://….tgz)"
		if c.required[key] {
			return &Error{File: c.File, Entry: p.String(), Reason: fmt.Sprintf("%s needs it, and %s: %s", c.wisher(in[key]), why, withoutSecrets(p.URL))}
		}
		c.note("%s, an optional dependency of %s, is left out: %s", p, c.wisher(in[key]), why)
	}
	return nil
}

// UnsupportedSource names the kind of an address that is no archive's, or "".
func UnsupportedSource(address string) string {
	scheme, _, found := strings.Cut(address, ":")
	switch {
	case strings.Contains(address, ".git#") || strings.Contains(address, "#commit="):
		return "a git repository"
	case address == "" || scheme == "https" || scheme == "http":
		return ""
	case strings.HasPrefix(scheme, "git") || scheme == "ssh" || !found:
		return "a git repository"
	}
	return fmt.Sprintf("a source of the kind %q", scheme)
}

// withoutSecrets returns an address without user and password.
func withoutSecrets(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + rest[strings.LastIndex(host, "@")+1:]
}
