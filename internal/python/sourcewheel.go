package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Packer returns the archive that holds the files of a wheel, which files
// returns by path. key names their content: an archive that was made under it
// before may be returned instead.
type Packer func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error)

// make returns the archive of a wheel that is made of its source distribution,
// which is fetched if it was not made before.
func (m *mirror) make(ctx context.Context, w Wheel) (*filetree.Archive, error) {
	if m.pack == nil {
		return nil, fmt.Errorf("making a wheel of %q: nothing packs it", w.Filename)
	}
	archive, err := m.pack(ctx, SourceKey(w.SHA256), func() (map[string][]byte, error) {
		blob, err := m.blob(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("fetching the source distribution %q: %w", w.Filename, err)
		}
		made, err := m.making.wheel(w.Filename, blob)
		if err != nil {
			return nil, err
		}
		return made.WithRecord(), nil
	})
	if err != nil {
		return nil, err
	}
	named := *archive
	named.Name = w.Filename
	return &named, nil
}

// sourceFile asks for a source distribution, which is read only once its digest
// was checked.
func sourceFile(address string, sum store.Digest, size int64) fetch.Source {
	return fetch.Source{URL: address, SHA256: sum, Size: size}
}

// making makes one wheel after the other: each is held in memory.
type making struct{ mu sync.Mutex }

// wheel makes a wheel of a source distribution, and closes that.
func (m *making) wheel(filename string, source io.ReadCloser) (w *sdist.Wheel, err error) {
	defer func() { err = errors.Join(err, source.Close()) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	return sdist.Make(filename, source)
}

// addSdists adds source distributions as candidates: of versions that have no
// wheel for the target, nor any that is for one platform. What is built for
// platforms is more than files to copy.
func (p *project) addSdists(pl *policy) {
	taken := map[string]bool{}
	for _, c := range p.candidates {
		taken[c.key] = true
	}
	for i := range p.page.wheels {
		if w := &p.page.wheels[i]; !w.Pure() {
			taken[w.key] = true
		}
	}
	before := len(p.candidates)
	p.page.sdists(func(f *file, r *release) {
		if taken[r.key] || !sdist.Is(f.name) || pl.withheld(f, r.key) != fits || !pl.allowsPython(f.requiresPython) {
			return
		}
		taken[r.key] = true
		kind := sdistKind
		kind.Name, kind.Version, kind.Parsed = p.name, r.text, r.version
		p.candidates = append(p.candidates, candidate{wheelFile: &wheelFile{file: f, release: r, wheelKind: &wheelKind{WheelName: kind}}})
	})
	if len(p.candidates) == before {
		return
	}
	p.unfit = slices.DeleteFunc(p.unfit, func(r *release) bool {
		return slices.ContainsFunc(p.candidates[before:], func(c candidate) bool { return c.key == r.key })
	})
	slices.SortStableFunc(p.candidates, func(a, b candidate) int { return b.version.Compare(a.version) })
}

// sdistMetadata returns the METADATA of the wheel that is made of a source
// distribution. It is kept by the digest of that, with a byte in front that says
// whether it is recorded.
func (c *catalog) sdistMetadata(ctx context.Context, p *page, f *file) (*wheelMetadata, error) {
	const bucket = "sdist-metadata"
	digest, _ := store.ParseDigest(f.sha256)
	switch {
	case digest.IsZero():
		return &wheelMetadata{fault: "the index gives no SHA-256 for it"}, nil
	case f.size > sdist.MaxSize:
		return &wheelMetadata{fault: fmt.Sprintf("it has only a source distribution, of %d bytes: nothing is made of one over %d", f.size, sdist.MaxSize)}, nil
	}
	key := sdistForm + " " + f.sha256
	if c.records != nil {
		if body, _, err := c.records.GetRecord(bucket, key); err == nil && len(body) > 0 {
			return readSourceMetadata(p.name, body), nil
		}
	}
	address, err := p.address(f)
	if err != nil {
		return nil, err
	}
	made, err := c.madeWheel(ctx, sourceFile(address, digest, f.size), f.name)
	if refused, ok := errors.AsType[*NotPure](err); ok {
		return &wheelMetadata{fault: "it has only a source distribution, of which no wheel can be made without running it: " + refused.Reason}, nil
	}
	if err != nil {
		return nil, err
	}
	flag := byte('-')
	if made.Recorded {
		flag = '+'
	}
	body := append([]byte{flag}, made.Metadata...)
	if c.records != nil {
		if err := c.records.PutRecord(bucket, key, body); err != nil {
			return nil, err
		}
	}
	return readSourceMetadata(p.name, body), nil
}

func readSourceMetadata(name string, body []byte) *wheelMetadata {
	m := readMetadata(name, body[1:])
	m.recorded = body[0] == '+'
	return m
}

// madeWheel fetches a source distribution and makes its wheel.
func (c *catalog) madeWheel(ctx context.Context, from fetch.Source, filename string) (*sdist.Wheel, error) {
	blob, err := c.client.Blob(ctx, from)
	if err != nil {
		return nil, err
	}
	return c.making.wheel(filename, blob)
}
