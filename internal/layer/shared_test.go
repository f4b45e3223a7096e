package layer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// bucket is a Remote in memory.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	gets    []string
	puts    int
	fail    error
}

func newBucket() *bucket { return &bucket{objects: map[string][]byte{}} }

func (b *bucket) String() string { return "mem://bucket/" }

func (b *bucket) Get(_ context.Context, name string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gets = append(b.gets, name)
	content, ok := b.objects[name]
	switch {
	case b.fail != nil:
		return nil, b.fail
	case !ok:
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(string(content))), nil
}

func (b *bucket) Has(_ context.Context, name string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.objects[name]
	return ok, b.fail
}

func (b *bucket) Put(_ context.Context, name string, o store.Object, replace bool) error {
	body, err := io.ReadAll(io.NewSectionReader(o.Body, 0, o.Size))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.puts++
	if err = errors.Join(err, b.fail); err != nil {
		return err
	}
	if _, ok := b.objects[name]; !ok || replace {
		b.objects[name] = body
	}
	return nil
}

// names returns the objects' names, sorted.
func (b *bucket) names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

// forge changes the content of every object.
func (b *bucket) forge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.objects {
		b.objects[name] = []byte("forged")
	}
}

// sharing returns the builder of a clean machine that shares the bucket.
func sharing(t *testing.T, b *bucket, index, registry string, change ...func(*Options)) *Builder {
	t.Helper()
	environment := map[string]string{"PIP_INDEX_URL": index}
	o := Options{
		CacheDir: t.TempDir(), UserAgent: "test", Getenv: func(name string) string { return environment[name] },
		Environ: func() []string {
			return []string{"npm_config_registry=" + registry, "npm_config_userconfig=" + filepath.Join(t.TempDir(), "none")}
		},
		Remote: func() (Remote, error) { return b, nil },
	}
	for _, f := range change {
		f(&o)
	}
	return NewBuilder(o)
}

// nowhere is an index that nobody serves.
const nowhere = "http://127.0.0.1:9/"

// mixedSpec asks for wheels, tarballs and a local file.
func mixedSpec(t *testing.T) Spec {
	t.Helper()
	s := appSpec(t)
	s.Runtimes = []string{"python3.12", "nodejs22.x"}
	s.NodeJS = &NodeSpec{Dependencies: map[string]string{"web": "^1.0.0"}}
	return s
}

// shared resolves and builds on a first machine, and returns what it left in
// the bucket, the lock and the artifact.
func shared(t *testing.T, s Spec) (*bucket, *Lock, Artifact, *indextest.Index, *indextest.NPM) {
	t.Helper()
	index, registry, b := indextest.New(t, universe), indextest.NewNPM(t, nodeUniverse), newBucket()
	first := sharing(t, b, index.URL(), registry.URL())
	l := resolve(t, first, s, nil)
	a := build(t, first, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	if len(a.Warnings) != 0 {
		t.Fatalf("the first machine warns: %+v", a.Warnings)
	}
	return b, l, a, index, registry
}

func TestSharedFilesAreNamedByDigestsOfTheLock(t *testing.T) {
	t.Parallel()
	b, l, a, _, _ := shared(t, mixedSpec(t))
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var sha256, sha512 int
	for _, name := range b.names() {
		switch kind, sum, _ := strings.Cut(name, "/"); {
		case name == store.RemoteName(a.SHA256):
		case kind == "sha256" && strings.Contains(text, sum):
			sha256++
		case kind == "sha512":
			sha512++
		default:
			t.Errorf("the bucket holds %q, which the lock does not name", name)
		}
	}
	if sha256 != 2 || sha512 != 4 || len(b.names()) != 7 {
		t.Errorf("the bucket holds %q, want 2 wheels, 4 tarballs and the zip", b.names())
	}
}

// TestAnotherMachineBuildsFromTheBucketAlone has neither cache nor index: a
// build that was not planned takes the files, a planned one the zip.
func TestAnotherMachineBuildsFromTheBucketAlone(t *testing.T) {
	t.Parallel()
	s := mixedSpec(t)
	b, l, want, _, _ := shared(t, s)
	for name, c := range map[string]struct {
		o       Output
		offline bool
		gets    int
	}{
		"unplanned": {Output{}, false, 6},
		"offline":   {Output{}, true, 6},
		"planned":   {Output{Want: want.SHA256}, false, 1},
	} {
		b.gets = nil
		c.o.Path = filepath.Join(t.TempDir(), "b.zip")
		second := sharing(t, b, nowhere, nowhere, func(o *Options) { o.Offline = c.offline; o.RemoteReadOnly = true })
		got := build(t, second, l, c.o)
		sum, err := sumFile(t.Context(), c.o.Path)
		if err != nil || sum != want.SHA256 || got.SHA256 != sum || got.Size != want.Size || got.Unzipped != want.Unzipped || len(got.Warnings) != 0 {
			t.Errorf("%s: got %+v (%s, %v), want %+v", name, got, sum, err, want)
		}
		if len(b.gets) != c.gets {
			t.Errorf("%s: %d objects were asked for, want %d: %q", name, len(b.gets), c.gets, b.gets)
		}
		// What is on the machine now is not asked for again.
		b.gets = nil
		build(t, second, l, Output{Path: c.o.Path, Replace: true})
		if name != "planned" && len(b.gets) != 0 {
			t.Errorf("%s: a second build asked for %q", name, b.gets)
		}
	}
}

// TestPlannedZipNeedsNoLocalFiles puts the planned bytes back where the source
// is not at hand.
func TestPlannedZipNeedsNoLocalFiles(t *testing.T) {
	t.Parallel()
	s := appSpec(t)
	b, l, want, _, _ := shared(t, s)
	if err := os.RemoveAll(s.Files[0].Source); err != nil {
		t.Fatal(err)
	}
	l.Python = nil // files alone: their parts are always "here"
	out := filepath.Join(t.TempDir(), "b.zip")
	got := build(t, sharing(t, b, nowhere, nowhere), l, Output{Path: out, Want: want.SHA256})
	if sum, err := sumFile(t.Context(), out); err != nil || sum != want.SHA256 || got.SHA256 != sum {
		t.Errorf("got %s, %v, want %s", sum, err, want.SHA256)
	}
}

func TestForgedBucketChangesNothing(t *testing.T) {
	t.Parallel()
	b, l, want, index, registry := shared(t, mixedSpec(t))
	sound := maps.Clone(b.objects)
	for name, o := range map[string]Output{"unplanned": {}, "planned": {Want: want.SHA256}} {
		b.forge()
		o.Path = filepath.Join(t.TempDir(), "b.zip")
		second := sharing(t, b, index.URL(), registry.URL())
		got := build(t, second, l, o)
		if sum, err := sumFile(t.Context(), o.Path); err != nil || sum != want.SHA256 {
			t.Errorf("%s: got %s, %v, want %s", name, sum, err, want.SHA256)
		}
		if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0].Detail, "is not what its name") {
			t.Errorf("%s: warnings %+v, want one", name, got.Warnings)
		}
		// What was forged and fetched is put right; the zip of an unplanned
		// build was not read, so that nobody knows of it yet.
		for object, content := range sound {
			if object == store.RemoteName(want.SHA256) && name == "unplanned" {
				continue
			}
			if string(b.objects[object]) != string(content) {
				t.Errorf("%s: the object %q was not put right", name, object)
			}
		}
	}
}

