package layer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

const sourceUniverse = `
pure 1.0
  sdist
  file: setup.py: from setuptools import setup\nsetup()\n
  file: pure/__init__.py: import lib\n
  file: pure.egg-info/PKG-INFO: Metadata-Version: 2.1\nName: pure\nVersion: 1.0\n
  file: pure.egg-info/SOURCES.txt: setup.py\npure/__init__.py\n
  file: pure.egg-info/requires.txt: lib\n
  file: pure.egg-info/top_level.txt: pure\n
lib 1.0
wild 1.0
  sdist
  file: setup.py: from distutils.core import setup\n
  file: wild.pyx: x\n
`

// goldenSource is the digest of the layer that pure and lib make. It moves only
// with the layout version, the encoder and the form of made wheels.
const goldenSource = "82c6d9fd3cb68b203346c08f001bea9fb0cb163f5c24c0573ad888be4be767de"

func sourceSpec(requirement string) Spec {
	return Spec{
		Runtimes: []string{"python3.12"}, Architectures: []string{"x86_64", "arm64"},
		Python: &PythonSpec{Requirements: []string{requirement}, Sdist: "pure"},
	}
}

// TestSdistsMakeTheSameBytesEverywhere builds on two clean machines, and once
// more from what the first has kept.
func TestSdistsMakeTheSameBytesEverywhere(t *testing.T) {
	t.Parallel()
	index := indextest.New(t, sourceUniverse)
	first, second := newBuilder(t, index), newBuilder(t, index)
	l := resolve(t, first, sourceSpec("pure"), nil)
	text, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	copied, err := DecodeLock(text)
	if err != nil {
		t.Fatal(err)
	}
	a := build(t, first, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")})
	b := build(t, second, copied, Output{Path: filepath.Join(t.TempDir(), "b.zip")})
	if a.SHA256.Hex() != goldenSource || b.SHA256 != a.SHA256 {
		t.Errorf("got %s and %s, want %s twice", a.SHA256, b.SHA256, goldenSource)
	}
	index.Forget()
	again := build(t, first, l, Output{Path: filepath.Join(t.TempDir(), "c.zip"), Want: a.SHA256})
	if asked := index.Requests(); again.SHA256 != a.SHA256 || len(asked) != 0 {
		t.Errorf("building again gives %s and asks for %v", again.SHA256, asked)
	}
}

// TestDamagedMadeWheelIsMadeAgain breaks the kept zip of a made wheel.
func TestDamagedMadeWheelIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, sourceUniverse))
	l := resolve(t, b, sourceSpec("pure"), nil)
	want := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "a.zip")}).SHA256
	c := opened(t, b)
	damaged := 0
	for _, n := range l.Python.Needs(c.python) {
		if len(n.Blobs) < 2 {
			continue // a wheel of the index
		}
		d := n.Blobs[1]
		if err := os.Chmod(c.store.Path(d), 0o644); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(c.store.Path(d))
		if err != nil {
			t.Fatal(err)
		}
		body[len(body)/2] ^= 1
		if err := os.WriteFile(c.store.Path(d), body, 0o644); err != nil {
			t.Fatal(err)
		}
		damaged++
	}
	if damaged != 1 {
		t.Fatalf("%d made wheels are known, want 1", damaged)
	}
	if got := build(t, b, l, Output{Path: filepath.Join(t.TempDir(), "b.zip"), Want: want}).SHA256; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSdistRefusals(t *testing.T) {
	t.Parallel()
	b := newBuilder(t, indextest.New(t, sourceUniverse))
	_, err := b.Resolve(t.Context(), sourceSpec("wild"), nil)
	if input, ok := errors.AsType[*fault.Error](err); !ok || input.Summary != `No wheel of "wild" 1.0 runs on python3.12 x86_64` || !strings.Contains(err.Error(), `it holds native code, "wild.pyx"`) {
		t.Errorf("Resolve() = %v, want the file that stands in the way", err)
	}
	s := sourceSpec("pure")
	s.Python.Sdist = ""
	if _, err := b.Resolve(t.Context(), s, nil); err == nil || !strings.Contains(err.Error(), `Set python.sdist = "pure"`) {
		t.Errorf("Resolve() = %v, want the way out", err)
	}
	s.Python = &PythonSpec{Requirements: []string{"pure"}, Sdist: "wheel"}
	_, err = b.Resolve(t.Context(), s, nil)
	if input, ok := errors.AsType[*fault.Error](err); !ok || input.At.String() != "python.sdist" {
		t.Errorf("Resolve() = %v, want an error of python.sdist", err)
	}
}
