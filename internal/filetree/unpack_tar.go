package filetree

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// tarBlock is the unit of tar archives (POSIX.1-2017, pax, "ustar Interchange
// Format").
const tarBlock = 512

// isTar reports whether the block is a tar header: by its checksum, as those
// before POSIX have no magic.
func isTar(block []byte) bool {
	if len(block) < tarBlock || block[0] == 0 {
		return false
	}
	field := strings.Trim(string(block[148:156]), " \x00")
	want, err := strconv.ParseInt(field, 8, 64)
	if err != nil {
		return false
	}
	var unsigned, signed int64
	for i, c := range block {
		if i >= 148 && i < 156 {
			c = ' '
		}
		unsigned, signed = unsigned+int64(c), signed+int64(int8(c))
	}
	return want == unsigned || want == signed
}

// listTar reads a tar archive to its end.
func listTar(s *stream) ([]Member, error) {
	x := index{archive: s.archive, nodes: map[string]*node{}}
	err := eachTar(s, func(name string, h *tar.Header, content io.Reader) error {
		n, err := tarNode(name, h, content)
		if err != nil {
			return err
		}
		return x.add(n)
	})
	if err != nil {
		return nil, err
	}
	if err := onlyZeros(s); err != nil {
		return nil, err
	}
	return x.members()
}

// visitTar shows the files that want names, and stops after the last.
func visitTar(s *stream, want map[string]bool, visit func(string, int64, io.Reader) error) error {
	left := len(want)
	err := eachTar(s, func(name string, h *tar.Header, content io.Reader) error {
		if !want[name] || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeCont {
			return nil
		}
		if err := visit(name, h.Size, content); err != nil {
			return err
		}
		if left--; left == 0 {
			return errLast
		}
		return nil
	})
	if errors.Is(err, errLast) {
		return nil
	}
	return err
}

var errLast = errors.New("the last file was read")

// eachTar takes the entries that have a path of their own.
func eachTar(s *stream, take func(name string, h *tar.Header, content io.Reader) error) error {
	r := tar.NewReader(s)
	for count := 1; ; count++ {
		h, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, tar.ErrHeader) || errors.Is(err, tar.ErrFieldTooLong):
			return s.refuse("is damaged: one of its headers cannot be read")
		case err != nil:
			return s.fault(err)
		case count > maxEntries:
			return s.refuse(fmt.Sprintf("has more than %d entries", maxEntries))
		case h.Typeflag == tar.TypeXGlobalHeader:
			continue
		}
		name, fault := tarName(h.Name)
		if fault != "" {
			return &ArchiveError{Archive: s.archive.Name, Entry: h.Name, Reason: fault}
		}
		if name == "" {
			continue
		}
		if err := take(name, h, &tarContent{stream: s, in: r}); err != nil {
			return err
		}
	}
}

// tarContent reads the content of an entry.
type tarContent struct {
	stream *stream
	in     *tar.Reader
}

func (c *tarContent) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, c.stream.fault(err)
	}
	return n, err
}

// tarName returns the clean form of an entry's path, "" for the archive's root,
// or what is wrong with it. Archives made in a folder begin theirs with "./".
func tarName(name string) (clean, fault string) {
	if strings.HasPrefix(name, "/") {
		return "", "is absolute"
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return "", `holds ".."`
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "", ""
	}
	clean = strings.Join(parts, "/")
	return clean, nameFault(clean)
}

// tarNode returns what an entry is.
func tarNode(name string, h *tar.Header, content io.Reader) (*node, error) {
	n := &node{member: Member{Path: name, File: name}}
	switch h.Typeflag {
	case tar.TypeDir:
		n.kind = folderNode
	case tar.TypeSymlink:
		n.kind, n.target = linkNode, h.Linkname
	case tar.TypeLink:
		n.kind, n.target, n.hard = linkNode, h.Linkname, true
	case tar.TypeReg, tar.TypeCont:
		if isSparse(h) {
			n.member.Fault = "is a sparse file"
			return n, nil
		}
		head, err := ReadHead(content)
		if err != nil {
			return nil, err
		}
		m := &n.member
		m.Size, m.Exec = h.Size, h.Mode&modeExec != 0
		m.Program, m.Machine = Program(head)
	case tar.TypeChar, tar.TypeBlock:
		n.member.Fault = "is a device"
	case tar.TypeFifo:
		n.member.Fault = "is a named pipe"
	case tar.TypeGNUSparse:
		n.member.Fault = "is a sparse file"
	default:
		n.member.Fault = fmt.Sprintf("is of the unknown type %q", h.Typeflag)
	}
	return n, nil
}

// isSparse reports whether a file holds less than it says, by the records that
// GNU tar writes into pax headers.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// onlyZeros reads what follows the end of a tar archive, which fills its last
// record, and with it the checksum of what packs it.
func onlyZeros(s *stream) error {
	buf := make([]byte, window)
	for {
		n, err := s.Read(buf)
		if len(bytes.TrimLeft(buf[:n], "\x00")) > 0 {
			return s.refuse("has bytes behind its end")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
