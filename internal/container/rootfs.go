package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// What an image may hold at most: far more than any that files are taken from,
// and little enough to end a bomb.
const (
	maxUnpacked = 64 << 30
	maxEntries  = 4 << 20
	maxHops     = 40 // links followed for one path, as Linux does
	maxFiles    = 1 << 18
	maxChosen   = 2 << 30
)

// Names of the OCI Image Layer Specification, "Whiteouts".
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// source is one layer: a tar archive that can be read again, whose entries lie
// below root.
type source struct {
	root string // clean, without a slash before it; "" is the root
	open func(ctx context.Context) (io.ReadCloser, error)
}

type kind int

const (
	fileKind kind = iota
	folderKind
	linkKind
	otherKind
)

// node is what the image has at a path.
type node struct {
	kind     kind
	children map[string]*node // of a folder
	target   string           // of a symbolic link
	fault    string           // of what is no file, folder or link
	content  *content         // of a file; hard links share it
}

// content is where the bytes of a file lie: its entry in a layer.
type content struct {
	layer, entry int
	size         int64
	exec         bool
}

// rootfs is the file system of an image, its layers put upon each other.
type rootfs struct {
	image   string
	root    *node
	entries int
	bytes   int64
}

func newRootfs(image string) *rootfs {
	return &rootfs{image: image, root: newFolder()}
}

func newFolder() *node { return &node{kind: folderKind, children: map[string]*node{}} }

func (r *rootfs) refuse(name, reason string) error {
	if name != "" {
		name = "/" + name
	}
	return &ImageError{Image: r.image, Path: name, Reason: reason}
}

// change is an entry of a layer, under its clean path.
type change struct {
	name   string
	header *tar.Header
	entry  int
}

// apply puts a layer upon those before it. Whiteouts hide what lower layers
// have and never what the same layer brings, wherever they stand in it.
func (r *rootfs) apply(number int, s source, in io.Reader) error {
	var added []change
	err := r.each(s, in, func(c change, _ io.Reader) error {
		dir, base := path.Split(c.name)
		dir = strings.TrimSuffix(dir, "/")
		switch {
		case base == opaque:
			if folder := r.at(dir); folder != nil && folder.kind == folderKind {
				folder.children = map[string]*node{}
			}
		case strings.HasPrefix(base, whiteout):
			if folder := r.at(dir); folder != nil && folder.kind == folderKind {
				delete(folder.children, strings.TrimPrefix(base, whiteout))
			}
		default:
			added = append(added, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range added {
		if err := r.add(number, c); err != nil {
			return err
		}
	}
	return nil
}

// each shows the entries of a layer with their numbers and clean paths.
func (r *rootfs) each(s source, in io.Reader, take func(c change, content io.Reader) error) error {
	archive := tar.NewReader(in)
	for entry := 0; ; entry++ {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a layer of the image %q: %w", r.image, err)
		}
		if r.entries++; r.entries > maxEntries {
			return r.refuse("", fmt.Sprintf("has more than %d entries", maxEntries))
		}
		if r.bytes += h.Size; r.bytes > maxUnpacked {
			return r.refuse("", "unpacks to more than 64 GiB")
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name, ok := cleanName(h.Name)
		if !ok {
			return r.refuse(h.Name, `holds "..", which leads out of the image`)
		}
		if name == "" && s.root == "" {
			continue
		}
		if err := take(change{name: path.Join(s.root, name), header: h, entry: entry}, archive); err != nil {
			return err
		}
	}
}

// cleanName returns a path of the image without a slash before it.
func cleanName(name string) (clean string, ok bool) {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", false
		}
	}
	clean = strings.TrimPrefix(path.Clean("/"+name), "/")
	return clean, !strings.ContainsRune(clean, 0)
}

// at returns the node at a path, links not followed, or nil.
func (r *rootfs) at(name string) *node {
	n := r.root
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		if n.kind != folderKind || n.children[part] == nil {
			return nil
		}
		n = n.children[part]
	}
	return n
}

// add puts an entry in place of what was there; a folder upon a folder keeps
// what is in it. Folders that no entry names are made.
func (r *rootfs) add(number int, c change) error {
	folder := r.root
	dir, base := path.Split(c.name)
	for part := range strings.SplitSeq(dir, "/") {
		if part == "" {
			continue
		}
		next := folder.children[part]
		// An entry below a link lands in the folder that the link leads to.
		if next != nil && next.kind == linkKind {
			if linked, _, err := r.resolve(c.name[:strings.LastIndexByte(c.name, '/')]); err == nil && linked.kind == folderKind {
				folder = linked
				break
			}
		}
		if next == nil || next.kind != folderKind {
			next = newFolder()
			folder.children[part] = next
		}
		folder = next
	}
	n, err := r.nodeOf(number, c)
	if err != nil {
		return err
	}
	if before := folder.children[base]; n.kind == folderKind && before != nil && before.kind == folderKind {
		return nil
	}
	folder.children[base] = n
	return nil
}

// nodeOf returns what an entry brings.
func (r *rootfs) nodeOf(number int, c change) (*node, error) {
	switch h := c.header; h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return &node{kind: fileKind, content: &content{layer: number, entry: c.entry, size: h.Size, exec: h.Mode&0o111 != 0}}, nil
	case tar.TypeDir:
		return newFolder(), nil
	case tar.TypeSymlink:
		return &node{kind: linkKind, target: h.Linkname}, nil
	case tar.TypeLink:
		to, ok := cleanName(h.Linkname)
		if !ok {
			return nil, r.refuse(c.name, "is a hard link out of the image")
		}
		first := r.at(to)
		if first == nil || first.kind == folderKind {
			return &node{kind: otherKind, fault: "is a hard link to what is not there"}, nil
		}
		same := *first
		return &same, nil
	case tar.TypeChar, tar.TypeBlock:
		return &node{kind: otherKind, fault: "is a device"}, nil
	case tar.TypeFifo:
		return &node{kind: otherKind, fault: "is a named pipe"}, nil
	default:
		return &node{kind: otherKind, fault: fmt.Sprintf("is of the unknown type %q", h.Typeflag)}, nil
	}
}

// missing is a path that the image, or what was copied of it, does not have.
type missing struct{ name, asked string }

func (m *missing) Error() string {
	if m.name == m.asked {
		return "is not in the image"
	}
	return fmt.Sprintf("leads to %q, which is not in the image", "/"+m.name)
}

// resolve follows a path and the links on it within the image, and returns
// what is there and its path without links.
func (r *rootfs) resolve(name string) (*node, string, error) {
	pending := strings.Split(name, "/")
	n, at, above := r.root, "", []*node{}
	for hops := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(above) > 0 {
				n, above = above[len(above)-1], above[:len(above)-1]
				at = strings.TrimPrefix(path.Dir("/"+at), "/")
			}
			continue
		}
		if n.kind != folderKind {
			return nil, "", r.refuse(name, fmt.Sprintf("lies below %q, which is no folder", "/"+at))
		}
		next := n.children[part]
		if next == nil {
			return nil, "", &missing{name: path.Join(append([]string{at, part}, pending...)...), asked: name}
		}
		if next.kind == linkKind {
			if hops++; hops > maxHops {
				return nil, "", r.refuse(name, "is a link that leads in a circle")
			}
			if strings.HasPrefix(next.target, "/") {
				n, at, above = r.root, "", above[:0]
			}
			pending = append(strings.Split(next.target, "/"), pending...)
			continue
		}
		n, at, above = next, path.Join(at, part), append(above, n)
	}
	return n, at, nil
}
