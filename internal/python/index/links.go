package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// link is where a file lies that is on no index.
type link struct {
	wheel.GivenWheel
	// standIn marks the wheels of Spec.Given: on a target that one of them
	// fits, no other file of the project is a candidate.
	standIn bool
}

// Local reports whether a file lies on disk.
func (f *File) Local() bool { return f.Path() != "" }

// Path returns where a file lies on disk, or "".
func (f *File) Path() string {
	if f.Link == nil {
		return ""
	}
	return f.Link.Path
}

// Source names who gives a file that is on no index, or "".
func (f *File) Source() string {
	if f.Link == nil {
		return ""
	}
	return f.Link.Source
}

// StandIn reports whether a file is one of Spec.Given.
func (f *File) StandIn() bool { return f.Link != nil && f.Link.standIn }

// Origin names the index, the folder or the page that a file is known from.
func (p *Page) Origin(f *File) string {
	return cmp.Or(f.Source(), "the index "+p.Index)
}

// Absent reports whether nobody has anything of the name.
func (p *Page) Absent() bool { return p.Index == "" && len(p.Wheels) == 0 }

// givenFile returns a wheel as a file of a page.
func givenFile(g wheel.GivenWheel, standIn bool) File {
	f := File{Filename: g.Filename(), Size: g.Size, wheel: true, Link: &link{g, standIn}}
	if !g.SHA256.IsZero() {
		f.SHA256 = g.SHA256.Hex()
	}
	return f
}

// linked returns the files of a name that no index serves: those given, then,
// where no index claims the name, those of folders and of pages with links.
func (c *Catalog) linked(ctx context.Context, name string) ([]File, error) {
	files := slices.Clone(c.given[name])
	if slices.ContainsFunc(c.indexes, func(x Index) bool { return x.Claims(name) }) {
		return files, nil
	}
	files = append(files, c.folders[name]...)
	for _, address := range c.linkPages {
		byName, err := c.linkPage(address).Wait(ctx)
		if err != nil {
			return nil, err
		}
		files = append(files, byName[name]...)
	}
	return files, nil
}

// linkPage starts to fetch a page with links to wheels of any project.
func (c *Catalog) linkPage(address string) *Future[map[string][]File] {
	return ask(c, c.links, address, func(ctx context.Context) (map[string][]File, error) {
		byName, err := c.fetchLinks(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("reading the links of %s: %w", fetch.Redact(address), err)
		}
		return byName, nil
	})
}

func (c *Catalog) fetchLinks(ctx context.Context, address string) (map[string][]File, error) {
	got, err := c.client.Page(ctx, fetch.PageRequest{URL: address, Accept: simpleAccept, MaxBytes: filetree.MaxPage, MaxAge: pageMaxAge})
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
	byName := map[string][]File{}
	for _, f := range files {
		name, err := wheel.ParseWheelName(f.Filename)
		if err != nil {
			continue
		}
		u, err := from.Parse(f.url)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" {
			continue
		}
		u.User, u.Fragment, u.RawFragment = nil, "", ""
		f.Link = &link{GivenWheel: wheel.GivenWheel{URL: u.String(), Source: "the page " + fetch.Redact(address)}}
		byName[name.Name] = append(byName[name.Name], f)
	}
	return byName, nil
}

// take groups the wheels of a Spec that no index serves.
func (c *Catalog) take(s *Sources) error {
	c.given, c.folders, c.links = map[string][]File{}, map[string][]File{}, map[string]*Future[map[string][]File]{}
	c.alone = map[string]bool{}
	for _, g := range s.Given {
		w, err := g.Name()
		if err != nil {
			return fmt.Errorf("reading the name of a wheel of %s: %w", g.Source, err)
		}
		c.given[w.Name] = append(c.given[w.Name], givenFile(g, true))
	}
	for _, g := range s.Linked {
		w, err := g.Name()
		if err != nil {
			return fmt.Errorf("reading the name of a wheel of %s: %w", g.Source, err)
		}
		c.folders[w.Name] = append(c.folders[w.Name], givenFile(g, false))
	}
	for _, address := range s.LinkPages {
		clean, err := c.client.Login(address)
		if err != nil {
			return fmt.Errorf("reading the address %q: %w", fetch.Redact(address), err)
		}
		c.linkPages = append(c.linkPages, clean)
	}
	for name, files := range c.given {
		c.alone[name] = len(s.Targets) > 0 && !slices.ContainsFunc(s.Targets, func(t wheel.Target) bool { return !anyRuns(t, files) })
	}
	return nil
}

// anyRuns reports whether one of the files runs on a target, by its tags.
func anyRuns(t wheel.Target, files []File) bool {
	tags := t.Tags()
	return slices.ContainsFunc(files, func(f File) bool {
		w, err := wheel.ParseWheelName(f.Filename)
		return err == nil && tags.Misfit(w).Fits()
	})
}

// add puts further wheels on the page; their names are those of wheels.
func (p *Page) add(files []File) {
	kinds := 0
	for _, w := range p.Wheels {
		kinds = max(kinds, w.tags+1)
	}
	for i := range files {
		f := &files[i]
		name, err := wheel.ParseWheelName(f.Filename)
		if err != nil {
			continue
		}
		r := &Release{name.Parsed, name.Parsed.Key(), name.Version}
		p.Wheels = append(p.Wheels, WheelFile{File: f, Release: r, WheelKind: &WheelKind{name, kinds}})
		kinds++
	}
	byVersion := make([]*WheelFile, len(p.Wheels))
	for i := range p.Wheels {
		byVersion[i] = &p.Wheels[i]
	}
	slices.SortStableFunc(byVersion, func(a, b *WheelFile) int { return a.Version.Compare(b.Version) })
	p.versions = 0
	for i, w := range byVersion {
		if i > 0 && w.Version.Compare(byVersion[i-1].Version) > 0 {
			p.versions++
		}
		w.order = p.versions
	}
	p.versions++
}

// linkMetadata returns METADATA of a file that is on no index, and whether it
// was to be had that way: one with an address on a page of links is read as
// those of an index are.
func (c *Catalog) linkMetadata(ctx context.Context, l *link) (body []byte, ok bool, err error) {
	switch {
	case l.Path != "":
		body, err = diskMetadata(l.Path)
		return body, true, err
	case !l.standIn:
		return nil, false, nil
	}
	f, err := c.client.Blob(ctx, WheelSource(l.URL, l.Filename(), l.SHA256, l.Size, nil))
	if err != nil {
		return nil, true, fmt.Errorf("fetching what %s gives: %w", l.Source, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err = fileMetadata(f)
	return body, true, err
}
