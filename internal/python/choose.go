package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/resolve"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// requestFormat is the version of what is digested of a request. It rises when the
// same request must be answered anew.
const requestFormat = 1

// Request is what else a resolution depends on.
type Request struct {
	// Targets are the Python runtimes of the layer on every architecture.
	Targets []runtimes.Target
	// Triggers is the digest of what forces a new resolution when it changes, zero
	// of nothing.
	Triggers store.Digest
	// CutOff holds where the Spec has none.
	CutOff release.CutOff
	// Getenv reads the environment, which requirements files may name.
	Getenv func(string) string
	// Project takes the files of a project on disk that is part of what is locked.
	// It is called before an index is asked.
	Project func(name string, files []ProjectFile) error
}

// targets returns what wheels are chosen for; none is an error.
func (r Request) targets() ([]wheel.Target, error) {
	if len(r.Targets) == 0 {
		return nil, &fault.Error{
			At: fault.At("runtimes"), Summary: "No Python runtime",
			Detail: "The package has python requirements, but none of its runtimes runs Python. Add one such as \"python3.12\", or drop python.",
		}
	}
	return wheel.TargetsFor(r.Targets), nil
}

// names returns the targets as they are digested.
func (r Request) names() []string {
	names := make([]string, 0, len(r.Targets))
	for _, t := range r.Targets {
		names = append(names, t.String())
	}
	return names
}

// Resolve chooses the wheels for a spec: those of its lock file, or those that fit
// its requirements. What old already decided stays while the request for it is
// unchanged, and then nothing leaves the machine; where the request changed, old's
// versions are preferred where they still fit. old may be nil. open is called when
// the store or the network is needed.
//
// What a user can act on is a *[fault.Error].
func Resolve(ctx context.Context, open func() (*Env, error), s *Spec, r Request, old *Lock) (*Lock, error) {
	targets, err := r.targets()
	if err != nil {
		return nil, err
	}
	choose := s.choose
	if s.LockFile != "" {
		choose = s.obey
	}
	l, err := choose(ctx, open, targets, r, old)
	if err != nil {
		return nil, err
	}
	return l.laidOut(s), nil
}

// requested is what a resolution depends on, besides the cut-off and what the index
// holds. Its JSON is digested.
type requested struct {
	Format       int
	Targets      []string
	Requirements []string
	Constraints  []string
	Files        []string
	Indexes      []IndexSpec        `json:",omitempty"`
	Prerelease   bool               `json:",omitempty"`
	LeftOut      wheel.LeaveOut     `json:",omitzero"`
	Wheels       []wheel.GivenWheel `json:",omitempty"`
	FindLinks    []string           `json:",omitempty"`
	Sources      []string           `json:",omitempty"`
	Sdist        string             `json:",omitempty"`
	Before       string             `json:",omitempty"` // a cut-off of the requirements file
}

// choose resolves the requirements.
func (p *Spec) choose(ctx context.Context, open func() (*Env, error), targets []wheel.Target, r Request, old *Lock) (*Lock, error) {
	q, err := p.question(ctx, targets, r)
	if err != nil {
		return nil, err
	}
	if len(q.file.Accounts)+len(q.file.Parts) > 0 {
		env, err := open()
		if err != nil {
			return nil, err
		}
		if err := env.learn(q.file); err != nil {
			return nil, err
		}
	}
	if old != nil && old.Request == q.request && old.Triggers == r.Triggers && !p.Reconsider && old.unchanged(ctx, q.spec.Given) {
		return old, p.checkHashed(q, old.Chosen)
	}
	env, err := open()
	if err != nil {
		return nil, err
	}
	settings, client, err := env.indexesFor(ctx, p, targets)
	if err != nil {
		return nil, err
	}
	settings.Overrule(q.file, len(p.Indexes))
	q.spec.Store, q.spec.Indexes, q.spec.NoIndex = env.Store, settings.Indexes, settings.NoIndex
	if err := addLinks(ctx, &q.spec, settings.FindLinks, func(int) fault.Path { return fault.At("python") }); err != nil {
		return nil, err
	}
	if err := addLinks(ctx, &q.spec, p.FindLinks, func(i int) fault.Path { return fault.At("python", "find_links").Index(i) }); err != nil {
		return nil, err
	}
	// Changed triggers ask for a resolution that owes nothing to the last.
	if old != nil && old.Triggers == r.Triggers {
		q.spec.Prefer = map[string]string{}
		for _, w := range old.Chosen.Wheels {
			q.spec.Prefer[w.Name] = w.Version
		}
	}
	chosen, err := env.remember(ctx, client, q, p.leaveOut(), r.Triggers, cmp.Or(p.CutOff, r.CutOff))
	if err != nil {
		return nil, p.refusal(err)
	}
	if err := checkArchitectures(r.Targets, chosen); err != nil {
		return nil, err
	}
	return &Lock{Request: q.request, Triggers: r.Triggers, Chosen: chosen}, p.checkHashed(q, chosen)
}

