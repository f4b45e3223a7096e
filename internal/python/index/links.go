package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Origin names the index, the folder or the page that a file is known from.
func (p *Page) Origin(f *File) string {
	return cmp.Or(f.Source, "the index "+p.Index)
}

// Absent reports whether nobody has anything of the name.
func (p *Page) Absent() bool { return p.Index == "" && len(p.Wheels) == 0 }

// filesByName returns wheels as files of the pages of their projects.
func filesByName(wheels []wheel.GivenWheel, standIn bool) (map[string][]File, error) {
	files := map[string][]File{}
	for _, g := range wheels {
		w, err := g.Name()
		if err != nil {
			return nil, fmt.Errorf("reading the name of a wheel of %s: %w", g.Source, err)
		}
		f := File{Filename: g.Filename(), url: g.URL, Size: g.Size, linked: true, Path: g.Path, Source: g.Source, StandIn: standIn}
		if !g.SHA256.IsZero() {
			f.SHA256 = g.SHA256.Hex()
		}
		files[w.Name] = append(files[w.Name], f)
	}
	return files, nil
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
	return c.links.Ask(c, address, func(ctx context.Context) (map[string][]File, error) {
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
	from, err := startOfLinks(got.URL, base)
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
		f.url, f.linked, f.Source = u.String(), true, "the page "+fetch.Redact(address)
		byName[name.Name] = append(byName[name.Name], f)
	}
	return byName, nil
}

// take groups the wheels of a Spec that no index serves.
func (c *Catalog) take(s *Sources) error {
	c.alone = map[string]bool{}
	var err error
	if c.given, err = filesByName(s.Given, true); err != nil {
		return err
	}
	if c.folders, err = filesByName(s.Linked, false); err != nil {
		return err
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

// givenMetadata returns METADATA of a stand-in at an address, which is fetched whole.
func (c *Catalog) givenMetadata(ctx context.Context, file *File) (body []byte, err error) {
	digest, err := store.ParseDigest(file.SHA256)
	if err != nil {
		return nil, err
	}
	f, err := c.client.Blob(ctx, WheelSource(file.url, file.Filename, digest, file.Size, nil))
	if err != nil {
		return nil, fmt.Errorf("fetching what %s gives: %w", file.Source, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return fileMetadata(f)
}
