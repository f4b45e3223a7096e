package index

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Mirror brings the wheels of a lock, from the address in it or from where the
// indexes have a file of the same digest. These come first for wheels of the
// public index that they stand in for, as a machine behind a mirror may reach
// nothing else, and last for wheels that are refused at their address: they may
// have moved, or need a signature in the query, which no lock holds.
type Mirror struct {
	client   *fetch.Client
	store    *store.Store
	cat      *Catalog // nil: there is no index to ask
	standsIn bool     // for the public index
	pack     Packer
	vet      wheel.Vet
	making   Making
}

// NewMirror returns the mirror that the indexes are. They stand in for the
// public one if all of them are others. pack packs wheels that are made of source
// distributions, vet looks at those that are kept. stop ends its requests.
func NewMirror(ctx context.Context, c *fetch.Client, s *store.Store, indexes []Index, pack Packer, vet wheel.Vet) (m *Mirror, stop func(), err error) {
	m = &Mirror{client: c, store: s, pack: pack, vet: vet}
	if len(indexes) == 0 {
		return m, func() {}, nil
	}
	open := slices.ContainsFunc(indexes, func(x Index) bool { return len(x.Packages) == 0 })
	public := slices.ContainsFunc(indexes, func(x Index) bool { return SameIndex(x.URL, DefaultIndex) })
	m.standsIn = open && !public
	if m.cat, err = NewCatalog(ctx, c, &Sources{Indexes: indexes}); err != nil {
		return nil, nil, err
	}
	return m, m.cat.Close, nil
}

// blob returns the wheel, open for reading. An index that does not have it, or
// does not answer, leaves it to the address in the lock.
func (m *Mirror) blob(ctx context.Context, w wheel.Wheel) (*os.File, error) {
	if kept, err := fetch.ParseKept(w.URL); err == nil {
		w.URL = m.client.Reveal(kept)
	}
	there := WheelSource(w.URL, w.Filename, w.SHA256, w.Size, m.vet)
	if f, ok, err := m.client.Stored(ctx, there); ok || err != nil {
		return f, err
	}
	var f *os.File
	var missed error
	instead := m.standsIn && isPublic(w.URL)
	if instead {
		if f, missed = m.listed(ctx, w, there); missed == nil || ctx.Err() != nil {
			return f, missed
		}
	}
	f, err := m.client.Blob(ctx, there)
	if err == nil {
		return f, nil
	}
	if _, refused := errors.AsType[*fetch.StatusError](err); refused && !instead && m.cat != nil {
		if f, missed = m.listed(ctx, w, there); missed == nil {
			return f, nil
		}
	}
	if missed != nil {
		return nil, fmt.Errorf("%w; and in its place: %w", err, missed)
	}
	return nil, err
}

// listed returns the wheel from where the indexes have it; source is where the lock
// has it.
func (m *Mirror) listed(ctx context.Context, w wheel.Wheel, source fetch.Source) (*os.File, error) {
	page, err := m.cat.Page(w.Name).Wait(ctx)
	if err != nil {
		return nil, err
	}
	f := page.listed(w)
	switch {
	case f == nil && page.Index == "":
		return nil, errors.New("no index has the project")
	case f == nil:
		return nil, fmt.Errorf("the index %s has no file of its name and digest", page.Index)
	}
	if source.URL, err = page.address(f); err != nil {
		return nil, err
	}
	return m.client.Blob(ctx, source)
}

// isPublic reports whether an address is of a file of DefaultIndex.
func isPublic(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "files.pythonhosted.org" || u.Hostname() == "pypi.org")
}

// Fetch brings a wheel into the store, where every entry was inflated and
// checked once on the way in.
func (m *Mirror) Fetch(ctx context.Context, w wheel.Wheel) (*filetree.Archive, error) {
	// A zero digest would mean "take what comes".
	if w.SHA256.IsZero() {
		return nil, fmt.Errorf("fetching wheel %q: the lock has no SHA-256 for it", w.Filename)
	}
	if w.FromSource() {
		return m.make(ctx, w)
	}
	if w.Path != "" {
		if err := wheel.BringWheel(ctx, m.store, w, m.vet); err != nil {
			return nil, err
		}
		return filetree.FileArchive(w.Filename, m.store.Path(w.SHA256))
	}
	blob, err := m.blob(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("fetching wheel %q: %w", w.Filename, err)
	}
	archive, err := filetree.FileArchive(w.Filename, blob.Name())
	return archive, errors.Join(err, blob.Close())
}

// WheelSource asks for a wheel, which is vetted before it is kept, or for a source
// distribution, which is read only once its digest was checked.
func WheelSource(address, filename string, sum store.Digest, size int64, vet wheel.Vet) fetch.Source {
	source := fetch.Source{URL: address, SHA256: sum, Size: size}
	if !sdist.Is(filename) {
		source.Vet = func(ctx context.Context, f *os.File, size int64) error {
			return wheel.VetWheel(ctx, f, filename, size, sum, vet)
		}
	}
	return source
}
