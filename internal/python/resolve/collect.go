package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// resolution gathers the answers for the targets.
type resolution struct {
	spec    *Spec
	catalog *index.Catalog
	lock    *wheel.Lock
	pins    map[string][]string // version keys that earlier targets chose, by name
}

// choice is one selected version with what the selection made of it.
type choice struct {
	index.Candidate
	project  *index.Project
	index    int
	extras   []string
	requires []string
	wanted   []pep440.Specifiers // by all who need it
}

// collect adds a selection to the lock.
func (r *resolution) collect(ctx context.Context, w *world, s *solver, selected map[string]int) error {
	choices := map[string]*choice{}
	for name, i := range selected {
		pr, err := w.project(ctx, name)
		if err != nil {
			return err
		}
		choices[name] = &choice{Candidate: pr.Candidates[i], project: pr, index: i}
	}
	for _, p := range s.pkgs[1:] {
		if p.decided >= 0 && p.extra != "" {
			choices[p.name].extras = append(choices[p.name].extras, p.extra)
		}
	}
	for _, d := range w.requirements() {
		choices[d.name].wanted = append(choices[d.name].wanted, d.spec)
	}
	for _, ch := range choices {
		for _, extra := range append([]string{""}, ch.extras...) {
			deps, _, err := w.dependencies(ctx, ch.project, ch.index, extra)
			if err != nil {
				return err
			}
			for _, d := range deps {
				ch.requires = append(ch.requires, d.name)
				choices[d.name].wanted = append(choices[d.name].wanted, d.spec)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		if err := r.add(w, choices[name]); err != nil {
			return err
		}
		notes, err := w.notes(ctx, choices[name])
		if err != nil {
			return err
		}
		r.lock.Notes = append(r.lock.Notes, notes...)
	}
	return nil
}

// add locks one wheel, or adds the target to what another target locked.
func (r *resolution) add(w *world, ch *choice) error {
	pr, c := ch.project, ch.Candidate
	digest, err := store.ParseDigest(c.File.SHA256)
	if err != nil {
		return &wheel.NoDigest{Name: pr.Name, Version: c.Text, Filename: c.File.Filename, Index: pr.Page.Index, Source: c.Source}
	}
	address, err := pr.Page.Locked(c.File)
	if err != nil {
		return err
	}
	if !slices.Contains(r.pins[pr.Name], c.Key) {
		r.pins[pr.Name] = append(r.pins[pr.Name], c.Key)
	}
	at := slices.IndexFunc(r.lock.Wheels, func(l wheel.Wheel) bool { return l.Filename == c.File.Filename && l.SHA256 == digest })
	if at < 0 {
		at = len(r.lock.Wheels)
		r.lock.Wheels = append(r.lock.Wheels, wheel.Wheel{
			Name: pr.Name, Version: c.Text, Filename: c.File.Filename, URL: address, Path: c.Path,
			SHA256: digest, Size: c.File.Size, Pure: c.Pure(),
		})
	}
	l := &r.lock.Wheels[at]
	l.Requires = wheel.Union(l.Requires, ch.requires, pr.Name)
	l.Extras = wheel.Union(l.Extras, ch.extras, "")
	l.Targets = append(l.Targets, w.target.String())
	return nil
}

// notes tells what is not as the newest version, or the user, would have it.
func (w *world) notes(ctx context.Context, ch *choice) ([]string, error) {
	var notes []string
	if !w.spec.ExcludeNewer.IsZero() && ch.Uploaded == "" && ch.Path == "" && !ch.StandIn {
		notes = append(notes, fmt.Sprintf("%s gives no upload times: releases of any age are used from it", ch.project.Page.Origin(ch.File)))
	}
	if ch.Yanked {
		notes = append(notes, fmt.Sprintf("%s %s was yanked by its authors%s", ch.project.Name, ch.Text, ch.Why()))
	}
	m, err := w.Metadata(ch.project.Page, ch.File).Wait(ctx)
	if err != nil {
		return nil, err
	}
	for _, extra := range ch.extras {
		if !slices.Contains(m.ProvidesExtra, extra) {
			notes = append(notes, fmt.Sprintf("%s %s has no extra %q", ch.project.Name, ch.Text, extra))
		}
	}
	if m.Recorded {
		notes = append(notes, fmt.Sprintf("%s %s is made of its source distribution, whose setup.py looks at the machine: its requirements are those of the machine that made it", ch.project.Name, ch.Text))
	}
	if !w.heldBack(ch) {
		return notes, nil
	}
	if note := w.heldBackNote(ch); note != "" {
		notes = append(notes, note)
	}
	return notes, nil
}

// heldBackNote tells by how much the target holds a project back, why, and
// which runtime would not; "" where it does not.
func (w *world) heldBackNote(ch *choice) string {
	var newest *survey
	behind := 0
	for _, s := range w.surveyPage(ch.project.Page) {
		if !s.visible || !w.welcome(ch, s.Release) {
			continue
		}
		behind++
		if newest == nil && !s.fits() {
			newest = s
		}
	}
	if newest == nil {
		return ""
	}
	releases := fmt.Sprintf("%d releases", behind)
	if behind == 1 {
		releases = "1 release"
	}
	note := fmt.Sprintf("%s %s is used on %s, %s behind %s: %s", ch.project.Name, ch.Text, w.target, releases, newest.Text, w.lacks(newest))
	if runtime := w.betterRuntime(newest); runtime != "" {
		note += fmt.Sprintf("; %s would take %s", runtime, newest.Text)
	}
	return note
}

// heldBack reports whether a version without a fitting wheel might be welcome,
// without the cost of a survey.
func (w *world) heldBack(ch *choice) bool {
	return slices.ContainsFunc(ch.project.Unfit, func(r *index.Release) bool { return w.welcome(ch, r) }) ||
		slices.ContainsFunc(ch.project.Page.Sdists, func(f index.WheelFile) bool { return w.welcome(ch, f.Release) })
}

// welcome reports whether a version would be better than the chosen one, and
// everybody who needs the project would take it.
func (w *world) welcome(ch *choice, r *index.Release) bool {
	if r.Version.IsPrerelease() || r.Version.Compare(ch.Version) <= 0 {
		return false
	}
	for _, limit := range w.limits(ch.project.Name) {
		if !limit.spec.Match(r.Version) {
			return false
		}
	}
	return !slices.ContainsFunc(ch.wanted, func(s pep440.Specifiers) bool { return !s.Match(r.Version) })
}
