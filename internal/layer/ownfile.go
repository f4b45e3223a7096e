package layer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// maxOwnFile bounds a file that is edited, in bytes.
const maxOwnFile = 64 << 20

// EditFile lets edit change a text file beside the zips: it gets what the file
// holds, nil where there is none, and returns what it is to hold. The new file
// appears whole, and of all runs on the machine one at a time edits it. What edit
// leaves equal is not written. Like a zip, the file is no part of a layer whose
// source holds it.
func (b *Builder) EditFile(ctx context.Context, name string, edit func(old []byte) ([]byte, error)) (err error) {
	b.own.Add(name)
	c, err := b.open()
	if err != nil {
		return err
	}
	unlock, err := c.store.Lock(ctx, "file "+local.BareLinks(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	old, err := readOwn(name)
	if err != nil {
		return err
	}
	changed, err := edit(old)
	if err != nil || old != nil && bytes.Equal(old, changed) {
		return err
	}
	sum, err := layerzip.CopyFileIn(ctx, filepath.Dir(name), bytes.NewReader(changed), func(store.Digest) (string, error) { return name, nil })
	if err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return c.noteOutput(Output{Path: name}, sum)
}

// readOwn returns what a file holds, nil where there is none.
func readOwn(name string) ([]byte, error) {
	text, err := filetree.ReadSmall(name, maxOwnFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return append([]byte{}, text...), nil
}

// WriteBill writes a bill of materials to a file. A file with something else is not
// written over, and two different bills are not written to one path.
func (b *Builder) WriteBill(ctx context.Context, name, text string) error {
	written, same := b.claim(local.Absolute(name), store.Sum([]byte(text)))
	refused := func(summary, detail string) error {
		return &fault.Error{At: fault.At("sbom_path"), Summary: summary, Detail: detail}
	}
	if written && !same {
		return refused(fmt.Sprintf("Two files go to %q", name), "Two packages with different content have this sbom_path or output_path. Give each its own.")
	}
	return b.EditFile(ctx, name, func(old []byte) ([]byte, error) {
		if len(old) > 0 && !strings.Contains(string(old), sbom.Mark) {
			return nil, refused(fmt.Sprintf("The path %q is taken", name), "There is a file that is not a bill of materials of this provider, and it would be lost. Remove it, or write another path.")
		}
		return []byte(text), nil
	})
}

// LockSuffix is behind the name of a zip in that of the lock beside it, which the
// command line writes.
const LockSuffix = ".lock.json"

// lockBeside returns the digest of the zip that the lock beside a path is of, zero where
// there is none. So a zip is known as ours on a machine with another cache.
func lockBeside(name string) store.Digest {
	var of struct {
		Zip store.Digest `json:"zip"`
	}
	text, err := readOwn(name + LockSuffix)
	if err != nil || json.Unmarshal(text, &of) != nil {
		return store.Digest{}
	}
	return of.Zip
}

// ignoreDefault has git ignore the folder of the zips that have no path of their own:
// every machine can build them again. A file that is there is the user's.
func ignoreDefault(ctx context.Context) error {
	const name = defaultDir + "/.gitignore"
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err := layerzip.CopyFileIn(ctx, defaultDir, strings.NewReader("*\n"), func(store.Digest) (string, error) { return name, nil })
	return err
}
