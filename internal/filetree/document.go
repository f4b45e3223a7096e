package filetree

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// ReadDocument returns the content of a file that is read whole. What is no
// regular file, such as a device or a pipe that may never end, and what has more
// than MaxDocument bytes is an error, the latter a *LimitError. Links are followed.
func ReadDocument(name string) ([]byte, error) { return ReadSmall(name, MaxDocument) }

// ReadSmall is ReadDocument with another limit in bytes.
func ReadSmall(name string, limit int64) ([]byte, error) {
	f, err := OpenRegular(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	var body []byte
	if size <= limit {
		// It may grow, or say that it has no bytes and have some, as those of /proc do.
		if body, err = io.ReadAll(io.LimitReader(f, limit+1)); err != nil {
			return nil, err
		}
		size = int64(len(body))
	}
	if size > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: &LimitError{Unit: "bytes", Found: size, Limit: limit}}
	}
	return body, nil
}

// OpenRegular opens a file for reading. What is no regular file, such as a pipe that
// nobody writes to, is an *fs.PathError: opening one would never end. Links are
// followed.
func OpenRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is a directory")}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	return os.Open(name)
}
