package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// sbomCommand writes the bill of materials of a zip or of a lock.
type sbomCommand struct {
	File     string `arg:"" type:"existingfile" help:"Zip of a layer, or a lock (.json) as build writes it."`
	Format   string `enum:"cyclonedx,spdx" default:"cyclonedx" help:"${enum}."`
	Lock     string `type:"existingfile" placeholder:"FILE" help:"Lock of the zip, for digests and addresses. Default: FILE.lock.json beside it, if it names the digest of the zip."`
	Out      string `short:"o" placeholder:"FILE" help:"Where the document goes, in place of standard output."`
	CacheDir string `placeholder:"FOLDER" help:"Cache in place of the user's. A lock is built in it."`
	Quiet    bool   `short:"q" help:"Print no phases on standard error."`
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
	lock, err := c.lock(ctx, info.errs)
	if err != nil {
		return nil, err
	}
	return provider.ZipBill(ctx, c.File, lock)
}

// lock returns the text of the zip's lock, "" for none. One that lies beside the zip
// is used only if it names the digest of the zip; else a sentence tells why not.
func (c *sbomCommand) lock(ctx context.Context, told io.Writer) (string, error) {
	name := cmp.Or(c.Lock, c.File+layer.LockSuffix)
	if _, err := os.Stat(name); c.Lock == "" && errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	text, err := lockText(name)
	if err != nil {
		return "", err
	}
	_, of, err := layer.DecodeLockOf(text)
	if err == nil {
		var zip store.Digest
		if zip, _, err = store.SumFile(ctx, c.File); err != nil {
			return "", fmt.Errorf("reading the zip: %w", err)
		}
		switch {
		case of == zip, of == store.Digest{} && c.Lock != "":
			return text, nil
		case of == store.Digest{}:
			err = fmt.Errorf("finding the zip of the lock: it names none. If it is the lock of this zip, write --lock %q", name)
		default:
			err = fmt.Errorf("using the lock: it is of another zip, with sha256 %s", of.Hex())
		}
	}
	if c.Lock != "" {
		return "", err
	}
	if _, err := fmt.Fprintf(told, "The lock %q is not used: %v.\n", name, err); err != nil {
		return "", fmt.Errorf("telling of the lock: %w", err)
	}
	return "", nil
}

func lockText(name string) (string, error) {
	text, err := readGiven(name, filetree.MaxDocument)
	if err != nil {
		return "", fmt.Errorf("reading the lock: %w", err)
	}
	return string(text), nil
}

// writeLock writes the lock of a zip, with the digest of the zip.
func writeLock(name string, built *provider.Built) error {
	lock, err := layer.DecodeLock(built.Lock)
	if err != nil {
		return err
	}
	zip, err := store.ParseDigest(built.SHA256)
	if err != nil {
		return fmt.Errorf("writing the lock: %w", err)
	}
	text, err := lock.EncodeFor(zip)
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil { //nolint:gosec // a lock holds no secret
		return fmt.Errorf("writing the lock: %w", err)
	}
	return nil
}
