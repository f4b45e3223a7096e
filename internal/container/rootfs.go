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

// limits are what an image may hold at most.
type limits struct {
	unpacked int64 // bytes of all layers, headers included
	entries  int   // of all layers, and folders that no entry names
	names    int   // bytes of the names of all entries, and of what links lead to
	folders  int   // that one source looks into, some of them by many links
}

// usual are far more than any image has that files are taken from, and little
// enough to end a bomb.
func usual() limits {
	return limits{unpacked: 64 << 30, entries: 2 << 20, names: 512 << 20, folders: 1 << 18}
}

const (
	maxName   = 4096 // bytes of a path, as Linux allows
	maxHops   = 40   // links followed for one path, as Linux does
	maxFiles  = 1 << 18
	maxChosen = 2 << 30
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
	limits  limits
	root    *node
	entries int
	names   int
	bytes   int64
}

func newRootfs(image string) *rootfs {
	return &rootfs{image: image, limits: usual(), root: newFolder()}
}

func newFolder() *node { return &node{kind: folderKind, children: map[string]*node{}} }

func (r *rootfs) refuse(name, reason string) error {
	if name == "" {
		return fmt.Errorf("the image %q %s", r.image, reason)
	}
	return fmt.Errorf("the image %q: %q %s", r.image, "/"+name, reason)
}

// change is an entry of a layer, under its clean path.
type change struct {
	name  string
	kind  byte   // a tar.Type…
	to    string // what a hard link is a link to, clean, or a symbolic link, as it is
	size  int64
	exec  bool
	entry int
}

// apply puts a layer upon those before it. Whiteouts hide what lower layers
// have and never what the same layer brings, before or after them.
func (r *rootfs) apply(number int, s source, in io.Reader) error {
	var added []change
	err := r.each(s, in, func(c change, _ io.Reader) error {
		dir, base := path.Split(c.name)
		if !strings.HasPrefix(base, whiteout) {
			added = append(added, c)
			return nil
		}
		if folder, _, err := r.resolve(dir); err == nil && folder.kind == folderKind {
			if base == opaque {
				folder.children = map[string]*node{}
			} else {
				delete(folder.children, strings.TrimPrefix(base, whiteout))
			}
		}
		return nil // a mark of what is not there hides nothing
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
	archive := tar.NewReader(&metered{in: in, fs: r})
	for entry := 0; ; entry++ {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a layer of the image %q: %w", r.image, err)
		}
		if err := r.count(); err != nil {
			return err
		}
		if len(h.Name) > maxName {
			return r.refuse("", fmt.Sprintf("has an entry with a name of more than %d bytes", maxName))
		}
		if r.names += len(h.Name) + len(h.Linkname); r.names > r.limits.names {
			return r.refuse("", fmt.Sprintf("has names of more than %d bytes", r.limits.names))
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		c := change{kind: h.Typeflag, to: h.Linkname, size: h.Size, exec: h.Mode&0o111 != 0, entry: entry}
		var ok bool
		if c.name, ok = cleanName(h.Name); !ok {
			return r.refuse(h.Name, `holds "..", which leads out of the image`)
		}
		if c.name == "" && s.root == "" {
			continue
		}
		if c.kind == tar.TypeLink {
			if c.to, ok = cleanName(c.to); !ok {
				return r.refuse(c.name, "is a hard link out of the image")
			}
			// What is copied names its own entries.
			c.to = path.Join(s.root, c.to)
		}
		c.name = path.Join(s.root, c.name)
		if err := take(c, archive); err != nil {
			return err
		}
	}
}

// count counts an entry, or a folder that none names.
func (r *rootfs) count() error {
	if r.entries++; r.entries > r.limits.entries {
		return r.refuse("", fmt.Sprintf("has more than %d entries", r.limits.entries))
	}
	return nil
}

// metered counts what layers unpack to, headers included.
type metered struct {
	in io.Reader
	fs *rootfs
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.in.Read(b)
	if m.fs.bytes += int64(n); m.fs.bytes > m.fs.limits.unpacked {
		return 0, m.fs.refuse("", fmt.Sprintf("unpacks to more than %d bytes", m.fs.limits.unpacked))
	}
	return n, err
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

// folderOf returns the folder that an entry lands in: links on the way are
// followed where they lead to a folder, what is no folder yields to one, and
// folders that no entry names are made.
func (r *rootfs) folderOf(dir string) (*node, error) {
	folder := r.root
	// The folder lies at base, and below that at dir[since:begin].
	base, since := "", 0
	for begin := 0; begin < len(dir); {
		part, _, _ := strings.Cut(dir[begin:], "/")
		end := begin + len(part)
		next := folder.children[part]
		if next != nil && next.kind == linkKind {
			linked, where, err := r.resolve(path.Join(base, dir[since:end]))
			next = linked
			if err == nil && linked.kind == folderKind {
				base, since = where, end
			}
		}
		if next == nil || next.kind != folderKind {
			if err := r.count(); err != nil {
				return nil, err
			}
			next = newFolder()
			folder.children[part] = next
		}
		folder, begin = next, end+1
	}
	return folder, nil
}

// add puts an entry in place of what was there; a folder upon a folder keeps
// what is in it.
func (r *rootfs) add(number int, c change) error {
	dir, base := path.Split(c.name)
	folder, err := r.folderOf(dir)
	if err != nil {
		return err
	}
	n := r.nodeOf(number, c)
	if before := folder.children[base]; n.kind != folderKind || before == nil || before.kind != folderKind {
		folder.children[base] = n
	}
	return nil
}

// nodeOf returns what an entry brings.
func (r *rootfs) nodeOf(number int, c change) *node {
	switch c.kind {
	case tar.TypeReg, tar.TypeGNUSparse:
		return &node{kind: fileKind, content: &content{layer: number, entry: c.entry, size: c.size, exec: c.exec}}
	case tar.TypeDir:
		return newFolder()
	case tar.TypeSymlink:
		return &node{kind: linkKind, target: c.to}
	case tar.TypeLink:
		// A link may be linked, so the last name is not followed.
		dir, base := path.Split(c.to)
		folder, _, err := r.resolve(dir)
		if err != nil || folder.children[base] == nil || folder.children[base].kind == folderKind {
			return &node{kind: otherKind, fault: "is a hard link to what is not there"}
		}
		same := *folder.children[base]
		return &same
	case tar.TypeChar, tar.TypeBlock:
		return &node{kind: otherKind, fault: "is a device"}
	case tar.TypeFifo:
		return &node{kind: otherKind, fault: "is a named pipe"}
	default:
		return &node{kind: otherKind, fault: fmt.Sprintf("is of the unknown type %q", c.kind)}
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
			return nil, "", r.refuse(name, fmt.Sprintf("lies below %q, which is not a folder", "/"+at))
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
