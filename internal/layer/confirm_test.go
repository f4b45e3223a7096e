package layer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestPlantedRecordsDecideNothing gives the cache records that map good digests to
// segments with other files, as somebody who once could write there would, for each
// kind of input that is deflated.
func TestPlantedRecordsDecideNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []struct {
		name    string
		builder func(*testing.T) *Builder
		spec    func(*testing.T) Spec
		records func(*Lock, store.Digest) map[string]string // bodies by key
	}{
		{
			"local files", downloadBuilder, func(t *testing.T) Spec {
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "a.py"), "A = 1\n")
				return Spec{Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"}, Files: []FileSpec{{Source: dir, Target: "python"}}}
			},
			func(l *Lock, evil store.Digest) map[string]string {
				return map[string]string{layerzip.Encoder + " " + l.Files[0].Tree.Hex(): evil.Hex()}
			},
		},
		{
			"a download", downloadBuilder, func(t *testing.T) Spec {
				archive := tarball(t, map[string]string{"tool/run": "#!/bin/sh\n"})
				server := serve(t, map[string]string{"/tool.tar.gz": archive})
				return downloadSpec(DownloadSpec{URL: server.URL + "/tool.tar.gz", SHA256: hexSum(archive), Target: "bin"})
			},
			func(l *Lock, evil store.Digest) map[string]string {
				names := store.Sum([]byte("tool/run"))
				return map[string]string{fmt.Sprintf("%s archive2 %s false %s", layerzip.Encoder, l.Downloads[0].SHA256.Hex(), names.Hex()): evil.Hex()}
			},
		},
		{
			"a source distribution", func(t *testing.T) *Builder { return newBuilder(t, indextest.New(t, sourceUniverse)) },
			func(*testing.T) Spec { return sourceSpec("pure") },
			func(l *Lock, evil store.Digest) map[string]string {
				records := map[string]string{}
				for _, w := range l.Python.Chosen.Wheels {
					if w.FromSource() {
						records[layerzip.Encoder+" pure/1 "+w.SHA256.Hex()] = evil.Hex()
					}
				}
				return records
			},
		},
		{
			"tarballs of npm", func(t *testing.T) *Builder { return nodeBuilder(t, indextest.NewNPM(t, nodeUniverse)) },
			func(*testing.T) Spec { return nodeSpec("web ^1.0.0", "compiled ^1.0.0") },
			func(l *Lock, evil store.Digest) map[string]string {
				records := map[string]string{}
				for _, p := range l.NodeJS.Trees[0].Packages {
					records[layerzip.Encoder+" npm1 "+p.Integrity] = `{"segment":"` + evil.Hex() + `"}`
				}
				return records
			},
		},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			b, s := kind.builder(t), kind.spec(t)
			l := resolve(t, b, s, nil)
			out := func() string { return filepath.Join(t.TempDir(), "a.zip") }
			good := build(t, b, l, Output{Path: out(), Scripts: fault.SeverityOff})
			c := opened(t, b)
			plant := func() {
				evil, err := c.segments.Deflate(t.Context(), func(out filetree.Packer) error {
					for _, file := range []struct{ path, content string }{{"a.py", "EVIL\n"}, {"package.json", "{}"}, {"python/a.py", "EVIL\n"}, {"run", "evil"}} {
						if err := out.Add(t.Context(), file.path, false, int64(len(file.content)), strings.NewReader(file.content)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				records := kind.records(l, evil)
				if len(records) == 0 {
					t.Fatal("nothing is planted")
				}
				for key, body := range records {
					if _, _, err := c.store.GetRecord(segment.Bucket, key); err != nil {
						t.Fatalf("the build noted nothing under %q: %v", key, err)
					}
					if err := c.store.PutRecord(segment.Bucket, key, []byte(body)); err != nil {
						t.Fatal(err)
					}
				}
			}
			plant()
			if again := build(t, b, l, Output{Path: out(), Scripts: fault.SeverityOff}); again.SHA256 != good.SHA256 {
				t.Errorf("a first build takes the planted files")
			}
			plant()
			if again := build(t, b, l, Output{Path: out(), Want: good.SHA256, Scripts: fault.SeverityOff}); again.SHA256 != good.SHA256 {
				t.Errorf("a planned build takes the planted files")
			}
			if again := build(t, b, l, Output{Path: out(), Scripts: fault.SeverityOff}); again.SHA256 != good.SHA256 {
				t.Errorf("the planted records stay")
			}
			for what, want := range map[string]store.Digest{"first": {}, "planned": good.SHA256} {
				damage(t, filepath.Join(c.store.Dir(), "v1", "blobs"))
				if again := build(t, b, l, Output{Path: out(), Want: want, Scripts: fault.SeverityOff}); again.SHA256 != good.SHA256 {
					t.Errorf("a %s build takes damaged files", what)
				}
			}
		})
	}
}

