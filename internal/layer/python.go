package layer

import (
	"context"
	"fmt"
	"maps"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// pythonInput is what the Spec asks for in python.
type pythonInput struct{ *python.Spec }

func (p pythonInput) check(Spec) error { return p.Check() }

// pythonRequest returns what of the layer counts for its distributions.
func (b *Builder) pythonRequest(s Spec) (python.Request, error) {
	targets, err := s.targets(runtimes.Python)
	return python.Request{Targets: targets, CutOff: python.CutOff(s.CutOff), Reconsider: s.Reconsider, Getenv: b.getenv}, err
}

// openPython returns what Python distributions are resolved with.
func (b *Builder) openPython() (*python.Env, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	return c.python, nil
}

// choose resolves the requirements, or obeys a lock file, and adds the projects on
// disk that are part of it to the files.
func (p pythonInput) choose(ctx context.Context, r *resolution) error {
	request, err := r.builder.pythonRequest(r.spec)
	if err != nil {
		return err
	}
	request.Triggers = r.triggers
	request.Project = func(name string, files []python.ProjectFile) error {
		for _, f := range files {
			if err := r.addFiles(ctx, FileSpec{Source: f.Source, Include: f.Include, Content: f.Content, Target: f.Target}); err != nil {
				return fmt.Errorf("packing the project %q from disk: %w", name, err)
			}
		}
		return nil
	}
	r.now.Python, err = python.Resolve(ctx, r.builder.openPython, p.Spec, request, r.old.Python)
	return err
}

// pythonPart is what a Lock holds of python.
type pythonPart struct{ *python.Lock }

// needs are the wheels, or what was made of their source distributions.
func (p pythonPart) needs(_ context.Context, c *cache, _ *Lock) []need {
	var all []need
	for _, n := range p.Needs(c.python) {
		all = append(all, need{any: n.Blobs, spare: n.OnDisk})
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
	judge := func(l *Lock, whole filetree.Tree, o Output) ([]Warning, error) {
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

func (p pythonPart) warnings() []Warning { return p.Warnings() }

// Withdrawn asks the indexes whether distributions of the lock were yanked or
// removed since it was made: see [python.Lock.Withdrawn].
func (b *Builder) Withdrawn(ctx context.Context, s Spec, l *Lock, severity Severity) ([]Warning, error) {
	if severity == SeverityOff || l.Python == nil || s.Python == nil {
		return nil, nil
	}
	env, err := b.openPython()
	if err != nil {
		return nil, err
	}
	request, err := b.pythonRequest(s)
	if err != nil {
		return nil, err
	}
	return l.Python.Withdrawn(ctx, env, s.Python, request, severity)
}
