package lockfile

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/sdist"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

const (
	pipfileMeta    = "_meta"
	pipfileDefault = "default"
)

// pipfileHead is what a Pipfile.lock says of itself.
type pipfileHead struct {
	Spec     int `json:"pipfile-spec"`
	Requires struct {
		Version string `json:"python_version"`
		Full    string `json:"python_full_version"`
	} `json:"requires"`
	Sources []struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"sources"`
}

type pipfilePackage struct {
	Version  string          `json:"version"`
	Hashes   []string        `json:"hashes"`
	Markers  string          `json:"markers"`
	Extras   []string        `json:"extras"`
	Index    string          `json:"index"`
	Git      string          `json:"git"`
	Ref      string          `json:"ref"`
	Path     string          `json:"path"`
	File     string          `json:"file"`
	Editable json.RawMessage `json:"editable"`
}

// readPipfile reads a Pipfile.lock. Its groups are the sections beside
// "default": "develop" and what the Pipfile calls categories.
func (r *lockReader) readPipfile(b []byte) (func(wheel.Target) ([]*lockEntry, error), error) {
	var sections map[string]json.RawMessage
	if err := r.json("", b, &sections); err != nil {
		return nil, err
	}
	var head pipfileHead
	if raw, ok := sections[pipfileMeta]; ok {
		if err := r.json(pipfileMeta, raw, &head); err != nil {
			return nil, err
		}
	}
	if err := r.understood("pipfile-spec", head.Spec, "version 6 is", head.Spec == 6); err != nil {
		return nil, err
	}
	groups := map[string]string{}
	for section := range sections {
		if section != pipfileMeta && section != pipfileDefault {
			groups[pep508.NormalizeName(section)] = section
		}
	}
	if err := r.offers("group", slices.Collect(maps.Keys(groups)), nil); err != nil {
		return nil, err
	}
	names := []string{pipfileDefault}
	for _, group := range r.Groups {
		names = append(names, groups[group])
	}
	var wanted []map[string]pipfilePackage
	for _, section := range names {
		var packages map[string]pipfilePackage
		if raw, ok := sections[section]; ok {
			if err := r.json(section, raw, &packages); err != nil {
				return nil, err
			}
		}
		wanted = append(wanted, packages)
	}
	return func(t wheel.Target) ([]*lockEntry, error) { return r.pipfileEntries(&head, wanted, t) }, nil
}

// pipfileEntries returns the packages of some sections. These may share a package, as
// they are locked to agree.
func (r *lockReader) pipfileEntries(head *pipfileHead, sections []map[string]pipfilePackage, t wheel.Target) (entries []*lockEntry, err error) {
	if err := r.checkPython(head, t); err != nil {
		return nil, err
	}
	merged := map[string]pipfilePackage{}
	for _, packages := range sections {
		if err := r.mergePipfile(merged, packages, t); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		if p := merged[name]; p.Path != "." && p.Path != "./" { // else the project itself
			entries = append(entries, r.pipfileEntry(head, name, p))
		}
	}
	return entries, nil
}

func (r *lockReader) json(entry string, b []byte, into any) error {
	if err := json.Unmarshal(b, into); err != nil {
		return r.fault(entry, "%s", jsonscan.Explain(b, err))
	}
	return nil
}

// checkPython faults a runtime that the lock was not made for: Pipenv locks for
// one Python alone, and drops what only another one needs.
func (r *lockReader) checkPython(head *pipfileHead, t wheel.Target) error {
	version := head.Requires.Version
	if version == "" {
		parts := strings.SplitN(head.Requires.Full, ".", 3)
		if len(parts) < 2 {
			return nil
		}
		version = parts[0] + "." + parts[1]
	}
	if version == t.Env().PythonVersion {
		return nil
	}
	return r.fault("", "it was locked for Python %s alone, and %s may need other distributions: drop the runtime, or lock again with python_version = %q in the Pipfile", version, t.Runtime, t.Env().PythonVersion)
}

// mergePipfile adds the packages of a section whose markers hold.
func (r *lockReader) mergePipfile(merged, packages map[string]pipfilePackage, t wheel.Target) error {
	for _, key := range slices.Sorted(maps.Keys(packages)) {
		p, name := packages[key], pep508.NormalizeName(key)
		ok, err := r.holds(name, p.Markers, t.Env(), nil)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if other, twice := merged[name]; twice {
			if other.Version != p.Version {
				return r.fault(name, "two of the wanted groups lock it, at %q and %q: lock again", other.Version, p.Version)
			}
			p.Extras = append(p.Extras, other.Extras...)
		}
		merged[name] = p
	}
	return nil
}

func (r *lockReader) pipfileEntry(head *pipfileHead, name string, p pipfilePackage) *lockEntry {
	e := &lockEntry{name: name, version: strings.TrimSpace(strings.TrimLeft(p.Version, "= ")), extras: normalizeAll(p.Extras)}
	var digests []store.Digest
	for _, hash := range p.Hashes {
		if digest, err := store.ParseDigest(sha256Only(hash)["sha256"]); err == nil && !digest.IsZero() {
			digests = append(digests, digest)
		}
	}
	_, malformed := pep440.Parse(e.version)
	switch {
	case p.Git != "":
		e.unfit = r.vcs(e, "git", p.Git, p.Ref)
	case p.File != "" || strings.HasSuffix(p.Path, ".whl") || sdist.Is(p.Path):
		e.direct = cmp.Or(p.File, p.Path)
		f := fileAt(e.direct)
		// The digests are of all files of its version that the index has.
		if f.oneOf = digests; len(digests) == 1 {
			f.hashes, f.oneOf = map[string]string{"sha256": digests[0].Hex()}, nil
		}
		e.add(f)
	case p.Path != "":
		e.folder = strings.TrimPrefix(p.Path, "./")
	case malformed != nil || !strings.HasPrefix(p.Version, "=="):
		e.unfit = r.fault(name, "its version %q is not a pin: Pipenv could not resolve it where it ran; if it is for another system, write its marker as markers = \"…\" in the Pipfile, and lock again", p.Version)
	case len(digests) == 0:
		e.unfit = r.fault(e.title(), "it has no SHA-256: every file is verified, so lock again with an index that gives it")
	default:
		e.anyOf = digests
		for i, s := range head.Sources {
			if s.Name == p.Index || p.Index == "" && i == 0 {
				e.from = account{name: s.Name, address: s.URL}
			}
		}
	}
	return e
}
