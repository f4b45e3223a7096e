package python

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pythontest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// TestSignedLinksStayOutOfTheLock resolves and builds from an index whose links
// carry a signature, which no lock may hold.
func TestSignedLinksStayOutOfTheLock(t *testing.T) {
	t.Parallel()
	const name = "acme-1.0-py3-none-any.whl"
	content, digest := indextest.New(t, "acme 1.0\n  file: acme/api.py: X = 1\n").Wheel(name)
	signature := "first-secret"
	idx := indextest.New(t, "", indextest.WithFault(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/simple/acme/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprintf(w, `<a href="/files/%s?X-Signature=%s#sha256=%s">x</a>`, name, signature, digest)
		case r.URL.Path == "/files/"+name && r.URL.Query().Get("X-Signature") == signature:
			_, _ = w.Write(content)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
		return true
	}))
	indexes := []index.Index{{URL: idx.URL()}}
	client, _ := pythontest.Client(t, nil)
	lock, err := resolve.Resolve(t.Context(), client, resolve.Spec{Targets: []wheel.Target{pythontest.Py312}, Requirements: pythontest.Inputs(t, "req", "acme"), Indexes: indexes})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(lock)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") || !strings.Contains(string(text), "/files/"+name) {
		t.Errorf("the lock is %s, want the address without its signature", text)
	}
	signature = "second-secret"
	clean, s := pythontest.Client(t, nil)
	tree, err := treeIn(t, clean, s, &Lock{Chosen: lock}, indexes, pythontest.Py312)
	if err != nil || len(tree) == 0 {
		t.Errorf("built from the lock on another machine: %d files, %v", len(tree), err)
	}
	clean, s = pythontest.Client(t, nil)
	if _, err := treeIn(t, clean, s, &Lock{Chosen: lock}, nil, pythontest.Py312); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("without an index: %v, want the refusal", err)
	}
}
