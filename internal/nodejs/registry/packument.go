package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// ReadPackument decodes a registry's document of a package, in its full or in
// its abbreviated form. Its manifests are decoded when asked for. A [Client] does the
// same in two steps, with the store in between.
func ReadPackument(raw []byte) (*Packument, error) {
	short, err := distill(raw)
	if err != nil {
		return nil, err
	}
	return readDistilled(short)
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

// manifestText returns the last field of a version's line. The first one who asks
// lets the text go where it can be read again: of most documents one manifest is
// wanted, and all their texts together are what a resolution would hold most of.
func (p *Packument) manifestText(ctx context.Context, i int) ([]byte, error) {
	p.mu.Lock()
	text := p.text
	if p.reload != nil {
		p.text = nil
	}
	p.mu.Unlock()
	if text == nil {
		var err error
		if text, err = p.reload(ctx); err != nil {
			return nil, err
		}
	}
	r := &p.Versions[i]
	start := []byte(r.Version + "\t")
	if int(r.end) <= len(text) && bytes.HasPrefix(text[r.start:], start) {
		text = text[r.start:r.end]
		return text[bytes.LastIndexByte(text, '\t')+1:], nil
	}
	// It is another text than it was: the registry has changed it meanwhile.
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, start) {
			line = bytes.TrimSuffix(line, []byte{'\n'})
			return line[bytes.LastIndexByte(line, '\t')+1:], nil
		}
	}
	return nil, &manifest.ResolveError{Code: "ETARGET", Name: p.Name, Spec: r.Version, Detail: "the registry has taken this version away meanwhile"}
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
const distillation = "npm packument 2"

// head is the first line of a distilled document, in JSON. A line follows for
// each version: its name, its upload time in milliseconds since 1970 or
// nothing, "d" where it is deprecated, then "n" where its engines refuse npm 11, the range of "node" as a JSON string or
// nothing, and its manifest as a JSON object of what ReadManifest reads, with
// tabs between.
type head struct {
	Name string            `json:"name"`
	Tags map[string]string `json:"tags,omitempty"`
}

