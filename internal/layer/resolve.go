package layer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// memoAge is how long a resolution is remembered in the cache, so that a plan
// and its apply on one machine agree whatever happens on the index between.
const memoAge = time.Hour

// Check finds what can be known wrong without reading anything, all of it: its
// error is an *InputError, or several of them, joined.
func (s Spec) Check() error {
	inputs := s.inputs()
	faults := []error{s.checkTargets(), s.checkOutput(), s.checkSelection()}
	if len(inputs) == 0 {
		faults = append(faults, &fault.Error{Summary: "Nothing to pack", Detail: "The layer has no input. Write python, nodejs, files, downloads, images or builds."})
	}
	for _, in := range inputs {
		faults = append(faults, in.check(s))
	}
	return errors.Join(faults...)
}

// checkTargets finds what is wrong with runtimes and architectures.
func (s Spec) checkTargets() error {
	if len(s.Runtimes) == 0 {
		return &fault.Error{At: fault.At("runtimes"), Summary: "No runtime", Detail: "A layer is built for at least one Lambda runtime, such as \"python3.12\"."}
	}
	_, err := s.targets("")
	faults := []error{err}
	for i, a := range s.Architectures {
		if !slices.Contains(runtimes.Architectures(), a) {
			faults = append(faults, &fault.Error{
				At:      fault.At("architectures").Index(i),
				Summary: fmt.Sprintf("Unknown architecture %q", a),
				Detail:  "Lambda runs \"x86_64\" and \"arm64\".",
			})
		}
	}
	return errors.Join(faults...)
}

// checkOutput refuses what is no path of a zip.
func (s Spec) checkOutput() error {
	out := s.Output
	if !strings.HasSuffix(out, "/") && !strings.HasSuffix(out, "\\") && out != "." && !strings.HasPrefix(out, "~") {
		return nil
	}
	return &fault.Error{
		At: fault.At("output_path"), Summary: fmt.Sprintf("Unusable output path %q", out),
		Detail: "It is the path of a zip, such as \"build/layer.zip\". A home directory is written with pathexpand().",
	}
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
	LeftOut      python.LeaveOut     `json:",omitzero"`
	Wheels       []python.GivenWheel `json:",omitempty"`
	FindLinks    []string            `json:",omitempty"`
	Sources      []string            `json:",omitempty"`
	Sdist        string              `json:",omitempty"`
	Before       string              `json:",omitempty"` // a cut-off of the requirements file
}

