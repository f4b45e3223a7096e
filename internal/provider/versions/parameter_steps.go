package versions

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// parameterAt writes the ARN of the place's version to the parameter, where it
// is not known to hold it, and deletes one that is not wanted any more.
func (o *order) parameterAt(ctx context.Context, p *place) (diags diag.Diagnostics) {
	due, was := p.outcome.Due, p.life.Parameter
	if due.DropParameter {
		diags.Append(p.dropParameter(ctx, o.publisher)...)
	}
	if due.Parameter == lifecycle.None || o.parameter == nil || diags.HasError() {
		return diags
	}
	// The version may have turned out to be the one that was there.
	w := o.parameter.Parameter
	w.Value = p.life.Release.ARN
	holds := was == lifecycle.Parameter{Name: w.Name, Value: w.Value}
	if holds && due.Parameter == lifecycle.NewVersion && o.parameterKept {
		return diags
	}
	mine := o.parameter.overwrite || was.Name == w.Name
	err := o.publisher.PutParameter(ctx, p.region, w, mine)
	if _, ok := errors.AsType[*publish.ParameterExistsError](err); ok {
		err = p.takeParameter(ctx, o.publisher, w, err)
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be written", err))
	}
	p.life.Parameter = lifecycle.Parameter{Name: w.Name, Value: w.Value}
	return diags
}

// takeParameter writes over a parameter that holds a version of the layer, as
// one does after an interrupted apply. Any other is left alone, and refused is
// returned.
func (p *place) takeParameter(ctx context.Context, publisher *publish.Publisher, w publish.Parameter, refused error) error {
	value, _, err := publisher.Parameter(ctx, p.region, w.Name)
	if err != nil {
		return err
	}
	if layerOf(value) != p.layerARN {
		return refused
	}
	return publisher.PutParameter(ctx, p.region, w, true)
}

// dropParameter deletes the parameter that the resource wrote, if it still
// holds what was written.
func (p *place) dropParameter(ctx context.Context, publisher *publish.Publisher) (diags diag.Diagnostics) {
	was := p.life.Parameter
	if was.Name == "" {
		return nil
	}
	value, found, err := publisher.Parameter(ctx, p.region, was.Name)
	if err == nil && found && value == was.Value {
		err = publisher.DeleteParameter(ctx, p.region, was.Name)
	} else if err == nil && found {
		diags.AddWarning(fmt.Sprintf("The parameter %q stays", was.Name),
			fmt.Sprintf("It holds %q, where this resource wrote %q.", value, was.Value))
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be deleted", err))
	}
	p.life.Parameter = lifecycle.Parameter{}
	return diags
}

// readParameter looks at the parameter in every region. Where it is gone or holds
// something else, the place is astray.
func (r *reading) readParameter(ctx context.Context, places []*place, name string) {
	inParallel(places, func(p *place) {
		if p.unread {
			return
		}
		value, found, err := r.publisher.Parameter(ctx, p.region, name)
		if err != nil {
			p.diags.Append(p.unreadable(diagnostic.Of("The parameter cannot be read", err)))
			return
		}
		if p.life.Release.ARN == "" || value == p.life.Release.ARN {
			return
		}
		p.stray = true
		text := "It is gone, and is written again by the next apply."
		if found {
			text = fmt.Sprintf("It holds %q in place of %q, and is written again by the next apply.", value, p.life.Release.ARN)
		}
		p.diags.AddAttributeWarning(path.Root("ssm_parameter"), fmt.Sprintf("The parameter %q was changed outside of Terraform", name), text)
	})
}
