package imports

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// File is a file below a folder of sys.path.
type File struct {
	// Path is relative to that folder, such as "numpy/testing/overrides.py".
	Path string
	// Entry is the file in the layer.
	Entry filetree.Entry
	// Dropped is set where the file is to be left out.
	Dropped bool
}

// maxKeeping bounds the source that is looked through: what is longer was not
// written to be imported.
const maxKeeping = 64 << 20

// Keep takes back the drop of modules that code which stays imports while it is loaded
// itself, with all that those import: numpy.testing of NumPy 2 imports
// numpy._core.tests, and astropy imports astropy.tests. Whether a condition holds, or an
// import may fail, does not matter. Imports within functions do not count, nor those
// that are computed. What is dropped lies in folders with one of the names, which an
// import from outside has to spell.
func Keep(files []File, folders []string) error {
	k := keeper{files: files, dropped: map[string][]int{}}
	for i, f := range files {
		if name := dottedName(f.Path); f.Dropped && name != "" {
			k.dropped[name] = append(k.dropped[name], i)
		}
	}
	if len(k.dropped) == 0 {
		return nil
	}
	for i, f := range files {
		if !f.Dropped && strings.HasSuffix(f.Path, ".py") {
			k.queue = append(k.queue, i)
		}
	}
	stays := len(k.queue)
	for n := 0; n < len(k.queue); n++ {
		f := files[k.queue[n]]
		if f.Entry.Size > maxKeeping {
			continue
		}
		body, err := f.Entry.ReadContent()
		if err != nil {
			return err
		}
		if n >= stays || slices.ContainsFunc(folders, func(name string) bool { return bytes.Contains(body, []byte(name)) }) {
			k.follow(f.Path, body)
		}
	}
	return nil
}

// keeper follows imports from what stays into what is dropped.
type keeper struct {
	files   []File
	dropped map[string][]int // by dotted name; several where runtimes have folders of their own
	queue   []int            // whose imports are to be followed
}

// dottedName returns the dotted name of a module's file, "" for other files.
func dottedName(file string) string {
	dir, base := path.Split(file)
	stem, ext, _ := strings.Cut(base, ".")
	if ext != "py" && !strings.HasSuffix(ext, "so") {
		return ""
	}
	if stem == "__init__" {
		return strings.ReplaceAll(strings.TrimSuffix(dir, "/"), "/", ".")
	}
	return strings.ReplaceAll(dir+stem, "/", ".")
}

// follow keeps what the module at the path imports.
func (k *keeper) follow(at string, body []byte) {
	in := module{name: dottedName(at), within: at}
	for _, s := range within(body, class, other, perhaps) {
		from, ok := in.absolute(s.Module)
		if !ok {
			continue
		}
		k.keep(from)
		for _, n := range s.Names {
			if n.Name == "*" {
				k.keepBelow(from)
				continue
			}
			k.keep(from + "." + n.Name)
		}
	}
}

// keep keeps a module, if it is dropped, and the packages that it is in.
func (k *keeper) keep(name string) {
	for ; name != ""; name = parent(name) {
		for _, i := range k.dropped[name] {
			if k.files[i].Dropped {
				k.files[i].Dropped = false
				if strings.HasSuffix(k.files[i].Path, ".py") {
					k.queue = append(k.queue, i)
				}
			}
		}
	}
}

// keepBelow keeps all modules of a dropped package: its __all__ may name any.
func (k *keeper) keepBelow(name string) {
	if len(k.dropped[name]) == 0 {
		return
	}
	for below := range k.dropped {
		if strings.HasPrefix(below, name+".") {
			k.keep(below)
		}
	}
}
