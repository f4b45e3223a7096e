package layer

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// TestNamesThatDifferInCaseAlone are an error of the check of the layout where both are
// taken: neither Windows nor macOS could unpack the layer.
func TestNamesThatDifferInCaseAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]string{"/a.tgz": tarball(t, map[string]string{"d/Read": "1", "d/read": "2", "D/other": "3"})})
	b := downloadBuilder(t)
	all := downloadSpec(DownloadSpec{URL: s.URL + "/a.tgz"})
	out := filepath.Join(t.TempDir(), "a.zip")
	_, err := b.Build(t.Context(), resolve(t, b, all, nil), Output{Path: out})
	wantInput(t, err, "downloads[0]", `"d/Read" and "d/read" differ in case alone`, "exclude one of them")
	a := build(t, b, resolve(t, b, all, nil), Output{Path: filepath.Join(t.TempDir(), "both.zip"), Audits: map[string]fault.Severity{"layout": fault.SeverityWarning}})
	if len(a.Findings) != 1 || a.Findings[0].Check != "layout" || a.Findings[0].Severity != "warning" || len(a.Warnings) == 0 {
		t.Errorf("found %+v, warnings %+v", a.Findings, a.Warnings)
	}
	all.Exclude = []string{"d/Read"}
	build(t, b, resolve(t, b, all, nil), Output{Path: out})
	if got, want := listed(t, out), "D/other d/read"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	one := downloadSpec(DownloadSpec{URL: s.URL + "/a.tgz", Files: map[string]string{"d/Read": "bin/"}})
	resolve(t, b, one, nil)
}

// TestErrorsNameTheElement counts elements as the configuration has them, those
// for other architectures too, at plan and when a lock is built elsewhere.
func TestErrorsNameTheElement(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]string{"/a": "1", "/b": "2"})
	spec := downloadSpec(
		DownloadSpec{URL: s.URL + "/gone", Architecture: "arm64"},
		DownloadSpec{URL: s.URL + "/a"},
		DownloadSpec{URL: s.URL + "/gone", Architecture: "arm64"},
		DownloadSpec{URL: s.URL + "/b?v=2"},
	)
	l := resolve(t, downloadBuilder(t), spec, nil)
	s.files = map[string]string{"/a": "1"}
	_, err := downloadBuilder(t).Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	wantInput(t, err, "downloads[3]", s.URL+"/b?v=2", "404")
	_, err = downloadBuilder(t).Resolve(t.Context(), spec, nil)
	wantInput(t, err, "downloads[3]", s.URL+"/b?v=2", "404")
}

// TestRefusedDownloads says where credentials of downloads belong: they have no
// index.
func TestRefusedDownloads(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(s.Close)
	_, err := downloadBuilder(t).Resolve(t.Context(), downloadSpec(DownloadSpec{URL: s.URL + "/a"}), nil)
	wantInput(t, err, "downloads[0]", s.URL+"/a answered 401, and no credentials were sent", "netrc file")
	if strings.Contains(err.Error(), "index") {
		t.Errorf("the error tells of an index: %v", err)
	}
}
