package filetree

import (
	"fmt"
	"io/fs"
	"os"
)

// maxDocument bounds a document that is read whole, in bytes: a lock file, a
// manifest, a requirements file. The largest lock files that were seen have 20 MB.
const maxDocument = 64 << 20

// ReadDocument returns the content of a file that is read whole. What is no
// regular file, such as a device or a pipe that may never end, and what has more
// than 64 MiB is an error. Links are followed.
func ReadDocument(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	refuse := func(format string, args ...any) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case info.IsDir():
		return refuse("it is a directory")
	case !info.Mode().IsRegular():
		return refuse("it is not a regular file")
	case info.Size() > maxDocument:
		return refuse("it has %d bytes, and %d are read at most", info.Size(), int64(maxDocument))
	}
	return os.ReadFile(name)
}
