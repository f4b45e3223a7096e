package store

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Parent returns the process that started this one, as a name that no other
// process ever has on this machine, and when it was started. It reports false
// where the system does not tell.
func Parent() (name string, started time.Time, ok bool) {
	pid := os.Getppid()
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return "", time.Time{}, false
	}
	var created, exited, kernel, user windows.Filetime
	err = windows.GetProcessTimes(process, &created, &exited, &kernel, &user)
	if closing := windows.CloseHandle(process); err != nil || closing != nil {
		return "", time.Time{}, false
	}
	return fmt.Sprintf("%d %d", pid, created.Nanoseconds()), time.Unix(0, created.Nanoseconds()), true
}
