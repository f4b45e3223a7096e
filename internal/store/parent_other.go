//go:build !linux && !darwin && !windows

package store

import "time"

// Parent reports that the system does not tell which process started this one.
func Parent() (name string, started time.Time, ok bool) { return "", time.Time{}, false }
