package python

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// IndexSpec is an index for the packages that it names, which may be globs: one
// at URL, or a repository of CodeArtifact.
type IndexSpec struct {
	URL          string
	CodeArtifact *CodeArtifactSpec `json:",omitempty"`
	Packages     []string
}

// indexesFor returns where the distributions come from: the indexes of the spec
// before those of the environment, or the public one, without credentials, which the
// client learns.
func (e *Env) indexesFor(ctx context.Context, s *Spec, targets []wheel.Target) (*configuration.Settings, *fetch.Client, error) {
	reached, err := e.reach()
	if err != nil {
		return nil, nil, settingsError(err)
	}
	found, err := configuration.ReadIndexSettings(e.Getenv, s.project(), targets)
	if err == nil {
		err = login(reached.client, found)
	}
	if err != nil {
		return nil, nil, settingsError(err)
	}
	var own []index.Index
	for i, x := range s.Indexes {
		address := x.URL
		if x.CodeArtifact != nil {
			if address, err = e.CodeArtifact(ctx, x.CodeArtifact); err != nil {
				at := fault.At("python", "index").Index(i)
				return nil, nil, fault.Tie(at, fmt.Sprintf("The CodeArtifact repository %q cannot be used", x.CodeArtifact.Repository), err)
			}
		}
		own = append(own, index.Index{URL: address, Packages: x.Packages})
	}
	if len(found.Indexes) == 0 && !found.NoIndex {
		found.Indexes = []index.Index{{URL: index.DefaultIndex}}
	}
	found.Indexes = append(own, found.Indexes...)
	return found, reached.client, nil
}

// learn hands the credentials of addresses, and the values of variables in their
// paths, to the client: a build may fetch with them. It returns the address that an
// error is about.
func learn(client *fetch.Client, addresses []string, parts []secret.Part) (faulty string, err error) {
	for _, p := range parts {
		client.Secrets().LearnPart(p.Name, p.Value, p.Host)
	}
	for _, address := range addresses {
		if _, err := client.Login(address); err != nil {
			return fetch.Redact(address), err
		}
	}
	return "", nil
}

// settingsError says that the settings of uv and pip cannot be used.
func settingsError(err error) error {
	return fault.Tie(fault.At("python"), "The settings of uv or pip cannot be used", err)
}

// login takes the credentials out of the addresses. A malformed address of an index is
// reported only when that index is asked.
func login(client *fetch.Client, settings *configuration.Settings) error {
	for _, address := range settings.Accounts {
		_, _ = client.Login(address) // those that are asked are among the indexes
	}
	for i, x := range settings.Indexes {
		address, err := client.Login(x.URL)
		if err != nil {
			settings.Indexes[i].Unusable = fmt.Errorf("reading the index address %q, which UV_DEFAULT_INDEX, UV_INDEX, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, uv.toml, pyproject.toml or pip.conf names: %w", fetch.Redact(x.URL), err)
			continue
		}
		settings.Indexes[i].URL = address
	}
	for i, place := range settings.FindLinks {
		if kind, _ := configuration.LinkKind(place); kind != "page" {
			continue
		}
		address, err := client.Login(place)
		if err != nil {
			return fmt.Errorf("reading the address %q of find-links: %w", fetch.Redact(place), err)
		}
		settings.FindLinks[i] = address
	}
	settings.FindLinks = slices.Compact(settings.FindLinks)
	return nil
}

// locate asks the indexes where the files of a lock file lie.
func (e *Env) locate(ctx context.Context, s *Spec, file *lockfile.LockFile, targets []wheel.Target) (*wheel.Lock, error) {
	settings, client, err := e.indexesFor(ctx, s, targets)
	if err == nil {
		err = e.prepare(client, file, settings)
	}
	if err != nil {
		return nil, err
	}
	return file.Locate(ctx, client, settings.Indexes, targets)
}

