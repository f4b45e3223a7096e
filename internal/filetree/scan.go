package filetree

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
}

// ignored are names that tools leave in a source tree by themselves: they
// would give every machine other bytes. A __pycache__ also names its
// interpreter and its source's time, and Lambda could never use it. What
// Terraform and this provider write would change the layer with every plan,
// and a state may hold secrets.
func ignored(name string) bool {
	switch name {
	case ".git", ".DS_Store", "__pycache__", ".terraform", ".layerbuild", ".terraform.lock.hcl", ".terraform.tfstate.lock.info", "tfplan":
		return true
	}
	return strings.HasSuffix(name, ".tfplan") || strings.HasSuffix(name, ".tfstate") || strings.HasSuffix(name, ".tfstate.backup")
}

// Scan reads the files below the directory root, or the one file root, and
// returns them sorted by the bytes of Path. What comes out depends on names
// and contents alone: modes, times and the order of the directory never
// matter. Left out wherever they are: .git, .DS_Store, __pycache__, .layerbuild,
// what Terraform writes (.terraform, lock files, states, plans by the usual names), and what o leaves
// out. A directory without files is an empty list.
//
// A symbolic link to a file inside root is read as that file. Any other link,
// and what is neither file nor directory, is a *PathError, as is a missing root
// (wrapping fs.ErrNotExist) and a name that a zip cannot carry.
func Scan(root string, o ScanOptions) ([]File, error) {
	if err := checkPatterns(slices.Concat(o.Include, o.Exclude)); err != nil {
		return nil, err
	}
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, &PathError{Path: root, Reason: "cannot be read", Err: bareError(err)}
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return nil, &PathError{Path: root, Reason: "cannot be read", Err: bareError(err)}
	}
	s := scanner{root: root, resolved: resolved, options: o, buf: make([]byte, 128<<10)}
	if info.IsDir() {
		err = filepath.WalkDir(resolved, s.visit)
	} else {
		err = s.take(filepath.ToSlash(filepath.Base(root)), resolved, info.Mode())
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(s.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return s.files, nil
}

type scanner struct {
	root     string // as given
	resolved string // without links
	options  ScanOptions
	files    []File
	buf      []byte
}

func (s *scanner) visit(host string, d fs.DirEntry, err error) error {
	if err != nil {
		return &PathError{Path: host, Reason: "cannot be read", Err: bareError(err)}
	}
	if host == s.resolved {
		return nil
	}
	rel, err := filepath.Rel(s.resolved, host)
	if err != nil {
		return &PathError{Path: host, Reason: "cannot be read", Err: err}
	}
	name := filepath.ToSlash(rel)
	if ignored(d.Name()) || Match(s.options.Exclude, name) {
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if d.IsDir() || len(s.options.Include) > 0 && !Match(s.options.Include, name) {
		return nil
	}
	return s.take(name, host, d.Type())
}

// take adds the file at the host path under name.
func (s *scanner) take(name, host string, mode fs.FileMode) error {
	shown := filepath.Join(s.root, filepath.FromSlash(name))
	if host == s.resolved {
		shown = s.root
	}
	if fault := nameFault(name); fault != "" {
		return &PathError{Path: shown, Reason: fault}
	}
	if mode&fs.ModeSymlink != 0 {
		target, err := s.follow(shown, host)
		if err != nil {
			return err
		}
		host = target
	} else if !mode.IsRegular() {
		return &PathError{Path: shown, Reason: "is neither a file nor a directory"}
	}
	f, err := s.read(host)
	if err != nil {
		return &PathError{Path: shown, Reason: "cannot be read", Err: bareError(err)}
	}
	f.Path = name
	s.files = append(s.files, f)
	return nil
}

// follow returns the file that the link at the host path leads to.
func (s *scanner) follow(shown, host string) (string, error) {
	target, err := filepath.EvalSymlinks(host)
	if err != nil {
		return "", &PathError{Path: shown, Reason: "is a symbolic link that leads nowhere", Err: bareError(err)}
	}
	rel, err := filepath.Rel(s.resolved, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", &PathError{Path: shown, Reason: "is a symbolic link that leads out of the directory"}
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", &PathError{Path: shown, Reason: "cannot be read", Err: bareError(err)}
	}
	if !info.Mode().IsRegular() {
		return "", &PathError{Path: shown, Reason: "is a symbolic link to something other than a file"}
	}
	return target, nil
}

// read takes size, digest and kind from one pass over the content.
func (s *scanner) read(host string) (File, error) {
	in, err := os.Open(host)
	if err != nil {
		return File{}, err
	}
	defer func() { _ = in.Close() }()
	f := File{Source: host}
	h := sha256.New()
	for {
		n, err := io.ReadFull(in, s.buf)
		if f.Size == 0 {
			f.Program, f.Machine = isProgram(s.buf[:n]), machine(s.buf[:n])
		}
		f.Size += int64(n)
		h.Write(s.buf[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			f.SHA256 = [sha256.Size]byte(h.Sum(nil))
			return f, nil
		}
		if err != nil {
			return File{}, err
		}
	}
}

func isProgram(start []byte) bool {
	return bytes.HasPrefix(start, []byte("\x7fELF")) || bytes.HasPrefix(start, []byte("#!"))
}

// machine reads e_machine of an ELF header (System V ABI, "ELF Header").
func machine(start []byte) string {
	if len(start) < 20 || !bytes.HasPrefix(start, []byte("\x7fELF")) {
		return ""
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(start[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	switch m := elf.Machine(order.Uint16(start[18:])); m {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_AARCH64:
		return "arm64"
	default:
		return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
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
