package layer

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	imagetar "github.com/google/go-containerregistry/pkg/v1/tarball"
)

// push writes an image with one program to a registry.
func push(t *testing.T, image, content string) {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := imagetar.LayerFromOpener(func() (io.ReadCloser, error) {
		var b bytes.Buffer
		out := tar.NewWriter(&b)
		_ = out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "opt/bin/tool", Size: int64(len(content)), Mode: 0o755})
		_, _ = io.WriteString(out, content)
		return io.NopCloser(&b), out.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := mutate.AppendLayers(base, layer)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, whole); err != nil {
		t.Fatal(err)
	}
}

func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	image := strings.TrimPrefix(server.URL, "http://") + "/tools:1"
	push(t, image, "first")
	spec := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Images: []ImageSpec{{Image: image, Files: map[string]string{"/opt/bin/": "bin"}}},
	}
	machine := func() *Builder {
		return NewBuilder(Options{CacheDir: t.TempDir(), Getenv: func(string) string { return "" }})
	}
	lock, first, r := zipped(t, machine(), spec, nil)
	if len(r.File) != 1 || r.File[0].Name != "bin/tool" || r.File[0].Mode() != 0o755 {
		t.Errorf("the zip holds %v, want an executable bin/tool", r.File)
	}
	push(t, image, "second")
	if _, again, _ := zipped(t, machine(), spec, lock); again.SHA256 != first.SHA256 {
		t.Errorf("a pinned image gave %s, then %s", first.SHA256, again.SHA256)
	}
	spec.Triggers = map[string]string{"now": "1"}
	if _, moved, _ := zipped(t, machine(), spec, lock); moved.SHA256 == first.SHA256 {
		t.Error("triggers did not resolve the tag anew")
	}
	server.Close()
	if _, err := machine().Resolve(t.Context(), Spec{Runtimes: spec.Runtimes, Architectures: spec.Architectures, Images: spec.Images}, lock); err != nil {
		t.Errorf("resolving what did not change asked the registry: %v", err)
	}
}
