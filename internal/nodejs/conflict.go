package nodejs

import (
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// conflictAdvice ends every message of a conflict between peers.
const conflictAdvice = `ask for versions that agree, or settle it with "overrides"`

// conflict explains why a set of peers could not be placed.
func (p *placement) conflict() error {
	top := p
	for top.parent != nil {
		top = top.parent
	}
	detail := fmt.Sprintf("%s cannot be placed", top.dep.label())
	if c := p.firstConflict(top); c != nil {
		detail = fmt.Sprintf("%s asks for the peer %q, which %s",
			c.edge.from.label(), c.edge.name+"@"+c.edge.spec(), standing(c.current))
	} else if at := top.edge.from.resolve(top.edge.key); at != nil {
		detail = fmt.Sprintf("%s cannot be placed beside %s, %s", top.dep.label(), at.label(), wanted(at))
	}
	return &manifest.ResolveError{
		Code: "ERESOLVE", Name: top.edge.name, Spec: top.edge.spec(), RequiredBy: top.edge.from.label(),
		Detail: detail + "; " + conflictAdvice,
	}
}

// firstConflict returns the check of a peer that something is in the way of.
func (p *placement) firstConflict(top *placement) *fitCheck {
	check := top.selfFit
	if check == nil {
		return nil
	}
	queue := append([]*fitCheck{}, check.children...)
	for i := 0; i < len(queue); i++ {
		if queue[i].verdict == conflicts && queue[i].current != nil && queue[i].edge.isPeer() {
			return queue[i]
		}
		queue = append(queue, queue[i].children...)
	}
	return nil
}

// peerConflict explains why the peers of e's dependent cannot be chosen;
// beside is the wish of who asked for the dependent, or nil.
func peerConflict(e, beside *edge) error {
	detail := "no version suits all that ask for it"
	if e.to != nil {
		detail = "which " + standing(e.to)
	}
	if beside != nil {
		detail = fmt.Sprintf("but %s asks for %q", beside.from.label(), beside.name+"@"+beside.spec())
	}
	return &manifest.ResolveError{
		Code: "ERESOLVE", Name: e.name, Spec: e.spec(), RequiredBy: e.from.label(),
		Detail: "a peer dependency, " + detail + "; " + conflictAdvice,
	}
}

func standing(n *node) string {
	return fmt.Sprintf("%s, %s, does not satisfy", n.label(), wanted(n))
}

// wanted says who asked for a node.
func wanted(n *node) string {
	for e := range n.edgesIn.keys() {
		if e.valid() {
			return fmt.Sprintf("wanted by %s as %q", e.from.label(), e.spec())
		}
	}
	return "wanted by none"
}