func (b *Builder) resolvePython(ctx context.Context, s Spec, old *PythonLock) (*PythonLock, error) {
	spec, file, request, err := pythonSpec(ctx, s, b.getenv)
	if err != nil {
		return nil, err
	}
	var triggers store.Digest
	if len(s.Triggers) > 0 {
		if triggers, err = digestOf(s.Triggers); err != nil {
			return nil, err
		}
	}
	if len(file.Accounts) > 0 {
		if err := b.learn(file.Accounts); err != nil {
			return nil, err
		}
	}
	if old != nil && old.Request == request && old.Triggers == triggers && !s.Reconsider && old.unchanged(ctx, spec.Given) {
		return old, nil
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	settings, _, err := c.indexesFor(ctx, s)
	if err != nil {
		return nil, err
	}
	settings.Overrule(file, len(s.Python.Indexes))
	spec.Store, spec.Indexes, spec.NoIndex = c.store, settings.Indexes, settings.NoIndex
	if err := addLinks(ctx, &spec, settings.FindLinks, func(int) fault.Path { return fault.At("python") }); err != nil {
		return nil, err
	}
	if err := addLinks(ctx, &spec, s.Python.FindLinks, func(i int) fault.Path { return fault.At("python", "find_links").Index(i) }); err != nil {
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

// learn hands the credentials that variables gave a requirements file to the
// client: a build may fetch with them.
func (b *Builder) learn(accounts []string) error {
	c, err := b.open()
	if err != nil {
		return err
	}
	pip, err := c.pip()
	if err != nil {
		return pipError(err)
	}
	for _, address := range accounts {
		if _, err := pip.client.Login(address); err != nil {
			return fault.Tie(fault.At("python", "requirements_file"), fmt.Sprintf("The index address %q cannot be read", fetch.Redact(address)), err)
		}
	}
	return nil
}

// remember resolves, or returns what the same question was answered within the
// last hour. A cut-off that follows from the clock is no part of the question.
func (c *cache) remember(ctx context.Context, spec python.Spec, out python.LeaveOut, request, triggers store.Digest, cutOff CutOff) (*python.Lock, error) {
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
	return store.Recall(c.store, "resolutions", key.Hex(), memoAge, func(l *python.Lock) bool { return l != nil }, func() (*python.Lock, error) {
		pip, err := c.pip()
		if err != nil {
			return nil, pipError(err)
		}
		chosen, err := python.Resolve(ctx, pip.client, spec)
		if err != nil {
			return nil, err
		}
		var roots []string
		for _, in := range spec.Requirements {
			roots = append(roots, in.Requirement.Name)
		}
		out.From(chosen, roots, spec.Dropped)
		return chosen, nil
	})
}

// pythonSpec reads the requirements and returns the question for the resolver,
// what the requirements file says of indexes, and the digest of all inputs.
func pythonSpec(ctx context.Context, s Spec, getenv func(string) string) (python.Spec, *python.RequirementsFile, store.Digest, error) {
	sources := &python.RequirementsFile{}
	targets, err := s.pythonTargets()
	if err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	spec := python.Spec{ExcludeNewer: s.CutOff.At, PinsExempt: !s.CutOff.Explicit, Prereleases: s.Python.Prerelease, Sdists: s.Python.Sdist == SdistPure, LeftOut: s.Python.leaveOut().Names}
	request := pythonRequest{
		Format: lockFormat, Indexes: s.Python.Indexes, Prerelease: s.Python.Prerelease, LeftOut: s.Python.leaveOut(), Sdist: s.Python.Sdist,
	}
	if spec.Given, err = s.Python.givenWheels(ctx, targets); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	request.Wheels, request.FindLinks = spec.Given, s.Python.FindLinks
	for _, t := range targets {
		spec.Targets = append(spec.Targets, python.TargetFor(t))
		request.Targets = append(request.Targets, t.String())
	}
	if spec.Requirements, request.Requirements, err = parseAll(fault.At("python", "requirements"), s.Python.Requirements); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	if spec.Constraints, request.Constraints, err = parseAll(fault.At("python", "constraints"), s.Python.Constraints); err != nil {
		return python.Spec{}, nil, store.Digest{}, err
	}
	if name := s.Python.RequirementsFile; name != "" {
		read, err := python.ReadRequirementsFile(name, getenv)
		if err != nil {
			return python.Spec{}, nil, store.Digest{}, fault.Tie(fault.At("python", "requirements_file"), fmt.Sprintf("Unreadable requirements file %q", name), err)
		}
		for _, in := range read.Requirements {
			request.Files = append(request.Files, fmt.Sprint("r ", in.Requirement, in.Hashes))
		}
		for _, in := range read.Constraints {
			request.Files = append(request.Files, fmt.Sprint("c ", in.Requirement, in.Hashes))
		}
		spec.Requirements = append(spec.Requirements, read.Requirements...)
		spec.Constraints = append(spec.Constraints, read.Constraints...)
		request.Sources, sources = read.Sources(), read
		if read.Prerelease {
			spec.Prereleases, request.Prerelease = true, true
		}
		if at := read.ExcludeNewer; !at.IsZero() {
			request.Before = at.UTC().Format(time.RFC3339)
			if spec.ExcludeNewer.IsZero() || at.Before(spec.ExcludeNewer) {
				spec.ExcludeNewer, spec.PinsExempt = at, false
			}
		}
	}
	if err := spec.TakeDirect(); err != nil {
		return python.Spec{}, nil, store.Digest{}, pythonError(s, err)
	}
	digest, err := digestOf(request)
	return spec, sources, digest, err
}

// parseAll parses requirement strings of the attribute and returns their
// canonical spellings beside.
func parseAll(attribute fault.Path, texts []string) (inputs []python.Input, canonical []string, err error) {
	var faults []error
	for i, text := range texts {
		at := attribute.Index(i)
		if isLine(text) {
			return nil, nil, &fault.Error{
				At: at, Summary: fmt.Sprintf("%q is a line of a file, not a requirement", text),
				Detail: "Each element is one requirement, such as \"requests>=2\". Lines of a file may be comments, options or empty: name the file in python.requirements_file, in place of split() and file(), and it is read as pip reads it.",
			}
		}
		in, err := python.ParseInput(text, at.String())
		if err != nil {
			faults = append(faults, fault.Tie(at, fmt.Sprintf("Malformed requirement %q", text), err))
			continue
		}
		inputs = append(inputs, in)
		canonical = append(canonical, fmt.Sprint(in.Requirement, in.Hashes))
	}
	return inputs, canonical, errors.Join(faults...)
}

// isLine reports whether a text is what a requirements file holds beside
// requirements: an empty line, a comment, an option, or several lines.
func isLine(text string) bool {
	text = strings.TrimSpace(text)
	return text == "" || text[0] == '#' || strings.ContainsAny(text, "\n\\") || strings.HasPrefix(text, "-")
}

// digestOf returns the digest of v's JSON. Map keys are sorted by the encoder.
func digestOf(v any) (store.Digest, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return store.Digest{}, fmt.Errorf("digesting a request: %w", err)
	}
	return store.Sum(body), nil
}
