//go:build engine

package container

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// These tests need an engine that DOCKER_HOST, a Docker context or the usual
// socket names. Their images are made from scratch, so that no registry is
// asked.

// writeFiles writes a folder of files.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// buildWith has the engine build, and returns the files by layer path with
// their log.
func buildWith(t *testing.T, r Recipe, files Files) (map[string]string, []string, error) {
	t.Helper()
	return buildAs(t, os.Getenv, r, files)
}

// buildAs is buildWith in an environment.
func buildAs(t *testing.T, getenv func(string) string, r Recipe, files Files) (map[string]string, []string, error) {
	t.Helper()
	spool, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := ReadContext(t.Context(), r)
	if err != nil {
		return nil, nil, err
	}
	got, lines := map[string]string{}, []string{}
	err = NewEngine(getenv, spool).Build(t.Context(), r, sent, files, func(line string) { lines = append(lines, line) },
		func(f File, content io.Reader) error {
			var b bytes.Buffer
			_, err := b.ReadFrom(content)
			got[f.Path] = b.String()
			return err
		})
	return got, lines, err
}

func TestEngineBuilds(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{
		"Dockerfile":    "FROM scratch AS first\nARG NAME=none\nLABEL name=$NAME\nCOPY tool /opt/bin/tool\nCOPY lib /opt/lib\nFROM scratch\nCOPY tool /wrong\n",
		"tool":          "#!/bin/sh\necho tool\n",
		"lib/a.so":      "a",
		"lib/deep/b.so": "b",
		"lib/secret":    "must not be sent",
		".dockerignore": "lib/secret\n",
	})
	got, lines, err := buildWith(t, Recipe{Context: dir, Target: "first", Args: map[string]string{"NAME": "given"}, Platform: "linux/amd64"},
		Files{"/opt/bin/tool": "bin/", "/opt/lib": "lib", "/opt/**/*.so": "flat/"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"bin/tool": "#!/bin/sh\necho tool\n", "lib/a.so": "a", "lib/deep/b.so": "b", "flat/a.so": "a", "flat/b.so": "b"}
	for name, content := range want {
		if got[name] != content {
			t.Errorf("%s holds %q, want %q", name, got[name], content)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d files, want %d: %q", len(got), len(want), got)
	}
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "COPY tool /opt/bin/tool") }) {
		t.Errorf("the log does not tell of the step: %q", lines)
	}
}

func TestEngineNamesWhatFails(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY absent /x\n", "present": "p"})
	_, _, err := buildWith(t, Recipe{Context: dir, Platform: "linux/amd64"}, Files{"/x": "bin/x"})
	if failed := (*BuildError)(nil); !errors.As(err, &failed) || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got %v, want a *BuildError that names absent", err)
	}
	dir = writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY present /x\n", "present": "p"})
	if _, _, err = buildWith(t, Recipe{Context: dir, Platform: "linux/amd64"}, Files{"/y": "bin/y"}); err == nil || !strings.Contains(err.Error(), "/y") {
		t.Errorf("got %v, want an error that names /y", err)
	}
}

func TestEngineEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "present": "p"})
	spool, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := ReadContext(t.Context(), Recipe{Context: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = NewEngine(os.Getenv, spool).Build(ctx, Recipe{Context: dir, Platform: "linux/amd64"}, sent, Files{"/present": "p"},
		func(string) { cancel() }, func(File, io.Reader) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestEngineBuildsForAnotherPlatform copies files for a machine that is not the
// engine's: nothing is run.
func TestEngineBuildsForAnotherPlatform(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY tool /opt/tool\n", "tool": "tool"})
	for _, platform := range []string{"linux/amd64", "linux/arm64", "linux/amd64"} {
		got, _, err := buildWith(t, Recipe{Context: dir, Platform: platform}, Files{"/opt/tool": "./"})
		if err != nil || got["tool"] != "tool" {
			t.Errorf("%s: got %q and %v, want the tool", platform, got, err)
		}
	}
}
