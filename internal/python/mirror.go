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

// mirror brings the wheels of a lock, from the address in it or from where the
// indexes have a file of the same digest. These come first for wheels of the
// public index that they stand in for, as a machine behind a mirror may reach
// nothing else, and last for wheels that are refused at their address: they may
// have moved, or need a signature in the query, which no lock holds.
type mirror struct {
	client   *fetch.Client
	store    *store.Store
	cat      *catalog // nil: there is no index to ask
	standsIn bool     // for the public index
	pack     Packer
	vet      Vet
	making   making
}

// newMirror returns the mirror that the indexes are. They stand in for the
// public one if all of them are others. stop ends its requests.
func newMirror(ctx context.Context, c *fetch.Client, s *store.Store, indexes []Index) (m *mirror, stop func(), err error) {
	m = &mirror{client: c, store: s}
	if len(indexes) == 0 {
		return m, func() {}, nil
	}
	open := slices.ContainsFunc(indexes, func(x Index) bool { return len(x.Packages) == 0 })
	public := slices.ContainsFunc(indexes, func(x Index) bool { return sameIndex(x.URL, DefaultIndex) })
	m.standsIn = open && !public
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
	if f, ok, err := m.client.Stored(ctx, wheelSource(w.URL, w.Filename, w.SHA256, w.Size, m.vet)); ok || err != nil {
		return f, err
	}
	var missed error
	instead := m.standsIn && isPublic(w.URL)
	if instead {
		var f *os.File
		if f, missed = m.listed(ctx, w); missed == nil {
			return f, nil
		}
		if ctx.Err() != nil {
			return nil, missed
		}
	}
	f, err := m.client.Blob(ctx, wheelSource(w.URL, w.Filename, w.SHA256, w.Size, m.vet))
	if err == nil {
		return f, nil
	}
	if _, refused := errors.AsType[*fetch.StatusError](err); refused && !instead && m.cat != nil {
		if f, missed = m.listed(ctx, w); missed == nil {
			return f, nil
		}
	}
	if missed != nil {
		return nil, fmt.Errorf("%w; and in its place: %w", err, missed)
	}
	return nil, err
}

// listed returns the wheel from where the indexes have it.
func (m *mirror) listed(ctx context.Context, w Wheel) (*os.File, error) {
	address, err := m.address(ctx, w)
	if err != nil {
		return nil, err
	}
	return m.client.Blob(ctx, wheelSource(address, w.Filename, w.SHA256, w.Size, m.vet))
}

// address returns where the indexes have the wheel.
func (m *mirror) address(ctx context.Context, w Wheel) (string, error) {
	page, err := m.cat.page(w.Name).wait(ctx)
	if err != nil {
		return "", err
	}
	if f := page.listed(w); f != nil {
		return page.address(f)
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
