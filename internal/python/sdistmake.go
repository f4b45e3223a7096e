package python

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Packer returns the archive that holds the files of a wheel, which files
// returns by path. key names their content: an archive that was made under it
// before may be returned instead.
type Packer func(ctx context.Context, key string, files func() (map[string][]byte, error)) (*filetree.Archive, error)

// SourceKey names the content of a wheel that is made of the source distribution
// with this digest: by this release of the provider, and nothing else.
func SourceKey(sdist store.Digest) string { return sdistForm + " " + sdist.Hex() }

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
		b, err := m.making.build(w.Filename, blob)
		if err != nil {
			return nil, err
		}
		return b.withRecord(), nil
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

// withRecord returns the files with their RECORD (the "Recording installed
// projects" specification).
func (b *builtWheel) withRecord() map[string][]byte {
	name := b.distInfo + "/RECORD"
	var out strings.Builder
	for _, p := range slices.Sorted(maps.Keys(b.files)) {
		sum := sha256.Sum256(b.files[p])
		fmt.Fprintf(&out, "%s,sha256=%s,%d\n", quoted(p), base64.RawURLEncoding.EncodeToString(sum[:]), len(b.files[p]))
	}
	fmt.Fprintf(&out, "%s,,\n", name)
	files := maps.Clone(b.files)
	files[name] = []byte(out.String())
	return files
}

// quoted returns a field of a CSV file.
func quoted(s string) string {
	if strings.ContainsAny(s, ",\"\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
