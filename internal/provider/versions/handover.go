package versions

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

// point registers that the resource points at the place's version, and takes note
// of what the register knows. One that is being imported has no name yet.
func (p *place) point(ctx context.Context, publisher *publish.Publisher, importing bool) (diags diag.Diagnostics) {
	if p.life.Release.ARN == "" || p.layerARN == "" {
		return nil
	}
	err := publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
		if importing {
			register.Import(p.life.Mark())
		}
		changed := register.Meet(p.holder, p.life) || importing
		p.seen, p.life.Threatened = register.Witness(p.holder).Since(p.seen), register.Threatened(p.holder, p.life)
		return changed, nil
	})
	if err != nil {
		diags.Append(warnOfRegister(err))
	}
	return diags
}

// inherit takes what was bequeathed to a resource that is about to end, and what
// its plan knew. It returns whether another one points at the place's version.
func (p *place) inherit(ctx context.Context, publisher *publish.Publisher) (others bool, diags diag.Diagnostics) {
	if p.life.Release.ARN == "" || p.layerARN == "" {
		return false, nil
	}
	err := publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
		changed := register.Hear(p.seen)
		others = register.Inherit(p.holder, p.life, p.seen.Register) || p.unseen
		return changed, nil
	})
	if err != nil {
		diags.Append(diagnostic.Of("It is not known who uses the layer version", err))
	}
	return others, diags
}

// part registers that the resource has come to its end.
func (p *place) part(ctx context.Context, publisher *publish.Publisher) (diags diag.Diagnostics) {
	if p.life.Release.ARN == "" || p.layerARN == "" {
		return nil
	}
	err := publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
		register.Part(p.holder, p.life)
		return true, nil
	})
	if err != nil {
		diags.Append(warnOfRegister(err))
	}
	return diags
}

// done registers that the state has what the place's publish made. One whose
// end is not known stays registered, so that the version is found when it shows.
func (p *place) done(ctx context.Context, publisher *publish.Publisher) {
	if p.outcome.Due.Publish == lifecycle.None || p.outcome.Failed == lifecycle.Publishing || p.layerARN == "" {
		return
	}
	err := publisher.Register(ctx, p.layerARN, func(register *lifecycle.Register) (bool, error) {
		register.Done(p.holder, p.life)
		return true, nil
	})
	if err != nil {
		p.diags.Append(warnOfRegister(err))
	}
}

// warnOfRegister tells of a register that cannot be kept.
func warnOfRegister(err error) diag.Diagnostic {
	return diag.NewWarningDiagnostic("It cannot be noted who uses the layer version", diagnostic.Sentence(err.Error())+
		" Another resource with the same layer and bytes may be missed: check cache_dir.")
}

// tookOver warns of a version that was found and not published.
func (p *place) tookOver(layer string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Version %d of layer %q was adopted", p.life.Release.Number, layer), fmt.Sprintf(
		"AWS already had %s with the same bytes and description, so nothing was published. Another resource or run published it. A destroy of this resource does not delete it, unless the other one is gone by then.",
		p.life.Release.ARN))
}

// tellRetained warns of what a destroy leaves because it has to, or because
// the resource may not delete it. whole is set where it deletes all of the layer.
func (p *place) tellRetained(layer string, retain, whole bool) (diags diag.Diagnostics) {
	if retain {
		numbers := slices.Sorted(slices.Values(p.life.Numbers()))
		if n := p.life.Release.Number; n != 0 && !p.life.Gone() && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
		if len(numbers) > 0 {
			diags.AddWarning(fmt.Sprintf("Retained: %s of layer %q", diagnostic.Versions(numbers), layer),
				fmt.Sprintf("retention.on_destroy is \"retain\", so %s of %s %s. Terraform no longer manages them: delete them by hand when nothing needs them.", diagnostic.Versions(numbers), p.layerARN, stay(len(numbers))))
		}
		return diags
	}
	if p.life.TakenOver() && !p.life.Gone() && !whole {
		diags.AddWarning(fmt.Sprintf("Adopted and not deleted: version %d of layer %q", p.life.Release.Number, layer), fmt.Sprintf(
			"This resource found %s and did not publish it, so it stays: another resource, state or run may have it. When nothing needs it any more, delete it by hand.", p.life.Release.ARN))
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
