package nodejs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// requestFormat is the version of what is digested of a request. It rises when the
// same request must be answered anew.
const requestFormat = 1

// Resolve chooses the packages for a spec. What before already decided stays while
// the request for it is unchanged, and then open is not called and nothing leaves
// the machine; where the request changed, before's versions are preferred where
// they still fit. before may be nil.
//
// What a user can act on is a *[fault.Error].
func Resolve(ctx context.Context, open func() (*Env, error), s Spec, r Request, before *Lock) (*Lock, error) {
	targets, err := r.targets()
	if err != nil {
		return nil, err
	}
	if s.LockFile != "" {
		return s.obey(ctx, open, targets, before)
	}
	return s.choose(ctx, open, targets, r, before)
}

// obey returns what the lock file holds for the targets. A registry is asked only
// for what the file does not tell, and not at all while what it tells is what
// before was made of.
func (s *Spec) obey(ctx context.Context, open func() (*Env, error), targets []manifest.Target, before *Lock) (*Lock, error) {
	attribute := fault.At("nodejs", "lock_file")
	summary := fmt.Sprintf("The lock file %q cannot be used", s.LockFile)
	file, err := filetree.Await(ctx, func() (*locked.Graph, error) {
		return lockfile.Read(s.LockFile, lockfile.Options{PackageJSON: s.PackageJSON, Workspace: s.Workspace})
	})
	if err != nil {
		return nil, fileFault(attribute, fmt.Sprintf("There is no lock file %q", s.LockFile), summary, err)
	}
	request, err := store.SumJSON(struct {
		Format       int
		Targets      []string
		File         *locked.Graph
		AllowOutside []string `json:",omitempty"`
	}{requestFormat, namesOf(targets), file, s.AllowOutside})
	if err != nil {
		return nil, err
	}
	dir := s.project()
	file.Dir, file.AllowOutside = dir, s.AllowOutside
	if kept := before.answer(request, dir); kept != nil && kept.unchanged() {
		return kept, nil
	}
	env, err := open()
	if err != nil {
		return nil, err
	}
	registry, err := env.registryOf(dir)
	if err != nil {
		return nil, err
	}
	chosen, err := env.treesFor(targets, dir, func(t manifest.Target) (*modules.Tree, error) {
		return locked.TreeFor(ctx, registry, file, t)
	})
	if err != nil {
		return nil, fault.Tie(attribute, summary, err)
	}
	chosen.Request, chosen.Project, chosen.Direct = request, filepath.ToSlash(dir), file.Direct()
	return chosen, nil
}

// resolutionRequest is what the Node.js part of a lock depends on, besides the
// cut-off and what the registry holds. Its JSON is digested.
type resolutionRequest struct {
	Format         int
	Targets        []string
	Dependencies   []manifest.Dependency
	Optional       []manifest.Dependency         `json:",omitempty"`
	Peer           []manifest.Dependency         `json:",omitempty"`
	OptionalPeers  map[string]bool               `json:",omitempty"`
	Dev            []manifest.Dependency         `json:",omitempty"`
	Overrides      []manifest.Override           `json:",omitempty"`
	Members        []string                      `json:",omitempty"`
	Folders        map[string]*manifest.Manifest `json:",omitempty"`
	LegacyPeerDeps bool                          `json:",omitempty"`
	StrictPeerDeps bool                          `json:",omitempty"`
}

// choose resolves the dependencies of the spec, or of its package.json.
func (s *Spec) choose(ctx context.Context, open func() (*Env, error), targets []manifest.Target, r Request, before *Lock) (*Lock, error) {
	p, err := s.readProject()
	if err != nil {
		return nil, err
	}
	config, err := configuration(s.project(), r.Environ)
	if err != nil {
		return nil, err
	}
	cutOff := cmp.Or(s.CutOff, r.CutOff)
	o := treeOptions{
		Options: placement.Options{LegacyPeers: s.LegacyPeerDeps || config.LegacyPeerDeps, StrictPeers: config.StrictPeerDeps},
		Before:  cutOff.At, PinsExempt: !cutOff.Explicit,
	}
	request, err := store.SumJSON(resolutionRequest{
		Format: requestFormat, Targets: namesOf(targets), LegacyPeerDeps: o.LegacyPeers, StrictPeerDeps: o.StrictPeers,
		Dependencies: p.Dependencies, Optional: p.OptionalDependencies, Peer: p.PeerDependencies, OptionalPeers: p.OptionalPeers,
		Dev: p.DevDependencies, Overrides: p.Overrides, Members: p.Members, Folders: p.Folders,
	})
	if err != nil {
		return nil, err
	}
	// Changed triggers ask for a resolution that owes nothing to the last.
	if before != nil && before.Triggers != r.Triggers {
		before = nil
	}
	if kept := before.answer(request, s.project()); kept != nil && !s.Reconsider {
		return kept, nil
	}
	env, err := open()
	if err != nil {
		return nil, err
	}
	if before != nil {
		o.Prefer = before.versions()
	}
	q := question{Request: request, Triggers: r.Triggers, Project: filepath.ToSlash(s.project()), Prefer: o.Prefer}
	return s.remembered(ctx, env, p, targets, q, o)
}

