package layer

import (
	"cmp"
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/bill"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/inspect"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// BillOf returns what the zip at a path holds: the distributions and packages that
// are in it, by their own metadata, and what its lock names. lock is nil for a zip
// without one. An *filetree.ArchiveError tells that the zip cannot be read.
func BillOf(ctx context.Context, zip string, lock *Lock) (*sbom.Bill, error) {
	archive, files, _, err := readZip(zip, zip)
	if err != nil {
		return nil, err
	}
	sum, err := sumFile(ctx, zip)
	if err != nil {
		return nil, err
	}
	lock = cmp.Or(lock, &Lock{})
	// Files of the user have a digest of the whole tree, as contents show it.
	own := map[string]string{}
	fileLocks(lock.Files).contents(own)
	buildLocks(lock.Builds).contents(own)
	parts, err := bill.Parts(archive, files, bill.Locked{
		Python: lock.Python, NodeJS: lock.NodeJS, Downloads: lock.Downloads, Images: lock.Images, Own: own, Targets: lock.requiredFor(),
	})
	if err != nil {
		return nil, err
	}
	return &sbom.Bill{SHA256: sum.Hex(), Function: lock.Kind == KindFunction, Runtimes: lock.Runtimes, Architectures: lock.Architectures, Parts: parts}, nil
}

// requiredFor returns what the requirements of distributions are judged for: the
// targets of the lock, or the newest runtime.
func (l *Lock) requiredFor() []runtimes.Target {
	targets, err := l.spec().targets(runtimes.Python)
	if err != nil || len(targets) == 0 {
		targets, _ = runtimes.Targets(inspect.Undeclared()[:1], []string{runtimes.X8664})
	}
	return targets
}
