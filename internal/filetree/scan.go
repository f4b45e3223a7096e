package filetree

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/leftout"
)

// File is one file of a host directory as it was when [Scan] read it.
type File struct {
	Path    string // slash-separated, relative to the scanned directory; the base name if a file was scanned
	Source  string // host path to read it from
	Size    int64
	SHA256  [sha256.Size]byte
	Program bool // the content starts with the ELF magic or with #!
	// Machine is what an ELF file runs on, as Lambda names architectures
	// ("x86_64", "arm64"), or the ELF number of another machine; "" for what
	// is no ELF file.
	Machine string
}

// ScanOptions narrows the scan of a directory with patterns as [Match] takes
// them, relative to it. Where a file is scanned they do not apply.
type ScanOptions struct {
	Include []string // none: everything
	Exclude []string // wins over Include
	// IgnoreFile names files in the form of gitignore, "" for none. One in any
	// folder holds for what is below it, and is left out itself.
	// NeedsIgnoreFile makes it an error if no folder has one.
	IgnoreFile      string
	NeedsIgnoreFile bool
	// Keep decides besides, nil for everything: of a file whether it is taken, of a
	// folder whether it is entered. It is asked from the root down.
	Keep func(name string, isDir bool) bool
	// RefuseLinks makes every symbolic link that is not left out an error.
	RefuseLinks bool
	// Skip reports whether a file or folder of the host is left out because the
	// run itself writes it; nil skips nothing. Paths are without links.
	Skip func(host string) bool
}

