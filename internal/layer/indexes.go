package layer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// IndexSpec is an index for the packages that it names, which may be globs: one
// at URL, or a repository of CodeArtifact.
type IndexSpec struct {
	URL          string
	CodeArtifact *CodeArtifactSpec `json:",omitempty"`
	Packages     []string
}

// indexesFor returns where the package's distributions come from: its own
// indexes before those of the environment, or the public one, without
// credentials, which the client learns.
func (c *cache) indexesFor(ctx context.Context, s Spec) (*python.IndexSettings, *fetch.Client, error) {
	targets, err := s.pythonTargets()
	if err != nil {
		return nil, nil, err
	}
	pip, err := c.pip()
	if err != nil {
		return nil, nil, pipError(err)
	}
	settings, err := python.ReadIndexSettings(c.getenv, s.Python.project(), python.TargetsFor(targets))
	if err == nil {
		err = login(pip.client, settings)
	}
	if err != nil {
		return nil, nil, pipError(err)
	}
	var own []python.Index
	for i, index := range s.Python.Indexes {
		address := index.URL
		if index.CodeArtifact != nil {
			if address, err = c.artifacts.index(ctx, index.CodeArtifact); err != nil {
				at := fault.At("python", "index").Index(i)
				return nil, nil, fault.Tie(at, fmt.Sprintf("The CodeArtifact repository %q cannot be used", index.CodeArtifact.Repository), err)
			}
		}
		own = append(own, python.Index{URL: address, Packages: index.Packages})
	}
	if len(settings.Indexes) == 0 && !settings.NoIndex {
		settings.Indexes = []python.Index{{URL: python.DefaultIndex}}
	}
	settings.Indexes = append(own, settings.Indexes...)
	return settings, pip.client, nil
}

// pipError says that the settings of uv and pip cannot be used.
func pipError(err error) error {
	return fault.Tie(fault.At("python"), "The settings of uv or pip cannot be used", err)
}

// login takes the credentials out of the addresses. An address of an index that
// is none is an error where that index is asked, and no matter before.
func login(client *fetch.Client, settings *python.IndexSettings) error {
	for _, address := range settings.Accounts {
		_, _ = client.Login(address) // those that are asked are among the indexes
	}
	for i, index := range settings.Indexes {
		address, err := client.Login(index.URL)
		if err != nil {
			settings.Indexes[i].Unusable = fmt.Errorf("reading the index address %q, which UV_DEFAULT_INDEX, UV_INDEX, PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, uv.toml, pyproject.toml or pip.conf names: %w", fetch.Redact(index.URL), err)
			continue
		}
		settings.Indexes[i].URL = address
	}
	for i, place := range settings.FindLinks {
		if kind, _ := python.LinkKind(place); kind != "page" {
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
func (c *cache) locate(ctx context.Context, s Spec, file *python.LockFile, targets []python.Target) (*python.Lock, error) {
	settings, client, err := c.indexesFor(ctx, s)
	if err == nil {
		err = c.prepare(client, file, settings)
	}
	if err != nil {
		return nil, err
	}
	return file.Locate(ctx, client, settings.Indexes, targets)
}

// prepare hands the credentials of the indexes that a lock file names to the
// client, and refuses to ask an index where none may be asked.
func (c *cache) prepare(client *fetch.Client, file *python.LockFile, settings *python.IndexSettings) error {
	addresses, err := file.Expand(c.getenv)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if _, err := client.Login(address); err != nil {
			return fmt.Errorf("reading the index address %q of the lock file: %w", fetch.Redact(address), err)
		}
	}
	if settings.NoIndex && len(settings.Indexes) == 0 && slices.ContainsFunc(file.Pins, func(p python.Pin) bool { return p.URL == "" }) {
		return errors.New("it does not hold the addresses of its files, and no-index is set: unset it, or name an index in python.index")
	}
	return nil
}

// project returns the folder whose uv settings count for the distributions: that
// of the file that asks for them, or "".
func (p *PythonSpec) project() string {
	for _, name := range []string{p.LockFile, p.RequirementsFile} {
		if name != "" {
			return filepath.Dir(name)
		}
	}
	return ""
}
