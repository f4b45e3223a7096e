package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// sbomCommand writes the bill of materials of a zip or of a lock.
type sbomCommand struct {
	File     string `arg:"" type:"existingfile" help:"Zip of a layer, or a lock (.json) as build writes it."`
	Format   string `enum:"cyclonedx,spdx" default:"cyclonedx" help:"${enum}."`
	Lock     string `type:"existingfile" placeholder:"FILE" help:"Lock of the zip, which tells digests and addresses. Default: FILE.lock.json beside it, if there is one."`
	Out      string `short:"o" placeholder:"FILE" help:"Where the document goes, in place of standard output."`
	CacheDir string `placeholder:"FOLDER" help:"Cache in place of the user's. A lock is built in it."`
	Quiet    bool   `short:"q" help:"Tell no phases on standard error."`
}

// Run writes the document.
func (c *sbomCommand) Run(ctx context.Context, out *output, info about) error {
	bill, err := c.bill(ctx, out, info)
	if err != nil {
		return err
	}
	text, err := bill.Encode(c.Format)
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = fmt.Fprintln(out, text)
		return err
	}
	if err := os.WriteFile(c.Out, []byte(text), 0o644); err != nil { //nolint:gosec // a bill holds no secret
		return fmt.Errorf("writing the bill of materials: %w", err)
	}
	return nil
}

func (c *sbomCommand) bill(ctx context.Context, out *output, info about) (*sbom.Bill, error) {
	if strings.HasSuffix(c.File, ".json") {
		lock, err := lockText(c.File)
		if err != nil {
			return nil, err
		}
		told := newProgress(info.errs, c.Quiet, false, out.sheet)
		defer told.end()
		return provider.LockBill(ctx, info.version, c.CacheDir, lock, slog.New(told))
	}
	name := c.Lock
	if name == "" {
		name = c.File + lockSuffix
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return provider.ZipBill(ctx, c.File, "")
		}
	}
	lock, err := lockText(name)
	if err != nil {
		return nil, err
	}
	return provider.ZipBill(ctx, c.File, lock)
}

// lockSuffix is behind the name of a zip in that of its lock.
const lockSuffix = ".lock.json"

func lockText(name string) (string, error) {
	text, err := readGiven(name, filetree.MaxDocument)
	if err != nil {
		return "", fmt.Errorf("reading the lock: %w", err)
	}
	return string(text), nil
}
