//go:build unix

package provider

import (
	"errors"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// restrict takes away from this process what its run does without.
func restrict(run soakRun) error {
	var failed error
	if run.MaxFile > 0 { // the system refuses bytes in the middle of a file, as a full disk does
		signal.Ignore(unix.SIGXFSZ)
		failed = unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: run.MaxFile, Max: run.MaxFile})
	}
	if run.Nobody && os.Geteuid() == 0 {
		failed = errors.Join(failed, unix.Setuid(65534))
	}
	return failed
}
