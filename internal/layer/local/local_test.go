package local

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/segment"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// anyFile is a scope that takes every file.
func anyFile() Scope {
	return Scope{
		CheckFile: func(fault.Path, string, string) error { return nil },
		Skip:      func(string) bool { return false },
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCheckNamesWhatToWrite(t *testing.T) {
	t.Parallel()
	text := "x"
	for want, spec := range map[string]Spec{
		"write one of them":             {Target: "python"},
		"names both source and content": {Source: "a", Content: &text, Target: "python/a"},
		"Content needs the name of a":   {Content: &text, Target: "python/"},
		"content has none":              {Content: &text, Target: "a", Symlinks: LinksError},
		"not a path":                    {Source: "a", IgnoreFile: "x/.gitignore"},
		"Symlinks is":                   {Source: "a", Symlinks: "copy"},
		`holds ".."`:                    {Source: "a", Target: "../up"},
	} {
		if err := spec.Check(fault.At("files").Index(0)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", spec, err, want)
		}
	}
	if err := (Spec{Source: "a", Target: "python"}).Check(fault.At("files").Index(0)); err != nil {
		t.Error(err)
	}
}

// TestChangedFilesAreNamed packs, changes a file, and packs with the same lock.
func TestChangedFilesAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.py"), "A = 1\n")
	write(t, filepath.Join(dir, "b.py"), "B = 1\n")
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	env := &Env{Store: s, Segments: segment.New(s)}
	locks, err := Choose(t.Context(), []Spec{{Source: dir, Target: "python"}}, anyFile(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if tree, err := Pack(t.Context(), env, locks, anyFile(), false); err != nil || len(tree) != 2 || tree[0].Path != "python/a.py" {
		t.Fatalf("Pack() = %v, %v", tree, err)
	}
	write(t, filepath.Join(dir, "a.py"), "A = 2\n")
	if err := os.Remove(filepath.Join(dir, "b.py")); err != nil {
		t.Fatal(err)
	}
	_, err = Pack(t.Context(), env, locks, anyFile(), false)
	changed, ok := errors.AsType[*ChangedError](err)
	if !ok || strings.Join(changed.Changes, ", ") != `"python/a.py" changed, "python/b.py" is gone` {
		t.Errorf("Pack() = %v, want both changes", err)
	}
}

// TestOldLockStaysWhereMadeFilesAreMissing lacks a file that an apply made; another
// file that is missing changes the lock.
func TestOldLockStaysWhereMadeFilesAreMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made, own := filepath.Join(dir, "made.py"), filepath.Join(dir, "own.py")
	write(t, own, "A = 1\n")
	if err := os.Chtimes(own, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	write(t, made, "M = 1\n")
	specs := []Spec{{Source: dir, Target: "python"}}
	old, err := Choose(t.Context(), specs, anyFile(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	files := MadeSince(t.Context(), time.Unix(1000, 0), old, anyFile().Skip, nil)
	if len(files[0]) != 1 || files[0][0].Path != "python/made.py" {
		t.Fatalf("MadeSince() = %v, want made.py alone", files)
	}
	if err := os.Remove(made); err != nil {
		t.Fatal(err)
	}
	if now, err := Choose(t.Context(), specs, anyFile(), files, old); err != nil || now[0].Tree != old[0].Tree {
		t.Errorf("without the made file the lock changes: %v", err)
	}
	if now, err := Choose(t.Context(), specs, anyFile(), nil, old); err != nil || now[0].Tree == old[0].Tree {
		t.Errorf("a file that nothing made is missing, and the lock stays: %v", err)
	}
	for name, asked := range map[string]Spec{
		"another pattern":        {Source: dir, Target: "python", Exclude: []string{"*.txt"}},
		"another ignore file":    {Source: dir, Target: "python", IgnoreFile: "own.py"},
		"links that are refused": {Source: dir, Target: "python", Symlinks: LinksError},
	} {
		if now, err := Choose(t.Context(), []Spec{asked}, anyFile(), files, old); err == nil && now[0].Tree == old[0].Tree {
			t.Errorf("%s is asked for, and the lock stays", name)
		}
	}
	follows := []Spec{{Source: dir, Target: "python", Symlinks: LinksFollow, Include: []string{}}}
	if now, err := Choose(t.Context(), follows, anyFile(), files, old); err != nil || now[0].Tree != old[0].Tree {
		t.Errorf("what is written out is the default, and the lock changes: %v", err)
	}
	refusing := anyFile()
	refusing.CheckFile = func(at fault.Path, path, _ string) error {
		return &fault.Error{At: at, Summary: "not " + path}
	}
	if _, err := Choose(t.Context(), specs, refusing, files, old); err == nil || !strings.Contains(err.Error(), "not python/own.py") {
		t.Errorf("the layer cannot hold a file, and Choose() = %v", err)
	}
	write(t, own, "A = 2\n")
	if now, err := Choose(t.Context(), specs, anyFile(), files, old); err != nil || now[0].Tree == old[0].Tree {
		t.Errorf("a file changed, and the lock stays: %v", err)
	}
}
