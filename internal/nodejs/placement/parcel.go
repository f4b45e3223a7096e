package placement

import (
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/semver"
)

// parcel is what can lie in a slot: a version of a package, a link to a folder,
// or the fact that something could not be had.
type parcel struct {
	m *manifest.Manifest // never nil; it has no version where gone is set

	version   semver.Version
	versioned bool // version could be read

	gone   error // why it cannot be had
	target *slot // where a link leads
	// circle is set for a link that ends a circle of versions.
	circle bool
}

func newParcel(m *manifest.Manifest) *parcel {
	p := &parcel{m: m}
	if v, err := semver.ParseLoose(m.Version); err == nil {
		p.version, p.versioned = v, true
	}
	return p
}

// label names the parcel for messages, such as "lib@1.0.0".
func (p *parcel) label() string {
	if p.m.Version == "" {
		return p.m.Name
	}
	return p.m.Name + "@" + p.m.Version
}

// samePackage tells whether two parcels of one folder name are the same: by
// their integrity, else by the address of the tarball, else by name and version.
func samePackage(a, b *parcel) bool {
	switch {
	case a == b:
		return true
	case a.target != nil || b.target != nil:
		return a.target == b.target
	}
	if x, y := a.m.TarballIntegrity(), b.m.TarballIntegrity(); x != "" && y != "" {
		return x == y
	}
	if a.m.Tarball != "" && b.m.Tarball != "" {
		return a.m.Tarball == b.m.Tarball
	}
	return a.m.Name == b.m.Name && a.m.Version == b.m.Version && a.gone == nil && b.gone == nil
}

// isOlder tells whether a has a lower version than b. What has no version is not
// older than anything.
func isOlder(a, b *parcel) bool {
	return a.versioned && b.versioned && semver.Compare(a.version, b.version) < 0
}

// want is what a text asks for. Wants are shared by all demands with the same
// name and text.
type want struct {
	spec manifest.Spec
	text string
	err  error // the text cannot be understood
	any  bool
	// path is the folder on disk that is asked for, below the project.
	folder bool
	path   string
	chosen *parcel // what is taken for it, nil until it is asked for
}

func newWant(name, text string) *want {
	w := &want{text: text}
	w.spec, w.err = manifest.ParseSpec(name, text)
	w.any = w.err == nil && w.spec.Kind == manifest.RangeSpec && (w.spec.Fetch == "" || w.spec.Fetch == "*")
	return w
}

// accepts tells whether the text is met by a parcel that lies in a folder of the
// right name.
func (w *want) accepts(p *parcel) bool {
	switch {
	case w.folder:
		return p.target != nil && p.target.path == w.path
	case w.err != nil:
		return false
	case w.any:
		return true
	case p.gone != nil:
		return false
	}
	spec := w.spec.Resolved()
	switch spec.Kind {
	case manifest.TagSpec:
		return p.target == nil || p.circle
	case manifest.RangeSpec, manifest.VersionSpec:
		return p.versioned && spec.Range.Match(p.version)
	}
	return false
}
