package lockfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// isFolder reports whether there is a folder at a slash path from the lock file's.
func (r *lockReader) isFolder(name string) bool {
	info, err := os.Stat(filepath.Join(r.dir, filepath.FromSlash(name)))
	return err == nil && info.IsDir()
}

// readLinked fills a package of a folder whose dependencies the package manager
// leaves to the folder itself, with what its package.json asks for. A folder
// without one is packed as it is.
func (r *lockReader) readLinked(p *locked.Package) {
	p.Linked = true
	if !r.isFolder(p.Local) {
		p.Fault = fmt.Sprintf("it is a link to %q, where there is no folder: bring the folder, or remove the dependency", p.Local)
		return
	}
	e, err := r.manifest(p.Local)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		p.Fault = fmt.Sprintf("%s links to its folder, and the package.json there cannot be read", r.lock.Tool.Command())
		return
	}
	p.Name = cmp.Or(e.Name, p.Name)
	p.Version, p.Edges = e.Version, locked.EdgesOf(&e.Manifest)
}
