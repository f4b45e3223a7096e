package publish

import (
	"context"
	"fmt"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/policy"
)

// Sharing says who may use a layer version beside the account that has it. The
// zero Sharing is nobody.
type Sharing struct {
	// AccountIDs are accounts of 12 digits. What SharedWith reads may also
	// have principals and whole statements of other forms here, as they stand
	// in the policy.
	AccountIDs []string
	// OrganizationIDs are ids such as "o-a1b2c3d4e5".
	OrganizationIDs []string
	// Public is everyone.
	Public bool
}

// Equal reports whether both say the same, in whatever order.
func (s Sharing) Equal(other Sharing) bool {
	return s.Public == other.Public && sameSet(s.AccountIDs, other.AccountIDs) && sameSet(s.OrganizationIDs, other.OrganizationIDs)
}

// SharedWith returns what the policy of the layer version with the ARN says. A
// version that is gone is shared with nobody.
func (p *Publisher) SharedWith(ctx context.Context, arn string) (Sharing, error) {
	w, err := p.policyOf(ctx, arn)
	if err != nil {
		return Sharing{}, err
	}
	statements, err := w.Read(ctx)
	if err != nil {
		return Sharing{}, fmt.Errorf("reading who may use %s: %w", arn, err)
	}
	return sharingOf(statements), nil
}

// Share makes the policy of the layer version with the ARN say what is wanted
// and nothing else. Statements that say it already stay, also those of others.
// Every change names the revision that it is based on, and the policy is read
// again where somebody else was faster.
//
// Typed errors: *LimitError (also for a policy that would become too large),
// *AccessDeniedError, ErrNotFound (the version is gone).
func (p *Publisher) Share(ctx context.Context, arn string, want Sharing) error {
	grants, err := want.grants()
	if err != nil {
		return err
	}
	w, err := p.policyOf(ctx, arn)
	if err != nil {
		return err
	}
	if err := w.Settle(ctx, grants); err != nil {
		return fmt.Errorf("sharing %s: %w", arn, err)
	}
	return nil
}

// grants returns what is wanted, each once, in a fixed order.
func (s Sharing) grants() ([]policy.Grant, error) {
	var grants []policy.Grant
	for _, id := range slices.Sorted(slices.Values(s.AccountIDs)) {
		if err := CheckAccountID(id); err != nil {
			return nil, err
		}
		grants = append(grants, policy.Grant{Account: id})
	}
	for _, id := range slices.Sorted(slices.Values(s.OrganizationIDs)) {
		if err := CheckOrganizationID(id); err != nil {
			return nil, err
		}
		grants = append(grants, policy.Grant{Organization: id})
	}
	if s.Public {
		grants = append(grants, policy.Grant{Public: true})
	}
	return slices.Compact(grants), nil
}

// sharingOf is the inverse of grants; foreign ones count as accounts.
func sharingOf(statements []policy.Statement) Sharing {
	var s Sharing
	for _, statement := range statements {
		for _, g := range statement.Grants {
			switch {
			case g.Public:
				s.Public = true
			case g.Organization != "":
				s.OrganizationIDs = append(s.OrganizationIDs, g.Organization)
			default:
				s.AccountIDs = append(s.AccountIDs, g.Account+g.Foreign)
			}
		}
	}
	slices.Sort(s.AccountIDs)
	slices.Sort(s.OrganizationIDs)
	s.AccountIDs, s.OrganizationIDs = slices.Compact(s.AccountIDs), slices.Compact(s.OrganizationIDs)
	return s
}

func (p *Publisher) policyOf(ctx context.Context, arn string) (*policy.Writer, error) {
	api, s, a, err := p.of(ctx, arn)
	if err != nil {
		return nil, err
	}
	return &policy.Writer{
		API: api, Explain: s.Explain, ARN: arn, Name: p.layerNameOf(ctx, api, a), Number: a.Number,
		Young: p.isFresh(arn), Patience: p.patience,
	}, nil
}