// remember resolves, or returns what the same question was answered within the
// last hour. A cut-off that follows from the clock is no part of the question.
func (e *Env) remember(ctx context.Context, client *fetch.Client, q *question, out wheel.LeaveOut, triggers store.Digest, cutOff release.CutOff) (*wheel.Lock, error) {
	asked := struct {
		Request, Triggers store.Digest
		Prefer            map[string]string
		Indexes           []index.Index
		Linked            []wheel.GivenWheel `json:",omitempty"`
		LinkPages         []string           `json:",omitempty"`
		CutOff            time.Time
	}{Request: q.request, Triggers: triggers, Prefer: q.spec.Prefer, Indexes: q.spec.Indexes, Linked: q.spec.Linked, LinkPages: q.spec.LinkPages}
	if cutOff.Explicit {
		asked.CutOff = cutOff.At
	}
	return store.Resolved(e.Store, asked, func() (*wheel.Lock, error) {
		chosen, err := resolve.Resolve(ctx, client, q.spec)
		if err != nil {
			return nil, err
		}
		var roots []string
		for _, in := range q.spec.Requirements {
			roots = append(roots, in.Requirement.Name)
		}
		out.From(chosen, roots, q.spec.Dropped)
		return chosen, nil
	})
}

// question is what the resolver is asked.
type question struct {
	spec resolve.Spec
	// request is the digest of all inputs.
	request store.Digest
	// file is the requirements file, which may name indexes; empty where there is
	// none.
	file *pep508.RequirementsFile
}

// question reads the requirements.
func (p *Spec) question(ctx context.Context, targets []wheel.Target, r Request) (*question, error) {
	cutOff := cmp.Or(p.CutOff, r.CutOff)
	q := &question{
		spec: resolve.Spec{
			Targets: targets, ExcludeNewer: cutOff.At, PinsExempt: !cutOff.Explicit,
			Prereleases: p.Prerelease, Sdists: p.Sdist == sdistPure, LeftOut: p.leaveOut().Names,
		},
		file: &pep508.RequirementsFile{},
	}
	inputs := requested{
		Format: requestFormat, Targets: r.names(), Indexes: p.Indexes, Prerelease: p.Prerelease, LeftOut: p.leaveOut(), Sdist: p.Sdist, FindLinks: p.FindLinks,
	}
	var err error
	if q.spec.Given, err = p.givenWheels(ctx, targets); err != nil {
		return nil, err
	}
	inputs.Wheels = q.spec.Given
	if q.spec.Requirements, inputs.Requirements, err = parseAll(fault.At("python", "requirements"), p.Requirements); err != nil {
		return nil, err
	}
	if q.spec.Constraints, inputs.Constraints, err = parseAll(fault.At("python", "constraints"), p.Constraints); err != nil {
		return nil, err
	}
	if err := p.readFile(q, &inputs, r.Getenv); err != nil {
		return nil, err
	}
	if err := q.spec.TakeDirect(); err != nil {
		return nil, p.refusal(err)
	}
	q.request, err = store.SumJSON(inputs)
	return q, err
}

// readFile adds what the requirements file says.
func (p *Spec) readFile(q *question, inputs *requested, getenv func(string) string) error {
	if p.RequirementsFile == "" {
		return nil
	}
	read, err := pep508.ReadRequirementsFile(p.RequirementsFile, getenv)
	if err != nil {
		return fault.Tie(fault.At("python", "requirements_file"), fmt.Sprintf("Unreadable requirements file %q", p.RequirementsFile), err)
	}
	for _, in := range read.Requirements {
		inputs.Files = append(inputs.Files, fmt.Sprint("r ", in.Requirement, in.Hashes))
	}
	for _, in := range read.Constraints {
		inputs.Files = append(inputs.Files, fmt.Sprint("c ", in.Requirement, in.Hashes))
	}
	q.spec.Requirements = append(q.spec.Requirements, read.Requirements...)
	q.spec.Constraints = append(q.spec.Constraints, read.Constraints...)
	inputs.Sources, q.file = read.Sources(), read
	if read.Prerelease {
		q.spec.Prereleases, inputs.Prerelease = true, true
	}
	if at := read.ExcludeNewer; !at.IsZero() {
		inputs.Before = at.UTC().Format(time.RFC3339)
		if q.spec.ExcludeNewer.IsZero() || at.Before(q.spec.ExcludeNewer) {
			q.spec.ExcludeNewer, q.spec.PinsExempt = at, false
		}
	}
	return nil
}

// parseAll parses requirement strings of the attribute and returns their
// canonical spellings beside.
func parseAll(attribute fault.Path, texts []string) (inputs []pep508.Input, canonical []string, err error) {
	var faults []error
	for i, text := range texts {
		at := attribute.Index(i)
		if isLine(text) {
			return nil, nil, &fault.Error{
				At: at, Summary: fmt.Sprintf("%q is a line of a file, not a requirement", text),
				Detail: "Each element is one requirement, such as \"requests>=2\". Lines of a file may be comments, options or empty: name the file in python.requirements_file, in place of split() and file(), and it is read as pip reads it.",
			}
		}
		in, err := pep508.ParseInput(text, at.String())
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

// NormalizeRequirements returns requirements (PEP 508) in their canonical spelling,
// sorted and each once. Hashes follow theirs, as "--hash=sha256:…". The error names
// every one that is malformed, by its index.
func NormalizeRequirements(texts []string) ([]string, error) {
	inputs, _, err := parseAll(fault.At("requirements"), texts)
	if err != nil {
		return nil, err
	}
	all := []string{}
	for _, in := range inputs {
		in.Requirement.Specifiers = in.Requirement.Specifiers.Sorted()
		parts := []string{in.Requirement.String()}
		for _, hash := range slices.Sorted(slices.Values(in.Hashes)) {
			parts = append(parts, "--hash="+hash)
		}
		all = append(all, strings.Join(parts, " "))
	}
	slices.SortFunc(all, strings.Compare)
	return slices.Compact(all), nil
}
