package index

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// Withdrawn asks the indexes about the files of a lock and returns, sorted, a
// sentence for each that was yanked (PEP 592) or that the index of its project
// no longer lists. Those that no index was asked for when they were locked are
// passed over: files on disk, and files of another host.
func Withdrawn(ctx context.Context, c *fetch.Client, l *wheel.Lock, indexes []Index) ([]string, error) {
	cat, err := NewCatalog(ctx, c, &Sources{Indexes: indexes})
	if err != nil {
		return nil, err
	}
	defer cat.Close()

	// A name that is on disk alone may be nobody else's business.
	asked := slices.DeleteFunc(slices.Clone(l.Wheels), func(w wheel.Wheel) bool { return w.Path != "" })
	for _, w := range asked {
		cat.Page(w.Name)
	}
	var found []string
	for _, w := range asked {
		p, err := cat.Page(w.Name).Wait(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking whether %s %s was withdrawn: %w", w.Name, w.Version, err)
		}
		if p.Index == "" {
			if index := p.former(w.URL); index != "" {
				found = append(found, fmt.Sprintf("%s %s: the index %s no longer has the project", w.Name, w.Version, index))
			}
			continue
		}
		if !p.serves(w.URL) {
			continue
		}
		f := p.listed(w)
		switch {
		case f == nil:
			found = append(found, fmt.Sprintf("%s %s: the index %s no longer lists the file %q", w.Name, w.Version, p.Index, w.Filename))
		case f.Yanked:
			found = append(found, fmt.Sprintf("%s %s was yanked by its authors%s", w.Name, w.Version, f.Why()))
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// former returns which of the indexes that do not have the project the file at
// an address came from, as far as that tells: it lies beside the index, or both
// are of the public one. Otherwise it returns "".
func (p *Page) former(address string) string {
	file, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for _, asked := range p.Asked {
		index, err := url.Parse(asked)
		if err != nil {
			continue
		}
		beside := strings.TrimSuffix(path.Dir(strings.TrimRight(index.Path, "/")), "/") + "/"
		if SameIndex(asked, DefaultIndex) && isPublic(address) || index.Host == file.Host && strings.HasPrefix(file.Path, beside) {
			return asked
		}
	}
	return ""
}

// serves reports whether the page links to the host of an address, or to nothing:
// a wheel from elsewhere was never on it.
func (p *Page) serves(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return len(p.files) == 0 || slices.ContainsFunc(p.files, func(f File) bool {
		link, err := p.base.Parse(f.url)
		return err == nil && link.Host == u.Host
	})
}

// listed returns the file of a lock, nil where the page does not have it.
func (p *Page) listed(w wheel.Wheel) *File {
	for i := range p.files {
		f := &p.files[i]
		if f.Filename == w.Filename && (f.SHA256 == "" || f.SHA256 == w.SHA256.Hex()) {
			return f
		}
	}
	return nil
}

// Why returns what the authors gave as reason for a yank, to be appended to a
// sentence, or "".
func (f *File) Why() string {
	if f.yankReason == "" {
		return ""
	}
	return fmt.Sprintf(": %q", f.yankReason)
}
