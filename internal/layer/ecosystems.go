package layer

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// choose resolves the Python requirements, or obeys a lock file.
func (p *PythonSpec) choose(ctx context.Context, r *resolution) error {
	var err error
	if p.LockFile != "" {
		err = r.builder.obeyLockFile(ctx, r.spec, r.old.Python, r.now)
	} else {
		r.now.Python, err = r.builder.resolvePython(ctx, r.spec, r.old.Python)
	}
	if err != nil {
		return err
	}
	r.now.Python = r.now.Python.laidOut(p)
	return nil
}

// needs are the wheels, or what was made of their source distributions.
func (l *PythonLock) needs(_ context.Context, c *cache, _ *Lock) []need {
	var all []need
	for _, w := range l.Chosen.Wheels {
		n := need{any: []store.Digest{w.SHA256}, spare: w.Path != ""}
		if w.FromSource() {
			if made, ok := c.segments.NotedMade(python.SourceKey(w.SHA256)); ok {
				n.any = append(n.any, made)
			}
		}
		all = append(all, n)
	}
	return all
}

func (l *PythonLock) pack(ctx context.Context, c *cache, whole *Lock, doubt bool) (packed, error) {
	files, err := c.pythonTree(ctx, whole, doubt)
	if err == nil {
		files, err = whole.moved(files)
	}
	judge := func(of *Lock, tree filetree.Tree, o Output) ([]Warning, error) {
		unseen, err := pythonFindings(of, tree)
		if err != nil {
			return nil, err
		}
		shadow, err := checkShadow(l.Chosen, of.noun(), o.Shadow)
		return append(unseen, shadow...), err
	}
	return packed{files: files, judge: judge}, err
}

func (l *PythonLock) contents(to map[string]string) {
	for _, w := range l.Chosen.Wheels {
		addVersion(to, "python:"+w.Name, w.Version)
	}
}

func (l *PythonLock) warnings() []Warning {
	return noted(fault.At("python"), "Notes on the Python distributions", l.Chosen.Notes)
}
