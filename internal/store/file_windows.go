package store

import (
	"errors"
	"math"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// tryLock takes the exclusive lock of f without waiting. The lock belongs to
// the open file, excludes other files of the same process too, and ends when f
// is closed or its process dies. Windows locks bytes against reading and
// writing: the locked one lies where no file has any.
func tryLock(f *os.File) (bool, error) {
	at := &windows.Overlapped{OffsetHigh: math.MaxInt32}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, at)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	}
	return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
}

// moveOpen closes f and renames it: Windows renames no open file. A reader or a
// virus scanner may hold dst or f for a moment, so it is tried a few times.
func moveOpen(f *os.File, dst string) error {
	if err := f.Close(); err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait *= 2 {
		err := os.Rename(f.Name(), dst)
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
		if !busy || wait > 200*time.Millisecond {
			return err
		}
		time.Sleep(wait)
	}
}

// removeOpen removes a lock file that f holds. Windows removes no open file,
// and none that another has opened since: a new holder is safe.
func removeOpen(f *os.File) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Remove(f.Name())
}

// busy reports whether err says that the file is open somewhere.
func busy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}
