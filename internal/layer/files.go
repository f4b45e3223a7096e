package layer

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
)

func (r *resolution) chooseFiles(ctx context.Context) (err error) {
	r.now.Files, err = local.Choose(ctx, r.spec.Files, r.spec.localScope(r.builder.own), r.spec.Made, r.old.Files)
	return err
}

// localScope is what of the layer and of the run counts for its files.
func (s Spec) localScope(own *local.Own) local.Scope {
	return local.Scope{CheckFile: s.checkFile, Skip: own.Skips}
}

// addFiles adds what lies on disk and belongs to the distributions of Python or the
// packages of Node.js, which the argument at a path asks for.
func (r *resolution) addFiles(ctx context.Context, at fault.Path, f FileSpec) error {
	f.Target = r.spec.placed(f.Target)
	lock, err := local.Read(ctx, at, f, r.spec.localScope(r.builder.own))
	if err == nil {
		r.now.Files = append(r.now.Files, lock)
	}
	return err
}

// fileLocks are the elements of files, and folders on disk that belong to the
// distributions of Python and the packages of Node.js.
type fileLocks []local.Lock

// needs is nothing: what was deflated is compared with the files, or made again.
func (fileLocks) needs(context.Context, *cache, *Lock) []need { return nil }

func (all fileLocks) pack(ctx context.Context, c *cache, l *Lock, doubt bool) (packed, error) {
	files, err := local.Pack(ctx, c.local, all, l.spec().localScope(c.own), doubt)
	return packed{files: files, elements: true}, err
}

func (all fileLocks) contents(to map[string]string) {
	var brought []bringing
	for i, f := range all {
		brought = append(brought, broughtBy(f, i))
	}
	addBrought(to, "files", brought)
}

// MadeInRun returns the local files of the lock that were written since the CLI
// was started, and those of before that are still as they were. An apply keeps
// them, so that a plan on a fresh checkout, which lacks them, is not taken for a
// change.
func (b *Builder) MadeInRun(ctx context.Context, l *Lock, before Made) Made {
	if b.options.Run.CLI == "" {
		return before
	}
	return local.MadeSince(ctx, b.options.Run.Started, l.Files, b.own.Skips, before)
}
