package layer

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// trusting shares the bucket with the results of builds.
func trusting(b *bucket) func(*Options) {
	return func(o *Options) {
		o.Remote = func() (Remote, error) { return b, nil }
		o.TrustBuilds = true
	}
}

// besides is a file beside those of a build, so that the zip is not their
// segment.
func besides() []FileSpec {
	content := "x"
	return []FileSpec{{Content: &content, Target: "python/x.py"}}
}

func TestOfflineAsksNoEngine(t *testing.T) {
	t.Parallel()
	e, spec, machine := buildWorld(t, "#!/bin/sh\n")
	offline := func(o *Options) { o.Offline = true }
	_, err := machine(offline).Resolve(t.Context(), spec, nil)
	if input, ok := errors.AsType[*fault.Error](err); !ok || input.At.String() != "builds[0]" || !strings.Contains(input.Detail, "offline") {
		t.Errorf("got %v, want an error of builds[0] that says offline", err)
	}
	lock, a, _ := zipped(t, machine(), spec, nil)
	_, err = machine(offline).Build(t.Context(), lock, Output{Path: filepath.Join(t.TempDir(), "x.zip"), Want: a.SHA256})
	if !strings.Contains(err.Error(), "Offline is set, so no container engine is used") {
		t.Errorf("got %v, want an error that says offline", err)
	}
	if got := e.builds.Load(); got != 1 {
		t.Errorf("the engine built %d times, want once", got)
	}
	// What the cache holds serves.
	dir := t.TempDir()
	same := func(o *Options) { o.CacheDir = dir }
	zipped(t, machine(same), spec, nil)
	if _, again, _ := zipped(t, machine(same, offline), spec, nil); again.SHA256 != a.SHA256 {
		t.Errorf("got %s, want %s", again.SHA256, a.SHA256)
	}
}

// TestResultsAreShared has a worker without an engine take what another one
// built from the same inputs, where that is trusted.
func TestResultsAreShared(t *testing.T) {
	t.Parallel()
	e, spec, machine := buildWorld(t, "#!/bin/sh\n")
	spec.Files = besides()
	b := newBucket()
	lock, a, _ := zipped(t, machine(trusting(b)), spec, nil)
	names := b.names()
	if len(names) != 3 || !strings.HasPrefix(names[0], "builds/") || !strings.HasPrefix(names[1], "sha256/") {
		t.Fatalf("the bucket holds %q, want a result, its segment and the zip", names)
	}
	if got := string(b.objects[names[0]]); got != lock.Builds[0].Results[0].SHA256.Hex() {
		t.Errorf("the result is %q, want the digest in the lock", got)
	}
	e.down.Store(true)
	other, taken, _ := zipped(t, machine(trusting(b)), spec, nil)
	if taken.SHA256 != a.SHA256 || other.Builds[0].Results[0] != lock.Builds[0].Results[0] {
		t.Errorf("took %s with %+v, want %s with %+v", taken.SHA256, other.Builds[0].Results[0], a.SHA256, lock.Builds[0].Results[0])
	}
	// Without trust nobody's word is taken.
	_, err := machine(trusting(b), func(o *Options) { o.TrustBuilds = false }).Resolve(t.Context(), spec, nil)
	if input, ok := errors.AsType[*fault.Error](err); !ok || input.Summary != "No container engine answers" {
		t.Errorf("got %v, want the engine to be missed", err)
	}
	// Other inputs have no result.
	if err := os.WriteFile(filepath.Join(spec.Builds[0].Context, "more"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := machine(trusting(b)).Resolve(t.Context(), spec, nil); err == nil {
		t.Error("the result of other inputs was taken")
	}
}

func TestResultsAreNotSharedUnasked(t *testing.T) {
	t.Parallel()
	_, spec, machine := buildWorld(t, "#!/bin/sh\n")
	spec.Files = besides()
	b := newBucket()
	zipped(t, machine(trusting(b), func(o *Options) { o.TrustBuilds = false }), spec, nil)
	if names := b.names(); len(names) != 2 || !strings.HasPrefix(names[0], "sha256/") {
		t.Errorf("the bucket holds %q", names)
	}
}

// TestUnusableResultsAreBuiltAndReplaced takes no result that is cut, names what
// is not there, or names what is no archive.
func TestUnusableResultsAreBuiltAndReplaced(t *testing.T) {
	t.Parallel()
	garbage := []byte("no archive")
	for name, spoil := range map[string]func(b *bucket, result, segment string){
		"cut":          func(b *bucket, result, _ string) { b.objects[result] = b.objects[result][:60] },
		"long":         func(b *bucket, result, _ string) { b.objects[result] = append(b.objects[result], '0') },
		"no digest":    func(b *bucket, result, _ string) { b.objects[result] = bytes.Repeat([]byte("x"), 64) },
		"lost files":   func(b *bucket, _, segment string) { delete(b.objects, segment) },
		"forged files": func(b *bucket, _, segment string) { b.objects[segment] = garbage },
		"no archive": func(b *bucket, result, _ string) {
			b.objects[result] = []byte(store.Sum(garbage).Hex())
			b.objects[store.RemoteName(store.Sum(garbage))] = garbage
		},
		"damaged archive": func(b *bucket, result, _ string) {
			forged := zipOf("bin/tool", "#!/bin/sh\nrm -rf /\n")
			forged[40] ^= 1 // in its deflated content
			b.objects[result] = []byte(store.Sum(forged).Hex())
			b.objects[store.RemoteName(store.Sum(forged))] = forged
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, spec, machine := buildWorld(t, "#!/bin/sh\n")
			spec.Files = besides()
			b := newBucket()
			lock, _, _ := zipped(t, machine(trusting(b)), spec, nil)
			want := lock.Builds[0].Results[0].SHA256
			result, segment := b.names()[0], store.RemoteName(want)
			spoil(b, result, segment)
			_, a, _ := zipped(t, machine(trusting(b)), spec, nil)
			if got := e.builds.Load(); got != 2 {
				t.Errorf("the engine built %d times, want twice", got)
			}
			if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0].Detail, "was not used") {
				t.Errorf("warned of %+v", a.Warnings)
			}
			if string(b.objects[result]) != want.Hex() || store.Sum(b.objects[segment]) != want {
				t.Errorf("the bucket was not healed: the result is %q", b.objects[result])
			}
		})
	}
}