// distill keeps what is needed of a registry's document.
func distill(raw []byte) ([]byte, error) {
	raw = jsonscan.TrimBOM(raw)
	if jsonscan.FirstByte(raw) != '{' {
		return nil, errors.New("reading a registry's document: it is not JSON object")
	}
	var h head
	var versions, times []byte
	err := jsonscan.EachMember(raw, func(key string, value []byte) error {
		switch key {
		case "name":
			h.Name = jsonscan.Text(value)
		case "dist-tags":
			h.Tags = map[string]string{}
			return jsonscan.EachMember(value, func(tag string, value []byte) error {
				if version := jsonscan.Text(value); version != "" {
					h.Tags[tag] = version
				}
				return nil
			})
		case "versions":
			versions = value
		case "time":
			times = value
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading a registry's document: %w", err)
	}
	out, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if out, err = appendVersions(append(out, '\n'), versions, times); err != nil {
		return nil, fmt.Errorf("reading a registry's document of %q: %w", h.Name, err)
	}
	return out, nil
}

func appendVersions(out, versions, times []byte) ([]byte, error) {
	list, err := jsonscan.Members(versions)
	if err == nil {
		err = filetree.CheckLimit("it", "versions", len(list), filetree.MaxPackumentVersions)
	}
	if err != nil {
		return nil, err
	}
	uploaded := make(map[string][]byte, len(list))
	err = jsonscan.EachMember(times, func(version string, value []byte) error {
		uploaded[version] = value
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if strings.ContainsAny(m.Key, "\t\n") || m.Value[0] != '{' {
			continue
		}
		out = append(append(out, m.Key...), '\t')
		if at, err := time.Parse(time.RFC3339, jsonscan.Text(uploaded[m.Key])); err == nil {
			out = strconv.AppendInt(out, at.UnixMilli(), 10)
		}
		if out, err = appendManifest(append(out, '\t'), m.Value); err != nil {
			return nil, err
		}
		out = append(out, '\n')
	}
	return out, nil
}

// appendManifest appends the last three fields of a version's line.
func appendManifest(out, manifest []byte) ([]byte, error) {
	deprecated, scripts, refuses := false, false, false
	var node []byte
	short := []byte{'{'}
	keep := func(key string, value []byte) {
		if len(short) > 1 {
			short = append(short, ',')
		}
		short = append(append(append(append(short, '"'), key...), '"', ':'), value...)
	}
	err := jsonscan.EachMember(manifest, func(key string, value []byte) (err error) {
		switch key {
		case "name", "dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta",
			"bundleDependencies", "bundledDependencies", "os", "cpu", "libc", "bin", "hasInstallScript", "_hasShrinkwrap":
			keep(key, value)
		case "engines":
			keep(key, value)
			if node, err = engineOf(value); err == nil {
				refuses, err = refusesNPM(value)
			}
		case "deprecated":
			keep(key, value)
			deprecated = jsonscan.Truthy(value)
		case "scripts":
			return jsonscan.EachMember(value, func(script string, value []byte) error {
				scripts = scripts || (script == "preinstall" || script == "install" || script == "postinstall") && jsonscan.Text(value) != ""
				return nil
			})
		case "dist":
			if value, err = shortDist(value); err == nil {
				keep(key, value)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if scripts {
		keep("hasInstallScript", []byte("true"))
	}
	if deprecated {
		out = append(out, 'd')
	}
	if refuses {
		out = append(out, 'n')
	}
	out = append(append(append(out, '\t'), oneLine(node)...), '\t')
	return append(append(out, oneLine(short)...), '}'), nil
}

// engineOf returns the range of "node" as written; nil for none.
func engineOf(engines []byte) (node []byte, err error) {
	err = jsonscan.EachMember(engines, func(name string, value []byte) error {
		if name == "node" {
			if node = nil; jsonscan.Text(value) != "" {
				node = value
			}
		}
		return nil
	})
	return node, err
}

// refusesNPM tells whether engines do not admit the npm that this package
// answers as: such versions are picked last.
func refusesNPM(engines []byte) (refused bool, err error) {
	err = jsonscan.EachMember(engines, func(name string, value []byte) error {
		if name == "npm" {
			refused = !manifest.EngineAdmits(jsonscan.Text(value), manifest.NPMVersion)
		}
		return nil
	})
	return refused, err
}

// shortDist keeps where the tarball is and what it must be.
func shortDist(dist []byte) ([]byte, error) {
	var kept struct {
		Tarball   string `json:"tarball,omitempty"`
		Integrity string `json:"integrity,omitempty"`
		Shasum    string `json:"shasum,omitempty"`
	}
	m, err := manifest.ReadDist(dist)
	if err != nil {
		return nil, err
	}
	kept.Tarball, kept.Integrity, kept.Shasum = m.Tarball, m.Integrity, m.Shasum
	return json.Marshal(kept)
}

// oneLine replaces what ends a line or a field: in JSON it is a blank.
func oneLine(value []byte) []byte {
	if !bytes.ContainsAny(value, "\t\r\n") {
		return value
	}
	return bytes.Map(func(r rune) rune {
		if r == '\t' || r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, value)
}

// readDistilled reads what distill makes. The packument holds on to raw.
func readDistilled(raw []byte) (*Packument, error) {
	first, rest, _ := bytes.Cut(raw, []byte{'\n'})
	var h head
	if err := json.Unmarshal(first, &h); err != nil {
		return nil, fmt.Errorf("reading a kept registry document: %w", err)
	}
	p := &Packument{Name: h.Name, DistTags: h.Tags, text: raw, Versions: make([]Release, 0, bytes.Count(rest, []byte{'\n'}))}
	start := len(raw) - len(rest)
	for line := range bytes.Lines(rest) {
		end := start + len(line)
		line = bytes.TrimSuffix(line, []byte{'\n'})
		var fields [4][]byte // but for the manifest
		whole := true
		left := line
		for i := range fields {
			var found bool
			fields[i], left, found = bytes.Cut(left, []byte{'\t'})
			whole = whole && found
		}
		if !whole || bytes.IndexByte(left, '\t') >= 0 {
			return nil, fmt.Errorf("reading the kept registry document of %q: a line is malformed", h.Name)
		}
		r := Release{Version: string(fields[0]), Deprecated: bytes.IndexByte(fields[2], 'd') >= 0, Engines: jsonscan.Text(fields[3]), start: uint32(start), end: uint32(start + len(line))}
		start = end
		r.refusesNPM = bytes.IndexByte(fields[2], 'n') >= 0
		if ms, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
			r.Uploaded = time.UnixMilli(ms).UTC()
			p.Timed = true
		}
		p.Versions = append(p.Versions, r)
	}
	return p, nil
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

	// text is the distilled document, nil while nobody needs it and reload can
	// bring it again.
	mu     sync.Mutex
	text   []byte
	reload func(context.Context) ([]byte, error)
}

// Release is a version in a Packument. Its manifest is decoded when asked for:
// most never are.
type Release struct {
	Version string
	// Uploaded is zero where the document has no times.
	Uploaded   time.Time
	Deprecated bool
	Engines    string // the range of "node", "" for any
	refusesNPM bool   // its range of "npm" leaves npm 11 out
	start, end uint32 // of its line in the distilled document
}
