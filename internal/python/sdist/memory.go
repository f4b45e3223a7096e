package sdist

import (
	"io/fs"
	"path"
	"testing/fstest"
)

// memory is the file system of a source distribution: what each folder holds. One
// fstest.MapFS of all files would look through them for each folder.
type memory map[string]fstest.MapFS

func newMemory(files map[string][]byte) memory {
	m := memory{".": {}}
	for name := range files {
		for dir := path.Dir(name); m[dir] == nil; dir = path.Dir(dir) {
			m[dir] = fstest.MapFS{}
		}
	}
	for name, body := range files {
		m[path.Dir(name)][path.Base(name)] = &fstest.MapFile{Data: body}
	}
	for dir := range m {
		if dir != "." {
			m[path.Dir(dir)][path.Base(dir)] = &fstest.MapFile{Mode: fs.ModeDir}
		}
	}
	return m
}

// Open implements [fs.FS].
func (m memory) Open(name string) (fs.File, error) {
	if folder, ok := m[name]; ok {
		return folder.Open(".")
	}
	return m[path.Dir(name)].Open(path.Base(name))
}