// zipOf returns a zip of one file.
func zipOf(name, content string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestSharedResultsForAnotherArchitecture looks into what it takes.
func TestSharedResultsForAnotherArchitecture(t *testing.T) {
	t.Parallel()
	// The start of an ELF file for AArch64 (e_machine 183).
	elf := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\xb7\x00" + strings.Repeat("\x00", 44)
	_, spec, machine := buildWorld(t, elf)
	spec.Architectures = []string{"arm64"}
	spec.Builds[0].Platform = "linux/arm64"
	b := newBucket()
	lock, _, _ := zipped(t, machine(trusting(b)), spec, nil)
	spec.Architectures = []string{"x86_64"}
	const wrong = `"bin/tool" is for arm64`
	if _, err := machine(trusting(b)).Resolve(t.Context(), spec, nil); err == nil || !strings.Contains(err.Error(), wrong) {
		t.Errorf("a shared result: got %v, want %s", err, wrong)
	}
	// The result of the lock is taken without a question, and is as wrong.
	b = newBucket()
	one := machine(trusting(b))
	changed, err := one.Resolve(t.Context(), spec, lock)
	if err == nil {
		_, err = one.Build(t.Context(), changed, Output{Path: filepath.Join(t.TempDir(), "x.zip"), Size: fault.SeverityError})
	}
	if err == nil || !strings.Contains(err.Error(), wrong) {
		t.Errorf("a locked result: got %v, want %s", err, wrong)
	}
}

// TestPlannedZipIsNearerThanItsImages takes the zip that another machine shared
// before it fetches an image.
func TestPlannedZipIsNearerThanItsImages(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	image := strings.TrimPrefix(server.URL, "http://") + "/tools:1"
	push(t, image, "first")
	spec := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Images: []ImageSpec{{Image: image, Files: map[string]string{"/opt/bin/": "bin"}}}, Files: besides(),
	}
	b := newBucket()
	lock, a, _ := zipped(t, sharing(t, b, nowhere, nowhere), spec, nil)
	server.Close()
	// Nobody could ask for the files of the image by a digest.
	if names := b.names(); len(names) != 1 {
		t.Errorf("the bucket holds %q, want the zip alone", names)
	}
	b.gets = nil
	got, err := sharing(t, b, nowhere, nowhere).Build(t.Context(), lock, Output{Path: filepath.Join(t.TempDir(), "x.zip"), Want: a.SHA256})
	if err != nil || got.SHA256 != a.SHA256 || len(got.Warnings) != 0 {
		t.Errorf("got %+v and %v, want %s", got, err, a.SHA256)
	}
	if want := store.RemoteName(a.SHA256); len(b.gets) != 1 || b.gets[0] != want {
		t.Errorf("asked for %q, want %q alone", b.gets, want)
	}
}
