package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
)

// link is where a file lies that is on no index.
type link struct {
	GivenWheel
	// standIn marks the wheels of Spec.Given: on a target that one of them
	// fits, no other file of the project is a candidate.
	standIn bool
}

// local reports whether a file lies on disk.
func (f *file) local() bool { return f.path() != "" }

// path returns where a file lies on disk, or "".
func (f *file) path() string {
	if f.link == nil {
		return ""
	}
	return f.link.Path
}

// source names who gives a file that is on no index, or "".
func (f *file) source() string {
	if f.link == nil {
		return ""
	}
	return f.link.Source
}

// standIn reports whether a file is one of Spec.Given.
func (f *file) standIn() bool { return f.link != nil && f.link.standIn }

// origin names the index or whoever else a file is known from.
func (p *page) origin(f *file) string {
	return cmp.Or(f.source(), "the index "+p.index)
}

// absent reports whether nobody has anything of the name.
func (p *page) absent() bool { return p.index == "" && len(p.wheels) == 0 }

// file returns the wheel as a file of a page.
func (g GivenWheel) file(standIn bool) file {
	f := file{name: g.Filename(), size: g.Size, wheel: true, link: &link{g, standIn}}
	if !g.SHA256.IsZero() {
		f.sha256 = g.SHA256.Hex()
	}
	return f
}

// linked returns the files of a name that no index serves: those given, then,
// where no index claims the name, those of folders and of pages with links.
func (c *catalog) linked(ctx context.Context, name string) ([]file, error) {
	files := slices.Clone(c.given[name])
	if slices.ContainsFunc(c.indexes, func(x Index) bool { return x.claims(name) }) {
		return files, nil
	}
	files = append(files, c.folders[name]...)
	for _, address := range c.linkPages {
		byName, err := c.linkPage(address).wait(ctx)
		if err != nil {
			return nil, err
		}
		files = append(files, byName[name]...)
	}
	return files, nil
}

// linkPage starts to fetch a page with links to wheels of any project.
func (c *catalog) linkPage(address string) *future[map[string][]file] {
	return ask(c, c.links, address, func(ctx context.Context) (map[string][]file, error) {
		byName, err := c.fetchLinks(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("reading the links of %s: %w", fetch.Redact(address), err)
		}
		return byName, nil
	})
}

func (c *catalog) fetchLinks(ctx context.Context, address string) (map[string][]file, error) {
	got, err := c.client.Page(ctx, fetch.PageRequest{URL: address, Accept: simpleAccept, MaxBytes: maxPage, MaxAge: pageMaxAge})
	if err != nil {
		return nil, err
	}
	files, base, err := parseSimple(got.Body, got.ContentType)
	if err != nil {
		return nil, err
	}
	from, err := url.Parse(got.URL)
	if err == nil && base != "" {
		from, err = from.Parse(base)
	}
	if err != nil {
		return nil, err
	}
	byName := map[string][]file{}
	for _, f := range files {
		name, err := ParseWheelName(f.name)
		if err != nil {
			continue
		}
		u, err := from.Parse(f.url)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		f.link = &link{GivenWheel: GivenWheel{URL: u.String(), Source: "the page " + fetch.Redact(address)}}
		byName[name.Name] = append(byName[name.Name], f)
	}
	return byName, nil
}

// take groups the wheels of a Spec that no index serves.
func (c *catalog) take(s *Spec) error {
	c.given, c.folders, c.links = map[string][]file{}, map[string][]file{}, map[string]*future[map[string][]file]{}
	c.alone = map[string]bool{}
	for _, g := range s.Given {
		w, err := g.Name()
		if err != nil {
			return fmt.Errorf("reading the name of a wheel of %s: %w", g.Source, err)
		}
		c.given[w.Name] = append(c.given[w.Name], g.file(true))
	}
	for _, g := range s.Linked {
		w, err := g.Name()
		if err != nil {
			return fmt.Errorf("reading the name of a wheel of %s: %w", g.Source, err)
		}
		c.folders[w.Name] = append(c.folders[w.Name], g.file(false))
	}
	for _, address := range s.LinkPages {
		clean, err := c.client.Login(address)
		if err != nil {
			return fmt.Errorf("reading the address %q: %w", fetch.Redact(address), err)
		}
		c.linkPages = append(c.linkPages, clean)
	}
	for name, files := range c.given {
		c.alone[name] = len(s.Targets) > 0 && !slices.ContainsFunc(s.Targets, func(t Target) bool { return !anyRuns(t, files) })
	}
	return nil
}

// anyRuns reports whether one of the files runs on a target, by its tags.
func anyRuns(t Target, files []file) bool {
	tags := t.Tags()
	return slices.ContainsFunc(files, func(f file) bool {
		w, err := ParseWheelName(f.name)
		return err == nil && tags.Misfit(w) == ""
	})
}

// add puts further wheels on the page; their names are those of wheels.
func (p *page) add(files []file) {
	kinds := 0
	for _, w := range p.wheels {
		kinds = max(kinds, w.tags+1)
	}
	for i := range files {
		f := &files[i]
		name, err := ParseWheelName(f.name)
		if err != nil {
			continue
		}
		r := &release{name.Parsed, name.Parsed.Key(), name.Version}
		p.wheels = append(p.wheels, wheelFile{file: f, release: r, wheelKind: &wheelKind{name, kinds}})
		kinds++
	}
	byVersion := make([]*wheelFile, len(p.wheels))
	for i := range p.wheels {
		byVersion[i] = &p.wheels[i]
	}
	slices.SortStableFunc(byVersion, func(a, b *wheelFile) int { return a.version.Compare(b.version) })
	p.versions = 0
	for i, w := range byVersion {
		if i > 0 && w.version.Compare(byVersion[i-1].version) > 0 {
			p.versions++
		}
		w.order = p.versions
	}
	p.versions++
}

// linkMetadata returns METADATA of a file that is on no index, and whether it
// was to be had that way: one with an address on a page of links is read as
// those of an index are.
func (c *catalog) linkMetadata(ctx context.Context, l *link) (body []byte, ok bool, err error) {
	switch {
	case l.Path != "":
		body, err = diskMetadata(l.Path)
		return body, true, err
	case !l.standIn:
		return nil, false, nil
	}
	f, err := c.client.Blob(ctx, wheelSource(l.URL, l.Filename(), l.SHA256, l.Size, nil))
	if err != nil {
		return nil, true, fmt.Errorf("fetching what %s gives: %w", l.Source, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err = fileMetadata(f)
	return body, true, err
}

// unused returns a note for each given wheel that the lock does not hold.
func (l *Lock) unused(given []GivenWheel) []string {
	var notes []string
	for _, g := range given {
		name, err := g.Name()
		if err != nil || slices.ContainsFunc(l.Wheels, func(w Wheel) bool { return w.SHA256 == g.SHA256 }) {
			continue
		}
		var used []string
		for _, w := range l.Wheels {
			if w.Name == name.Name && !slices.Contains(used, w.Version) {
				used = append(used, w.Version)
			}
		}
		if len(used) == 0 {
			notes = append(notes, fmt.Sprintf("%s gives %q, which nothing asks for", g.Source, g.Filename()))
			continue
		}
		notes = append(notes, fmt.Sprintf("%s gives %q, which is not used: the layer has %s %s", g.Source, g.Filename(), name.Name, strings.Join(used, " and ")))
	}
	return notes
}
