package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// serve starts a registry on loopback and returns its host; wrap may stand
// before it.
func serve(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	s := httptest.NewServer(wrap(registry.New()))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func open(h http.Handler) http.Handler { return h }

// imageOf returns an image of layers for an architecture.
func imageOf(t *testing.T, architecture string, layers ...[]byte) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: architecture})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range layers {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil })
		if err != nil {
			t.Fatal(err)
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			t.Fatal(err)
		}
	}
	return image
}

func reader(t *testing.T, offline bool) *Registry {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(fetch.Options{Store: s, Offline: offline, UserAgent: "layerbuild-test"})
	return NewRegistry(client, s, os.Getenv)
}

func reference(t *testing.T, text string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestImagesByPlatform(t *testing.T) {
	t.Parallel()
	host := serve(t, open)
	var index v1.ImageIndex = empty.Index
	for _, architecture := range []string{"amd64", "arm64"} {
		image := imageOf(t, architecture,
			packed(t, program("opt/bin/tool", "old"), file("opt/bin/gone", "")),
			packed(t, program("opt/bin/tool", architecture), file("opt/bin/.wh.gone", ""), link("opt/bin/alias", "/opt/bin/tool")))
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}}})
	}
	image := host + "/team/tools:1"
	if err := remote.WriteIndex(reference(t, image), index); err != nil {
		t.Fatal(err)
	}
	r := reader(t, false)
	for _, architecture := range []string{"amd64", "arm64"} {
		manifest, err := r.Resolve(t.Context(), image, "linux/"+architecture)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := r.Extract(t.Context(), image, manifest, Files{"/opt/": "."}, collect(got)); err != nil {
			t.Fatal(err)
		}
		if want := map[string]string{"bin/tool +x": architecture, "bin/alias +x": architecture}; !maps.Equal(got, want) {
			t.Errorf("%s gave %q, want %q", architecture, got, want)
		}
	}
	_, err := r.Resolve(t.Context(), image, "linux/s390x")
	if err == nil || !strings.Contains(err.Error(), "only for linux/amd64, linux/arm64") {
		t.Errorf("got %v, want an error with the platforms", err)
	}
}

func TestSingleImageForAnotherPlatform(t *testing.T) {
	t.Parallel()
	image := serve(t, open) + "/single:1"
	if err := remote.Write(reference(t, image), imageOf(t, "arm64", packed(t, file("x", "x")))); err != nil {
		t.Fatal(err)
	}
	if _, err := reader(t, false).Resolve(t.Context(), image, "linux/amd64"); err == nil || !strings.Contains(err.Error(), "is for linux/arm64, not for linux/amd64") {
		t.Errorf("got %v, want a refusal that names both platforms", err)
	}
}

func TestPinnedImagesOutliveTheirTag(t *testing.T) {
	t.Parallel()
	image := serve(t, open) + "/moving:latest"
	r := reader(t, false)
	write := func(content string) {
		if err := remote.Write(reference(t, image), imageOf(t, "amd64", packed(t, file("x", content)))); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	manifest, err := r.Resolve(t.Context(), image, "linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	write("second")
	got := map[string]string{}
	if err := r.Extract(t.Context(), image, manifest, Files{"/x": "x"}, collect(got)); err != nil || got["x"] != "first" {
		t.Errorf("got %q and %v, want first", got, err)
	}
}

func TestOfflineAsksNoRegistry(t *testing.T) {
	t.Parallel()
	_, err := reader(t, true).Resolve(t.Context(), "127.0.0.1:1/x:1", "linux/amd64")
	if offline := (*fetch.OfflineError)(nil); !errors.As(err, &offline) {
		t.Errorf("got %v, want a *fetch.OfflineError", err)
	}
}

// damage changes a byte of what is answered for blobs.
func damage(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			h.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		h.ServeHTTP(recorded, r)
		body := recorded.Body.Bytes()
		body[len(body)/2] ^= 1
		_, _ = w.Write(body)
	})
}

func TestDamagedLayersAreRefused(t *testing.T) {
	t.Parallel()
	image := serve(t, damage) + "/damaged:1"
	whole := imageOf(t, "amd64", packed(t, tar.Header{Typeflag: tar.TypeReg, Name: "x", Size: 4, Mode: 0o644, Linkname: "text"}))
	if err := remote.Write(reference(t, image), whole); err != nil {
		t.Fatal(err)
	}
	digest, err := whole.Digest()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := store.ParseDigest(digest.Hex)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := reader(t, false).Extract(t.Context(), image, manifest, Files{"/x": "x"}, collect(got)); err == nil || len(got) != 0 {
		t.Errorf("got %q and %v, want an error and no file", got, err)
	}
}

// TestCredentialsOfTheDockerConfiguration sets the environment, so it is not
// parallel.
func TestCredentialsOfTheDockerConfiguration(t *testing.T) {
	guard := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, _ := r.BasicAuth(); user != "someone" || password != "s3cret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	host := serve(t, guard)
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	image := host + "/private:1"
	if _, err := reader(t, false).Resolve(t.Context(), image, "linux/amd64"); err == nil || !strings.Contains(err.Error(), "401") && !strings.Contains(err.Error(), "UNAUTHORIZED") {
		t.Errorf("without credentials got %v, want a refusal", err)
	}
	// "someone:s3cret" in base64.
	config := `{"auths":{"` + host + `":{"auth":"c29tZW9uZTpzM2NyZXQ="}}}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r := reader(t, false)
	ref, _, options, err := r.open(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, imageOf(t, "amd64", packed(t, file("x", "x"))), options...); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), image, "linux/amd64"); err != nil {
		t.Errorf("with credentials got %v", err)
	}
}
