package locked

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// checkAsked refuses what lies on disk and only the lock file names: folders
// outside of the project, and archives anywhere. A lock file is long and seldom
// read, so that what is packed of a machine has to be asked for by a package.json
// of the project itself, as "file:", "link:" and the like do.
func (w *treeWriter) checkAsked() error {
	asked := map[string]bool{}
	for key, p := range w.Packages {
		if key != w.Root && p.Local == "" {
			continue // a package of a registry asks for nothing on this machine
		}
		for _, e := range p.Edges {
			if namesDisk(e.Spec) {
				asked[e.To] = true
			}
		}
	}
	var faults []error
	for _, key := range slices.Sorted(maps.Keys(w.live)) {
		p := w.Packages[key]
		if !w.live[key] || p == nil || p.Local == "" {
			continue
		}
		if err := w.checkAllowed(p); err != nil && (asked[key] || !manifest.Outside(p.Local)) {
			faults = append(faults, err)
		}
		if asked[key] || !manifest.Outside(p.Local) && !IsArchiveName(p.Local) {
			continue
		}
		faults = append(faults, &Error{File: w.File, Entry: p.String(), Reason: fmt.Sprintf(
			"it is at %q on disk, and no package.json of the project asks for that: write \"file:%s\" there if it is meant, or lock the project again", p.Local, p.Local)})
	}
	return errors.Join(faults...)
}

// checkAllowed refuses what lies outside of the project, or is a link that leads out
// of it, unless the user's own arguments name a folder that it lies in.
func (w *treeWriter) checkAllowed(p *Package) error {
	there := path.Join(filepath.ToSlash(w.Dir), p.Local)
	if p.Local != "." {
		there = filepath.ToSlash(filetree.Outside(w.Dir, w.AllowOutside, filepath.FromSlash(there)))
	}
	if p.Local == "." || there == "" {
		return nil
	}
	return &Error{File: w.File, Entry: p.String(), Reason: fmt.Sprintf(
		"it lies outside of the project, at %q: if it is to be packed, write nodejs.allow_outside = [%q]", there, there)}
}

// namesDisk reports whether a spec asks for a folder or a file on disk, or for a
// member of the workspace.
func namesDisk(spec string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:", "workspace:", ".", "/", "~/"} {
		if strings.HasPrefix(spec, prefix) {
			return true
		}
	}
	return IsArchiveName(spec) && !strings.Contains(spec, "://")
}
