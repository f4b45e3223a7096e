//go:build engine

package layer

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEngineBuildsALayer has a real engine build, and reads the file in the zip.
func TestEngineBuildsALayer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, body := range map[string]string{"Dockerfile": "FROM scratch AS build\nCOPY tool /src/tool\nFROM scratch\nCOPY --from=build /src/tool /opt/bin/tool\n", "tool": "#!/bin/sh\necho built\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec := Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64"},
		Builds: []BuildSpec{{Context: dir, Files: map[string]string{"/opt/bin/": "bin"}}},
	}
	_, a, r := zipped(t, NewBuilder(Options{CacheDir: t.TempDir(), Getenv: os.Getenv}), spec, nil)
	if len(r.File) != 1 || r.File[0].Name != "bin/tool" || r.File[0].Mode() != 0o755 || r.File[0].UncompressedSize64 != 21 {
		t.Errorf("the zip holds %v, want an executable bin/tool of 21 bytes", r.File)
	}
	if _, again, _ := zipped(t, NewBuilder(Options{CacheDir: t.TempDir(), Getenv: os.Getenv}), spec, nil); again.SHA256 != a.SHA256 {
		t.Errorf("an equal build gave %s, then %s", a.SHA256, again.SHA256)
	}
}
