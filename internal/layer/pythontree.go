package layer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// pythonTree returns the files of the locked wheels.
func (c *cache) pythonTree(ctx context.Context, l *Lock) (filetree.Tree, error) {
	targets, err := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures}.targets(runtimes.Python)
	if err != nil {
		return nil, err
	}
	tree, err := python.Tree(ctx, c.client, c.store, l.Python.Chosen, python.TreeOptions{Targets: pythonTargets(targets), Scripts: l.Python.Scripts, Indexes: c.indexes, Pack: c.packMade})
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
	own := slices.DeleteFunc(slices.Clone(tree), func(e filetree.Entry) bool { return !strings.HasPrefix(e.Origin, "python:") })
	found, err := python.Findings(own)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	sentences := make([]string, 0, len(found))
	for _, text := range found {
		sentences = append(sentences, Sentence(text))
	}
	return []Warning{{Attribute: "python", Summary: "Files that Python may not find", Detail: strings.Join(sentences, "\n")}}, nil
}

// clashError says what to do about two inputs that want one path.
func clashError(clash *filetree.ClashError) error {
	if strings.HasPrefix(clash.First, downloadOrigin) && strings.HasPrefix(clash.Second, downloadOrigin) &&
		strings.Contains(clash.First, "] for ") && strings.Contains(clash.Second, "] for ") {
		return &InputError{
			Attribute: "architectures", Summary: "One layer cannot serve both architectures",
			Detail: fmt.Sprintf("%s and %s both bring %q%s.%s", clash.First, clash.Second, clash.Path, clashKind(clash), forEach), Err: clash,
		}
	}
	first, ours := strings.CutPrefix(clash.First, "python:")
	second, theirs := strings.CutPrefix(clash.Second, "python:")
	if !ours || !theirs {
		return &InputError{
			Summary: fmt.Sprintf("Two inputs write %q", clash.Path),
			Detail:  sentence(clash) + " Exclude the file from one of them.",
			Err:     clash,
		}
	}
	name, _, _ := strings.Cut(second, " ")
	way := fmt.Sprintf("If nothing needs the file, write exclude = [%q]. If one of the distributions is not needed, leave it out by python.exclude, such as [%q].", clash.Path, name)
	if strings.HasPrefix(clash.Path, "bin/") {
		way = fmt.Sprintf("If nothing needs the program, write exclude = [%q]. If the versions differ by runtime, build one layer for each runtime.", clash.Path)
	}
	return &InputError{
		Attribute: "python", Summary: fmt.Sprintf("Two distributions write %q", clash.Path),
		Detail: fmt.Sprintf("%s and %s both bring it%s. %s", first, second, clashKind(clash), way), Err: clash,
	}
}

func clashKind(clash *filetree.ClashError) string {
	if clash.Directory {
		return ", once as a file and once as a directory"
	}
	return ", with different content"
}
