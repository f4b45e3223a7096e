package provider

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// rebuild returns the zip of a package and where it lies: the one on disk, wherever
// output_path has it, or the same bytes built from the lock where that is missing or
// was changed.
func (t *toolbox) rebuild(ctx context.Context, b *builtModel) (publish.Zip, string, error) {
	want, err := publish.ParseCodeSHA256(b.SourceCodeHash.ValueString())
	if err != nil {
		return publish.Zip{}, "", err
	}
	size, path := b.Size.ValueInt64(), layer.DefaultPath(want)
	if found, ok := t.builder.Find(ctx, want, size); ok {
		return publish.FileZip(found, want, size), found, nil
	}
	lock, err := b.lock()
	if err != nil {
		return publish.Zip{}, "", err
	}
	if lock == nil {
		return publish.Zip{}, "", fmt.Errorf("finding the zip %q: it is not there, and the package has no lock to rebuild it from", path)
	}
	// Its size was judged when it was planned.
	if _, err := t.builder.Build(ctx, lock, layer.Output{Path: path, Want: want, Size: layer.SeverityOff, Replace: true}); err != nil {
		return publish.Zip{}, "", fmt.Errorf("rebuilding the package's zip: %w", err)
	}
	return publish.FileZip(path, want, size), path, nil
}
