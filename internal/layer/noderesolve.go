package layer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// lockNode writes what the spec asks for to l, with the folders on disk that
// are part of it.
func (b *Builder) lockNode(ctx context.Context, s Spec, old *NodeLock, l *Lock) error {
	var err error
	if s.NodeJS.LockFile != "" {
		err = b.obeyNodeLockFile(ctx, s, old, l)
	} else {
		l.NodeJS, err = b.resolveNode(ctx, s, old)
	}
	if err != nil {
		return err
	}
	return s.lockNodeFiles(l)
}

// nodeRequest is what the Node.js part of a lock depends on, besides the
// cut-off and what the registry holds. Its JSON is digested.
type nodeRequest struct {
	Format         int
	Targets        []string
	Dependencies   []nodejs.Dependency
	Optional       []nodejs.Dependency         `json:",omitempty"`
	Peer           []nodejs.Dependency         `json:",omitempty"`
	OptionalPeers  map[string]bool             `json:",omitempty"`
	Dev            []nodejs.Dependency         `json:",omitempty"`
	Overrides      []nodejs.Override           `json:",omitempty"`
	Members        []string                    `json:",omitempty"`
	Folders        map[string]*nodejs.Manifest `json:",omitempty"`
	LegacyPeerDeps bool                        `json:",omitempty"`
}

