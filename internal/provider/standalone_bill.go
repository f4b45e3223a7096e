package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// ZipBill returns what the zip at a path holds. lock is the text of its lock, "" for
// a zip without one.
func ZipBill(ctx context.Context, zip, lock string) (*sbom.Bill, error) {
	var read *layer.Lock
	if lock != "" {
		var err error
		if read, err = layer.DecodeLock(lock); err != nil {
			return nil, err
		}
	}
	return layer.BillOf(ctx, zip, read)
}

// LockBill builds the zip of a lock in a temporary folder, with a cache and the
// settings of the environment, and returns what it holds. Phases are logged.
func LockBill(ctx context.Context, version, cacheDir, lock string, log *slog.Logger) (bill *sbom.Bill, err error) {
	read, err := layer.DecodeLock(lock)
	if err != nil {
		return nil, err
	}
	p := newProvider(version)
	p.log = slog.New(shownLog{log.Handler(), p.secrets})
	m := &providerModel{}
	if cacheDir != "" {
		m.CacheDir = types.StringValue(cacheDir)
	}
	options, err := p.options(m)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "layerbuild-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	zip := filepath.Join(dir, "layer.zip")
	// What is wrong with the layer was told where it was locked.
	out := layer.Output{Path: zip, Size: layer.SeverityOff, Shadow: layer.SeverityOff, Scripts: layer.SeverityOff}
	if _, err := layer.NewBuilder(options).Build(ctx, read, out); err != nil {
		return nil, errors.New(p.secrets.Show(err.Error()))
	}
	return layer.BillOf(ctx, zip, read)
}