// readProject returns what is to be resolved.
func (s *Spec) readProject() (*manifest.Project, error) {
	if s.PackageJSON != "" {
		p, err := manifest.ReadProject(s.PackageJSON)
		return p, fileFault(fault.At("nodejs", "package_json"), fmt.Sprintf("There is no file %q", s.PackageJSON), fmt.Sprintf("Unreadable project %q", s.PackageJSON), err)
	}
	p, err := manifest.NewProject(s.project(), s.Dependencies)
	return p, fault.Tie(fault.At("nodejs", "dependencies"), "Unreadable dependencies", err)
}

// fileFault ties what is wrong with a file to its argument, under another summary where
// there is none.
func fileFault(at fault.Path, missing, broken string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Tie(at, missing, err)
	}
	return fault.Tie(at, broken, err)
}

// question is all that decides an answer of the registry at one moment. Its
// JSON is digested.
type question struct {
	Request, Triggers store.Digest
	Project           string // the answer names folders on disk by it
	Prefer            map[string][]string
	Registries        map[string]string
	CutOff            time.Time
}

// remembered resolves, or returns what the same question was answered within the
// last hour. A cut-off that follows from the clock is no part of the question.
func (s *Spec) remembered(ctx context.Context, env *Env, p *manifest.Project, targets []manifest.Target, q question, o treeOptions) (*Lock, error) {
	dir := s.project()
	registry, err := env.registryOf(dir)
	if err != nil {
		return nil, err
	}
	q.Registries = registry.Registries()
	if !o.PinsExempt {
		q.CutOff = o.Before
	}
	return store.Resolved(env.Store, q, func() (*Lock, error) {
		chosen, err := env.treesFor(targets, dir, func(t manifest.Target) (*modules.Tree, error) {
			return resolveTree(ctx, registry, p, t, o)
		})
		if err != nil {
			return nil, errors.Join(append([]error{s.explain(err)}, s.others(p, err)...)...)
		}
		chosen.Request, chosen.Triggers, chosen.Project, chosen.Direct = q.Request, q.Triggers, filepath.ToSlash(dir), p.Direct()
		return chosen, nil
	})
}

// others returns what can be known wrong of the other dependencies of the project
// without asking a registry, so that all of it is told at once.
func (s *Spec) others(p *manifest.Project, err error) []error {
	first, ok := errors.AsType[*manifest.ResolveError](err)
	if !ok {
		return nil
	}
	var found []error
	for _, d := range slices.Concat(p.Dependencies, p.DevDependencies) {
		spec, err := manifest.ParseSpec(d.Name, d.Spec)
		if err == nil && !spec.FromRegistry() && spec.Kind != manifest.DirectorySpec {
			err = unsupported(spec)
		}
		refused, ok := errors.AsType[*manifest.ResolveError](err)
		if !ok || d.Name == first.Name {
			continue
		}
		refused.RequiredBy = "the project"
		found = append(found, s.explain(refused))
	}
	return found
}

// explain ties an error of the resolver to the argument that a user would
// change, with a summary that names the culprit.
func (s *Spec) explain(err error) error {
	attribute := fault.At("nodejs", "dependencies")
	if s.PackageJSON != "" {
		attribute = fault.At("nodejs", "package_json")
	}
	summary := "The Node.js packages cannot be resolved"
	found, ok := errors.AsType[*manifest.ResolveError](err)
	if !ok {
		return fault.Tie(attribute, summary, err)
	}
	switch found.Code {
	case "ERESOLVE":
		return &fault.Error{
			At: attribute, Summary: fmt.Sprintf("The peer dependencies conflict on %q", found.Name), Err: err,
			Detail: fault.Sentence(err.Error()) + " Or ignore peer dependencies, as \"npm install --legacy-peer-deps\" does: write legacy_peer_deps = true in nodejs, or legacy-peer-deps=true in .npmrc.",
		}
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
