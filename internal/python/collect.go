package python

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// choice is one selected version with what the selection made of it.
type choice struct {
	candidate
	project  *project
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
		choices[name] = &choice{candidate: pr.candidates[i], project: pr, index: i}
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
	pr, c := ch.project, ch.candidate
	digest, err := store.ParseDigest(c.file.sha256)
	if err != nil {
		return &NoDigest{Name: pr.name, Version: c.text, Filename: c.file.name, Index: pr.page.index, Source: c.file.source()}
	}
	address, err := pr.page.locked(c.file)
	if err != nil {
		return err
	}
	if !slices.Contains(r.pins[pr.name], c.key) {
		r.pins[pr.name] = append(r.pins[pr.name], c.key)
	}
	at := slices.IndexFunc(r.lock.Wheels, func(l Wheel) bool { return l.Filename == c.file.name && l.SHA256 == digest })
	if at < 0 {
		at = len(r.lock.Wheels)
		r.lock.Wheels = append(r.lock.Wheels, Wheel{
			Name: pr.name, Version: c.text, Filename: c.file.name, URL: address, Path: c.file.path(),
			SHA256: digest, Size: c.file.size, Pure: c.Pure(),
		})
	}
	l := &r.lock.Wheels[at]
	l.Requires = union(l.Requires, ch.requires, pr.name)
	l.Extras = union(l.Extras, ch.extras, "")
	l.Targets = append(l.Targets, w.target.String())
	return nil
}

// notes tells what is not as the newest version, or the user, would have it.
func (w *world) notes(ctx context.Context, ch *choice) ([]string, error) {
	var notes []string
	if !w.spec.ExcludeNewer.IsZero() && ch.uploaded == "" && !ch.local() && !ch.standIn() {
		notes = append(notes, fmt.Sprintf("%s gives no upload times: releases of any age are used from it", ch.project.page.origin(ch.file)))
	}
	if ch.yanked {
		notes = append(notes, fmt.Sprintf("%s %s was yanked by its authors%s", ch.project.name, ch.text, ch.why()))
	}
	m, err := w.metadata(ch.project.page, ch.file).wait(ctx)
	if err != nil {
		return nil, err
	}
	for _, extra := range ch.extras {
		if !slices.Contains(m.ProvidesExtra, extra) {
			notes = append(notes, fmt.Sprintf("%s %s has no extra %q", ch.project.name, ch.text, extra))
		}
	}
	if m.recorded {
		notes = append(notes, fmt.Sprintf("%s %s is made of its source distribution, whose setup.py looks at the machine: its requirements are those of the machine that made it", ch.project.name, ch.text))
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
	for _, s := range w.surveyPage(ch.project.page) {
		if !s.visible || !w.welcome(ch, s.release) {
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
	note := fmt.Sprintf("%s %s is used on %s, %s behind %s: %s", ch.project.name, ch.text, w.target, releases, newest.text, w.lacks(newest))
	if runtime := w.betterRuntime(newest); runtime != "" {
		note += fmt.Sprintf("; %s would take %s", runtime, newest.text)
	}
	return note
}

// heldBack reports whether a version without a fitting wheel might be welcome,
// without the cost of a survey.
func (w *world) heldBack(ch *choice) bool {
	held := slices.ContainsFunc(ch.project.unfit, func(r *release) bool { return w.welcome(ch, r) })
	if !held {
		ch.project.page.sdists(func(_ *file, r *release) { held = held || w.welcome(ch, r) })
	}
	return held
}

// welcome reports whether a version would be better than the chosen one, and
// everybody who needs the project would take it.
func (w *world) welcome(ch *choice, r *release) bool {
	if r.version.IsPrerelease() || r.version.Compare(ch.version) <= 0 {
		return false
	}
	for _, limit := range w.limits(ch.project.name) {
		if !limit.spec.Match(r.version) {
			return false
		}
	}
	return !slices.ContainsFunc(ch.wanted, func(s pep440.Specifiers) bool { return !s.Match(r.version) })
}
