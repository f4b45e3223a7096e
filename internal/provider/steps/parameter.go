package steps

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
func (o *Order) parameterAt(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	due, was := p.Outcome.Due, p.Life.Parameter
	if due.Parameter != lifecycle.None && o.Parameter != nil {
		diags.Append(o.writeParameter(ctx, p)...)
	}
	if !due.DropParameter || diags.HasError() {
		return diags
	}
	// Who reads the old name finds a value until the new one has it. Where the old one
	// cannot go, the next apply comes to both again.
	diags.Append(p.dropParameter(ctx, o.Publisher, was)...)
	switch {
	case diags.HasError():
		p.Life.Parameter = was
	case p.Life.Parameter == was:
		p.Life.Parameter = lifecycle.Parameter{}
	}
	return diags
}

// writeParameter writes the ARN of the place's version to the parameter.
func (o *Order) writeParameter(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	due, was := p.Outcome.Due, p.Life.Parameter
	// The version may have turned out to be the one that was there.
	w := o.Parameter.Parameter
	w.Value = p.Life.Release.ARN
	holds := was == lifecycle.Parameter{Name: w.Name, Value: w.Value}
	if holds && due.Parameter == lifecycle.NewVersion && o.ParameterKept {
		return diags
	}
	mine := o.Parameter.Overwrite || was.Name == w.Name
	err := o.Publisher.Parameters.Put(ctx, p.Region, w, mine)
	if _, ok := errors.AsType[*publish.ParameterExistsError](err); ok {
		err = p.takeParameter(ctx, o.Publisher, w, err)
	}
	if err != nil {
		return append(diags, diagnostic.Of("The parameter cannot be written", err))
	}
	p.Life.Parameter = lifecycle.Parameter{Name: w.Name, Value: w.Value}
	return diags
}

// takeParameter writes over a parameter that holds a version of the layer, as
// one does after an interrupted apply. Any other is left alone, and refused is
// returned.
func (p *Place) takeParameter(ctx context.Context, publisher *publish.Publisher, w publish.Parameter, refused error) error {
	value, _, err := publisher.Parameters.Get(ctx, p.Region, w.Name)
	if err != nil {
		return err
	}
	if LayerOf(value) != p.LayerARN {
		return refused
	}
	return publisher.Parameters.Put(ctx, p.Region, w, true)
}

// dropParameter deletes a parameter that the resource wrote, if it still
// holds what was written.
func (p *Place) dropParameter(ctx context.Context, publisher *publish.Publisher, was lifecycle.Parameter) (diags diag.Diagnostics) {
	if was.Name == "" {
		return nil
	}
	value, found, err := publisher.Parameters.Get(ctx, p.Region, was.Name)
	if err == nil && found && value == was.Value {
		err = publisher.Parameters.Delete(ctx, p.Region, was.Name)
	} else if err == nil && found {
		diags.AddWarning(fmt.Sprintf("The parameter %q stays", was.Name),
			fmt.Sprintf("It holds %q, where this resource wrote %q.", value, was.Value))
	}
	if err != nil {
		diags.Append(diagnostic.Of("The parameter cannot be deleted", err))
	}
	return diags
}

// ReadParameter looks at the parameter in every region. Where it is gone or holds
// something else, the place is astray.
func (r *Reading) ReadParameter(ctx context.Context, places []*Place, name string) {
	InParallel(places, func(p *Place) {
		if p.unread {
			return
		}
		value, found, err := r.Publisher.Parameters.Get(ctx, p.Region, name)
		if err != nil {
			p.Diags.Append(p.unreadable(diagnostic.Of("The parameter cannot be read", err)))
			return
		}
		if p.Life.Release.ARN == "" || value == p.Life.Release.ARN {
			return
		}
		p.Stray = true
		text := "It was deleted. The next apply writes it again."
		if found {
			text = fmt.Sprintf("It has the value %q in place of %q. The next apply writes it again.", value, p.Life.Release.ARN)
		}
		p.Diags.AddAttributeWarning(path.Root("ssm_parameter"), fmt.Sprintf("The parameter %q was changed outside of Terraform", name), text)
	})
}
