package layer

import (
	"context"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// pythonTree returns the files of the locked wheels that are not excluded, with
// what a user should know of them.
func (c *cache) pythonTree(ctx context.Context, l *Lock) (filetree.Tree, []Warning, error) {
	targets, err := Spec{Runtimes: l.Runtimes, Architectures: l.Architectures}.targets(runtimes.Python)
	if err != nil {
		return nil, nil, err
	}
	tree, err := python.Tree(ctx, c.client, c.store, l.Python.Chosen, python.TreeOptions{Targets: pythonTargets(targets), Scripts: l.Python.Scripts, Indexes: c.indexes, Pack: c.packMade})
	if err != nil {
		return nil, nil, wheelError(err)
	}
	if tree, err = tree.Filter(l.Exclude); err != nil {
		return nil, nil, err
	}
	found, err := python.Findings(tree)
	if err != nil || len(found) == 0 {
		return tree, nil, err
	}
	sentences := make([]string, 0, len(found))
	for _, text := range found {
		sentences = append(sentences, Sentence(text))
	}
	return tree, []Warning{{Attribute: "python", Summary: "Files that Python may not find", Detail: strings.Join(sentences, "\n")}}, nil
}

// clashError says what to do about two inputs that want one path.
func clashError(clash *filetree.ClashError) error {
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