// prepare hands the credentials of the indexes that a lock file names to the
// client, and refuses to ask an index where none may be asked.
func (e *Env) prepare(client *fetch.Client, file *lockfile.LockFile, settings *configuration.Settings) error {
	addresses, parts, err := file.Expand(e.Getenv)
	if err != nil {
		return err
	}
	if address, err := learn(client, addresses, parts); err != nil {
		return fmt.Errorf("reading the index address %q of the lock file: %w", address, err)
	}
	if settings.NoIndex && len(settings.Indexes) == 0 && slices.ContainsFunc(file.Pins, func(p lockfile.Pin) bool { return p.URL == "" }) {
		return errors.New("it does not hold the addresses of its files, and no-index is set: unset it, or name an index in python.index")
	}
	return nil
}

// project returns the folder whose uv settings count for the distributions: that
// of the file that asks for them, or "".
func (p *Spec) project() string {
	for _, name := range []string{p.LockFile, p.RequirementsFile} {
		if name != "" {
			return filepath.Dir(name)
		}
	}
	return ""
}

// checkIndexes refuses addresses that hold credentials: they would be kept in
// the state.
func (p *Spec) checkIndexes() error {
	for i, x := range p.Indexes {
		at := fault.At("python", "index").Index(i)
		if x.CodeArtifact != nil {
			if err := x.CodeArtifact.check(at.At("codeartifact")); err != nil {
				return err
			}
			if x.URL != "" {
				return &fault.Error{At: at, Summary: "An index with two addresses", Detail: "It names both url and codeartifact: write one of them."}
			}
			x.URL = "https://" + x.CodeArtifact.Domain
		}
		if x.URL == "" {
			return &fault.Error{At: at, Summary: "An index without an address", Detail: "It names neither url nor codeartifact: write one of them. " + fault.DroppedNames}
		}
		address, err := checkAddress(at.At("url"), x.URL, "the index")
		if err != nil {
			return err
		}
		if len(x.Packages) == 0 {
			return &fault.Error{
				At: at.At("packages"), Summary: fmt.Sprintf("No packages for the index at %q", address.Host()),
				Detail: "An index serves only the packages that it names, so that no other index can slip in a package of the same name. Name them in packages, such as [\"acme-*\"].",
			}
		}
		for j, pattern := range x.Packages {
			if !distributionGlob.MatchString(pattern) {
				return &fault.Error{
					At: at.At("packages").Index(j), Summary: fmt.Sprintf("Malformed pattern %q", pattern),
					Detail: "packages has names of distributions, or globs with * and ?, such as \"acme-*\". If a name is malformed, another index could provide the package.",
				}
			}
		}
	}
	return nil
}

// CodeArtifactSpec is a repository of AWS CodeArtifact. An owner of "" is the
// caller's account, a region of "" the provider's.
type CodeArtifactSpec struct {
	Domain, Repository  string
	DomainOwner, Region string `json:",omitempty"`
}

// The names of domains and repositories, and account ids ("Domain" and
// "Repository" in the CodeArtifact API reference).
var (
	domainName     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,48}[a-z0-9]$`)
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,99}$`)
	accountID      = regexp.MustCompile(`^[0-9]{12}$`)
)

// check refuses what AWS would refuse too; at is the attribute.
func (s *CodeArtifactSpec) check(at fault.Path) error {
	switch {
	case !domainName.MatchString(s.Domain):
		return &fault.Error{At: at.At("domain"), Summary: fmt.Sprintf("Malformed CodeArtifact domain %q", s.Domain), Detail: "A domain has 2 to 50 lower case letters, digits and hyphens, and starts with a letter."}
	case !repositoryName.MatchString(s.Repository):
		return &fault.Error{At: at.At("repository"), Summary: fmt.Sprintf("Malformed CodeArtifact repository %q", s.Repository), Detail: "A repository has 2 to 100 letters, digits, dots, hyphens and underscores."}
	case s.DomainOwner != "" && !accountID.MatchString(s.DomainOwner):
		return &fault.Error{At: at.At("domain_owner"), Summary: fmt.Sprintf("Malformed account %q", s.DomainOwner), Detail: "domain_owner is the id of an AWS account: 12 digits."}
	}
	return nil
}
