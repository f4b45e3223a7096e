package container

import (
	"io/fs"
	"runtime"
)

// asRunnable returns the files of a folder as a container gets them. Windows keeps no run
// bits, so there every file has them: a program without one does not start.
func asRunnable(files fs.FS) fs.FS {
	if runtime.GOOS != "windows" {
		return files
	}
	return runnable{files}
}

// runnable is a file system whose files can all be run.
type runnable struct{ fs.FS }

func (r runnable) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(r.FS, name)
	for i, e := range entries {
		entries[i] = runnableEntry{e}
	}
	return entries, err
}

type runnableEntry struct{ fs.DirEntry }

func (e runnableEntry) Info() (fs.FileInfo, error) {
	info, err := e.DirEntry.Info()
	return runnableInfo{info}, err
}

type runnableInfo struct{ fs.FileInfo }

func (i runnableInfo) Mode() fs.FileMode { return i.FileInfo.Mode() | 0o111 }
