package wheel

import (
	"bytes"
	"encoding/csv"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

// Distribution is a distribution that lies in a tree as an installer put it there
// ("Recording installed projects" specification).
type Distribution struct {
	Described
	Version string // as written
	// Metadata is what it says of itself.
	Metadata Metadata
	// Info is the path of its .dist-info or .egg-info folder.
	Info string
	// Modules are the names of its modules and packages at the top.
	Modules []string
	// Files are indices of the tree, ascending.
	Files []int
}

// Refuses reports whether its Requires-Python leaves out every patch version of a
// target's Python.
func (d *Distribution) Refuses(t Target) bool { return !t.AdmitsSome(d.Metadata.RequiresPython) }

// The most that is read of one file of an .dist-info folder, in bytes.
const maxInfo = 16 << 20

// DistributionsIn returns the distributions in the files of one archive, in the order
// of their names. Files belong to the distribution whose RECORD names them; where
// there is none, to the one whose top-level modules they are part of. What an
// installer made later, as bytecode, goes with the rest of its folder.
func DistributionsIn(a *filetree.Archive, tree filetree.Tree) ([]Distribution, error) {
	found := map[string]*info{}
	var order []string
	var documents filetree.Tree
	for _, e := range tree {
		folder, file, ok := infoFile(e.Path)
		if !ok || e.Size > maxInfo {
			continue
		}
		if found[folder] == nil {
			found[folder] = &info{folder: folder}
			order = append(order, folder)
		}
		if slices.Contains([]string{"METADATA", "PKG-INFO", "RECORD", "top_level.txt", "installed-files.txt"}, file) {
			documents = append(documents, e)
		}
	}
	err := filetree.ReadEntries(a, documents, func(e *filetree.Entry, in io.Reader) error {
		body, err := io.ReadAll(in)
		if err == nil {
			folder, file, _ := infoFile(e.Path)
			found[folder].take(file, body)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(order)
	own := owners{tree: tree, at: make(map[string]int, len(tree)), of: make([]int, len(tree))}
	for i := range tree {
		own.at[tree[i].Path], own.of[i] = i, -1
	}
	var all []Distribution
	for _, folder := range order {
		if d, ok := found[folder].installed(); ok {
			all = append(all, d)
			own.claim(len(all)-1, found[folder], &d)
		}
	}
	own.spread(all)
	for i, owner := range own.of {
		if owner >= 0 {
			all[owner].Files = append(all[owner].Files, i)
		}
	}
	slices.SortStableFunc(all, func(x, y Distribution) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// infoFile returns the folder and the file in it, of a file in an .dist-info or
// .egg-info folder, or of an .egg-info that is a file.
func infoFile(name string) (folder, file string, ok bool) {
	if strings.HasSuffix(name, ".egg-info") {
		return name, "PKG-INFO", true
	}
	for _, suffix := range []string{".dist-info/", ".egg-info/"} {
		if i := strings.Index(name, suffix); i > 0 && name[i-1] != '/' {
			return name[:i+len(suffix)-1], name[i+len(suffix):], true
		}
	}
	return "", "", false
}

// info is what an .dist-info or .egg-info folder tells.
type info struct {
	folder   string
	metadata []byte
	// recorded are the files that it names, relative to base.
	recorded []string
	base     string
	tops     []string
}

func (f *info) site() string { return strings.TrimPrefix(path.Dir("/"+f.folder), "/") }

func (f *info) take(file string, body []byte) {
	switch file {
	case "METADATA", "PKG-INFO":
		f.metadata = body
	case "top_level.txt":
		f.tops = strings.Fields(string(body))
	case "installed-files.txt":
		f.recorded, f.base = strings.Split(strings.TrimSpace(string(body)), "\n"), f.folder
	case "RECORD":
		f.base = f.site()
		r := csv.NewReader(bytes.NewReader(body))
		r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
		for row, err := r.Read(); err == nil; row, err = r.Read() {
			f.recorded = append(f.recorded, row[0])
		}
	}
}

// installed returns the distribution, and false where the folder says nothing of
// one.
func (f *info) installed() (Distribution, bool) {
	m, _ := ParseMetadata(f.metadata)
	if m.Name == "" || m.Version == "" {
		base := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.folder), ".dist-info"), ".egg-info")
		name, version, _ := strings.Cut(base, "-")
		m.Name = pep508.NormalizeName(name)
		m.Version, _, _ = strings.Cut(version, "-py") // NAME-VERSION-pyX.Y.egg-info
	}
	return Distribution{Described: m.described(f.site()), Version: m.Version, Metadata: m, Info: f.folder, Modules: f.tops}, m.Name != "" && m.Version != ""
}

// owners tells which distribution has which file of a tree; -1 is none.
type owners struct {
	tree filetree.Tree
	at   map[string]int
	of   []int
}

// take gives a file to a distribution, unless another has it.
func (o *owners) take(name string, d int) bool {
	i, ok := o.at[name]
	if ok && o.of[i] < 0 {
		o.of[i] = d
	}
	return ok
}

// claim gives a distribution the files that its folder names. A program lies beside
// site-packages for pip, and in bin/ of the folder where pip installs into one.
func (o *owners) claim(i int, f *info, d *Distribution) {
	for _, name := range f.recorded {
		name = strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")
		scheme := ""
		if _, rest, moved := strings.Cut(name, ".data/"); moved { // a wheel's own RECORD
			scheme, name, _ = strings.Cut(rest, "/")
		}
		if at := path.Join(f.base, name); !o.take(at, i) && (scheme == "scripts" || strings.HasPrefix(name, "../")) {
			o.take(path.Join(d.Site, "bin", path.Base(name)), i)
		}
	}
	tops := d.Modules
	if len(f.recorded) == 0 && len(tops) == 0 {
		tops = []string{strings.ReplaceAll(d.Name, "-", "_")}
	}
	for k := range o.tree {
		name := o.tree[k].Path
		if name == f.folder || strings.HasPrefix(name, f.folder+"/") {
			o.take(name, i)
			continue
		}
		within, ok := strings.CutPrefix(name, d.Site+"/")
		if d.Site == "" {
			within, ok = name, true
		}
		if !ok || len(f.recorded) > 0 {
			continue
		}
		top, _, _ := strings.Cut(within, "/")
		if slices.Contains(tops, top) || slices.Contains(tops, strings.TrimSuffix(top, path.Ext(top))) {
			o.take(name, i)
		}
	}
}

// spread gives what no installer recorded to the distribution that has the rest of
// its folder: bytecode goes with its source. Folders that several share, and the
// folders of installation themselves, say nothing.
func (o *owners) spread(all []Distribution) {
	const several = -2
	sites := map[string]bool{"": true}
	for i := range all {
		sites[all[i].Site] = true
	}
	folders := map[string]int{}
	for k := range o.tree {
		for dir := parentOf(o.tree[k].Path); o.of[k] >= 0 && !sites[dir]; dir = parentOf(dir) {
			if owner, known := folders[dir]; known && owner != o.of[k] {
				folders[dir] = several
			} else if !known {
				folders[dir] = o.of[k]
			}
		}
	}
	for k := range o.tree {
		if o.of[k] >= 0 {
			continue
		}
		name := o.tree[k].Path
		if dir, file := path.Split(name); strings.HasSuffix(dir, "__pycache__/") {
			module, _, _ := strings.Cut(file, ".")
			if i, ok := o.at[strings.TrimSuffix(dir, "__pycache__/")+module+".py"]; ok {
				o.of[k] = o.of[i]
				continue
			}
		}
		for dir := parentOf(name); !sites[dir]; dir = parentOf(dir) {
			if owner, known := folders[dir]; known {
				o.of[k] = max(owner, -1)
				break
			}
		}
	}
}

// parentOf returns the folder of a path, "" for the root.
func parentOf(name string) string { return name[:max(strings.LastIndexByte(name, '/'), 0)] }
