package publish

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

// ContestedError tells that the policy of a layer version changed whenever
// Share was about to change it, or did not keep a change.
type ContestedError struct {
	ARN string
}

func (e *ContestedError) Error() string {
	return fmt.Sprintf("the policy of %s does not stay as it is written: something else changes it too. Leave all of its sharing to one owner and apply again", e.ARN)
}

// policyWriter changes the policy of one layer version, step by step.
type policyWriter struct {
	api     *lambda.Client
	explain func(error) error
	arn     string
	name    string // of the layer, as the calls take it
	number  int64
	// young reports that AWS may not know the version everywhere yet.
	young    bool
	patience awsclient.Patience

	statements []statement
	// revision is that of the policy as last seen; "" where there is none.
	revision string
	// stale asks for a look before the next change. unguarded asks for one
	// after the last: a change without a revision may have met another's.
	stale, unguarded bool
}

// change is one step: a statement to remove, or else a grant to add.
type change struct {
	remove statement
	add    grant
}

// look fetches the policy. AWS answers alike for no policy and no version.
func (w *policyWriter) look(ctx context.Context) error {
	w.statements, w.revision, w.stale, w.unguarded = nil, "", false, false
	out, err := w.api.GetLayerVersionPolicy(ctx, &lambda.GetLayerVersionPolicyInput{LayerName: &w.name, VersionNumber: &w.number})
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return nil
	}
	if err != nil {
		return w.explain(err)
	}
	w.revision = aws.ToString(out.RevisionId)
	w.statements, err = parsePolicy(aws.ToString(out.Policy))
	return err
}

// read returns what the policy says now.
func (w *policyWriter) read(ctx context.Context) ([]statement, error) {
	err := w.look(ctx)
	return w.statements, err
}

// settle changes the policy until it says what is wanted.
func (w *policyWriter) settle(ctx context.Context, want []grant) error {
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
		if err != nil && !contested {
			return err
		}
		if err == nil && !again {
			continue
		}
		setbacks++
		w.stale = true
		if err := backoff.Sleep(ctx, w.patience.Delay(setbacks, nil)); err != nil {
			return err
		}
	}
	return &ContestedError{ARN: w.arn}
}

// next returns what is to be done first, nil for nothing: what nobody should
// have goes at once, and what somebody should have goes when it is given by
// another statement.
func (w *policyWriter) next(want []grant) *change {
	var given []grant
	var mixed []statement
	for _, s := range w.statements {
		wanted := slices.DeleteFunc(slices.Clone(s.grants), func(g grant) bool { return !slices.Contains(want, g) })
		ours := strings.HasPrefix(s.id, ourStatements)
		switch {
		case len(wanted) == 0, ours && s.id != s.grants[0].statementID():
			return &change{remove: s}
		case len(wanted) == len(s.grants):
			given = append(given, wanted...)
		case ours:
			return &change{remove: s}
		default:
			mixed = append(mixed, s)
		}
	}
	for _, g := range want {
		if !slices.Contains(given, g) {
			return &change{add: g}
		}
	}
	if len(mixed) > 0 {
		return &change{remove: mixed[0]}
	}
	return nil
}

func (c change) key() string {
	if len(c.remove.grants) > 0 {
		return "remove " + c.remove.id
	}
	return "add " + c.add.statementID()
}

// carryOut makes the change. It reports true with an error that another look
// at the policy may resolve.
func (w *policyWriter) carryOut(ctx context.Context, c change) (contested bool, err error) {
	awsclient.Inform(ctx, "changing the policy of a layer version", map[string]any{"layer": w.name, "version": w.number, "change": c.key()})
	if len(c.remove.grants) > 0 {
		return w.remove(ctx, c.remove)
	}
	return w.add(ctx, c.add)
}

func (w *policyWriter) remove(ctx context.Context, s statement) (contested bool, err error) {
	if s.id == "" {
		return false, fmt.Errorf("revoking what %s has: its statement has no id, so AWS cannot remove it", s.grants[0])
	}
	_, err = w.api.RemoveLayerVersionPermission(ctx, &lambda.RemoveLayerVersionPermissionInput{
		LayerName: &w.name, VersionNumber: &w.number, StatementId: &s.id, RevisionId: awsclient.Optional(w.revision),
	})
	w.stale = true
	if err != nil {
		return awsclient.StatusOf(err) == 404 || changedMeanwhile(err), fmt.Errorf("revoking what %s has: %w", s.grants[0], w.explain(err))
	}
	return false, nil
}

func (w *policyWriter) add(ctx context.Context, g grant) (contested bool, err error) {
	in := &lambda.AddLayerVersionPermissionInput{
		LayerName: &w.name, VersionNumber: &w.number, StatementId: aws.String(g.statementID()), RevisionId: awsclient.Optional(w.revision),
		Action: aws.String(layerAction), Principal: aws.String("*"),
	}
	switch {
	case g.account != "":
		in.Principal = &g.account
	case g.organization != "":
		in.OrganizationId = &g.organization
	}
	out, err := w.api.AddLayerVersionPermission(ctx, in)
	if _, full := errors.AsType[*types.PolicyLengthExceededException](err); full {
		return false, &LimitError{Attribute: "sharing", Problem: fmt.Sprintf("makes the policy of the layer version larger than AWS takes, at statement %d: "+
			"name organizations in place of their accounts (%s)", len(w.statements)+1, awsclient.Message(err))}
	}
	if err != nil {
		missing := awsclient.StatusOf(err) == 404 && w.young
		return missing || changedMeanwhile(err), fmt.Errorf("granting it to %s: %w", g, w.explain(err))
	}
	w.unguarded = w.unguarded || w.revision == ""
	w.revision = aws.ToString(out.RevisionId)
	w.statements = append(w.statements, statement{id: g.statementID(), grants: []grant{g}})
	return false, nil
}

// changedMeanwhile reports that a policy is not what a change was based on.
func changedMeanwhile(err error) bool {
	_, stale := errors.AsType[*types.PreconditionFailedException](err)
	_, taken := errors.AsType[*types.ResourceConflictException](err)
	return stale || taken
}
