package nodejs

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// specs keeps what was read of the texts that a resolution meets again and
// again, and what all its nodes need to know.
type specs struct {
	wanted   map[string]*asked // by name, NUL, spec
	ranges   map[string]*semver.Range
	versions map[string]*semver.Version
	// workspaces are the paths of the project's members by name.
	workspaces map[string]string
	// bundles is set once a package was met that brings others in its tarball.
	bundles bool
	// failure is the first error that has no other way out.
	failure error
}

func newSpecs() specs {
	return specs{workspaces: map[string]string{}, wanted: map[string]*asked{}, ranges: map[string]*semver.Range{}, versions: map[string]*semver.Version{}}
}

func (s *specs) fail(err error) {
	if s.failure == nil {
		s.failure = err
	}
}

// asked is what a dependency's text asks for, an alias being followed.
type asked struct {
	spec  manifest.Spec // of the package itself
	any   bool          // "*" or nothing
	fault error         // why the text cannot be read
}

// want reads a dependency's text.
func (s *specs) want(name, text string) *asked {
	if text == "" {
		text = "*"
	}
	key := name + "\x00" + text
	if w := s.wanted[key]; w != nil {
		return w
	}
	w := &asked{}
	s.wanted[key] = w
	spec, err := manifest.ParseSpec(name, text)
	w.spec, w.fault = spec.Resolved(), err
	w.any = w.spec.Kind == manifest.RangeSpec && (w.spec.Fetch == "*" || w.spec.Fetch == "")
	return w
}

func (w *asked) versions() bool {
	return w.fault == nil && (w.spec.Kind == manifest.RangeSpec || w.spec.Kind == manifest.VersionSpec)
}

// rangeOf returns a range as npm reads it, nil where it is none.
func (s *specs) rangeOf(text string) *semver.Range {
	if r, ok := s.ranges[text]; ok {
		return r
	}
	var found *semver.Range
	if r, err := semver.ParseRange(text); err == nil {
		found = &r
	}
	s.ranges[text] = found
	return found
}

func (s *specs) versionOf(text string) *semver.Version {
	if v, ok := s.versions[text]; ok {
		return v
	}
	var found *semver.Version
	if v, err := semver.ParseLoose(text); err == nil {
		found = &v
	}
	s.versions[text] = found
	return found
}

// compare compares two versions; it is false where one of them is none.
func (s *specs) compare(a, b string) (int, bool) {
	va, vb := s.versionOf(a), s.versionOf(b)
	if va == nil || vb == nil {
		return 0, false
	}
	return semver.Compare(*va, *vb), true
}

// overlaps tells whether an override's range is about what an edge asks for.
// What has no versions to compare, such as a tag, always is.
func (s *specs) overlaps(name, spec, keySpec string) bool {
	w := s.want(name, spec)
	if !w.versions() {
		return true
	}
	key := s.rangeOf(keySpec)
	return key != nil && semver.Intersects(w.spec.Range, *key)
}

// allows tells whether a node is what a text asks for.
func (e *edge) allows(n *node, text string) bool {
	s := &e.from.w.specs
	w := s.want(e.name, text)
	switch {
	case w.fault != nil:
		return false
	case w.any:
		return true
	case w.versions():
		v := s.versionOf(n.version())
		return v != nil && w.spec.Range.Match(*v)
	case w.spec.Kind == manifest.TagSpec:
		return n.pkg.Tarball != ""
	}
	return e.allowsLocal(n, &w.spec)
}
