package placement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// conflictAdvice ends the message about a conflict.
const conflictAdvice = `ask for versions that agree, or settle it with "overrides"`

// refuse returns why there is no tree, where the cause is that a demand cannot be met.
func (d *demand) refuse(code, format string, args ...any) *manifest.ResolveError {
	return &manifest.ResolveError{Code: code, Name: d.name, Spec: d.want.text, RequiredBy: d.asker(), Detail: fmt.Sprintf(format, args...)}
}

// failed is the error of what could not be had, said of the demand that asks for it.
func (d *demand) failed(err error) *manifest.ResolveError {
	cause, _ := manifest.AsRefusal(err)
	said := *cause
	said.Name, said.Spec, said.RequiredBy = d.name, d.want.text, d.asker()
	return &said
}

// asker names the package whose demand it is.
func (d *demand) asker() string {
	if owner := cmp.Or(d.owner.stands, d.owner); owner.above != nil {
		return owner.label()
	}
	return "the project"
}

// String names the demand and the package whose it is.
func (d *demand) String() string {
	return fmt.Sprintf("%q of %s", d.name+"@"+d.want.text, d.asker())
}

// conflict refuses a demand that others exclude; found is what is in its place, nil
// where nothing is.
func (d *demand) conflict(against []*demand, found *slot) error {
	kind := "a dependency"
	switch d.kind {
	case asPeer:
		kind = "a peer dependency"
	case asOptionalPeer:
		kind = "an optional peer dependency"
	}
	const most = 3
	var others []string
	for _, a := range against {
		if a != d && len(others) < most {
			others = append(others, fmt.Sprintf("%s asks for %q", a.asker(), a.name+"@"+a.want.text))
		}
	}
	switch {
	case len(others) > 0:
		return d.refuse("ERESOLVE", "%s, but %s; %s", kind, strings.Join(others, " and "), conflictAdvice)
	case found != nil:
		return d.refuse("ERESOLVE", "%s, but %q takes its place; %s", kind, found.label(), conflictAdvice)
	}
	return d.refuse("ERESOLVE", "%s, and no folder can have it with its own peer dependencies; %s", kind, conflictAdvice)
}

// endless refuses what npm would do again and again with the packages of these names.
func endless(names map[string]bool) error {
	return refuseLoop(slices.Sorted(maps.Keys(names)), "", " bring each other's peer dependencies in different versions without end")
}

// refuseLoop refuses what has no end. The names of the packages to blame stand between
// two texts, and the error is about the first of them.
func refuseLoop(names []string, before, after string) error {
	all := strings.Join(names, ", ")
	first, _, _ := strings.Cut(all, ", ")
	return &manifest.ResolveError{Code: "ELOOP", Name: first, Detail: before + all + after + "; " + conflictAdvice}
}

func badOverride(err error) error {
	return &manifest.ResolveError{Code: "EOVERRIDE", Name: "overrides", Detail: err.Error()}
}
