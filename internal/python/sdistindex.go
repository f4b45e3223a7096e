package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// sdistForm names what is made of a source distribution. It moves when the
// bytes of any such wheel do.
const sdistForm = "setuptools-" + setuptoolsVersion + "/1"

// maxRefused is how many source distributions of one project a resolution looks
// at in vain: each has to be fetched.
const maxRefused = 3

// FromSource reports whether the wheel is made of a source distribution, which
// is what URL, SHA256 and Size are of then.
func (w Wheel) FromSource() bool { return isSdist(w.Filename) }

func isSdist(filename string) bool { return strings.HasSuffix(filename, ".tar.gz") }

// sdistKind is what a wheel that is made of a source distribution runs on.
var sdistKind = WheelName{Pythons: []string{"py3"}, ABIs: []string{"none"}, Platforms: []string{"any"}}

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
		if taken[r.key] || !isSdist(f.name) || pl.withheld(f, r.key) != fits || !pl.allowsPython(f.requiresPython) {
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
// distribution. It is kept by the digest of that.
func (c *catalog) sdistMetadata(ctx context.Context, p *page, f *file) (*wheelMetadata, error) {
	const bucket = "sdist-metadata"
	digest, _ := store.ParseDigest(f.sha256)
	switch {
	case digest.IsZero():
		return &wheelMetadata{fault: "the index gives no SHA-256 for it"}, nil
	case f.size > maxSdist:
		return &wheelMetadata{fault: fmt.Sprintf("it has only a source distribution, of %d bytes: nothing is made of one over %d", f.size, maxSdist)}, nil
	}
	key := sdistForm + " " + f.sha256
	if c.records != nil {
		if body, _, err := c.records.GetRecord(bucket, key); err == nil {
			return readMetadata(p.name, body), nil
		}
	}
	address, err := p.address(f)
	if err != nil {
		return nil, err
	}
	b, err := c.builtWheel(ctx, sourceFile(address, digest, f.size), f.name)
	if refused, ok := errors.AsType[*NotPure](err); ok {
		return &wheelMetadata{fault: "it has only a source distribution, of which no wheel can be made without running it: " + refused.Reason}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.records != nil {
		if err := c.records.PutRecord(bucket, key, b.metadata); err != nil {
			return nil, err
		}
	}
	return readMetadata(p.name, b.metadata), nil
}

// builtWheel fetches a source distribution and makes its wheel.
func (c *catalog) builtWheel(ctx context.Context, from fetch.Source, filename string) (*builtWheel, error) {
	blob, err := c.client.Blob(ctx, from)
	if err != nil {
		return nil, err
	}
	return c.making.build(filename, blob)
}

// making makes one wheel after the other: each is held in memory.
type making struct{ mu sync.Mutex }

// build makes a wheel of a source distribution, and closes that.
func (m *making) build(filename string, sdist io.ReadCloser) (b *builtWheel, err error) {
	defer func() { err = errors.Join(err, sdist.Close()) }()
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := readSdist(filename, sdist)
	if err != nil {
		return nil, err
	}
	return s.build()
}

// tooMany reports whether so many source distributions of the project were
// looked at in vain that this one is not.
func (w *world) tooMany(c candidate) bool {
	_, seen := w.sources[c.file.sha256]
	return isSdist(c.file.name) && !seen && w.refused[c.Name] >= maxRefused
}

// count remembers what became of a source distribution.
func (w *world) count(c candidate, fault string) {
	if _, seen := w.sources[c.file.sha256]; seen || !isSdist(c.file.name) {
		return
	}
	w.sources[c.file.sha256] = fault
	if fault != "" {
		w.refused[c.Name]++
	}
}
