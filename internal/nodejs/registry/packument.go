package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

var errNoDocument = errors.New("reading a registry's document: it is not a JSON object")

// ReadPackument decodes a registry's document of a package: in its full or in its
// abbreviated form, or what distill keeps of it. Its manifests are decoded when asked
// for.
func ReadPackument(raw []byte) (*Packument, error) {
	raw = jsonscan.TrimBOM(raw)
	if jsonscan.FirstByte(raw) != '{' {
		return nil, errNoDocument
	}
	p := &Packument{}
	var versions []jsonscan.Member
	var times map[string]string
	err := jsonscan.EachMember(raw, func(key string, value []byte) (err error) {
		switch key {
		case "name":
			p.Name = jsonscan.Text(value)
		case "dist-tags":
			p.DistTags, err = texts(value)
		case "versions":
			versions, err = jsonscan.Members(value)
		case "time":
			times, err = texts(value)
		}
		return err
	})
	if err == nil {
		err = filetree.CheckLimit("it", "versions", len(versions), filetree.MaxPackumentVersions)
	}
	for _, m := range versions {
		if err == nil && m.Value[0] == '{' {
			err = p.add(m, times[m.Key])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading a registry's document of %q: %w", p.Name, err)
	}
	return p, nil
}

// texts returns the members of an object that are texts.
func texts(object []byte) (map[string]string, error) {
	all := map[string]string{}
	err := jsonscan.EachMember(object, func(key string, value []byte) error {
		if text := jsonscan.Text(value); text != "" {
			all[key] = text
		}
		return nil
	})
	return all, err
}

// add takes a version and its upload time, "" where the document has none.
func (p *Packument) add(m jsonscan.Member, uploaded string) error {
	r := Release{Version: m.Key}
	if at, err := time.Parse(time.RFC3339, uploaded); err == nil {
		r.Uploaded, p.Timed = at.UTC(), true
	}
	err := jsonscan.EachMember(m.Value, func(key string, value []byte) error {
		switch key {
		case "deprecated":
			r.Deprecated = jsonscan.Truthy(value)
		case "engines":
			return jsonscan.EachMember(value, func(engine string, value []byte) error {
				switch engine {
				case "node":
					r.Engines = jsonscan.Text(value)
				case "npm":
					r.npm = jsonscan.Text(value)
				}
				return nil
			})
		}
		return nil
	})
	p.Versions, p.texts = append(p.Versions, r), append(p.texts, m.Value)
	return err
}

// Manifest returns the manifest of p.Versions[i]. It is decoded anew each time.
func (p *Packument) Manifest(ctx context.Context, i int) (*manifest.Manifest, error) {
	text, err := p.manifestText(ctx, i)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Read(text)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", p.Name+"@"+p.Versions[i].Version, err)
	}
	// The document's own words may differ, and its keys are what is asked for.
	m.Version = p.Versions[i].Version
	m.Name = cmp.Or(m.Name, p.Name)
	m.DevDependencies = nil
	return m, nil
}

// manifestText returns a version's manifest in JSON. The first one who asks lets the
// texts go where they can be read again: of most documents one manifest is wanted, and
// all their texts together are what a resolution would hold most of.
func (p *Packument) manifestText(ctx context.Context, i int) ([]byte, error) {
	p.mu.Lock()
	texts := p.texts
	if p.reload != nil {
		p.texts = nil
	}
	p.mu.Unlock()
	if texts != nil {
		return texts[i], nil
	}
	again, err := p.reload(ctx)
	if err != nil {
		return nil, err
	}
	version := p.Versions[i].Version
	at := again.Find(version)
	if at < 0 {
		return nil, &manifest.ResolveError{Code: "ETARGET", Name: p.Name, Spec: version, Detail: "the registry has taken this version away meanwhile"}
	}
	return again.texts[at], nil
}

