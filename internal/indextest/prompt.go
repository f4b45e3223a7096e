package indextest

import (
	"testing"
	"time"
)

// Promptly calls work, which reads a document of so many bytes, and fails where it
// takes more than its budget of the processors' time: three seconds, and two more for
// each MiB. That is ten times and more what reading takes, and far less than what
// takes time in proportion to the square of the length. Other machines' load and
// other processes play no part, other goroutines do.
func Promptly(t testing.TB, bytes int, work func()) {
	t.Helper()
	budget := 3*time.Second + time.Duration(bytes)*2*time.Second>>20
	start := spent()
	work()
	if took := spent() - start; took > budget {
		t.Errorf("reading %d bytes took %s, and %s are granted", bytes, took.Round(time.Millisecond), budget)
	}
}
