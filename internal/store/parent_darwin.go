package store

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Parent returns the process that started this one, as a name that no other
// process ever has on this machine, and when it was started. It reports false
// where the system does not tell.
func Parent() (name string, started time.Time, ok bool) {
	pid := os.Getppid()
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", time.Time{}, false
	}
	started = time.Unix(info.Proc.P_starttime.Unix())
	return fmt.Sprintf("%d %d", pid, started.UnixMicro()), started, true
}
