//go:build live

package fetch

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestPyPI fetches a page, a wheel's metadata, a part of the wheel and the
// wheel from the public index.
func TestPyPI(t *testing.T) {
	client := newClient(t)
	request := PageRequest{URL: "https://pypi.org/simple/six/", Accept: "application/vnd.pypi.simple.v1+json", MaxAge: time.Minute}
	if _, err := client.Page(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	page, err := client.Page(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if !page.Cached || page.ContentType != request.Accept {
		t.Errorf("second page: Cached = %t, type %q", page.Cached, page.ContentType)
	}
	var project struct {
		Files []struct {
			Filename, URL string
			Size          int64
			Hashes        struct{ SHA256 store.Digest }
			CoreMetadata  struct{ SHA256 store.Digest } `json:"core-metadata"`
		}
	}
	// Most files have "core-metadata": false, which is no struct: the error of
	// those leaves the rest decoded.
	var mismatch *json.UnmarshalTypeError
	if err := json.Unmarshal(page.Body, &project); err != nil && !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	for _, f := range project.Files {
		if f.Filename != "six-1.16.0-py2.py3-none-any.whl" {
			continue
		}
		if !f.CoreMetadata.SHA256.IsZero() { // a mirror may have none
			metadata, err := client.Page(t.Context(), PageRequest{URL: f.URL + ".metadata", Digest: f.CoreMetadata.SHA256})
			if err != nil || !strings.Contains(string(metadata.Body), "\nName: six\n") {
				t.Errorf("metadata = %v, %v", metadata, err)
			}
		}
		part, err := client.Tail(t.Context(), f.URL, 22)
		if err != nil || part.Total != f.Size || part.Offset != f.Size-22 || !strings.HasPrefix(string(part.Data), "PK\x05\x06") {
			t.Errorf("tail = %+v, %v, want the end record of a zip", part, err)
		}
		wheel, err := client.Blob(t.Context(), Source{URL: f.URL, SHA256: f.Hashes.SHA256, Size: f.Size})
		if err != nil {
			t.Fatal(err)
		}
		defer wheel.Close()
		if z, err := zip.NewReader(wheel, f.Size); err != nil || len(z.File) == 0 {
			t.Errorf("wheel: %v", err)
		}
		return
	}
	t.Error("the index has no six 1.16.0")
}
