package python

import (
	"context"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
)

// Withdrawn asks the indexes whether distributions of the lock were yanked or
// removed since it was made: the only question that a plan without changes asks
// the network, and only when the user wants it. That nobody answers is a
// warning: what is locked can be built without the index.
func (l *Lock) Withdrawn(ctx context.Context, e *Env, s *Spec, r Request, severity fault.Severity) ([]fault.Warning, error) {
	targets, err := r.targets()
	if err != nil {
		return nil, err
	}
	settings, client, err := e.indexesFor(ctx, s, targets)
	if err != nil {
		return nil, err
	}
	found, err := index.Withdrawn(ctx, client, l.Chosen, settings.Indexes)
	if err != nil {
		return []fault.Warning{{
			At: fault.At("checks"), Summary: "The index does not tell what was withdrawn",
			Detail: fault.Sentence(err.Error()) + " The locked distributions are used as they are.",
		}}, nil
	}
	if len(found) == 0 {
		return nil, nil
	}
	count, verb := fmt.Sprintf("%d distributions", len(found)), "were"
	if len(found) == 1 {
		count, verb = "1 distribution", "was"
	}
	meaning := "The layer is built from the lock as before."
	if severity == fault.SeverityError {
		meaning = "checks.withdrawn is \"error\", so nothing is planned with them; \"warning\" builds from the lock as before."
	}
	return severity.Apply(&fault.Error{
		At: fault.At("checks"), Summary: fmt.Sprintf("%s in the lock %s withdrawn", count, verb),
		Detail: strings.Join(found, "\n") + "\n" + meaning + " To move to other versions, change the requirement, or give triggers another value.",
	})
}
