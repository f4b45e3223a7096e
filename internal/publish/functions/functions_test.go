package functions

import (
	"testing"
	"time"
)

// TestDurationIn reads the last line of a call in both formats of logs; the lines are
// those of the Lambda Developer Guide, shortened.
func TestDurationIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log  string
		want time.Duration
		ok   bool
	}{
		"text": {"START RequestId: 8f5 Version: $LATEST\nEND RequestId: 8f5\n" +
			"REPORT RequestId: 8f5\tDuration: 79.67 ms\tBilled Duration: 80 ms\tMemory Size: 128 MB\t\n", 79670 * time.Microsecond, true},
		"JSON": {`{"time":"2023-09-15T16:53:31.123Z","type":"platform.start","record":{"requestId":"8f5","version":"$LATEST"}}` + "\n" +
			`{"time":"2023-09-15T16:53:31.203Z","type":"platform.report","record":{"requestId":"8f5","metrics":{"billedDurationMs":80,"durationMs":79.67,"memorySizeMB":128},"status":"success"}}` + "\n",
			79670 * time.Microsecond, true},
		"a handler that prints its own": {`{"type":"mine","durationMs":1}` + "\n", 0, false},
		"none":                          {"hello\n", 0, false},
	} {
		if got, ok := durationIn([]byte(c.log)); got != c.want || ok != c.ok {
			t.Errorf("%s: got %s, %t", name, got, ok)
		}
	}
}
