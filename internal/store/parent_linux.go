package store

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks is how many clock ticks a second has in /proc ("man 5 proc"): 100 on
// every architecture that Go runs on.
const ticks = 100

// Parent returns the process that started this one, as a name that no other
// process ever has on this machine, and when it was started. It reports false
// where the system does not tell.
func Parent() (name string, started time.Time, ok bool) {
	pid := os.Getppid()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", time.Time{}, false
	}
	// The program's name, which stands in brackets, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const start = 22 - 3 // starttime is the 22nd field, the 3rd comes first here
	if len(fields) <= start {
		return "", time.Time{}, false
	}
	since, err := strconv.ParseInt(fields[start], 10, 64)
	boot, booted := bootTime()
	if err != nil || !booted {
		return "", time.Time{}, false
	}
	return fmt.Sprintf("%d %d %d", pid, since, boot), time.Unix(boot, 0).Add(time.Duration(since) * (time.Second / ticks)), true
}

// bootTime returns when the system was started, in Unix seconds.
func bootTime() (int64, bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(stat)) {
		if text, ok := strings.CutPrefix(line, "btime "); ok {
			seconds, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			return seconds, err == nil
		}
	}
	return 0, false
}