// TestForgedBucketWithoutOrigin is an error, and leaves nothing.
func TestForgedBucketWithoutOrigin(t *testing.T) {
	t.Parallel()
	b, l, _, _, _ := shared(t, appSpec(t))
	b.forge()
	out := filepath.Join(t.TempDir(), "b.zip")
	second := sharing(t, b, nowhere, nowhere, func(o *Options) { o.Offline = true })
	if _, err := second.Build(t.Context(), l, Output{Path: out}); err == nil {
		t.Error("a forged bucket without an origin built a layer")
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a zip was left: %v", err)
	}
}

func TestFailingBucketFailsNoBuild(t *testing.T) {
	t.Parallel()
	b, l, want, index, registry := shared(t, mixedSpec(t))
	b.fail = errors.New("503 slow down")
	second := sharing(t, b, index.URL(), registry.URL())
	got := build(t, second, l, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if got.SHA256 != want.SHA256 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0].Detail, "503 slow down") {
		t.Errorf("got %+v, want %s and a warning", got, want.SHA256)
	}
	again := build(t, second, l, Output{Path: filepath.Join(t.TempDir(), "c.zip")})
	if len(again.Warnings) != 0 {
		t.Errorf("a second build of the run warns again: %+v", again.Warnings)
	}
}

func TestUnusableBucketFailsTheBuild(t *testing.T) {
	t.Parallel()
	b, l, _, index, registry := shared(t, appSpec(t))
	b.fail = &store.UnusableError{Remote: "mem://bucket/", Reason: "no AWS credentials were found"}
	second := sharing(t, b, index.URL(), registry.URL())
	_, err := second.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if err == nil || !strings.Contains(err.Error(), "no AWS credentials were found") {
		t.Errorf("Build = %v, want the cause", err)
	}
}

func TestReadOnlyMachineUploadsNothing(t *testing.T) {
	t.Parallel()
	index, registry, b := indextest.New(t, universe), indextest.NewNPM(t, nodeUniverse), newBucket()
	only := sharing(t, b, index.URL(), registry.URL(), func(o *Options) { o.RemoteReadOnly = true })
	build(t, only, resolve(t, only, mixedSpec(t), nil), Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	if b.puts != 0 || len(b.names()) != 0 {
		t.Errorf("%d uploads, the bucket holds %q", b.puts, b.names())
	}
}

// TestWorkersShareAtOnce lets machines build one lock at the same time.
func TestWorkersShareAtOnce(t *testing.T) {
	t.Parallel()
	index, registry, b := indextest.New(t, universe), indextest.NewNPM(t, nodeUniverse), newBucket()
	l := resolve(t, sharing(t, newBucket(), index.URL(), registry.URL()), mixedSpec(t), nil)
	sums := make([]store.Digest, 4)
	var wg sync.WaitGroup
	for i := range sums {
		worker := sharing(t, b, index.URL(), registry.URL())
		out := filepath.Join(t.TempDir(), "w.zip")
		wg.Go(func() {
			a, err := worker.Build(t.Context(), l, Output{Path: out})
			if err != nil || len(a.Warnings) != 0 {
				t.Errorf("worker %d: %v, %+v", i, err, a.Warnings)
			}
			sums[i] = a.SHA256
		})
	}
	wg.Wait()
	if sums = slices.Compact(sums); len(sums) != 1 || len(b.names()) != 7 {
		t.Errorf("the workers made %v and left %d objects, want one layer and 7", sums, len(b.names()))
	}
}
