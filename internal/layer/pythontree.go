package layer

import (
	"context"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// pythonTree returns the files of the locked wheels.
func (c *cache) pythonTree(ctx context.Context, l *Lock, doubt bool) (filetree.Tree, error) {
	targets, err := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures}.targets(runtimes.Python)
	if err != nil {
		return nil, err
	}
	pip, err := c.pipFor(ctx, l.Python.Chosen)
	if err != nil {
		return nil, err
	}
	made := func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error) {
		return c.segments.Made(ctx, key, doubt, files)
	}
	tree, err := python.Tree(ctx, pip.client, c.store, l.Python.Chosen, python.TreeOptions{Targets: python.TargetsFor(targets), Scripts: l.Python.Scripts, Indexes: pip.indexes, LastWins: l.Python.Overlaps == OverlapsLast, Pack: made, Vet: c.segments.Vet})
	if err != nil {
		return nil, wheelError(err)
	}
	return tree, nil
}

// pythonFindings tells what of the distributions in a layer Python may not find.
func pythonFindings(l *Lock, tree filetree.Tree) ([]Warning, error) {
	if l.Python == nil || l.Kind == KindFunction {
		return nil, nil
	}
	own := slices.DeleteFunc(slices.Clone(tree), func(e filetree.Entry) bool { return e.Origin.Ecosystem != "python" })
	found, err := python.Findings(own)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	sentences := make([]string, 0, len(found))
	for _, text := range found {
		sentences = append(sentences, Sentence(text))
	}
	return []Warning{{At: fault.At("python"), Summary: "Files that Python treats in a way of its own", Detail: strings.Join(sentences, "\n")}}, nil
}
