package layer

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layerzip"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// memoAge is how long a resolution is remembered in the cache, so that a plan
// and its apply on one machine agree whatever happens on the index between.
const memoAge = time.Hour

// Resolve turns a Spec into a Lock. What old already decided stays while the
// request for it is unchanged, and then no request leaves the machine; where
// the request changed, old's versions are preferred where they still fit. old
// may be nil. Local files are read and digested every time.
//
// Errors that a user can act on are *InputError.
func (b *Builder) Resolve(ctx context.Context, s Spec, old *Lock) (*Lock, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	l := &Lock{
		Format: lockFormat, Layout: layerzip.Format,
		Runtimes: slices.Clone(s.Runtimes), Architectures: slices.Clone(s.Architectures),
	}
	s.lockSelection(l)
	// Local faults are named before the network is asked.
	for i, f := range s.Files {
		lock, err := lockFiles(f, s)
		if err != nil {
			return nil, inputError(fmt.Sprintf("files[%d]", i), fmt.Sprintf("The files of %q cannot be read", f.name()), err)
		}
		l.Files = append(l.Files, lock)
	}
	var err error
	if l.Downloads, err = b.lockDownloads(ctx, s, old); err != nil {
		return nil, err
	}
	if l.Images, err = b.lockImages(ctx, s, old); err != nil {
		return nil, err
	}
	if l.Builds, err = b.lockBuilds(ctx, s, old); err != nil {
		return nil, err
	}
	if s.Python != nil {
		var before *PythonLock
		if old != nil {
			before = old.Python
		}
		var err error
		if s.Python.LockFile != "" {
			err = b.obeyLockFile(ctx, s, before, l)
		} else {
			l.Python, err = b.resolvePython(ctx, s, before)
		}
		if err != nil {
			return nil, err
		}
		l.Python = l.Python.with(s.Python.Scripts)
	}
	if s.NodeJS != nil {
		var before *NodeLock
		if old != nil {
			before = old.NodeJS
		}
		if err := b.lockNode(ctx, s, before, l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Warnings returns what a user should know of the choices in the lock.
func (l *Lock) Warnings() []Warning {
	var warnings []Warning
	if l.Python != nil {
		warnings = append(warnings, noted("python", "Notes on the Python distributions", l.Python.Chosen.Notes)...)
	}
	if l.NodeJS != nil {
		warnings = append(warnings, noted("nodejs", "Notes on the Node.js packages", l.NodeJS.Notes)...)
	}
	warnings = append(warnings, noted("downloads", "Downloads without a digest", l.downloadNotes())...)
	return warnings
}

// noted makes one warning of notes, none of none.
func noted(attribute, summary string, notes []string) []Warning {
	if len(notes) == 0 {
		return nil
	}
	sentences := make([]string, 0, len(notes))
	for _, note := range notes {
		text := Sentence(note)
		if _, after, _ := strings.Cut(note, " "); after != "" && after[0] >= '0' && after[0] <= '9' {
			text = note[:1] + text[1:] // a name in front of its version keeps its case
		}
		sentences = append(sentences, text)
	}
	return []Warning{{Attribute: attribute, Summary: summary, Detail: strings.Join(sentences, "\n")}}
}

// Check finds what can be known wrong without reading anything. Its errors are
// *InputError.
func (s Spec) Check() error {
	if len(s.Runtimes) == 0 {
		return &InputError{Attribute: "runtimes", Summary: "No runtime", Detail: "A layer is built for at least one Lambda runtime, such as \"python3.12\"."}
	}
	if s.Python == nil && s.NodeJS == nil && len(s.Files) == 0 && len(s.Downloads) == 0 && len(s.Images) == 0 && len(s.Builds) == 0 {
		return &InputError{Summary: "Nothing to pack", Detail: "The layer has no input. Write python, nodejs, files, downloads, images or builds."}
	}
	if n := s.NodeJS; n != nil {
		if err := n.check(); err != nil {
			return err
		}
	}
	if p := s.Python; p != nil {
		if err := p.check(); err != nil {
			return err
		}
	}
	if _, err := s.targets(""); err != nil {
		return err
	}
	for i, a := range s.Architectures {
		if !slices.Contains(runtimes.Architectures(), a) {
			return &InputError{
				Attribute: fmt.Sprintf("architectures[%d]", i),
				Summary:   fmt.Sprintf("Unknown architecture %q", a),
				Detail:    "Lambda runs \"x86_64\" and \"arm64\".",
			}
		}
	}
	if out := s.Output; strings.HasSuffix(out, "/") || strings.HasSuffix(out, "\\") || out == "." || strings.HasPrefix(out, "~") {
		return &InputError{
			Attribute: "output_path", Summary: fmt.Sprintf("Unusable output path %q", out),
			Detail: "It is the path of a zip, such as \"build/layer.zip\". A home directory is written with pathexpand().",
		}
	}
	if err := s.checkSelection(); err != nil {
		return err
	}
	for i, f := range s.Files {
		if err := f.check(); err != nil {
			return inputError(fmt.Sprintf("files[%d]", i), fmt.Sprintf("Malformed element %d of files", i), err)
		}
	}
	for i, d := range s.Downloads {
		if err := d.check(fmt.Sprintf("downloads[%d]", i)); err != nil {
			return err
		}
	}
	for i, image := range s.Images {
		if err := image.check(fmt.Sprintf("images[%d]", i)); err != nil {
			return err
		}
	}
	for i, b := range s.Builds {
		if err := b.check(fmt.Sprintf("builds[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}

// pythonRequest is what the Python part of a lock depends on, besides the
// cut-off and what the index holds. Its JSON is digested.
type pythonRequest struct {
	Format       int
	Targets      []string
	Requirements []string
	Constraints  []string
	Files        []string
	Indexes      []IndexSpec         `json:",omitempty"`
	Prerelease   bool                `json:",omitempty"`
	LeftOut      leaveOut            `json:",omitzero"`
	Wheels       []python.GivenWheel `json:",omitempty"`
	FindLinks    []string            `json:",omitempty"`
	Sources      []string            `json:",omitempty"`
	Sdist        string              `json:",omitempty"`
}

func (b *Builder) resolvePython(ctx context.Context, s Spec, old *PythonLock) (*PythonLock, error) {
	spec, file, request, err := pythonSpec(s)
	if err != nil {
		return nil, err
	}
	var triggers store.Digest
	if len(s.Triggers) > 0 {
		if triggers, err = digestOf(s.Triggers); err != nil {
			return nil, err
		}
	}
	if old != nil && old.Request == request && old.Triggers == triggers && !s.Reconsider && old.unchanged(spec.Given) {
		return old, nil
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	settings, err := c.indexesFor(ctx, s)
	if err != nil {
		return nil, err
	}
	overrule(settings, file, len(s.Python.Indexes))
	spec.Store, spec.Indexes, spec.NoIndex = c.store, settings.Indexes, settings.NoIndex
	if err := addLinks(&spec, settings.FindLinks, func(int) string { return "python" }); err != nil {
		return nil, err
	}
	if err := addLinks(&spec, s.Python.FindLinks, func(i int) string { return fmt.Sprintf("python.find_links[%d]", i) }); err != nil {
		return nil, err
	}
	// Changed triggers ask for a resolution that owes nothing to the last.
	if old != nil && old.Triggers == triggers {
		spec.Prefer = map[string]string{}
		for _, w := range old.Chosen.Wheels {
			spec.Prefer[w.Name] = w.Version
		}
	}
	chosen, err := c.remember(ctx, spec, s.Python.leaveOut(), request, triggers, s.CutOff)
	if err != nil {
		return nil, pythonError(s, err)
	}
	if err := checkArchitectures(s, chosen); err != nil {
		return nil, err
	}
	if err := checkHashed(s, spec, chosen); err != nil {
		return nil, err
	}
	return &PythonLock{Request: request, Triggers: triggers, Chosen: chosen}, nil
}

// remember resolves, or returns what the same question was answered within the
// last hour. A cut-off that follows from the clock is no part of the question.
func (c *cache) remember(ctx context.Context, spec python.Spec, out leaveOut, request, triggers store.Digest, cutOff CutOff) (*python.Lock, error) {
	question := struct {
		Request, Triggers store.Digest
		Prefer            map[string]string
		Indexes           []python.Index
		Linked            []python.GivenWheel `json:",omitempty"`
		LinkPages         []string            `json:",omitempty"`
		CutOff            time.Time
	}{Request: request, Triggers: triggers, Prefer: spec.Prefer, Indexes: spec.Indexes, Linked: spec.Linked, LinkPages: spec.LinkPages}
	if cutOff.Explicit {
		question.CutOff = cutOff.At
	}
	key, err := digestOf(question)
	if err != nil {
		return nil, err
	}
	if body, written, err := c.store.GetRecord("resolutions", key.Hex()); err == nil && time.Since(written) < memoAge {
		var known python.Lock
		if json.Unmarshal(body, &known) == nil {
			return &known, nil
		}
	}
	chosen, err := python.Resolve(ctx, c.client, spec)
	if err != nil {
		return nil, err
	}
	var roots []string
	for _, in := range spec.Requirements {
		roots = append(roots, in.Requirement.Name)
	}
	out.from(chosen, roots, spec.Dropped)
	body, err := json.Marshal(chosen)
	if err != nil {
		return nil, fmt.Errorf("encoding a resolution: %w", err)
	}
	if err := c.store.PutRecord("resolutions", key.Hex(), body); err != nil {
		return nil, err
	}
	return chosen, nil
}

// pythonSpec reads the requirements and returns the question for the resolver,
// what the requirements file says of indexes, and the digest of all inputs.
func pythonSpec(s Spec) (python.Spec, *python.RequirementsFile, store.Digest, error) {
	sources := &python.RequirementsFile{}
	targets, err := s.pythonTargets()
	if err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	spec := python.Spec{ExcludeNewer: s.CutOff.At, PinsExempt: !s.CutOff.Explicit, Prereleases: s.Python.Prerelease, Sdists: s.Python.Sdist == SdistPure, LeftOut: s.Python.leaveOut().Names}
	request := pythonRequest{
		Format: lockFormat, Indexes: s.Python.Indexes, Prerelease: s.Python.Prerelease, LeftOut: s.Python.leaveOut(), Sdist: s.Python.Sdist,
	}
	if spec.Given, err = s.Python.givenWheels(targets); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	request.Wheels, request.FindLinks = spec.Given, s.Python.FindLinks
	for _, t := range targets {
		spec.Targets = append(spec.Targets, python.TargetFor(t))
		request.Targets = append(request.Targets, t.String())
	}
	if spec.Requirements, request.Requirements, err = parseAll("python.requirements", s.Python.Requirements); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	if spec.Constraints, request.Constraints, err = parseAll("python.constraints", s.Python.Constraints); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	if name := s.Python.RequirementsFile; name != "" {
		read, err := python.ReadRequirementsFile(name)
		if err != nil {
			return python.Spec{}, nil, store.Digest{}, inputError("python.requirements_file", fmt.Sprintf("Unreadable requirements file %q", name), err)
		}
		for _, in := range read.Requirements {
			request.Files = append(request.Files, fmt.Sprint("r ", in.Requirement, in.Hashes))
		}
		for _, in := range read.Constraints {
			request.Files = append(request.Files, fmt.Sprint("c ", in.Requirement, in.Hashes))
		}
		spec.Requirements = append(spec.Requirements, read.Requirements...)
		spec.Constraints = append(spec.Constraints, read.Constraints...)
		request.Sources, sources = sourcesOf(read), read
	}
	if err := spec.TakeDirect(); err != nil {
		return python.Spec{}, nil, store.Digest{}, pythonError(s, err)
	}
	digest, err := digestOf(request)
	return spec, sources, digest, err
}

// parseAll parses requirement strings of the attribute and returns their
// canonical spellings beside.
func parseAll(attribute string, texts []string) (inputs []python.Input, canonical []string, err error) {
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", attribute, i)
		in, err := python.ParseInput(text, at)
		if err != nil {
			return nil, nil, inputError(at, fmt.Sprintf("Malformed requirement %q", text), err)
		}
		inputs = append(inputs, in)
		canonical = append(canonical, fmt.Sprint(in.Requirement, in.Hashes))
	}
	return inputs, canonical, nil
}

// digestOf returns the digest of v's JSON. Map keys are sorted by the encoder.
func digestOf(v any) (store.Digest, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return store.Digest{}, fmt.Errorf("digesting a request: %w", err)
	}
	return store.Sum(body), nil
}
