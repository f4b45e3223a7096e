package sdist

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// memory is the file system of a source distribution.
type memory struct {
	files   map[string][]byte
	folders map[string][]fs.DirEntry // sorted by name
}

func newMemory(files map[string][]byte) *memory {
	m := &memory{files: files, folders: map[string][]fs.DirEntry{".": nil}}
	for name, body := range files {
		entry := memoryInfo{name: path.Base(name), size: int64(len(body))}
		for dir := path.Dir(name); ; dir = path.Dir(dir) {
			known, seen := m.folders[dir]
			m.folders[dir] = append(known, entry)
			if dir == "." || seen {
				break
			}
			entry = memoryInfo{name: path.Base(dir), folder: true}
		}
	}
	for _, entries := range m.folders {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return m
}

// Open implements [fs.FS].
func (m *memory) Open(name string) (fs.File, error) {
	if body, ok := m.files[name]; ok {
		return memoryFile{bytes.NewReader(body), memoryInfo{name: path.Base(name), size: int64(len(body))}}, nil
	}
	if _, ok := m.folders[name]; ok {
		return memoryFile{bytes.NewReader(nil), memoryInfo{name: path.Base(name), folder: true}}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements [fs.ReadDirFS].
func (m *memory) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, ok := m.folders[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(entries), nil
}

// memoryFile is an open file of a memory.
type memoryFile struct {
	*bytes.Reader
	info memoryInfo
}

func (f memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f memoryFile) Close() error               { return nil }

// memoryInfo is a file or a folder of a memory.
type memoryInfo struct {
	name   string
	size   int64
	folder bool
}

func (i memoryInfo) Name() string               { return i.name }
func (i memoryInfo) Size() int64                { return i.size }
func (i memoryInfo) ModTime() time.Time         { return time.Time{} }
func (i memoryInfo) IsDir() bool                { return i.folder }
func (i memoryInfo) Sys() any                   { return nil }
func (i memoryInfo) Type() fs.FileMode          { return i.Mode().Type() }
func (i memoryInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i memoryInfo) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
