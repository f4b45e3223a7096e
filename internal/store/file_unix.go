//go:build !windows

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the exclusive lock of f without waiting. The lock belongs to
// the open file, excludes other files of the same process too, and ends when f
// is closed or its process dies.
func tryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// moveOpen renames f, which keeps its lock until it is at dst, and closes it.
func moveOpen(f *os.File, dst string) error {
	return errors.Join(os.Rename(f.Name(), dst), f.Close())
}

// removeOpen removes a lock file that f holds, and only then gives up the lock.
func removeOpen(f *os.File) error {
	return errors.Join(os.Remove(f.Name()), f.Close())
}

// busy reports whether err says that the file is open somewhere: Unix removes
// open files.
func busy(error) bool { return false }
