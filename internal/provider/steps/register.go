package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// This file keeps the registers of layers: see lifecycle.Register. A resource
// registers what it points at whenever it is read, planned or applied, so that
// every run knows before it deletes anything.

// Note lets change work on the register of a layer, and tells whether that changed. A
// register that cannot be kept is a warning.
func Note(ctx context.Context, publisher *publish.Publisher, layerARN string, change func(*lifecycle.Register) (changed bool)) (diags diag.Diagnostics) {
	err := publisher.Register(ctx, layerARN, func(register *lifecycle.Register) (bool, error) { return change(register), nil })
	if err != nil {
		diags.Append(WarnOfRegister(err))
	}
	return diags
}

// Point registers that the resource points at the place's version, and takes note
// of what the register knows. One that is being imported has no name yet.
func (p *Place) Point(ctx context.Context, publisher *publish.Publisher, importing bool) diag.Diagnostics {
	if p.Life.Release.ARN == "" || p.LayerARN == "" {
		return nil
	}
	return Note(ctx, publisher, p.LayerARN, func(register *lifecycle.Register) bool {
		if importing {
			register.Import(p.Life.Current())
		}
		changed := register.Meet(p.Holder, p.Life) || importing
		p.Seen, p.Life.Threatened = register.Witness(p.Holder).Since(p.Seen), register.Threatened(p.Holder, p.Life)
		return changed
	})
}

// inherit takes what was bequeathed to a resource that is about to end, and what
// its plan knew. It returns whether another one points at the place's version.
func (p *Place) inherit(ctx context.Context, publisher *publish.Publisher) (others bool, diags diag.Diagnostics) {
	if p.Life.Release.ARN == "" || p.LayerARN == "" {
		return false, nil
	}
	err := publisher.Register(ctx, p.LayerARN, func(register *lifecycle.Register) (bool, error) {
		changed := register.Hear(p.Seen)
		others = register.Inherit(p.Holder, p.Life, p.Seen.Register) || p.Unseen
		return changed, nil
	})
	if err != nil {
		diags.Append(diagnostic.Of("It is not known who uses the layer version", err))
	}
	return others, diags
}

// part registers that the resource has come to its end.
func (p *Place) part(ctx context.Context, publisher *publish.Publisher) diag.Diagnostics {
	if p.Life.Release.ARN == "" || p.LayerARN == "" {
		return nil
	}
	return Note(ctx, publisher, p.LayerARN, func(register *lifecycle.Register) bool {
		register.Part(p.Holder, p.Life)
		return true
	})
}

// done registers that the state has what the place's publish made. One whose
// end is not known stays registered, so that the version is found when it shows.
func (p *Place) done(ctx context.Context, publisher *publish.Publisher) {
	if p.Outcome.Due.Publish == lifecycle.None || p.Outcome.Failed == lifecycle.Publishing || p.LayerARN == "" {
		return
	}
	p.Diags.Append(Note(ctx, publisher, p.LayerARN, func(register *lifecycle.Register) bool {
		register.Done(p.Holder, p.Life)
		return true
	})...)
}

// WarnOfRegister tells of a register that cannot be kept.
func WarnOfRegister(err error) diag.Diagnostic {
	return diag.NewWarningDiagnostic("It cannot be noted who uses the layer version", diagnostic.Sentence(err.Error())+
		" Another resource with the same layer and bytes may be missed: check cache_dir.")
}

// tookOver warns of a version that was found and not published.
func (p *Place) tookOver(layer string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Version %d of layer %q was adopted", p.Life.Release.Number, layer), fmt.Sprintf(
		"AWS already had %s with the same bytes and description, so nothing was published. Another resource or run published it. A destroy of this resource does not delete it, unless the other one is gone by then.",
		p.Life.Release.ARN))
}

// tellRetained warns of what a destroy leaves because it has to, or because
// the resource may not delete it. whole is set where it deletes all of the layer.
func (p *Place) tellRetained(layer string, retain, whole bool) (diags diag.Diagnostics) {
	if retain {
		numbers := slices.Sorted(slices.Values(p.Life.Numbers()))
		if n := p.Life.Release.Number; n != 0 && !p.Life.Gone() && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
		if len(numbers) > 0 {
			diags.AddWarning(fmt.Sprintf("Retained: %s of layer %q", diagnostic.Versions(numbers), layer),
				fmt.Sprintf("retention.on_destroy is \"retain\", so %s of %s %s. Terraform no longer manages them: delete them by hand when nothing needs them.", diagnostic.Versions(numbers), p.LayerARN, stay(len(numbers))))
		}
		return diags
	}
	if p.Life.TakenOver() && !p.Life.Gone() && !whole {
		diags.AddWarning(fmt.Sprintf("Adopted and not deleted: version %d of layer %q", p.Life.Release.Number, layer), fmt.Sprintf(
			"This resource found %s and did not publish it, so it stays: another resource, state or run may have it. When nothing needs it any more, delete it by hand.", p.Life.Release.ARN))
	}
	return diags
}

// stay is the verb of so many versions.
func stay(n int) string {
	if n == 1 {
		return "stays"
	}
	return "stay"
}

// Hear takes, before a change, what the last refresh saw, which may have been on
// another machine.
func Hear(ctx context.Context, publisher *publish.Publisher, places []*Place) (diags diag.Diagnostics) {
	for _, p := range places {
		if p.LayerARN == "" || len(p.Seen.Pointers) == 0 {
			continue
		}
		diags.Append(Note(ctx, publisher, p.LayerARN, func(register *lifecycle.Register) bool { return register.Hear(p.Seen) })...)
	}
	return diags
}

// Witnesses returns what the registers knew, by layer.
func Witnesses(places []*Place) map[string]lifecycle.Witness {
	all := map[string]lifecycle.Witness{}
	for _, p := range places {
		if p.Seen.Register != "" {
			all[p.LayerARN] = p.Seen
		}
	}
	return all
}

// threatened warns, at the refresh, of a version that another resource deletes in
// the same run.
func (p *Place) threatened(layer string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Version %d of layer %q may go", p.Life.Release.Number, layer), fmt.Sprintf(
		"This plan deletes versions that another resource owns, and this resource points at %s, which may be one of them. The apply checks again. If the version is still there, it is kept and belongs to this resource from then on. If it is gone, it is published again under another number.",
		p.Life.Release.ARN))
}
