// Package sdist makes the wheel of a pure source distribution by what it says of
// itself, and runs nothing for it. A distribution that setuptools made tells its
// files and requirements in its .egg-info folder, one of another build backend
// in its PKG-INFO and pyproject.toml, and an old one of distutils has neither
// requirements nor anything but modules and packages to pack. Native code, and
// a distribution that contradicts itself, is refused with a *NotPure.
package sdist

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
)

const (
	// MaxSize caps a source distribution in bytes, packed, and maxFiles what its
	// files have together: they are held in memory.
	MaxSize  = 32 << 20
	maxFiles = 64 << 20
	// maxCount caps the number of its files.
	maxCount = 20_000
)

// NotPure tells what keeps a wheel from being made of a source distribution
// without running code of it.
type NotPure struct {
	Filename string
	Reason   string // a clause: `it holds native code, "x.c"`
}

func (e *NotPure) Error() string {
	return fmt.Sprintf("making a wheel of %q: %s", e.Filename, e.Reason)
}

// Is reports whether a file of an index is a source distribution that Read
// understands, by its name.
func Is(filename string) bool {
	return strings.HasSuffix(filename, ".tar.gz") || strings.HasSuffix(filename, ".zip")
}

// SplitName reads the name of a source distribution as indexes serve them,
// without any directory: its normalised name, and its version with its text.
func SplitName(filename string) (name string, version pep440.Version, text string, ok bool) {
	base, found := strings.CutSuffix(filename, ".tar.gz")
	if !found {
		base, found = strings.CutSuffix(filename, ".zip")
	}
	dash := strings.LastIndexByte(base, '-')
	if !found || dash <= 0 {
		return "", version, "", false
	}
	version, err := pep440.Parse(base[dash+1:])
	return pep508.NormalizeName(base[:dash]), version, base[dash+1:], err == nil
}

// Sdist is a source distribution in memory (the "Source distribution format"
// specification).
type Sdist struct {
	filename string
	name     string // normalised, as the file's name has it
	version  pep440.Version
	files    map[string][]byte // by path below the top folder
	paths    []string          // sorted
	fault    error             // the first reason against a wheel
}

// Read reads a source distribution. What is no archive, or too large, is a
// *NotPure.
func Read(filename string, r io.Reader) (*Sdist, error) {
	s := &Sdist{filename: filename, files: map[string][]byte{}}
	var ok bool
	if s.name, s.version, _, ok = SplitName(filename); !ok {
		return nil, s.refused("it is no .tar.gz or .zip file with a name and a version")
	}
	read := s.readTar
	if strings.HasSuffix(filename, ".zip") {
		read = s.readZip
	}
	if err := read(r); err != nil {
		return nil, err
	}
	s.paths = slices.Sorted(maps.Keys(s.files))
	return s, nil
}

func (s *Sdist) readTar(r io.Reader) error {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return s.damaged(err)
	}
	archive := tar.NewReader(io.LimitReader(unpacked, maxFiles+maxCount*2*512))
	left := int64(maxFiles)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.damaged(err)
		}
		if left -= header.Size; header.Size < 0 || left < 0 || len(s.files) == maxCount {
			return s.refused("its files are too many or too large")
		}
		if header.Typeflag == tar.TypeDir || header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		regular := header.Typeflag == tar.TypeReg && header.PAXRecords["GNU.sparse.major"] == ""
		if err := s.take(header.Name, regular, archive); err != nil {
			return err
		}
	}
}

func (s *Sdist) readZip(r io.Reader) error {
	body, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil || len(body) > MaxSize {
		return s.refused("it cannot be read, or is over %d bytes", MaxSize)
	}
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return s.damaged(err)
	}
	left := int64(maxFiles)
	for _, f := range archive.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if left -= int64(min(f.UncompressedSize64, maxFiles+1)); left < 0 || len(s.files) == maxCount {
			return s.refused("its files are too many or too large")
		}
		content, err := f.Open()
		if err != nil {
			return s.damaged(err)
		}
		err = s.take(f.Name, f.Mode().IsRegular(), io.LimitReader(content, int64(f.UncompressedSize64)))
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

// take adds one entry of the archive, without the folder that all are in.
func (s *Sdist) take(name string, regular bool, content io.Reader) error {
	name = strings.TrimPrefix(name, "./")
	top, inside, below := strings.Cut(name, "/")
	if !below || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return s.refused("the file %q in it is not below one folder", name)
	}
	if dash := strings.LastIndexByte(top, '-'); dash < 0 || pep508.NormalizeName(top[:dash]) != s.name {
		return s.refused("its folder is %q", top)
	}
	if !regular {
		return nil // a link, which is no file to pack
	}
	if _, twice := s.files[inside]; twice {
		return s.refused("it holds %q twice", inside)
	}
	body, err := io.ReadAll(content)
	if err != nil {
		return s.damaged(err)
	}
	s.files[inside] = body
	return nil
}

// refuse notes a reason against a wheel. The first is told.
func (s *Sdist) refuse(format string, args ...any) {
	if s.fault == nil {
		s.fault = s.refused(format, args...)
	}
}

func (s *Sdist) refused(format string, args ...any) error {
	return &NotPure{Filename: s.filename, Reason: fmt.Sprintf(format, args...)}
}

func (s *Sdist) damaged(err error) error { return s.refused("it cannot be read: %v", err) }

// lines returns the lines of a file that hold anything, without white space at
// their ends.
func (s *Sdist) lines(name string) []string {
	var out []string
	for line := range strings.Lines(string(s.files[name])) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// refuseNative refuses a distribution with source code that a compiler has to
// see, or that declares extension modules.
func (s *Sdist) refuseNative(names []string) {
	for _, name := range names {
		if slices.Contains(compiled, strings.ToLower(path.Ext(name))) {
			s.refuse("it holds native code, %q", name)
		}
	}
	for _, name := range []string{"setup.py", "setup.cfg", "pyproject.toml"} {
		if word := extension.Find(s.files[name]); word != nil {
			s.refuse("its %s declares native code by %q", name, word)
		}
	}
}

// compiled are the extensions of source files that are compiled, and of what
// compilers make.
var compiled = []string{
	".c", ".cc", ".cpp", ".cxx", ".c++", ".pyx", ".rs", ".f", ".f77", ".f90", ".f95", ".f03", ".for", ".go", ".cu", ".mm",
	".so", ".pyd", ".dll", ".dylib", ".a", ".lib", ".o", ".obj",
}

var extension = regexp.MustCompile(`\b(ext_modules|ext-modules|cffi_modules|rust_extensions|setuptools_rust|maturin|scikit_build_core|mesonpy|cythonize|Extension\()`)
