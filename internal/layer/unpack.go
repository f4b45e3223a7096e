package layer

import (
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Unpack makes the folder dir hold the files of the zip at path, which has the
// digest, and nothing else but a mark. A folder that holds just that is left as
// it is; one with other files is replaced as a whole. One that no package
// unpacked is never replaced: the error is a *fault.Error, as it is for two
// packages with one folder.
func (b *Builder) Unpack(ctx context.Context, path string, zip store.Digest, dir string) error {
	if taken, same := b.claim(local.Absolute(dir), zip); taken && !same {
		return &fault.Error{
			At: fault.At("unpack_path"), Summary: fmt.Sprintf("Two packages are unpacked to %q", dir),
			Detail: "Two packages with different content have this unpack_path. Give each its own.",
		}
	}
	return local.Unpack(ctx, path, zip, dir)
}

// Unpacked reports whether the folder holds the files of the zip and nothing
// else: names, and the contents by size and checksum (CRC-32, as the zip has it).
func (b *Builder) Unpacked(path string, zip store.Digest, dir string) (bool, error) {
	return local.Unpacked(path, zip, dir)
}
