package python

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// mirror brings wheels that a lock names on the public index from the indexes
// that stand in for it: a machine behind a mirror may reach nothing else, and a
// file with the same digest is as good.
type mirror struct {
	client *fetch.Client
	store  *store.Store
	cat    *catalog // nil: nothing stands in for the public index
	pack   Packer
	making making
}

// newMirror returns the mirror that the indexes are, if all of them are others
// than the public one. stop ends its requests.
func newMirror(ctx context.Context, c *fetch.Client, s *store.Store, indexes []Index) (m *mirror, stop func(), err error) {
	m = &mirror{client: c, store: s}
	open := slices.ContainsFunc(indexes, func(x Index) bool { return len(x.Packages) == 0 })
	public := slices.ContainsFunc(indexes, func(x Index) bool { return sameIndex(x.URL, DefaultIndex) })
	if !open || public {
		return m, func() {}, nil
	}
	if m.cat, err = newCatalog(c, &Spec{Indexes: indexes}); err != nil {
		return nil, nil, err
	}
	background, cancel := context.WithCancel(ctx)
	m.cat.ctx = background
	return m, func() { cancel(); m.cat.tasks.Wait() }, nil
}

// blob returns the wheel, open for reading. An index that does not have it, or
// does not answer, leaves it to the address in the lock.
func (m *mirror) blob(ctx context.Context, w Wheel) (*os.File, error) {
	if m.cat == nil || !isPublic(w.URL) {
		return m.client.Blob(ctx, wheelSource(w.URL, w.Filename, w.SHA256, w.Size))
	}
	if f, ok, err := m.client.Stored(ctx, wheelSource(w.URL, w.Filename, w.SHA256, w.Size)); ok || err != nil {
		return f, err
	}
	address, missed := m.address(ctx, w)
	if missed == nil {
		var f *os.File
		if f, missed = m.client.Blob(ctx, wheelSource(address, w.Filename, w.SHA256, w.Size)); missed == nil {
			return f, nil
		}
	}
	if ctx.Err() != nil {
		return nil, missed
	}
	f, err := m.client.Blob(ctx, wheelSource(w.URL, w.Filename, w.SHA256, w.Size))
	if err != nil {
		return nil, fmt.Errorf("%w; and in its place: %w", err, missed)
	}
	return f, nil
}

// address returns where the indexes have the wheel.
func (m *mirror) address(ctx context.Context, w Wheel) (string, error) {
	page, err := m.cat.page(w.Name).wait(ctx)
	if err != nil {
		return "", err
	}
	files := make([]*file, 0, len(page.wheels)+len(page.files))
	for i := range page.wheels {
		files = append(files, page.wheels[i].file)
	}
	for i := range page.files {
		files = append(files, &page.files[i])
	}
	for _, f := range files {
		if f.name == w.Filename && (f.sha256 == "" || f.sha256 == w.SHA256.Hex()) {
			return page.address(f)
		}
	}
	if page.index == "" {
		return "", errors.New("no index has the project")
	}
	return "", fmt.Errorf("the index %s has no file of its name and digest", page.index)
}

// isPublic reports whether an address is of a file of DefaultIndex.
func isPublic(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "files.pythonhosted.org" || u.Hostname() == "pypi.org")
}
