package layer

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// ownPaths are what the run itself writes: it is no part of a source that holds
// it. The nil ownPaths skip nothing.
type ownPaths struct {
	// places are folders and files of the host: the cache, TF_DATA_DIR, the log
	// that TF_LOG_PATH names.
	places []string
	// wrote reports whether an earlier run wrote the file at a path.
	wrote func(path string) bool

	mu      sync.Mutex
	outputs map[string]bool // of all packages of the run
}

// newOwnPaths returns what a run with the options writes.
func newOwnPaths(o Options) *ownPaths {
	p := &ownPaths{outputs: map[string]bool{}}
	for _, place := range []string{o.CacheDir, o.Getenv("TF_DATA_DIR"), o.Getenv("TF_LOG_PATH")} {
		if place != "" {
			p.places = append(p.places, place)
		}
	}
	return p
}

// add notes a file that the run writes.
func (p *ownPaths) add(output string) {
	if p == nil || output == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outputs[bareLinks(output)] = true
}

// ownKinds are the usual names of what runs write: zips, bills of materials, pages
// of changes. Only files of these names are looked for in the records.
var ownKinds = []string{".zip", ".json", ".md"}

// skips reports whether the run writes the file or folder at a path of the host.
func (p *ownPaths) skips(host string) bool {
	if p == nil {
		return false
	}
	host = absolute(host)
	for _, place := range p.places {
		if host == bareLinks(place) {
			return true
		}
	}
	p.mu.Lock()
	output := p.outputs[host]
	p.mu.Unlock()
	return output || slices.Contains(ownKinds, strings.ToLower(filepath.Ext(host))) && p.wrote != nil && p.wrote(host)
}

// bareLinks returns the absolute path of a file that may not be there, without
// the links on the way to it.
func bareLinks(name string) string {
	name = absolute(name)
	if bare, err := filepath.EvalSymlinks(name); err == nil {
		return bare
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		return filepath.Join(dir, filepath.Base(name))
	}
	return name
}
