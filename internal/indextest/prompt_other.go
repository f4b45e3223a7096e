//go:build !unix

package indextest

import "time"

var start = time.Now() //nolint:gochecknoglobals // the clock of a test has to begin somewhere

// spent returns the time since the process began: there is no portable way to ask
// for that of the processors.
func spent() time.Duration { return time.Since(start) }
