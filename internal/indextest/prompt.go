package indextest

import (
	"testing"
	"time"
)

// Promptly calls work, which reads a document of so many bytes, and fails where it
// takes more than its budget.
func Promptly(t testing.TB, bytes int, work func()) {
	t.Helper()
	defer Budget(t, bytes)()
	work()
}

// Budget grants the time of the processors for reading a document of so many bytes:
// three seconds, and two more for each MiB. That is ten times and more what reading
// takes, and far less than what takes time in proportion to the square of the length.
// The load of the machine by other processes plays no part, other goroutines do. The
// function that it returns fails the test where more was spent since.
func Budget(t testing.TB, bytes int) (spend func()) {
	t.Helper()
	budget := 3*time.Second + time.Duration(bytes)*2*time.Second>>20
	start := spent()
	return func() {
		t.Helper()
		if took := spent() - start; took > budget {
			t.Errorf("reading %d bytes took %s, and %s are granted", bytes, took.Round(time.Millisecond), budget)
		}
	}
}
