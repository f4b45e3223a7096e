package download

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// TestRefusalOfStoredCredentials says whose they were.
func TestRefusalOfStoredCredentials(t *testing.T) {
	t.Parallel()
	got := refusal(&fetch.StatusError{URL: "https://example.com/a", Code: http.StatusForbidden, Credentials: "netrc"})
	if want := "https://example.com/a answered 403 Forbidden to the login and password of the netrc file. They may have expired"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
}

// TestUnpackingStops ends the reading of a long archive with its context.
func TestUnpackingStops(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.gz")
	if err := os.WriteFile(name, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := filetree.FileArchive("a.gz", name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := filetree.ListArchive(a.Until(ctx), "a", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	if _, err := filetree.ListArchive(a.Until(t.Context()), "a", nil); err != nil {
		t.Errorf("got %v", err)
	}
}
