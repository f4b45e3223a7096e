package python

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
)

// Withdrawn asks the indexes about the wheels of a lock and returns, sorted, a
// sentence for each that was yanked (PEP 592) or that the index of its project
// lists no more. Wheels that no index was asked for when they were locked are
// passed over: files on disk or of another host, and projects that no index knows.
func Withdrawn(ctx context.Context, c *fetch.Client, l *Lock, indexes []Index) ([]string, error) {
	s := Spec{Indexes: indexes}
	cat, err := newCatalog(c, &s)
	if err != nil {
		return nil, err
	}
	background, cancel := context.WithCancel(ctx)
	cat.ctx = background
	defer cat.tasks.Wait()
	defer cancel()

	// A name that is on disk alone may be nobody else's business.
	asked := slices.DeleteFunc(slices.Clone(l.Wheels), func(w Wheel) bool { return w.Path != "" })
	for _, w := range asked {
		cat.page(w.Name)
	}
	var found []string
	for _, w := range asked {
		p, err := cat.page(w.Name).wait(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking whether %s %s was withdrawn: %w", w.Name, w.Version, err)
		}
		if p.index == "" || !p.serves(w.URL) {
			continue
		}
		at := slices.IndexFunc(p.wheels, func(f wheelFile) bool {
			return f.name == w.Filename && (f.sha256 == "" || f.sha256 == w.SHA256.Hex())
		})
		switch {
		case at < 0:
			found = append(found, fmt.Sprintf("%s %s: the index %s lists the file %q no more", w.Name, w.Version, p.index, w.Filename))
		case p.wheels[at].yanked:
			found = append(found, fmt.Sprintf("%s %s was yanked by its authors%s", w.Name, w.Version, p.wheels[at].why()))
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// serves reports whether the page links to the host of an address, or to none:
// a wheel from elsewhere was never on it.
func (p *page) serves(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	if len(p.wheels) == 0 {
		return true
	}
	link, err := p.base.Parse(p.prefix + p.wheels[0].url)
	return err == nil && link.Host == u.Host
}

// why returns what the authors gave as reason for a yank, to be appended to a
// sentence, or "".
func (f *file) why() string {
	if f.yankReason == "" {
		return ""
	}
	return fmt.Sprintf(": %q", f.yankReason)
}
