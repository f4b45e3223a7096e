package layer

import (
	"context"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
)

// Withdrawn asks the indexes whether distributions of the lock were yanked or
// removed since it was made: the only question that a plan without changes asks
// the network, and only when the user wants it. That nobody answers is a
// warning: what is locked can be built without the index.
func (b *Builder) Withdrawn(ctx context.Context, s Spec, l *Lock, severity Severity) ([]Warning, error) {
	if severity == SeverityOff || l.Python == nil || s.Python == nil {
		return nil, nil
	}
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	settings, client, err := c.indexesFor(ctx, s)
	if err != nil {
		return nil, err
	}
	found, err := python.Withdrawn(ctx, client, l.Python.Chosen, settings.Indexes)
	if err != nil {
		return []Warning{{
			At: fault.At("checks"), Summary: "The index does not tell what was withdrawn",
			Detail: sentence(err) + " The locked distributions are used as they are.",
		}}, nil
	}
	if len(found) == 0 {
		return nil, nil
	}
	meaning := "The layer is built from the lock as before."
	if severity == SeverityError {
		meaning = "checks.withdrawn is \"error\", so nothing is planned with them; \"warning\" builds from the lock as before."
	}
	return severity.Judge(&fault.Error{
		At: fault.At("checks"), Summary: fmt.Sprintf("%s in the lock %s withdrawn", plural(len(found), "distribution"), wasWere(len(found))),
		Detail: strings.Join(found, "\n") + "\n" + meaning + " To move to other versions, change the requirement, or give triggers another value.",
	})
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
