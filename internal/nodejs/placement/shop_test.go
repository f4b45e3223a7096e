package placement

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// shop is a Source that has the registry of a case.
type shop struct {
	versions map[string][]*manifest.Manifest
	tags     map[string]map[string]string
	times    map[string]map[string]time.Time
	brings   map[string]map[string]json.RawMessage
	status   map[string]int
	before   time.Time
	// deprecated has the versions that say so of themselves.
	deprecated map[*manifest.Manifest]bool
}

func (c *recorded) shop(t testing.TB) *shop {
	t.Helper()
	s := &shop{
		versions: map[string][]*manifest.Manifest{}, tags: c.Tags, times: c.Times, brings: c.Brings, status: c.Status,
		deprecated: map[*manifest.Manifest]bool{},
	}
	for _, f := range c.Flags {
		if text, ok := strings.CutPrefix(f, "--before="); ok {
			at, err := time.Parse(time.DateOnly, text)
			if err != nil {
				t.Fatal(err)
			}
			s.before = at
		}
	}
	for name, raw := range c.Registry {
		var versions map[string]map[string]json.RawMessage
		if err := json.Unmarshal(raw, &versions); err != nil {
			t.Fatal(err)
		}
		s.versions[name] = []*manifest.Manifest{}
		for version, fields := range versions {
			s.versions[name] = append(s.versions[name], s.readFields(t, name, version, fields))
		}
	}
	return s
}

// readFields reads the fields of a version in the order in which they stand.
func (s *shop) readFields(t testing.TB, name, version string, fields map[string]json.RawMessage) *manifest.Manifest {
	t.Helper()
	text := fmt.Sprintf(`{"name":%q,"version":%q`, name, version)
	for key, value := range fields {
		text += fmt.Sprintf(`,%q:%s`, key, value)
	}
	m, err := manifest.Read([]byte(text + "}"))
	if err != nil {
		t.Fatal(err)
	}
	_, m.Shrinkwrap = s.brings[name+"@"+version]["npm-shrinkwrap.json"]
	s.deprecated[m] = jsonscan.Truthy(fields["deprecated"])
	m.Tarball = "https://registry.example/" + name + "/-/" + version + ".tgz"
	return m
}

func (s *shop) refuse(code, name string) error {
	return &manifest.ResolveError{Code: code, Name: name, Detail: "it is not in the registry of the test"}
}

// Choose picks as npm's documentation of dist-tags, engines, deprecation and
// --before says.
func (s *shop) Choose(_ context.Context, spec manifest.Spec) (*manifest.Manifest, error) {
	spec = spec.Resolved()
	if status := s.status[spec.Name]; status != 0 {
		return nil, s.refuse("EHTTP", spec.Name)
	}
	all, ok := s.versions[spec.Name]
	if !ok || !spec.FromRegistry() {
		return nil, s.refuse("E404", spec.Name)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(m *manifest.Manifest) bool {
		at, ok := s.times[spec.Name][m.Version]
		return ok && !s.before.IsZero() && at.After(s.before)
	})
	if len(all) == 0 {
		return nil, s.refuse("ENOVERSIONS", spec.Name)
	}
	match, star := spec.Range.Match, spec.Fetch == "" || spec.Fetch == "*"
	switch spec.Kind {
	case manifest.TagSpec:
		tagged, ok := s.tags[spec.Name][spec.Fetch]
		if !ok {
			return nil, s.refuse("ETARGET", spec.Name)
		}
		if m := find(all, tagged); m != nil {
			return m, nil
		}
		upTo, err := semver.ParseRange("<=" + tagged)
		if err != nil {
			return nil, err
		}
		match, star = upTo.Match, false
	case manifest.VersionSpec:
		for _, m := range all {
			if v, err := semver.ParseLoose(m.Version); err == nil && spec.Range.Match(v) {
				return m, nil
			}
		}
		return nil, s.refuse("ETARGET", spec.Name)
	}
	if m := find(all, s.tags[spec.Name]["latest"]); m != nil && !s.deprecated[m] && runs(m) && (star || match(parsed(m))) {
		return m, nil
	}
	all = slices.DeleteFunc(all, func(m *manifest.Manifest) bool { return !match(parsed(m)) })
	if len(all) == 0 {
		return nil, s.refuse("ETARGET", spec.Name)
	}
	rank := func(m *manifest.Manifest) int {
		n := 0
		if runs(m) {
			n += 2
		}
		if !s.deprecated[m] {
			n++
		}
		return n
	}
	return slices.MaxFunc(all, func(a, b *manifest.Manifest) int {
		return cmp.Or(rank(a)-rank(b), semver.Compare(parsed(a), parsed(b)))
	}), nil
}

func find(all []*manifest.Manifest, version string) *manifest.Manifest {
	for _, m := range all {
		if m.Version == version {
			return m
		}
	}
	return nil
}

func parsed(m *manifest.Manifest) semver.Version {
	v, _ := semver.ParseLoose(m.Version)
	return v
}

func runs(m *manifest.Manifest) bool {
	return manifest.EngineAdmits(m.Engine("node"), "20.20.2") && manifest.EngineAdmits(m.Engine("npm"), "11.19.1")
}

func (s *shop) Open(_ context.Context, m *manifest.Manifest) (Contents, error) {
	c := Contents{Packages: map[string]*manifest.Manifest{}}
	for at, raw := range s.brings[m.Name+"@"+m.Version] {
		if at == "npm-shrinkwrap.json" {
			var text string
			var lock struct{ Packages map[string]json.RawMessage }
			if err := errors.Join(json.Unmarshal(raw, &text), json.Unmarshal([]byte(text), &lock)); err != nil {
				return c, err
			}
			c.Shrinkwrap = map[string]*manifest.Manifest{}
			for path, entry := range lock.Packages {
				x, err := manifest.Read(entry)
				if err != nil {
					return c, err
				}
				if x.Name == "" {
					x.Name = path[strings.LastIndex(path, "node_modules/")+len("node_modules/"):]
				}
				if path != "" {
					c.Shrinkwrap[path] = x
				}
			}
			continue
		}
		x, err := manifest.Read(raw)
		if err != nil {
			return c, err
		}
		c.Packages[at] = x
	}
	return c, nil
}
