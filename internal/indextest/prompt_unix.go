//go:build unix

package indextest

import (
	"syscall"
	"time"
)

// spent returns the time that the processors spent on this process.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
