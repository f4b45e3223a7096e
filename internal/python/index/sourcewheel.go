package index

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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Packer returns the archive that holds the files of a wheel, which files
// returns by path. key names their content: an archive that was made under it
// before may be returned instead.
type Packer func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error)

// make returns the archive of a wheel that is made of its source distribution,
// which is fetched if it was not made before.
func (m *Mirror) make(ctx context.Context, w wheel.Wheel) (*filetree.Archive, error) {
	if m.Pack == nil {
		return nil, fmt.Errorf("making a wheel of %q: nothing packs it", w.Filename)
	}
	archive, err := m.Pack(ctx, wheel.SourceKey(w.SHA256), func() (map[string][]byte, error) {
		source, err := m.source(ctx, w)
		if err != nil {
			return nil, err
		}
		made, err := m.making.Wheel(w.Filename, source)
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

// source returns the source distribution of a wheel, open for reading.
func (m *Mirror) source(ctx context.Context, w wheel.Wheel) (io.ReadCloser, error) {
	if w.Path != "" {
		return wheel.OpenSource(w)
	}
	blob, err := m.blob(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("fetching the source distribution %q: %w", w.Filename, err)
	}
	return blob, nil
}

// SourceFile asks for a source distribution, which is read only once its digest
// was checked.
func SourceFile(address string, sum store.Digest, size int64) fetch.Source {
	return fetch.Source{URL: address, SHA256: sum, Size: size}
}

// Making makes one wheel after the other: each is held in memory.
type Making struct{ mu sync.Mutex }

// Wheel makes a wheel of a source distribution, and closes that.
func (m *Making) Wheel(filename string, source io.ReadCloser) (w *sdist.Wheel, err error) {
	defer func() { err = errors.Join(err, source.Close()) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	return sdist.Make(filename, source)
}

// addSdists adds source distributions as candidates: of versions that have no
// wheel for the target, nor any that is for one platform. What is built for
// platforms is more than files to copy.
func (p *Project) addSdists(pl *Policy) {
	taken := map[string]bool{}
	for _, c := range p.Candidates {
		taken[c.Key] = true
	}
	for i := range p.Page.Wheels {
		if w := &p.Page.Wheels[i]; !w.Pure() {
			taken[w.Key] = true
		}
	}
	before := len(p.Candidates)
	p.Page.Sdists(func(f *File, r *Release) {
		if taken[r.Key] || !sdist.Is(f.Filename) || pl.Withheld(f, r.Key) != Fits || !pl.allowsPython(f.RequiresPython) {
			return
		}
		taken[r.Key] = true
		kind := wheel.SdistKind
		kind.Name, kind.Version, kind.Parsed = p.Name, r.Text, r.Version
		p.Candidates = append(p.Candidates, Candidate{WheelFile: &WheelFile{File: f, Release: r, WheelKind: &WheelKind{NameTags: kind}}})
	})
	if len(p.Candidates) == before {
		return
	}
	p.Unfit = slices.DeleteFunc(p.Unfit, func(r *Release) bool {
		return slices.ContainsFunc(p.Candidates[before:], func(c Candidate) bool { return c.Key == r.Key })
	})
	slices.SortStableFunc(p.Candidates, func(a, b Candidate) int { return b.Version.Compare(a.Version) })
}

// sdistMetadata returns the METADATA of the wheel that is made of a source
// distribution. It is kept by the digest of that, with a byte in front that says
// whether it is recorded.
func (c *Catalog) sdistMetadata(ctx context.Context, p *Page, f *File) (*WheelMetadata, error) {
	const bucket = "sdist-metadata"
	digest, _ := store.ParseDigest(f.SHA256)
	switch {
	case digest.IsZero():
		return &WheelMetadata{Fault: "the index gives no SHA-256 for it"}, nil
	case f.Size > sdist.MaxSize:
		return &WheelMetadata{Fault: fmt.Sprintf("it has only a source distribution of %d bytes: no wheel is made from one larger than %d", f.Size, sdist.MaxSize)}, nil
	}
	key := wheel.SdistForm + " " + f.SHA256
	if c.records != nil {
		if body, _, err := c.records.GetRecord(bucket, key); err == nil && len(body) > 0 {
			return readSourceMetadata(p.Name, body), nil
		}
	}
	address, err := p.address(f)
	if err != nil {
		return nil, err
	}
	made, err := c.madeWheel(ctx, SourceFile(address, digest, f.Size), f.Filename)
	if refused, ok := errors.AsType[*wheel.NotPure](err); ok {
		return &WheelMetadata{Fault: "it has only a source distribution, and no wheel can be made from it without running its code: " + refused.Reason}, nil
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
	return readSourceMetadata(p.Name, body), nil
}

func readSourceMetadata(name string, body []byte) *WheelMetadata {
	m := readMetadata(name, "", body[1:])
	m.Recorded = body[0] == '+'
	return m
}

// madeWheel fetches a source distribution and makes its wheel.
func (c *Catalog) madeWheel(ctx context.Context, from fetch.Source, filename string) (*sdist.Wheel, error) {
	blob, err := c.client.Blob(ctx, from)
	if err != nil {
		return nil, err
	}
	return c.making.Wheel(filename, blob)
}
