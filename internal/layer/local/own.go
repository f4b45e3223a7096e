package local

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Own lists files and folders that the run itself writes: they are never packed.
type Own struct {
	// places are folders and files of the host: the cache, TF_DATA_DIR, the log
	// that TF_LOG_PATH names.
	places []string
	// Wrote reports whether an earlier run wrote the file at a path.
	Wrote func(path string) bool

	mu      sync.Mutex
	outputs map[string]bool // of all packages of the run
}

// NewOwn returns what a run writes besides its zips: folders and files of the host,
// without those of no name.
func NewOwn(places ...string) *Own {
	places = slices.DeleteFunc(places, func(place string) bool { return place == "" })
	return &Own{places: places, outputs: map[string]bool{}}
}

// Add notes a file that the run writes.
func (p *Own) Add(output string) {
	if output == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outputs[BareLinks(output)] = true
}

// ownKinds are the usual names of what runs write: zips, bills of materials, pages
// of changes. Only files of these names are looked for in the records.
var ownKinds = []string{".zip", ".json", ".md"}

// Skips reports whether the run writes the file or folder at a path of the host.
func (p *Own) Skips(host string) bool {
	host = Absolute(host)
	if slices.ContainsFunc(p.places, func(place string) bool { return host == BareLinks(place) }) {
		return true
	}
	p.mu.Lock()
	output := p.outputs[host]
	p.mu.Unlock()
	return output || IsUnpacked(host) || slices.Contains(ownKinds, strings.ToLower(filepath.Ext(host))) && p.Wrote != nil && p.Wrote(host)
}

// UnpackedName is the file that marks an unpacked layer. It holds the digest of
// the zip, and says that the folder may be replaced.
const UnpackedName = ".layerbuild-unpacked"

// IsUnpacked reports whether a folder is an unpacked layer.
func IsUnpacked(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, UnpackedName))
	return err == nil && info.Mode().IsRegular()
}

// BareLinks returns the absolute path of a file that may not be there, without
// the links on the way to it.
func BareLinks(name string) string {
	name = Absolute(name)
	if bare, err := filepath.EvalSymlinks(name); err == nil {
		return bare
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		return filepath.Join(dir, filepath.Base(name))
	}
	return name
}

// Absolute returns the absolute path of a file.
func Absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
