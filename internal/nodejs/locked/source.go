package locked

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// manifestEdges returns what a manifest wants, without what it brings along.
func manifestEdges(m *manifest.Manifest) []Edge {
	all := map[string]Edge{}
	add := func(deps []manifest.Dependency, kind Kind) {
		for _, d := range deps {
			k := kind
			if k == Peer && m.OptionalPeers[d.Name] {
				k = PeerOptional
			}
			all[d.Name] = Edge{Name: d.Name, Spec: d.Spec, Kind: k}
		}
	}
	add(m.PeerDependencies, Peer)
	add(m.Dependencies, Prod)
	add(m.OptionalDependencies, Optional)
	edges := make([]Edge, 0, len(all))
	for _, e := range all {
		edges = append(edges, e)
	}
	return SortEdges(edges)
}

// contradict reports whether two integrities of one algorithm share no digest.
func contradict(a, b string) bool {
	algorithm, _, _ := strings.Cut(a, "-")
	if other, _, _ := strings.Cut(b, "-"); other != algorithm {
		return false
	}
	for word := range strings.FieldsSeq(a) {
		if slices.Contains(strings.Fields(b), word) {
			return false
		}
	}
	return true
}

// newest returns the manifest of the newest version that a spec admits, nil
// where there is none.
func (c *completion) newest(ctx context.Context, spec manifest.Spec) (*manifest.Manifest, error) {
	doc, err := c.registry.Packument(ctx, spec.Name)
	var unknown *manifest.ResolveError
	if errors.As(err, &unknown) && unknown.Code == "E404" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("completing the lock file %q: %w", c.File, err)
	}
	best, found := doc.DistTags[spec.Fetch], spec.Kind == manifest.TagSpec
	var highest semver.Version
	for _, release := range doc.Versions {
		v, err := semver.ParseLoose(release.Version)
		if spec.Kind == manifest.TagSpec || err != nil || !spec.Range.Match(v) || found && semver.Compare(v, highest) <= 0 {
			continue
		}
		best, highest, found = release.Version, v, true
	}
	if best == "" {
		return nil, nil
	}
	return c.registry.Manifest(ctx, spec.Name, best)
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
	host, tail, slash := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = host[i+1:]
	}
	if slash {
		host += "/" + tail
	}
	return scheme + "://" + host
}
