package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestGivenFilesAreBounded names files on the command line that have a byte too many.
func TestGivenFilesAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.json")
	if err := os.WriteFile(huge, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, filetree.MaxDocument+1); err != nil { // all hole
		t.Fatal(err)
	}
	zip := filepath.Join(dir, "a.zip")
	if err := os.WriteFile(zip, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(huge, zip+".lock.json"); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"a specification":   {"build", "-f", huge, "-o", filepath.Join(dir, "layer.zip")},
		"a lock":            {"diff", huge, huge},
		"the lock of a zip": {"sbom", zip},
		"an event":          {"invoke", "--zip", zip, "--code", dir, "--handler", "a.b", "--runtime", "python3.12", "--event", huge},
	} {
		if status, out, errs := run(t, args...); status == 0 || !strings.Contains(errs, "are read at most") {
			t.Errorf("%s: status %d: %s%s", name, status, out, errs)
		}
	}
}

// TestGivenFilesUpToTheLimit reads files around the limit.
func TestGivenFilesUpToTheLimit(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	for size, fits := range map[int]bool{0: true, 9: true, 10: true, 11: false} {
		if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		body, err := readGiven(name, 10)
		_, over := errors.AsType[*filetree.LimitError](err)
		if fits != (err == nil && len(body) == size) || fits == over {
			t.Errorf("%d bytes: %d are read, %v", size, len(body), err)
		}
	}
}
