package store

import (
	"os"
	"testing"
	"time"
)

func TestParentIsTheTestRunner(t *testing.T) {
	t.Parallel()
	name, started, ok := Parent()
	again, _, _ := Parent()
	if !ok || name == "" || name != again {
		t.Fatalf("Parent = %q, %t, then %q", name, ok, again)
	}
	file := t.TempDir() + "/now"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if started.After(info.ModTime()) || info.ModTime().Sub(started) > 24*time.Hour {
		t.Errorf("the parent was started at %s, and a file is of %s", started, info.ModTime())
	}
}
