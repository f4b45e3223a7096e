package layer

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// buildEngine is a container engine whose builds hold one file, /opt/bin/tool.
type buildEngine struct {
	content string
	builds  atomic.Int32
	down    atomic.Bool
}

func (e *buildEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Builder-Version", "1")
	switch {
	case e.down.Load():
		w.WriteHeader(http.StatusBadGateway)
	case strings.HasSuffix(r.URL.Path, "/build"):
		e.builds.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"stream":"Step 1/1"}{"aux":{"ID":"sha256:abc"}}`)
	case strings.HasSuffix(r.URL.Path, "/containers/create"):
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"Id":"made"}`)
	case strings.HasSuffix(r.URL.Path, "/archive"):
		w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
		out := tar.NewWriter(w)
		_ = out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "tool", Size: int64(len(e.content)), Mode: 0o755})
		_, _ = io.WriteString(out, e.content)
		_ = out.Close()
	case r.Method == http.MethodDelete:
		_, _ = io.WriteString(w, "[]")
	}
}

// buildWorld is a context and an engine; machine returns a builder with a cache
// of its own.
func buildWorld(t *testing.T, content string) (e *buildEngine, spec Spec, machine func(...func(*Options)) *Builder) {
	t.Helper()
	e = &buildEngine{content: content}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec = Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Builds: []BuildSpec{{Context: dir, Files: map[string]string{"/opt/bin/tool": "bin/tool"}}},
	}
	getenv := func(key string) string {
		if key == "DOCKER_HOST" {
			return "tcp://" + server.Listener.Addr().String()
		}
		return ""
	}
	return e, spec, func(change ...func(*Options)) *Builder {
		o := Options{CacheDir: t.TempDir(), Getenv: getenv}
		for _, f := range change {
			f(&o)
		}
		return NewBuilder(o)
	}
}

// zipped resolves and builds, and returns the lock, the digest and the zip.
func zipped(t *testing.T, b *Builder, spec Spec, old *Lock) (*Lock, Artifact, *zip.Reader) {
	t.Helper()
	lock, err := b.Resolve(t.Context(), spec, old)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "layer.zip")
	a, err := b.Build(t.Context(), lock, Output{Path: name, Size: fault.SeverityError})
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return lock, a, r
}

func TestBuildsArePinned(t *testing.T) {
	t.Parallel()
	e, spec, machine := buildWorld(t, "#!/bin/sh\n")
	b := machine()
	lock, _, r := zipped(t, b, spec, nil)
	if len(r.File) != 1 || r.File[0].Name != "bin/tool" || r.File[0].Mode() != 0o755 {
		t.Errorf("the zip holds %v, want an executable bin/tool", r.File)
	}
	// The cache knows the result, and so does the lock: no engine is asked.
	e.down.Store(true)
	zipped(t, b, spec, nil)
	if _, err := machine().Resolve(t.Context(), spec, lock); err != nil {
		t.Errorf("resolving what did not change: %v", err)
	}
	if got := e.builds.Load(); got != 1 {
		t.Errorf("the engine built %d times, want once", got)
	}
	// Triggers build anew, and so does a file of the context.
	e.down.Store(false)
	spec.Triggers = map[string]string{"now": "1"}
	lock, _, _ = zipped(t, b, spec, lock)
	if err := os.WriteFile(filepath.Join(spec.Builds[0].Context, "more"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	zipped(t, b, spec, lock)
	if got := e.builds.Load(); got != 3 {
		t.Errorf("the engine built %d times, want 3", got)
	}
}

func TestBuildsOnAnotherMachine(t *testing.T) {
	t.Parallel()
	e, spec, machine := buildWorld(t, "#!/bin/sh\n")
	lock, a, _ := zipped(t, machine(), spec, nil)
	again := Output{Path: filepath.Join(t.TempDir(), "again.zip"), Want: a.SHA256}
	if _, err := machine().Build(t.Context(), lock, again); err != nil {
		t.Errorf("with an engine that builds the same: %v", err)
	}
	refused := func(why string) {
		t.Helper()
		_, err := machine().Build(t.Context(), lock, again)
		if input, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(input.Summary, "is not here") || !strings.Contains(input.Detail, why) {
			t.Errorf("got %v, want an error that says %q", err, why)
		}
	}
	e.content = "#!/bin/sh\n# at another time\n"
	refused("engine built different files")
	e.down.Store(true)
	refused("the container engine")
	if err := os.WriteFile(filepath.Join(spec.Builds[0].Context, "more"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("are not those that were planned")
}

func TestBuildsForAnotherArchitecture(t *testing.T) {
	t.Parallel()
	// The start of an ELF file for AArch64 (e_machine 183).
	elf := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\xb7\x00" + strings.Repeat("\x00", 44)
	_, spec, machine := buildWorld(t, elf)
	_, err := machine().Resolve(t.Context(), spec, nil)
	if err == nil || !strings.Contains(err.Error(), `"bin/tool" is for arm64`) {
		t.Errorf("got %v, want an error that names the file and its architecture", err)
	}
	spec.Architectures = []string{"arm64"}
	if _, err := machine().Resolve(t.Context(), spec, nil); err != nil {
		t.Errorf("for arm64: %v", err)
	}
}

// TestBuildsAreNotSentTheirZip: a zip in its own context is left out of it, so
// that the request is the same before it is there and after.
func TestBuildsAreNotSentTheirZip(t *testing.T) {
	t.Parallel()
	_, spec, machine := buildWorld(t, "x")
	spec.Output = filepath.Join(spec.Builds[0].Context, "layer.zip")
	b := machine()
	before := resolve(t, b, spec, nil)
	writeFile(t, spec.Output, "a zip")
	if after := resolve(t, b, spec, nil); after.Builds[0].Results[0].Request != before.Builds[0].Results[0].Request {
		t.Error("the zip of the package is part of its context")
	}
}

func TestMalformedBuilds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		build BuildSpec
		fault string
	}{
		{BuildSpec{Files: map[string]string{"/x": "x"}}, "no context"},
		{BuildSpec{Context: "."}, "is empty: write the paths in the image"},
		{BuildSpec{Context: ".", Files: map[string]string{"/x": "x"}, Platform: "windows/amd64"}, "not one of Lambda"},
	} {
		err := Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Builds: []BuildSpec{c.build}}.Check()
		if err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%+v: got %v, want %q", c.build, err, c.fault)
		}
	}
}