// Find returns the place of a version, -1 where the document has none.
func (p *Packument) Find(version string) int {
	return slices.IndexFunc(p.Versions, func(r Release) bool { return r.Version == version })
}

// sorted returns the versions that can be read and their places, the newest
// first; of equal ones the first in the document comes first.
func (p *Packument) sorted() []numbered {
	p.once.Do(func() {
		p.descending = make([]numbered, 0, len(p.Versions))
		for i := range p.Versions {
			if v, err := semver.ParseLoose(p.Versions[i].Version); err == nil {
				p.descending = append(p.descending, numbered{v, i})
			}
		}
		slices.SortStableFunc(p.descending, func(a, b numbered) int { return semver.Compare(b.version, a.version) })
	})
	return p.descending
}

// numbered is a version and its place in the document.
type numbered struct {
	version semver.Version
	at      int
}

// distillation names what distill makes; it changes with its form.
const distillation = "npm packument 3"

// shape has the members that are kept of an object, "*" for all others, and the shape
// of their values. Of the zero value, and of what is no object, all is kept.
type shape map[string]shape

// shapes have what is read of a version's manifest and of a document: see
// [manifest.Read] and [ReadPackument].
func shapes() (version, document shape) {
	version = shape{
		"name": nil, "version": nil, "deprecated": nil, "engines": nil, "os": nil, "cpu": nil, "libc": nil,
		"dependencies": nil, "optionalDependencies": nil, "peerDependencies": nil, "peerDependenciesMeta": nil,
		"bundleDependencies": nil, "bundledDependencies": nil, "hasInstallScript": nil, "_hasShrinkwrap": nil,
		"scripts": {"preinstall": nil, "install": nil, "postinstall": nil},
		"dist":    {"tarball": nil, "integrity": nil, "shasum": nil},
	}
	return version, shape{"name": nil, "dist-tags": nil, "time": nil, "versions": {"*": version}}
}

// distill keeps what is needed of a registry's document: the same with fewer members.
func distill(raw []byte) ([]byte, error) {
	raw = jsonscan.TrimBOM(raw)
	if jsonscan.FirstByte(raw) != '{' {
		return nil, errNoDocument
	}
	_, document := shapes()
	out, err := document.append(nil, raw)
	if err != nil {
		return nil, fmt.Errorf("reading a registry's document: %w", err)
	}
	return out, nil
}

func (s shape) append(out, value []byte) ([]byte, error) {
	if s == nil || jsonscan.FirstByte(value) != '{' {
		return append(out, value...), nil
	}
	separator := byte('{')
	err := jsonscan.EachMember(value, func(key string, value []byte) error {
		inner, kept := s[key]
		if all, ok := s["*"]; ok && !kept {
			inner, kept = all, true
		}
		if !kept {
			return nil
		}
		quoted, err := json.Marshal(key)
		if err != nil {
			return err
		}
		out = append(append(append(out, separator), quoted...), ':')
		separator = ','
		out, err = inner.append(out, value)
		return err
	})
	if separator == '{' {
		out = append(out, '{')
	}
	return append(out, '}'), err
}

// Packument is a registry's document of a package.
type Packument struct {
	Name     string
	Registry string // its address without credentials, "" where not known
	DistTags map[string]string
	// Versions are in the document's order.
	Versions []Release
	// Timed is set where the document says when versions were uploaded.
	Timed bool

	once       sync.Once
	descending []numbered

	// texts are the manifests of Versions in JSON, nil while nobody needs them and
	// reload can bring the document again.
	mu     sync.Mutex
	texts  [][]byte
	reload func(context.Context) (*Packument, error)
}

// Release is a version in a Packument. Its manifest is decoded when asked for:
// most never are.
type Release struct {
	Version string
	// Uploaded is zero where the document has no times.
	Uploaded   time.Time
	Deprecated bool
	Engines    string // the range of "node", "" for any
	npm        string // the range of "npm", "" for any
}