// TestPlantedFactsHideNoScript notes of a tarball that it has no install script.
func TestPlantedFactsHideNoScript(t *testing.T) {
	t.Parallel()
	b := nodeBuilder(t, indextest.NewNPM(t, nodeUniverse))
	l := resolve(t, b, nodeSpec("compiled ^1.0.0"), nil)
	build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip"), Scripts: fault.SeverityOff})
	c := opened(t, b)
	key := layerzip.Encoder + " npm1 " + l.NodeJS.Trees[0].Packages[0].Integrity
	body, _, err := c.store.GetRecord(segment.Bucket, key)
	if err != nil {
		t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(body), `","`)
	if err := c.store.PutRecord(segment.Bucket, key, []byte(kept+`"}`)); err != nil {
		t.Fatal(err)
	}
	_, err = b.Build(t.Context(), l, Output{Path: filepath.Join(t.TempDir(), "b.zip"), Scripts: fault.SeverityError})
	if found, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(found.Summary, "install script") {
		t.Errorf("got %v, want the script named", err)
	}
}

// TestPlantedListingsDecideNothing notes of archives that they lack a file, or that
// another is a program, as somebody who once could write to the cache would.
func TestPlantedListingsDecideNothing(t *testing.T) {
	t.Parallel()
	zipped, _ := zipWith(t, map[string]string{"a.txt": "one", "run": "#!/bin/sh\n"})
	content, err := os.ReadFile(zipped)
	if err != nil {
		t.Fatal(err)
	}
	for name, archive := range map[string]string{
		"a.tar.gz": tarball(t, map[string]string{"a.txt": "one", "run": "#!/bin/sh\n"}),
		"a.zip":    string(content),
	} {
		server := serve(t, map[string]string{"/" + name: archive})
		s := downloadSpec(DownloadSpec{URL: server.URL + "/" + name, SHA256: hexSum(archive), Target: "bin"})
		dir := t.TempDir()
		builder := func() *Builder { return NewBuilder(Options{CacheDir: dir}) }
		b := builder()
		l := resolve(t, b, s, nil)
		good := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
		key := fmt.Sprintf("2 %s false %s", hexSum(archive), name)
		c := opened(t, b)
		body, _, err := c.store.GetRecord("listings", key)
		if err != nil {
			t.Fatalf("%s: nothing is noted: %v", name, err)
		}
		var listed struct {
			Size    int64            `json:"size"`
			Listing filetree.Listing `json:"listing"`
		}
		if err := json.Unmarshal(body, &listed); err != nil || len(listed.Listing.Members) != 2 {
			t.Fatalf("%s: %s is noted, %v", name, body, err)
		}
		listed.Listing.Members = listed.Listing.Members[:1]
		listed.Listing.Members[0].Exec = !listed.Listing.Members[0].Exec
		if body, err = json.Marshal(listed); err != nil {
			t.Fatal(err)
		}
		for who, b := range map[string]*Builder{"another process": builder(), "the same process": b} {
			for what, want := range map[string]store.Digest{"a first build": {}, "a planned build": good.SHA256} {
				if err := c.store.PutRecord("listings", key, body); err != nil {
					t.Fatal(err)
				}
				if got := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip"), Want: want}); got.SHA256 != good.SHA256 {
					t.Errorf("%s: %s of %s takes what was planted", name, what, who)
				}
			}
		}
	}
}
