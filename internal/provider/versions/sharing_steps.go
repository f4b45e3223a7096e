package versions

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
func (o *order) shareAt(ctx context.Context, p *place) (diags diag.Diagnostics) {
	due := p.outcome.Due
	if due.Share == lifecycle.None {
		return nil
	}
	current := p.life.Release.Number
	numbers := []int64{current}
	if due.ShareOlder {
		numbers = append(numbers, p.life.Older()...)
	}
	for _, number := range numbers {
		err := o.publisher.Share(ctx, p.versionARN(number), o.sharing)
		if errors.Is(err, publish.ErrNotFound) && number != current {
			continue
		}
		if err != nil {
			diags.Append(diagnostic.Of(fmt.Sprintf("Version %d of layer %q cannot be shared as planned", number, o.layer), err))
		}
	}
	return diags
}

// readSharing asks AWS who may use the versions.
func (r *reading) readSharing(ctx context.Context, places []*place, importing bool) {
	inParallel(places, func(p *place) {
		if p.version == nil || p.life.Release.CodeSHA256 == "" { // gone, or not what the state describes
			return
		}
		s, err := r.publisher.SharedWith(ctx, p.life.Release.ARN)
		switch {
		case err == nil:
			p.shared = &s
		case importing: // who may not read policies can import
			p.diags.AddWarning("The sharing of the layer version cannot be read", diagnostic.Sentence(err.Error())+" The import goes on as if the version were not shared.")
		default:
			p.diags.Append(p.unreadable(diagnostic.Of("The sharing of the layer version cannot be read", err)))
		}
	})
}