// Scan reads the files below the directory root, or the one file root, and
// returns them sorted by the bytes of Path. What comes out depends on names
// and contents alone: modes, times and the order of the directory never
// matter. Left out wherever they are: .git, .DS_Store, __pycache__, what Terraform
// and this provider write (.terraform, .layerbuild, lock files, logs of crashes, values of
// variables; states and plans by their content too), and what o leaves out. A
// directory without files is an empty list. That root, or a pattern of Include, names
// nothing but such a file of Terraform's own is a *PathError.
//
// A symbolic link to a file or a folder inside root is read as that file or
// folder. A link that leads out of root, nowhere, to what is always left out, or
// back to a folder that holds it is a *PathError, as is what is neither file nor
// directory, a missing root (wrapping fs.ErrNotExist), a name that a zip cannot
// carry, and a folder that the 16,385th link leads to. It ends with ctx, whose cause is the
// error then.
func Scan(ctx context.Context, root string, o ScanOptions) ([]File, error) {
	for _, p := range slices.Concat(o.Include, o.Exclude) {
		if err := CheckPattern(p); err != nil {
			return nil, err
		}
	}
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, &PathError{Path: root, Reason: "cannot be read", Err: bareError(err)}
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return nil, &PathError{Path: root, Reason: "cannot be read", Err: bareError(err)}
	}
	s := scanner{stopped: ctx, root: root, resolved: resolved, options: o, buf: make([]byte, 128<<10)}
	if info.IsDir() {
		err = s.walk(resolved, "", nil)
	} else {
		err = s.take(filepath.ToSlash(filepath.Base(root)), resolved, info.Mode())
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkInclude(); err != nil {
		return nil, err
	}
	if o.NeedsIgnoreFile && info.IsDir() && len(s.ignores) == 0 {
		return nil, &PathError{Path: filepath.Join(root, o.IgnoreFile), Reason: "is missing", Err: fs.ErrNotExist}
	}
	slices.SortFunc(s.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return s.files, nil
}

type scanner struct {
	stopped  context.Context
	root     string // as given
	resolved string // without links
	options  ScanOptions
	ignores  []*Ignores // of the folders that were entered, outer ones first
	files    []File
	entered  int // folders by links
	buf      []byte
	left     []string // files that are never packed
}

// maxDepth bounds how deep folders lie in each other, maxEntered how many are
// entered by links: a few links in each of a few folders multiply.
const (
	maxDepth   = 256
	maxEntered = 1 << 14
)

// walk takes what is in a folder. above are the folders that were entered on the
// way to it, without links.
func (s *scanner) walk(host, dir string, above []string) error {
	if len(above) == maxDepth {
		return &PathError{Path: s.shown(dir), Reason: "lies more than 256 folders deep"}
	}
	entries, err := os.ReadDir(host)
	if err != nil {
		return &PathError{Path: s.shown(dir), Reason: "cannot be read", Err: bareError(err)}
	}
	if err := s.readIgnore(host, dir); err != nil {
		return err
	}
	above = append(slices.Clip(above), host)
	for _, d := range entries {
		name := d.Name()
		if dir != "" {
			name = dir + "/" + name
		}
		if err := s.visit(name, filepath.Join(host, d.Name()), d.Type(), above); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) visit(name, host string, mode fs.FileMode, above []string) error {
	if s.stopped.Err() != nil {
		return context.Cause(s.stopped)
	}
	if Match(s.options.Exclude, name) || s.leavesOut(name, mode.IsDir()) || s.options.Skip != nil && s.options.Skip(host) {
		return nil
	}
	if base := path.Base(name); leftout.Always(base) {
		if leftout.Own(base) {
			s.left = append(s.left, name)
		}
		return nil
	}
	if mode&fs.ModeSymlink == 0 && !s.keeps(name, mode.IsDir()) {
		return nil
	}
	if mode.IsDir() {
		return s.walk(host, name, above)
	}
	wanted := len(s.options.Include) == 0 || Match(s.options.Include, name)
	if mode&fs.ModeSymlink != 0 {
		target, info, err := s.follow(s.shown(name), host)
		if err == nil && !s.keeps(name, info.IsDir()) {
			return nil
		}
		if err == nil && info.IsDir() {
			return s.enter(name, target, above)
		}
		if err != nil && wanted {
			return err
		}
		if err == nil {
			host, mode = target, info.Mode()
		}
	}
	if !wanted {
		return nil
	}
	return s.take(name, host, mode)
}

// checkInclude refuses a pattern that names nothing but what is never packed.
func (s *scanner) checkInclude() error {
	for _, p := range s.options.Include {
		at := slices.IndexFunc(s.left, func(name string) bool { return matchOne(p, name) })
		if at >= 0 && !slices.ContainsFunc(s.files, func(f File) bool { return matchOne(p, f.Path) }) {
			return &PathError{Path: s.shown(s.left[at]), Reason: fmt.Sprintf("is what include = [%q] names, and it %s", p, leftout.Reason)}
		}
	}
	return nil
}

// keeps asks the options' own function.
func (s *scanner) keeps(name string, isDir bool) bool {
	return s.options.Keep == nil || s.options.Keep(name, isDir)
}

// enter walks the folder that a link leads to, unless it holds the link.
func (s *scanner) enter(name, target string, above []string) error {
	if s.leavesOut(name, true) {
		return nil
	}
	if s.entered++; s.entered > maxEntered {
		return &PathError{Path: s.shown(name), Reason: fmt.Sprintf("is one of more than %d symbolic links to folders", maxEntered)}
	}
	for _, host := range above {
		if host == target || strings.HasPrefix(host, target+string(filepath.Separator)) {
			return &PathError{Path: s.shown(name), Reason: fmt.Sprintf("is a symbolic link that leads back to %q, which holds it", target)}
		}
	}
	return s.walk(target, name, above)
}

// shown returns the path that messages call a file by.
func (s *scanner) shown(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// take adds the file at the host path under name.
func (s *scanner) take(name, host string, mode fs.FileMode) error {
	shown, alone := s.shown(name), host == s.resolved
	if alone {
		shown = s.root
	}
	if alone && leftout.Own(path.Base(name)) {
		return &PathError{Path: shown, Reason: leftout.Reason}
	}
	if fault := nameFault(name); fault != "" {
		return &PathError{Path: shown, Reason: fault}
	}
	if !mode.IsRegular() {
		return &PathError{Path: shown, Reason: "is neither a file nor a directory"}
	}
	f, own, err := s.read(host)
	switch {
	case s.stopped.Err() != nil:
		return context.Cause(s.stopped)
	case err != nil:
		return &PathError{Path: shown, Reason: "cannot be read", Err: bareError(err)}
	case own && alone:
		return &PathError{Path: shown, Reason: leftout.Reason}
	case own:
		s.left = append(s.left, name)
		return nil
	}
	f.Path = name
	s.files = append(s.files, f)
	return nil
}

// follow returns what the link at the host path leads to.
func (s *scanner) follow(shown, host string) (string, fs.FileInfo, error) {
	if s.options.RefuseLinks {
		return "", nil, &PathError{Path: shown, Reason: "is a symbolic link, which this source must not hold"}
	}
	target, err := filepath.EvalSymlinks(host)
	if err != nil {
		return "", nil, &PathError{Path: shown, Reason: "is a symbolic link that leads nowhere", Err: bareError(err)}
	}
	rel, err := filepath.Rel(s.resolved, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", nil, &PathError{Path: shown, Reason: "is a symbolic link that leads out of the directory"}
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if leftout.Always(part) {
			return "", nil, &PathError{Path: shown, Reason: fmt.Sprintf("is a symbolic link to %q, which is never packed", filepath.ToSlash(rel))}
		}
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", nil, &PathError{Path: shown, Reason: "cannot be read", Err: bareError(err)}
	}
	return target, info, nil
}

// read takes size, digest and kind from one pass over the content, and reports
// whether it is that of a file of Terraform's own.
func (s *scanner) read(host string) (f File, own bool, err error) {
	in, err := os.Open(host)
	if err != nil {
		return File{}, false, err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return File{}, false, err
	}
	f = File{Source: host}
	h := sha256.New()
	for {
		if s.stopped.Err() != nil {
			return File{}, false, context.Cause(s.stopped)
		}
		n, err := io.ReadFull(in, s.buf)
		if f.Size == 0 {
			f.Program, f.Machine = Program(s.buf[:n])
			if own = leftout.OwnContent(s.buf[:n], in, info.Size()); own {
				return f, own, nil
			}
		}
		f.Size += int64(n)
		h.Write(s.buf[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			f.SHA256 = [sha256.Size]byte(h.Sum(nil))
			return f, false, nil
		}
		if err != nil {
			return File{}, false, err
		}
	}
}

// TreeDigest identifies the files by path, kind, size and content, in the order
// given. Where they lie on the host does not matter. The digest is SHA-256 over
// a versioned preamble and one record a file: length of the path (8 bytes, big
// endian), path, 1 for a program or 0, size (8 bytes), digest.
func TreeDigest(files []File) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("layerbuild file tree 1\n"))
	var b []byte
	for i := range files {
		f := &files[i]
		b = binary.BigEndian.AppendUint64(b[:0], uint64(len(f.Path)))
		b = append(b, f.Path...)
		if f.Program {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
		b = binary.BigEndian.AppendUint64(b, uint64(f.Size))
		b = append(b, f.SHA256[:]...)
		h.Write(b)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
