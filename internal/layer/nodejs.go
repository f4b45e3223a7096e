package layer

import (
	"context"
	"fmt"
	"maps"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// chooseNode resolves the dependencies, or obeys a lock file, and adds the folders on
// disk that are part of it.
func (r *resolution) chooseNode(ctx context.Context) error {
	targets, err := r.spec.targets(runtimes.NodeJS)
	if err != nil {
		return err
	}
	open := lazily(r.builder, func(c *cache) *nodejs.Env { return c.node })
	request := nodejs.Request{Targets: targets, Triggers: r.triggers, CutOff: r.spec.CutOff, Environ: r.builder.options.Environ}
	if r.now.NodeJS, err = nodejs.Resolve(ctx, open, *r.spec.NodeJS, request, r.old.NodeJS); err != nil {
		return err
	}
	return r.addFolders(ctx)
}

// nodePart is what a Lock holds of nodejs.
type nodePart struct{ *nodejs.Lock }

// needs are the deflated tarballs.
func (n nodePart) needs(_ context.Context, c *cache, _ *Lock) []need {
	var all []need
	known, open := n.Segments(c.node)
	for _, segment := range known {
		all = append(all, need{any: []store.Digest{segment}})
	}
	if open > 0 {
		all = append(all, need{})
	}
	return all
}

func (n nodePart) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	made, err := n.Pack(ctx, c.node, doubt)
	if err != nil {
		return packed{}, err
	}
	files, err := made.Tree()
	if err == nil {
		files, err = l.moved(files)
	}
	judge := func(l *Lock, _ filetree.Tree, o Output) ([]fault.Warning, error) {
		return made.Check(nodejs.Checks{
			Scripts: o.Scripts, Shadow: o.Shadow, AllowScripts: o.AllowScripts, Architectures: l.Architectures, Function: l.Kind == KindFunction,
		})
	}
	return packed{files: files, judge: judge}, err
}

func (n nodePart) contents(to map[string]string) { maps.Copy(to, n.Contents()) }

// addFolders adds the folders on disk that the trees need to the files of the lock,
// as they are now. What is installed in them is not taken, as what they need is in
// the tree; of the rest it is what "npm pack" takes.
func (r *resolution) addFolders(ctx context.Context) error {
	folders, err := r.now.NodeJS.Folders()
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := r.addFiles(ctx, fault.At("nodejs"), FileSpec{Source: f.Source, Target: f.Target, Package: r.now.NodeJS.Project}); err != nil {
			return fault.Tie(fault.At("nodejs"), fmt.Sprintf("The folder %q cannot be packed", f.Source), err)
		}
	}
	return nil
}
