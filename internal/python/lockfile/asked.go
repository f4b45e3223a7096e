package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// maxManifests bounds how many projects are read to learn which folders they ask
// for.
const maxManifests = 200

// checkAsked refuses a folder outside of the project that only the lock file names.
// A lock file is long and seldom read, so that what is packed of a machine has to be
// asked for by the project's own pyproject.toml or Pipfile, or by that of a folder
// that it asks for.
func (r *lockReader) checkAsked(dir string) error {
	dir = path.Clean(dir)
	if dir != ".." && !strings.HasPrefix(dir, "../") {
		return r.checkAllowed(dir)
	}
	if r.asked == nil {
		asked, err := askedFolders(r.dir)
		if err != nil {
			return err
		}
		r.asked = asked
	}
	if !r.asked[dir] {
		return fmt.Errorf("it lies outside of the project, and neither pyproject.toml nor Pipfile asks for it: write its path there if it is meant, or lock the project again")
	}
	return r.checkAllowed(dir)
}

// checkAllowed refuses a folder or a wheel that lies outside of the project, or is a
// link that leads out of it, unless the user's own arguments name a folder that it
// lies in.
func (r *lockReader) checkAllowed(place string) error {
	there := filepath.ToSlash(filetree.Outside(r.dir, r.AllowOutside, filepath.Join(r.dir, filepath.FromSlash(place))))
	if there == "" {
		return nil
	}
	folder := there
	if strings.HasSuffix(there, ".whl") {
		folder = path.Dir(there)
	}
	return fmt.Errorf("it lies outside of the project, at %q: if it is to be packed, write python.allow_outside = [%q]", there, folder)
}

// manifest is what of a pyproject.toml or a Pipfile names folders.
type manifest struct {
	Tool struct {
		UV struct {
			Sources   any `toml:"sources"`
			Workspace struct {
				Members []string `toml:"members"`
			} `toml:"workspace"`
		} `toml:"uv"`
		Poetry any `toml:"poetry"`
	} `toml:"tool"`
	Packages any `toml:"packages"`
	Dev      any `toml:"dev-packages"`
}

// askedFolders returns the folders that the manifests of a project ask for by their
// path, and those of the projects in these folders, relative to root.
func askedFolders(root string) (map[string]bool, error) {
	asked, queue := map[string]bool{}, []string{"."}
	for read := 0; len(queue) > 0 && read < maxManifests; read++ {
		at := queue[0]
		queue = queue[1:]
		for _, name := range []string{"pyproject.toml", "Pipfile"} {
			text, err := filetree.ReadDocument(filepath.Join(root, filepath.FromSlash(at), name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			var m manifest
			if err == nil {
				err = toml.Unmarshal(jsonscan.TrimBOM(text), &m)
			}
			if err != nil {
				return nil, fmt.Errorf("%s cannot be read: %w", path.Join(at, name), err)
			}
			folders := pathsIn([]any{m.Tool.UV.Sources, m.Tool.Poetry, m.Packages, m.Dev})
			for _, glob := range m.Tool.UV.Workspace.Members {
				found, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(at), filepath.FromSlash(glob))) // a pattern that is malformed has no members
				for _, member := range found {
					if relative, err := filepath.Rel(filepath.Join(root, filepath.FromSlash(at)), member); err == nil {
						folders = append(folders, filepath.ToSlash(relative))
					}
				}
			}
			for _, folder := range folders {
				if next := path.Join(at, folder); !asked[next] {
					asked[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return asked, nil
}

// pathsIn returns the values of "path" in the tables that name sources, in the order of
// their keys.
func pathsIn(value any) []string {
	var found []string
	switch x := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if text, ok := x[key].(string); ok && key == "path" {
				found = append(found, filepath.ToSlash(text))
				continue
			}
			found = append(found, pathsIn(x[key])...)
		}
	case []any:
		for _, member := range x {
			found = append(found, pathsIn(member)...)
		}
	}
	return found
}
