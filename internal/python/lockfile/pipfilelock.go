package lockfile

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
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
func (r *lockReader) readPipfile(b []byte) error {
	var sections map[string]json.RawMessage
	if err := r.json("", b, &sections); err != nil {
		return err
	}
	var head pipfileHead
	if raw, ok := sections[pipfileMeta]; ok {
		if err := r.json(pipfileMeta, raw, &head); err != nil {
			return err
		}
	}
	if head.Spec != 6 {
		return r.fault("", "its pipfile-spec is %d, and version 6 is understood", head.Spec)
	}
	groups := map[string]string{}
	for section := range sections {
		if section != pipfileMeta && section != pipfileDefault {
			groups[pep508.NormalizeName(section)] = section
		}
	}
	if err := r.known("group", r.groups, slices.Collect(maps.Keys(groups))); err != nil {
		return err
	}
	if err := r.known("extra", r.extras, nil); err != nil {
		return err
	}
	if len(r.packages) > 0 {
		return r.fault("", "it has no workspace members to choose from")
	}
	wanted := []string{pipfileDefault}
	for _, group := range r.groups {
		wanted = append(wanted, groups[group])
	}
	for _, t := range r.targets {
		if err := r.checkPython(&head, t); err != nil {
			return err
		}
		// Sections may share a package, as they are locked to agree.
		merged := map[string]pipfilePackage{}
		for _, section := range wanted {
			var packages map[string]pipfilePackage
			if raw, ok := sections[section]; ok {
				if err := r.json(section, raw, &packages); err != nil {
					return err
				}
			}
			if err := r.mergePipfile(merged, packages, t); err != nil {
				return err
			}
		}
		for _, name := range slices.Sorted(maps.Keys(merged)) {
			if err := r.tell(r.takePipfile(&head, name, merged[name], t)); err != nil {
				return err
			}
		}
	}
	return nil
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

func (r *lockReader) takePipfile(head *pipfileHead, name string, p pipfilePackage, t wheel.Target) error {
	e := &lockEntry{name: name, version: strings.TrimLeft(p.Version, "= "), extras: normalizeAll(p.Extras)}
	if p.Path == "." || p.Path == "./" {
		return nil // the project itself
	}
	if done, err := r.standIn(e, t); done || err != nil {
		return err
	}
	var digests []store.Digest
	for _, hash := range p.Hashes {
		if digest, err := store.ParseDigest(sha256Only(hash)["sha256"]); err == nil && !digest.IsZero() {
			digests = append(digests, digest)
		}
	}
	switch {
	case p.Git != "":
		return r.vcs(e, "git", p.Git, p.Ref)
	case p.File != "" || strings.HasSuffix(p.Path, ".whl") || sdist.Is(p.Path):
		return r.takePipfileFile(e, cmp.Or(p.File, p.Path), digests, t)
	case p.Path != "":
		return r.local(e, strings.TrimPrefix(p.Path, "./"), t)
	}
	version, pinned := strings.CutPrefix(p.Version, "==")
	e.version = strings.TrimSpace(strings.TrimPrefix(version, "="))
	if _, err := pep440.Parse(e.version); err != nil || !pinned {
		return r.fault(name, "its version %q is not a pin: Pipenv could not resolve it where it ran; if it is for another system, write its marker as markers = \"…\" in the Pipfile, and lock again", p.Version)
	}
	if len(digests) == 0 {
		return r.fault(e.title(), "it has no SHA-256: every file is verified, so lock again with an index that gives it")
	}
	if err := r.once(e, t); err != nil {
		return err
	}
	idx := ""
	for i, s := range head.Sources {
		if s.Name == p.Index || p.Index == "" && i == 0 {
			idx = s.URL
			r.account(account{name: s.Name, address: s.URL})
		}
	}
	r.pin(Pin{Name: name, Version: e.version, SHA256: digests, Index: configuration.WithoutUser(idx), Extras: e.extras}, t)
	return nil
}

// takePipfileFile adds a file that is locked by its address or path. The digests
// are of all files of its version that the index has.
func (r *lockReader) takePipfileFile(e *lockEntry, place string, digests []store.Digest, t wheel.Target) error {
	f := lockedFile{name: path.Base(strings.ReplaceAll(place, `\`, "/")), path: place, oneOf: digests}
	if strings.Contains(place, "://") {
		f.name, f.url, f.path = pep508.FileOf(place), place, ""
	}
	if len(digests) == 1 {
		f.hashes, f.oneOf = map[string]string{"sha256": digests[0].Hex()}, nil
	}
	e.direct = place
	if strings.HasSuffix(f.name, ".whl") {
		e.files = append(e.files, f)
	} else {
		e.sdist, e.source = true, &f
	}
	return r.take(e, t)
}
