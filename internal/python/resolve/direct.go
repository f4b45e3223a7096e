package resolve

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TakeDirect makes a given wheel of every requirement that names the address of
// one ("name @ https://….whl#sha256=…", PEP 508), and leaves a requirement on
// its version. A wheel of its name that is given already stands in for it. The digest stands in the address or behind --hash. Where its
// marker holds, the wheel must run. Errors are *DirectURL.
func (s *Spec) TakeDirect() error {
	for _, in := range s.Constraints {
		if in.Requirement.URL != "" {
			return unusable(in, "a constraint names no address: write the address in a requirement")
		}
	}
	requirements := make([]pep508.Input, 0, len(s.Requirements))
	for _, in := range s.Requirements {
		if in.Requirement.URL == "" || s.given(in.Requirement.Name) {
			in.Requirement.URL = ""
			requirements = append(requirements, in)
			continue
		}
		if slices.Contains(s.LeftOut, in.Requirement.Name) {
			s.Dropped = append(s.Dropped, in.Requirement.Name)
			continue
		}
		g, name, err := direct(in)
		if err != nil {
			return err
		}
		wanted := false
		for _, t := range s.Targets {
			if !in.Requirement.Marker.Eval(t.Env(), "") {
				continue
			}
			wanted = true
			if misfit := t.Misfit(name); !misfit.Fits() {
				return unusable(in, fmt.Sprintf("the wheel %q %s, so that it does not run on %s: bound the requirement by a marker, and give another wheel there", g.Filename(), misfit, t))
			}
		}
		if wanted {
			s.Given = append(s.Given, g)
		}
		in.Requirement.URL = ""
		if in.Requirement.Specifiers, err = pep440.ParseClause("==", name.Parsed.String()); err != nil {
			return unusable(in, fmt.Sprintf("the version of %q cannot be required: %v", g.Filename(), err))
		}
		requirements = append(requirements, in)
	}
	s.Requirements = requirements
	return nil
}

// direct returns the wheel that a requirement names.
func direct(in pep508.Input) (wheel.GivenWheel, wheel.NameTags, error) {
	none := wheel.GivenWheel{}
	u, err := url.Parse(in.Requirement.URL)
	if err != nil {
		return none, wheel.NameTags{}, unusable(in, "its address cannot be read")
	}
	switch {
	case u.Scheme == "file":
		return none, wheel.NameTags{}, unusable(in, "an address on disk is that of one machine (conda writes such in place of versions): write name==version, as \"pip list --format=freeze\" prints it, or give the wheel by python.wheels = [{ source = … }]")
	case u.Scheme != "https" && u.Scheme != "http":
		return none, wheel.NameTags{}, unusable(in, fmt.Sprintf("it comes from %s, and nothing is built from source: make its wheel once by \"pip wheel --no-deps %s\" and give that in python.wheels, where it stands in for this requirement, or leave it out by python.exclude = [%q]", u.Scheme, pep508.WithoutLogin(in.Requirement.URL), in.Requirement.Name))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery:
		return none, wheel.NameTags{}, unusable(in, "its address has a user, password or query, which may be a secret: write the address without them, and the credentials into netrc")
	case !strings.HasSuffix(u.Path, ".whl"):
		return none, wheel.NameTags{}, unusable(in, "its address is not that of a wheel, and nothing is built from source: make its wheel once by \"pip wheel --no-deps\" and give that in python.wheels, where it stands in for this requirement")
	}
	digest, err := digestOf(in, u.Fragment)
	if err != nil {
		return none, wheel.NameTags{}, err
	}
	u.Fragment, u.RawFragment = "", ""
	address, err := fetch.ParseOwnAddress(u.String())
	if err != nil {
		return none, wheel.NameTags{}, unusable(in, fmt.Sprintf("its address cannot be kept: %v", err))
	}
	g := wheel.GivenWheel{URL: address.String(), SHA256: digest, Source: in.Source}
	name, err := g.Name()
	if err != nil {
		return none, name, unusable(in, fmt.Sprintf("%q is not a wheel's name", g.Filename()))
	}
	if name.Name != in.Requirement.Name {
		return none, name, unusable(in, fmt.Sprintf("%q is a wheel of %s", g.Filename(), name.Name))
	}
	return g, name, nil
}

// digest returns the SHA-256 that the fragment of an address or an option tells.
func digestOf(in pep508.Input, fragment string) (store.Digest, error) {
	var digests []string
	for pair := range strings.SplitSeq(fragment, "&") {
		if hex, ok := strings.CutPrefix(pair, "sha256="); ok {
			digests = append(digests, hex)
		}
	}
	for _, hash := range in.Hashes {
		if hex, ok := strings.CutPrefix(hash, "sha256:"); ok {
			digests = append(digests, hex)
		}
	}
	if len(digests) == 0 {
		return store.Digest{}, unusable(in, "every file is verified by its SHA-256: write #sha256=… behind the address")
	}
	var digest store.Digest
	for i, hex := range digests {
		d, err := store.ParseDigest(hex)
		if err == nil && d.IsZero() {
			return store.Digest{}, unusable(in, fmt.Sprintf("%q is a placeholder: write the SHA-256 of the file", hex))
		}
		if err != nil {
			return store.Digest{}, unusable(in, fmt.Sprintf("%q is not a SHA-256: write 64 hexadecimal digits", hex))
		}
		if i > 0 && d != digest {
			return store.Digest{}, unusable(in, "it names several SHA-256, and its address has one file")
		}
		digest = d
	}
	return digest, nil
}

func unusable(in pep508.Input, reason string) error {
	return &wheel.DirectURL{Requirement: in.Requirement.Name, Source: in.Source, Reason: reason}
}
