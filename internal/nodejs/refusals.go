package nodejs

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/modules"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/placement"
)

// conflictAdvice ends the message about a conflict.
const conflictAdvice = `ask for versions that agree, or settle it with "overrides"`

// refusal turns why there is no tree into the error that users see.
func refusal(r *placement.Refusal, t manifest.Target) error {
	out := &manifest.ResolveError{
		Code: r.Code(), Name: r.Demand.Name, Spec: r.Demand.Text, RequiredBy: cmp.Or(r.Demand.Owner, "the project"), Err: r.Err,
	}
	switch r.Reason {
	case placement.Missing:
		if cause, ok := manifest.AsRefusal(r.Err); ok {
			out.Detail, out.Err = cause.Detail, cause.Err
		}
	case placement.Conflict:
		out.Detail = conflictDetail(r)
	case placement.Endless:
		out.Name, out.Spec, out.RequiredBy = first(r.Names), "", ""
		out.Detail = fmt.Sprintf("%s bring each other's peer dependencies in different versions without end; %s", list(r.Names), conflictAdvice)
	case placement.Exhausted:
		out.Name, out.Spec, out.RequiredBy = first(r.Names), "", ""
		out.Detail = fmt.Sprintf("where the packages lie could not be decided in %d steps, and npm might take hours; the most often moved ones are %s; %s", placement.MaxSteps, list(r.Names), conflictAdvice)
	case placement.Circle:
		out.Detail = fmt.Sprintf("packages need each other in a circle of different versions (%s), which npm lays out with a link; a layer holds no such link: settle the versions with \"overrides\"", list(r.Names))
	case placement.Platform:
		m := r.Manifest
		out.Spec = m.Version
		out.Detail = fmt.Sprintf("it supports only os %q, cpu %q and libc %q, and the target is %s", m.OS, m.CPU, m.Libc, t)
	case placement.OverridesProject:
		out.Detail = fmt.Sprintf("the overrides ask for %q instead; write that as the dependency, or %q as the override", r.Found, "$"+r.Demand.Name)
	case placement.BadOverride:
		out.Name, out.RequiredBy = "overrides", ""
		out.Detail, out.Err = r.Err.Error(), nil
	case placement.Incomplete:
		out.Detail = "npm's own tree lacks it, as another package came in its place, and so does every other that was tried; " + conflictAdvice
	}
	return out
}

func conflictDetail(r *placement.Refusal) string {
	kind := "a dependency"
	switch r.Demand.Kind {
	case placement.Peer:
		kind = "a peer dependency"
	case placement.OptionalPeer:
		kind = "an optional peer dependency"
	}
	var others []string
	for _, d := range r.Against {
		other := fmt.Sprintf("%s asks for %q", cmp.Or(d.Owner, "the project"), d.Name+"@"+d.Text)
		if len(others) < 3 {
			others = append(others, other)
		}
	}
	switch {
	case len(others) > 0:
		return fmt.Sprintf("%s, but %s; %s", kind, strings.Join(others, " and "), conflictAdvice)
	case r.Found != "":
		return fmt.Sprintf("%s, but %q takes its place; %s", kind, r.Found, conflictAdvice)
	}
	return fmt.Sprintf("%s, and no folder can have it with its own peer dependencies; %s", kind, conflictAdvice)
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func list(names []string) string { return strings.Join(names, ", ") }

// notes turns what a placement tells into sentences.
func notes(list []placement.Note, t manifest.Target) []string {
	var out []string
	asking := map[string][]string{} // packages by the range of Node.js
	for _, n := range list {
		wanted := fmt.Sprintf("%q of %s", n.Demand.Name+"@"+n.Demand.Text, cmp.Or(n.Demand.Owner, "the project"))
		switch n.Kind {
		case placement.Dropped:
			cause, ok := manifest.AsRefusal(n.Err)
			if ok && cause.Code != "EUNSUPPORTED" && t.ForeignName(n.Demand.Name) {
				continue // where a registry lacks one for another platform, nothing is missing
			}
			if ok {
				own := *cause
				own.Name, own.Spec, own.RequiredBy = n.Demand.Name, n.Demand.Text, cmp.Or(n.Demand.Owner, "the project")
				n.Err = &own
			}
			out = append(out, fmt.Sprintf("the optional package is left out: %s", n.Err))
		case placement.Refuses:
			engine := n.Manifest.Engine("node")
			asking[engine] = append(asking[engine], n.Manifest.Name+"@"+n.Manifest.Version)
		case placement.Completed:
			out = append(out, fmt.Sprintf("npm's own tree would lack %s; the layer has it", wanted))
		case placement.Overruled:
			out = append(out, fmt.Sprintf("two overrides contradict each other below %q: that for %s is not followed there", n.Path, wanted))
		}
	}
	return append(out, modules.EngineNotes(asking, nil, t.Node)...)
}

// leftOut tells which of the project's own optional dependencies the version of
// Node.js leaves out. Of others nobody asked for them by name.
func leftOut(placed *placement.Tree, p *manifest.Project, t manifest.Target) []string {
	engines := map[string][]string{}
	for _, d := range p.OptionalDependencies {
		for _, at := range placed.Packages {
			if at.Path != manifest.ModulesFolder+"/"+d.Name || at.LeftOut == placement.Installed {
				continue
			}
			if engine := at.Manifest.Engine("node"); t.Fits(at.Manifest) && !manifest.EngineAdmits(engine, t.Node) {
				engines[engine] = append(engines[engine], at.Manifest.Name+"@"+at.Manifest.Version)
			}
		}
	}
	return modules.EngineNotes(nil, engines, t.Node)
}
