package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// maxSetbacks bounds how often Share reads a policy again because a change of
// it was refused or did not last.
const maxSetbacks = 8

// Writer changes the policy of one layer version, step by step.
type Writer struct {
	API     *lambda.Client
	Explain func(error) error
	ARN     string
	Name    string // of the layer, as the calls take it
	Number  int64
	// Young reports that AWS may not know the version everywhere yet.
	Young    bool
	Patience awsclient.Patience

	statements []Statement
	// revision is that of the policy as last seen; "" where there is none.
	revision string
	// full is set where AWS took no more statements.
	full bool
	// stale asks for a look before the next change. unguarded asks for one
	// after the last: a change without a revision may have met another's.
	stale, unguarded bool
}

// change is one step: a statement to remove, or else a grant to add.
type change struct {
	remove Statement
	add    Grant
}

// look fetches the policy. AWS answers alike for no policy and no version.
func (w *Writer) look(ctx context.Context) error {
	w.statements, w.revision, w.stale, w.unguarded = nil, "", false, false
	out, err := w.API.GetLayerVersionPolicy(ctx, &lambda.GetLayerVersionPolicyInput{LayerName: &w.Name, VersionNumber: &w.Number})
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return nil
	}
	if err != nil {
		return w.Explain(err)
	}
	w.revision = aws.ToString(out.RevisionId)
	w.statements, err = Parse(aws.ToString(out.Policy))
	return err
}

// Read returns what the policy says now.
func (w *Writer) Read(ctx context.Context) ([]Statement, error) {
	err := w.look(ctx)
	return w.statements, err
}

// Settle changes the policy until it says what is wanted.
func (w *Writer) Settle(ctx context.Context, want []Grant) error {
	w.stale = true
	tried := map[string]bool{}
	for setbacks := 0; setbacks <= maxSetbacks; {
		if w.stale {
			if err := w.look(ctx); err != nil {
				return err
			}
		}
		step := w.next(want)
		if step == nil && !w.unguarded {
			return nil
		}
		if step == nil {
			w.stale = true
			continue
		}
		again := tried[step.key()] // it did not last
		tried[step.key()] = true
		contested, err := w.carryOut(ctx, *step)
		if _, full := errors.AsType[*awsclient.LimitError](err); full && !w.full {
			w.full = true
			if first := w.next(want); len(first.remove.Grants) > 0 {
				delete(tried, step.key())
				continue
			}
		}
		if err != nil && !contested {
			return err
		}
		if err == nil && !again {
			continue
		}
		setbacks++
		w.stale = true
		if err := backoff.Sleep(ctx, w.Patience.Delay(setbacks, nil)); err != nil {
			return err
		}
	}
	return fmt.Errorf("the policy of %s does not stay as it is written: something else changes it too. Leave all of its sharing to one owner and apply again", w.ARN)
}

// next returns what is to be done first, nil for nothing. What somebody should have is
// given before anything goes, so that who moves from one statement to another, as an
// account to its organization, never lacks it. Where the policy is full, what nobody
// should have goes first.
func (w *Writer) next(want []Grant) *change {
	var given []Grant
	var going, mixed []Statement
	for _, s := range w.statements {
		wanted := slices.DeleteFunc(slices.Clone(s.Grants), func(g Grant) bool { return !slices.Contains(want, g) })
		ours := strings.HasPrefix(s.id, ourStatements)
		switch {
		case len(wanted) == 0, ours && s.id != s.Grants[0].statementID(), ours && len(wanted) < len(s.Grants):
			going = append(going, s)
		case len(wanted) == len(s.Grants):
			given = append(given, wanted...)
		default:
			mixed = append(mixed, s)
		}
	}
	for _, g := range want {
		if slices.Contains(given, g) {
			continue
		}
		for _, s := range going {
			if w.full || s.id == g.statementID() { // AWS takes no second statement with an id
				return &change{remove: s}
			}
		}
		return &change{add: g}
	}
	if going = append(going, mixed...); len(going) > 0 {
		return &change{remove: going[0]}
	}
	return nil
}

func (c change) key() string {
	if len(c.remove.Grants) > 0 {
		return "remove " + c.remove.id
	}
	return "add " + c.add.statementID()
}

// carryOut makes the change. It reports true with an error that another look
// at the policy may resolve.
func (w *Writer) carryOut(ctx context.Context, c change) (contested bool, err error) {
	awsclient.Inform(ctx, "changing the policy of a layer version", map[string]any{"layer": w.Name, "version": w.Number, "change": c.key()})
	if len(c.remove.Grants) > 0 {
		return w.remove(ctx, c.remove)
	}
	return w.add(ctx, c.add)
}

func (w *Writer) remove(ctx context.Context, s Statement) (contested bool, err error) {
	if s.id == "" {
		return false, fmt.Errorf("revoking what %s has: its statement has no id, so AWS cannot remove it", s.Grants[0])
	}
	_, err = w.API.RemoveLayerVersionPermission(ctx, &lambda.RemoveLayerVersionPermissionInput{
		LayerName: &w.Name, VersionNumber: &w.Number, StatementId: &s.id, RevisionId: awsclient.Optional(w.revision),
	})
	w.stale = true
	if err != nil {
		return awsclient.StatusOf(err) == 404 || changedMeanwhile(err), fmt.Errorf("revoking what %s has: %w", s.Grants[0], w.Explain(err))
	}
	return false, nil
}

func (w *Writer) add(ctx context.Context, g Grant) (contested bool, err error) {
	in := &lambda.AddLayerVersionPermissionInput{
		LayerName: &w.Name, VersionNumber: &w.Number, StatementId: aws.String(g.statementID()), RevisionId: awsclient.Optional(w.revision),
		Action: aws.String(layerAction), Principal: aws.String("*"),
	}
	switch {
	case g.Account != "":
		in.Principal = &g.Account
	case g.Organization != "":
		in.OrganizationId = &g.Organization
	}
	out, err := w.API.AddLayerVersionPermission(ctx, in)
	if _, full := errors.AsType[*types.PolicyLengthExceededException](err); full {
		return false, &awsclient.LimitError{Attribute: "sharing", Problem: fmt.Sprintf("makes the policy of the layer version larger than AWS takes, at statement %d: "+
			"name organizations in place of their accounts (%s)", len(w.statements)+1, awsclient.Message(err))}
	}
	if err != nil {
		missing := awsclient.StatusOf(err) == 404 && w.Young
		return missing || changedMeanwhile(err), fmt.Errorf("granting it to %s: %w", g, w.Explain(err))
	}
	w.unguarded = w.unguarded || w.revision == ""
	w.revision = aws.ToString(out.RevisionId)
	w.statements = append(w.statements, Statement{id: g.statementID(), Grants: []Grant{g}})
	return false, nil
}

// changedMeanwhile reports that a policy is not what a change was based on.
func changedMeanwhile(err error) bool {
	_, stale := errors.AsType[*types.PreconditionFailedException](err)
	_, taken := errors.AsType[*types.ResourceConflictException](err)
	return stale || taken
}
