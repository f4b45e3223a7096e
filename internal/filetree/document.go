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
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	refuse := func(err error) ([]byte, error) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	switch {
	case info.IsDir():
		return refuse(errors.New("it is a directory"))
	case !info.Mode().IsRegular():
		return refuse(errors.New("it is not a regular file"))
	case info.Size() > limit:
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
