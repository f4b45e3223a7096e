package layer

import (
	"maps"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/image"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// TestContentsHaveAnEntryForEachElement lists elements that land in one folder,
// at the root, or come from one place twice: none is lost and none is nameless.
func TestContentsHaveAnEntryForEachElement(t *testing.T) {
	t.Parallel()
	digest := func(b byte) store.Digest { return store.Digest{b} }
	text := "{}"
	l := &Lock{
		Files: fileLocks{
			{Spec: FileSpec{Source: "src/a", Target: "python"}, Tree: digest(1), Count: 1},
			{Spec: FileSpec{Source: "./src/b", Target: "python"}, Tree: digest(2), Count: 2},
			{Spec: FileSpec{Source: "src/c.py", Target: "python/"}, Tree: digest(3), Count: 1},
			{Spec: FileSpec{Source: "tools/run", Target: "bin/"}, Tree: digest(4), Count: 1},
			{Spec: FileSpec{Source: "tools/stop", Target: "bin/"}, Tree: digest(5), Count: 1},
			{Spec: FileSpec{Source: "whole"}, Tree: digest(6), Count: 3},
			{Spec: FileSpec{Source: "more", Target: "./"}, Tree: digest(7), Count: 3},
			{Spec: FileSpec{Source: "src/d", Target: "data", Include: []string{"*.json"}}, Tree: digest(8), Count: 1},
			{Spec: FileSpec{Source: "src/d", Target: "data", Include: []string{"*.yaml"}}, Tree: digest(9), Count: 1},
			{Spec: FileSpec{Content: &text, Target: "python/settings.json"}, Tree: digest(10), Count: 1},
			{Spec: FileSpec{Source: "src/alone", Target: "python/alone"}, Tree: digest(11), Count: 1},
		},
		Downloads: downloadLocks{
			{URL: address("https://example.com/one.tar.gz"), SHA256: digest(1), Files: map[string]string{"*/one": "bin/"}},
			{URL: address("https://example.com/two.tar.gz"), SHA256: digest(2), Target: "data"},
			{URL: address("https://example.com/three.tar.gz"), SHA256: digest(3), Target: "data"},
			{URL: address("https://example.com/four"), SHA256: digest(4), Target: "bin/"},
		},
		Images: imageLocks{
			{Image: "alpine:3.22", Files: map[string]string{"/bin/a": "bin/a"}, Pins: []image.Pin{{Platform: "linux/amd64", Manifest: digest(1)}}},
			{Image: "alpine:3.22", Files: map[string]string{"/bin/b": "bin/b"}, Pins: []image.Pin{{Platform: "linux/amd64", Manifest: digest(1)}}},
		},
		Builds: buildLocks{
			{Context: "tool", Files: map[string]string{"/x": "bin/x"}, Results: []image.BuildResult{{SHA256: digest(1), Count: 1}}},
			{Context: "tool", Target: "slim", Files: map[string]string{"/x": "bin/y"}, Results: []image.BuildResult{{SHA256: digest(2), Count: 2}}},
		},
	}
	want := map[string]string{
		"files:python (src/a)": "010000000000 (1 file)", "files:python (src/b)": "020000000000 (2 files)",
		"files:python/c.py": "030000000000 (1 file)", "files:bin/run": "040000000000 (1 file)", "files:bin/stop": "050000000000 (1 file)",
		"files:whole": "060000000000 (3 files)", "files:more": "070000000000 (3 files)",
		"files:data (src/d) #1": "080000000000 (1 file)", "files:data (src/d) #2": "090000000000 (1 file)",
		"files:python/settings.json": "0a0000000000 (1 file)", "files:python/alone": "0b0000000000 (1 file)",
		"downloads:bin/one": "010000000000", "downloads:data (two.tar.gz)": "020000000000", "downloads:data (three.tar.gz)": "030000000000", "downloads:bin/four": "040000000000",
		"images:alpine:3.22 (bin/a)": "sha256:010000000000 (linux/amd64)", "images:alpine:3.22 (bin/b)": "sha256:010000000000 (linux/amd64)",
		"builds:tool": "010000000000 (1 file)", "builds:tool#slim": "020000000000 (2 files)",
	}
	if got := l.Contents(); !maps.Equal(got, want) {
		for name, version := range got {
			if want[name] != version {
				t.Errorf("%q = %q, want %q", name, version, want[name])
			}
		}
		for name := range want {
			if _, ok := got[name]; !ok {
				t.Errorf("%q is missing", name)
			}
		}
	}
}

func address(text string) fetch.Address {
	a, err := fetch.ParseOwnAddress(text)
	if err != nil {
		panic(err)
	}
	return a
}
