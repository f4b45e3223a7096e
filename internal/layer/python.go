package layer

import (
	"context"
	"fmt"
	"maps"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// pythonRequest returns what of the layer counts for its distributions.
func (b *Builder) pythonRequest(s Spec) (python.Request, error) {
	targets, err := s.targets(runtimes.Python)
	return python.Request{Targets: targets, CutOff: s.CutOff, Getenv: b.options.Getenv}, err
}

func pythonOf(c *cache) *python.Env { return c.python }

// choosePython resolves the requirements, or obeys a lock file, and adds the projects on
// disk that are part of it to the files.
func (r *resolution) choosePython(ctx context.Context) error {
	request, err := r.builder.pythonRequest(r.spec)
	if err != nil {
		return err
	}
	request.Triggers = r.triggers
	request.Project = func(name string, files []python.ProjectFile) error {
		for _, f := range files {
			if err := r.addFiles(ctx, fault.At("python"), FileSpec{Source: f.Source, Include: f.Include, Content: f.Content, Target: f.Target}); err != nil {
				return fmt.Errorf("packing the project %q from disk: %w", name, err)
			}
		}
		return nil
	}
	r.now.Python, err = python.Resolve(ctx, lazily(r.builder, pythonOf), r.spec.Python, request, r.old.Python)
	return err
}

// pythonPart is what a Lock holds of python.
type pythonPart struct{ *python.Lock }

// needs are the wheels, or what was made of their source distributions.
func (p pythonPart) needs(_ context.Context, c *cache, _ *Lock) []need {
	var all []need
	for _, n := range p.Needs(c.python) {
		all = append(all, need{any: n.Blobs, optional: n.OnDisk})
	}
	return all
}

func (p pythonPart) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	targets, err := l.spec().targets(runtimes.Python)
	if err != nil {
		return packed{}, err
	}
	files, err := p.Pack(ctx, c.python, targets, doubt)
	if err == nil {
		files, err = l.moved(files)
	}
	judge := func(l *Lock, whole filetree.Tree, o Output) ([]fault.Warning, error) {
		function := l.Kind == KindFunction
		needing := func(name string) ([]string, error) {
			found, err := c.segments.Facts(ctx, whole)
			if err != nil {
				return nil, err
			}
			return python.NeedingIn(found.Distributions(), targets, function, name), nil
		}
		return p.Check(whole, python.Checks{SDK: o.Shadow, Function: function, Needing: needing})
	}
	return packed{files: files, judge: judge}, err
}

func (p pythonPart) contents(to map[string]string) { maps.Copy(to, p.Contents()) }

// NormalizeRequirements is [python.NormalizeRequirements].
func NormalizeRequirements(texts []string) ([]string, error) {
	return python.NormalizeRequirements(texts)
}

// Withdrawn asks the indexes whether distributions of the lock were yanked or
// removed since it was made: see [python.Lock.Withdrawn].
func (b *Builder) Withdrawn(ctx context.Context, s Spec, l *Lock, severity fault.Severity) ([]fault.Warning, error) {
	if severity == fault.SeverityOff || l.Python == nil || s.Python == nil {
		return nil, nil
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	request, err := b.pythonRequest(s)
	if err != nil {
		return nil, err
	}
	return l.Python.Withdrawn(ctx, c.python, s.Python, request, severity)
}
