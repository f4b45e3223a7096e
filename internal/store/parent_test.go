package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// begun is when this process was started, a moment later at the most.
var begun = time.Now()

// childTellsParent says which process started it, twice.
func childTellsParent(string) error {
	name, started, ok := Parent()
	again, _, _ := Parent()
	if !ok || name != again {
		return fmt.Errorf("Parent() = %q, %t, then %q", name, ok, again)
	}
	var pid int
	_, err := fmt.Sscan(name, &pid)
	fmt.Println(pid, started.UnixNano())
	return err
}

// TestParentIsTheProcessThatStartedAnother has a child tell what started it.
func TestParentIsTheProcessThatStartedAnother(t *testing.T) {
	t.Parallel()
	cmd, out := startChild(t, "parent", "")
	text, err := io.ReadAll(out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var pid int
	var nanoseconds int64
	if _, err := fmt.Sscan(string(text), &pid, &nanoseconds); err != nil || pid != os.Getpid() {
		t.Fatalf("the child said %q, %v, want the process %d", text, err, os.Getpid())
	}
	// A system may tell the moment of its own start to the second.
	if early := begun.Sub(time.Unix(0, nanoseconds)); early < -time.Second || early > 10*time.Minute {
		t.Errorf("the child said that this process was started %s before its first statement", early)
	}
}
