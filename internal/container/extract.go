package container

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// pick is a file of the image and the layer path it goes to.
type pick struct {
	from    string
	to      string
	content *content
}

// extract shows visit the files that are asked for, in the order of the layers
// and of their entries. What links lead to is taken in place of the link.
func extract(ctx context.Context, image string, sources []source, files Files, spool *store.Store, visit Visit) error {
	fs, err := index(ctx, image, sources)
	if err != nil {
		return err
	}
	picks, err := fs.choose(files)
	if err != nil {
		return err
	}
	return fs.show(ctx, sources, picks, spool, visit)
}

// index reads all layers, the lowest first.
func index(ctx context.Context, image string, sources []source) (*rootfs, error) {
	fs := newRootfs(image)
	for i, s := range sources {
		err := withLayer(ctx, s, func(in io.Reader) error { return fs.apply(i, s, in) })
		if err != nil {
			return nil, err
		}
	}
	return fs, nil
}

// withLayer opens a layer for read, which ends with ctx.
func withLayer(ctx context.Context, s source, read func(in io.Reader) error) (err error) {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return read(store.Reader(ctx, in))
}

// choose returns what the mapping asks for, sorted by where it lies.
func (r *rootfs) choose(files Files) ([]pick, error) {
	var picks []pick
	for _, from := range files.sources() {
		base, glob := split(from)
		found, err := r.find(from, base, glob, files[from])
		if err != nil {
			return nil, err
		}
		picks = append(picks, found...)
	}
	taken := map[string]pick{}
	var size int64
	out := picks[:0]
	for _, p := range picks {
		before, again := taken[p.to]
		if again && before.content != p.content {
			return nil, r.refuse(p.from, fmt.Sprintf("and %q both go to %q: a target that ends in \"/\" is a folder", "/"+before.from, p.to))
		}
		if size += p.content.size; size > maxChosen {
			return nil, r.refuse("", "brings more than 2 GiB: name fewer files")
		}
		if !again {
			taken[p.to] = p
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b pick) int {
		return cmp.Or(cmp.Compare(a.content.layer, b.content.layer), cmp.Compare(a.content.entry, b.content.entry), strings.Compare(a.to, b.to))
	})
	return out, nil
}

// find returns the files of one source.
func (r *rootfs) find(from, base, glob, target string) ([]pick, error) {
	n, where, err := r.resolve(base)
	if err != nil {
		return nil, r.tied(strings.Trim(from, "/"), err)
	}
	if glob == "" && n.kind != folderKind {
		return r.one(base, n, target)
	}
	folder := strings.TrimSuffix(target, "/")
	w := walker{fs: r, glob: glob}
	if err := w.walk(n, base, "", []string{where}); err != nil {
		return nil, err
	}
	if len(w.found) == 0 {
		return nil, r.refuse(strings.Trim(from, "/"), "matches no file")
	}
	for i := range w.found {
		p := &w.found[i]
		switch {
		case glob != "" && !inFolder(target):
			p.to = path.Clean(target)
		case glob != "":
			p.to = path.Join(folder, path.Base(p.to))
		default:
			p.to = path.Join(folder, p.to)
		}
	}
	return w.found, nil
}

// one returns a single file.
func (r *rootfs) one(name string, n *node, target string) ([]pick, error) {
	if n.fault != "" {
		return nil, r.refuse(name, n.fault)
	}
	to := path.Clean(target)
	if inFolder(target) {
		to = path.Join(target, path.Base(name))
	}
	return []pick{{from: name, to: to, content: n.content}}, nil
}

// tied names the image and the path of what is not there.
func (r *rootfs) tied(name string, err error) error {
	if gone := (*missing)(nil); errors.As(err, &gone) && name != "" {
		return fmt.Errorf("the image %q: %q %w", r.image, "/"+name, gone)
	}
	return err
}

// walker collects the files below a folder; glob, unless "", says which.
type walker struct {
	fs      *rootfs
	glob    string
	found   []pick
	folders int // that were entered
}

// walk takes the files of a folder by name. above are the real paths of the
// folders on the way, so that no link leads back into one.
func (w *walker) walk(folder *node, shown, rel string, above []string) error {
	if w.folders++; w.folders > w.fs.limits.folders {
		return w.fs.refuse("", fmt.Sprintf("has more than %d folders to look into", w.fs.limits.folders))
	}
	for _, name := range slices.Sorted(maps.Keys(folder.children)) {
		full, within := path.Join(shown, name), path.Join(rel, name)
		n, where := folder.children[name], path.Join(above[len(above)-1], name)
		wanted := w.glob == "" || filetree.Match([]string{w.glob}, within)
		if n.kind == linkKind {
			// Only what is wanted must lead somewhere.
			if !wanted {
				continue
			}
			var err error
			if n, where, err = w.fs.resolve(path.Join(above[len(above)-1], name)); err != nil {
				return w.fs.tied(full, err)
			}
			if n.kind == folderKind && slices.ContainsFunc(above, func(a string) bool { return a == where || strings.HasPrefix(a, where+"/") || where == "" }) {
				return w.fs.refuse(full, "is a link to a folder that holds it")
			}
		}
		switch {
		case n.kind == folderKind:
			if err := w.walk(n, full, within, append(slices.Clip(above), where)); err != nil {
				return err
			}
		case !wanted:
		case n.fault != "":
			return w.fs.refuse(full, n.fault)
		case len(w.found) == maxFiles:
			return w.fs.refuse("", fmt.Sprintf("brings more than %d files", maxFiles))
		default:
			w.found = append(w.found, pick{from: full, to: within, content: n.content})
		}
	}
	return nil
}

// show reads the layers again that hold what was chosen, which choose has sorted.
func (r *rootfs) show(ctx context.Context, sources []source, picks []pick, spool *store.Store, visit Visit) error {
	r.entries, r.names, r.bytes = 0, 0, 0
	for len(picks) > 0 {
		layer := picks[0].content.layer
		err := withLayer(ctx, sources[layer], func(in io.Reader) error {
			return r.each(sources[layer], in, func(c change, content io.Reader) error {
				n := 0
				for n < len(picks) && picks[n].content.layer == layer && picks[n].content.entry == c.entry {
					n++
				}
				if n == 0 {
					return nil
				}
				chosen := picks[:n]
				if err := showOne(chosen, content, spool, visit); err != nil {
					return err
				}
				if picks = picks[n:]; len(picks) == 0 || picks[0].content.layer != layer {
					return errLast
				}
				return nil
			})
		})
		if err == nil {
			return r.refuse("", "has a layer that changed while it was read")
		}
		if !errors.Is(err, errLast) {
			return err
		}
	}
	return nil
}

var errLast = errors.New("the last file was read")

// showOne shows a file under each of its layer paths.
func showOne(picks []pick, content io.Reader, spool *store.Store, visit Visit) (err error) {
	head, err := filetree.ReadHead(content)
	if err != nil {
		return fmt.Errorf("reading %q: %w", picks[0].from, err)
	}
	f := File{Size: picks[0].content.size, Exec: picks[0].content.exec}
	f.Program, f.Machine = filetree.Program(head)
	whole := io.MultiReader(bytes.NewReader(head), content)
	if len(picks) == 1 {
		f.Path = picks[0].to
		return visit(f, whole)
	}
	w, err := spool.NewWriter()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	if _, err := io.Copy(w, whole); err != nil {
		return fmt.Errorf("reading %q: %w", picks[0].from, err)
	}
	for _, p := range picks {
		f.Path = p.to
		if err := visit(f, io.NewSectionReader(w.File(), 0, w.Size())); err != nil {
			return err
		}
	}
	return nil
}