func (b *Builder) resolveNode(ctx context.Context, s Spec, old *NodeLock) (*NodeLock, error) {
	targets, err := s.nodeTargets()
	if err != nil {
		return nil, err
	}
	p, err := s.NodeJS.readProject()
	if err != nil {
		return nil, err
	}
	request, err := digestOf(nodeRequest{
		Format: lockFormat, Targets: namesOf(targets), LegacyPeerDeps: s.NodeJS.LegacyPeerDeps,
		Dependencies: p.Dependencies, Optional: p.OptionalDependencies, Peer: p.PeerDependencies, OptionalPeers: p.OptionalPeers,
		Dev: p.DevDependencies, Overrides: p.Overrides, Members: p.Members, Folders: p.Folders,
	})
	if err != nil {
		return nil, err
	}
	var triggers store.Digest
	if len(s.Triggers) > 0 {
		if triggers, err = digestOf(s.Triggers); err != nil {
			return nil, err
		}
	}
	if old != nil && old.Request == request && old.Triggers == triggers && !s.NodeJS.Reconsider {
		if kept, ok := old.in(s.NodeJS.project()); ok {
			return kept, nil
		}
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	q := nodeQuestion{Request: request, Triggers: triggers, Project: filepath.ToSlash(s.NodeJS.project())}
	// Changed triggers ask for a resolution that owes nothing to the last.
	if old != nil && old.Triggers == triggers {
		q.Prefer = old.versions()
	}
	return c.rememberNode(ctx, s, p, targets, q)
}

// readProject returns what is to be resolved.
func (n *NodeSpec) readProject() (*nodejs.Project, error) {
	if n.PackageJSON != "" {
		p, err := nodejs.ReadProject(n.PackageJSON)
		summary := fmt.Sprintf("Unreadable project %q", n.PackageJSON)
		if errors.Is(err, fs.ErrNotExist) {
			summary = fmt.Sprintf("There is no file %q", n.PackageJSON)
		}
		if err != nil {
			return nil, fault.Tie(fault.At("nodejs", "package_json"), summary, err)
		}
		return p, nil
	}
	p, err := nodejs.NewProject(n.project(), n.Dependencies)
	if err != nil {
		return nil, fault.Tie(fault.At("nodejs", "dependencies"), "Unreadable dependencies", err)
	}
	return p, nil
}

// versions returns the versions of the lock by the packages' names.
func (l *NodeLock) versions() map[string][]string {
	versions := map[string][]string{}
	for _, t := range l.Trees {
		for _, p := range t.Packages {
			if !slices.Contains(versions[p.Name], p.Version) {
				versions[p.Name] = append(versions[p.Name], p.Version)
			}
		}
	}
	return versions
}

// nodeQuestion is all that decides an answer of the registry at one moment. Its
// JSON is digested.
type nodeQuestion struct {
	Request, Triggers store.Digest
	Project           string // the answer names folders on disk by it
	Prefer            map[string][]string
	Registries        map[string]string
	CutOff            time.Time
}

// rememberNode resolves, or returns what the same question was answered within
// the last hour. A cut-off that follows from the clock is no part of the
// question.
func (c *cache) rememberNode(ctx context.Context, s Spec, p *nodejs.Project, targets []nodejs.Target, q nodeQuestion) (*NodeLock, error) {
	dir := s.NodeJS.project()
	registry, err := c.npmFor(dir)
	if err != nil {
		return nil, err
	}
	cutOff := s.CutOff
	if !s.NodeJS.CutOff.At.IsZero() {
		cutOff = s.NodeJS.CutOff
	}
	q.Registries = registry.Registries()
	if cutOff.Explicit {
		q.CutOff = cutOff.At
	}
	key, err := digestOf(q)
	if err != nil {
		return nil, err
	}
	if body, written, err := c.store.GetRecord("resolutions", key.Hex()); err == nil && time.Since(written) < memoAge {
		var known NodeLock
		if json.Unmarshal(body, &known) == nil {
			return &known, nil
		}
	}
	chosen, err := s.nodeTrees(targets, dir, func(t nodejs.Target) (*nodejs.Tree, error) {
		return nodejs.Resolve(ctx, registry, p, t, nodejs.Options{
			LegacyPeerDeps: s.NodeJS.LegacyPeerDeps, Before: cutOff.At, PinsExempt: !cutOff.Explicit, Prefer: q.Prefer,
		})
	})
	if err != nil {
		return nil, s.NodeJS.explain(err)
	}
	chosen.Request, chosen.Triggers, chosen.Project, chosen.Direct = q.Request, q.Triggers, filepath.ToSlash(dir), p.Direct()
	body, err := json.Marshal(chosen)
	if err != nil {
		return nil, fmt.Errorf("encoding a resolution: %w", err)
	}
	return chosen, c.store.PutRecord("resolutions", key.Hex(), body)
}

// explain ties an error of the resolver to the argument that a user would
// change, with a summary that names the culprit.
func (n *NodeSpec) explain(err error) error {
	attribute := fault.At("nodejs", "dependencies")
	if n.PackageJSON != "" {
		attribute = fault.At("nodejs", "package_json")
	}
	summary := "The Node.js packages cannot be resolved"
	found, ok := errors.AsType[*nodejs.ResolveError](err)
	if !ok {
		return fault.Tie(attribute, summary, err)
	}
	switch found.Code {
	case "ERESOLVE":
		summary = fmt.Sprintf("The peer dependencies conflict on %q", found.Name)
	case "ETARGET", "ENOVERSIONS":
		summary = fmt.Sprintf("No version of %q fits %q", found.Name, found.Spec)
	case "E404":
		summary = fmt.Sprintf("There is no package %q", found.Name)
	case "E401", "E403":
		summary = fmt.Sprintf("The registry refuses %q", found.Name)
	case "EBADPLATFORM":
		summary = fmt.Sprintf("%q does not run on the target", found.Name)
	case "EINVALIDPACKAGENAME":
		summary = fmt.Sprintf("Malformed name %q", found.Name)
	case "EOVERRIDE":
		summary = fmt.Sprintf("The override of %q contradicts the project", found.Name)
	case "EUNSUPPORTED":
		summary = fmt.Sprintf("%q comes from no registry", found.Name)
	case "EINTEGRITY":
		summary = fmt.Sprintf("%q cannot be verified", found.Name)
	}
	return fault.Tie(attribute, summary, err)
}
