package provider

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// rebuild returns the zip of a package: the one on disk, wherever output_path has
// it, or the same bytes built from the lock where that is missing or was changed.
func (t *toolbox) rebuild(ctx context.Context, b *builtModel) (publish.Zip, error) {
	want, err := publish.ParseCodeSHA256(b.SourceCodeHash.ValueString())
	if err != nil {
		return publish.Zip{}, err
	}
	path, err := t.rebuildFile(ctx, b)
	if err != nil {
		return publish.Zip{}, err
	}
	return publish.FileZip(path, want, b.Size.ValueInt64()), nil
}

// rebuildFile returns where the zip lies.
func (t *toolbox) rebuildFile(ctx context.Context, b *builtModel) (string, error) {
	want, err := publish.ParseCodeSHA256(b.SourceCodeHash.ValueString())
	if err != nil {
		return "", err
	}
	if path, found := t.builder.Find(ctx, want, b.Size.ValueInt64()); found {
		return path, nil
	}
	lock, err := b.lock()
	if err != nil {
		return "", err
	}
	name := layer.DefaultPath(want)
	if lock == nil {
		return "", fmt.Errorf("finding the zip %q: it is not there, and the package has no lock to rebuild it from", name)
	}
	// Its size was judged when it was planned.
	if _, err := t.builder.Build(ctx, lock, layer.Output{Path: name, Want: want, Size: layer.SeverityOff, Replace: true}); err != nil {
		return "", fmt.Errorf("rebuilding the package's zip: %w", err)
	}
	return name, nil
}
