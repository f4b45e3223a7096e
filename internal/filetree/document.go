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
	refuse := func(err error) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	info, err := regular(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return refuse(&LimitError{Unit: "bytes", Found: info.Size(), Limit: limit})
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	// It may grow, or say that it has no bytes and have some, as those of /proc do.
	body, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return refuse(&LimitError{Unit: "bytes", Found: int64(len(body)), Limit: limit})
	}
	return body, nil
}

// OpenRegular opens a file for reading. What is no regular file, such as a pipe that
// nobody writes to, is an *fs.PathError: opening one would never end. Links are
// followed.
func OpenRegular(name string) (*os.File, error) {
	if _, err := regular(name); err != nil {
		return nil, err
	}
	return os.Open(name)
}

// regular describes a regular file; another is an *fs.PathError.
func regular(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is a directory")}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is not a regular file")}
	}
	return info, nil
}
