package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// shareAt puts the policy on the place's version and, where that is due, on the
// older ones that AWS still has.
func (o *Order) shareAt(ctx context.Context, p *Place) (diags diag.Diagnostics) {
	due := p.Outcome.Due
	if due.Share == lifecycle.None {
		return nil
	}
	current := p.Life.Release.Number
	numbers := []int64{current}
	if due.ShareOlder {
		numbers = append(numbers, p.Life.Older()...)
	}
	for _, number := range numbers {
		err := o.Publisher.Share(ctx, p.versionARN(number), o.Sharing)
		if errors.Is(err, publish.ErrNotFound) && number != current {
			continue
		}
		if err != nil {
			diags.Append(diagnostic.Of(fmt.Sprintf("Version %d of layer %q cannot be shared as planned", number, o.Layer), err))
		}
	}
	return diags
}

// ReadSharing asks AWS who may use the versions.
func (r *Reading) ReadSharing(ctx context.Context, places []*Place, importing bool) {
	InParallel(places, func(p *Place) {
		if p.Version == nil || p.Life.Release.CodeSHA256 == "" { // gone, or not what the state describes
			return
		}
		s, err := r.Publisher.SharedWith(ctx, p.Life.Release.ARN)
		switch {
		case err == nil:
			p.Shared = &s
		case importing: // who may not read policies can import
			p.Diags.AddWarning("The sharing of the layer version cannot be read", diagnostic.Sentence(err.Error())+" The import goes on as if the version were not shared.")
		default:
			p.Diags.Append(p.unreadable(diagnostic.Of("The sharing of the layer version cannot be read", err)))
		}
	})
}
