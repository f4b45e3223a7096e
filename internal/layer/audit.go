package layer

import (
	"context"
	"errors"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/judge"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// audit judges the files of the layer. Findings of a check that is off are left
// out, those of the others become what the user made of them: all of them errors,
// or warnings at most. Notes stay notes.
func (c *cache) audit(ctx context.Context, l *Lock, tree filetree.Tree, o Output) ([]audit.Finding, []fault.Warning, error) {
	targets, err := l.spec().targets("")
	if err != nil {
		return nil, nil, err
	}
	known, err := c.segments.Facts(ctx, tree)
	if err != nil {
		return nil, nil, err
	}
	found, err := judge.Find(judge.Layer{
		Files: tree, Known: known, Targets: targets, Layout: l.layout(), Python: l.Python, LeftOut: o.LeftOut,
	})
	if err != nil {
		return nil, nil, err
	}
	found = Weigh(found, o.Audits)
	warnings, err := judge.Tell(found)
	return found, warnings, err
}

// Weigh applies the severities that the user chose to findings, by the names of their
// checks. Notes stay notes.
func Weigh(found []audit.Finding, chosen map[string]fault.Severity) []audit.Finding {
	return judge.Weigh(found, chosen)
}

// assertImports looks for what the user asserts to be importable. The architecture
// makes no difference to that.
func (l *Lock) assertImports(tree filetree.Tree, o Output) error {
	s := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures[:min(1, len(l.Architectures))]}
	pythons, err := s.targets(runtimes.Python)
	if err != nil {
		return err
	}
	nodes, err := s.targets(runtimes.NodeJS)
	if err != nil {
		return err
	}
	function := l.Kind == KindFunction
	return errors.Join(python.AssertImports(o.PythonImports, pythons, tree, function), nodejs.AssertImports(o.NodeImports, nodes, tree, function))
}
