package command

import (
	"context"
	"os"
	"testing"
)

// TestMain lets the test binary be started again as the inner half of invoke.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == withinName {
		os.Exit(Run(context.Background(), os.Args[1:], "test", os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
