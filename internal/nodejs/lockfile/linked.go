package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// readLinked fills a package of a folder whose dependencies the package manager
// leaves to the folder itself, with what its package.json asks for. A folder
// without one is packed as it is.
func (r *lockReader) readLinked(p *locked.Package, by string) {
	p.Linked = true
	if !r.files.IsFolder(p.Local) {
		p.Fault = fmt.Sprintf("it is a link to %q, where there is no folder: bring the folder, or remove the dependency", p.Local)
		return
	}
	e, err := r.manifestOnDisk(path.Join(p.Local, "package.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		p.Fault = fmt.Sprintf("%s links to its folder, and the package.json there cannot be read", by)
		return
	}
	if e.Name != "" {
		p.Name = string(e.Name)
	}
	p.Version, p.Edges = string(e.Version), e.edges(locked.Yarn1, false)
}
