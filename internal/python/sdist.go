package python

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
)

const (
	// maxSdist caps a source distribution in bytes, packed, and maxSdistFiles
	// what its files have together: they are held in memory.
	maxSdist      = 32 << 20
	maxSdistFiles = 64 << 20
	// maxSdistCount caps the number of its files.
	maxSdistCount = 20_000
)

// NotPure tells what keeps a wheel from being made of a source distribution
// without running code of it.
type NotPure struct {
	Filename string
	Reason   string // a clause: "line 12 of setup.py: it calls subprocess.run"
}

func (e *NotPure) Error() string {
	return fmt.Sprintf("making a wheel of %q: %s", e.Filename, e.Reason)
}

// sdist is a source distribution in memory (the "Source distribution format"
// specification).
type sdist struct {
	filename string
	name     string // normalised, as the file's name has it
	version  pep440.Version
	files    map[string][]byte // by path below the top folder
	paths    []string          // sorted
}

// sdistName reads the name of a source distribution as indexes serve them,
// without any directory.
func sdistName(filename string) (name string, version pep440.Version, text string, ok bool) {
	base, found := strings.CutSuffix(filename, ".tar.gz")
	if !found {
		base, found = strings.CutSuffix(filename, ".zip")
	}
	dash := strings.LastIndexByte(base, '-')
	if !found || dash <= 0 {
		return "", version, "", false
	}
	version, err := pep440.Parse(base[dash+1:])
	return NormalizeName(base[:dash]), version, base[dash+1:], err == nil
}

// readSdist reads a source distribution. What is no archive, or holds more than
// files and folders, is a *NotPure.
func readSdist(filename string, r io.Reader) (*sdist, error) {
	s := &sdist{filename: filename, files: map[string][]byte{}}
	var ok bool
	s.name, s.version, _, ok = sdistName(filename)
	if !ok || !strings.HasSuffix(filename, ".tar.gz") {
		return nil, s.refuse("it is no .tar.gz file with a name and a version")
	}
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, s.damaged(err)
	}
	archive := tar.NewReader(io.LimitReader(unpacked, maxSdistFiles+maxSdistCount*2*512))
	left := int64(maxSdistFiles)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, s.damaged(err)
		}
		if left -= header.Size; header.Size < 0 || left < 0 || len(s.files) == maxSdistCount {
			return nil, s.refuse("its files are too many or too large")
		}
		if err := s.take(header, archive); err != nil {
			return nil, err
		}
	}
	s.paths = slices.Sorted(maps.Keys(s.files))
	return s, nil
}

// take adds one entry of the archive, without the folder that all are in.
func (s *sdist) take(header *tar.Header, content io.Reader) error {
	name := strings.TrimPrefix(header.Name, "./")
	switch header.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	default:
		return s.refuse("%q in it is neither a file nor a folder", name)
	}
	top, inside, below := strings.Cut(name, "/")
	if !below || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || header.PAXRecords["GNU.sparse.major"] != "" {
		return s.refuse("the file %q in it is not below one folder", name)
	}
	if top != strings.TrimSuffix(s.filename, ".tar.gz") {
		if dash := strings.LastIndexByte(top, '-'); dash < 0 || NormalizeName(top[:dash]) != s.name {
			return s.refuse("its folder is %q", top)
		}
	}
	if _, twice := s.files[inside]; twice {
		return s.refuse("it holds %q twice", inside)
	}
	body, err := io.ReadAll(content)
	if err != nil {
		return s.damaged(err)
	}
	s.files[inside] = body
	return nil
}

func (s *sdist) refuse(format string, args ...any) error {
	return &NotPure{Filename: s.filename, Reason: fmt.Sprintf(format, args...)}
}

func (s *sdist) damaged(err error) error { return s.refuse("it cannot be read: %v", err) }

// ReadFile and List make the files known to what reads setup.py.
func (s *sdist) ReadFile(name string) ([]byte, bool) {
	body, ok := s.files[name]
	return body, ok
}

// List returns the paths of all files, sorted.
func (s *sdist) List() []string { return s.paths }

// under returns the paths of all files below a folder, "" for the top one,
// relative to it.
func (s *sdist) under(dir string) []string {
	if dir == "" {
		return s.paths
	}
	from, _ := slices.BinarySearch(s.paths, dir+"/")
	var out []string
	for _, p := range s.paths[from:] {
		rest, ok := strings.CutPrefix(p, dir+"/")
		if !ok {
			break
		}
		out = append(out, rest)
	}
	return out
}
