package wheel

import (
	"fmt"
	"slices"
)

// RuntimeSDK returns the distributions that Lambda's Python runtimes bring, with
// what only they need: "Runtime-included SDK versions" in the developer guide.
func RuntimeSDK() []string { return []string{"boto3", "botocore"} }

// runtimeSDKParts are the distributions that exist for the SDK's sake.
var runtimeSDKParts = []string{"boto3", "botocore", "s3transfer", "jmespath"}

// LeaveOut says which distributions are resolved and then not packed. Its
// fields are normalised names, sorted.
type LeaveOut struct {
	Names []string `json:",omitempty"`
	// WithNeeds are left out together with what nothing else needs.
	WithNeeds []string `json:",omitempty"`
}

// From leaves distributions out of a resolution, and notes the names that are
// neither in it nor among those that were left out before.
func (o LeaveOut) From(l *Lock, roots, before []string) {
	for _, name := range o.Names {
		if !slices.Contains(before, name) && !slices.ContainsFunc(l.Wheels, func(w Wheel) bool { return w.Name == name }) {
			l.Notes = append(l.Notes, fmt.Sprintf("python.exclude names %q, which nothing asks for", name))
		}
	}
	l.Wheels = o.Apply(roots, l.Wheels)
}

// Apply returns the wheels that are left. Distributions are left out after
// they were resolved, so that they still bound the versions of the others.
// roots are the names that are asked for, not only needed.
func (o LeaveOut) Apply(roots []string, wheels []Wheel) []Wheel {
	if len(o.Names) == 0 && len(o.WithNeeds) == 0 {
		return wheels
	}
	dropped := map[string]bool{}
	for _, name := range o.Names {
		dropped[name] = true
	}
	if len(o.WithNeeds) > 0 {
		kept := reachable(wheels, roots, o.WithNeeds)
		for name := range reachable(wheels, o.WithNeeds, nil) {
			dropped[name] = dropped[name] || !kept[name]
		}
	}
	return slices.DeleteFunc(wheels, func(w Wheel) bool { return dropped[w.Name] })
}

// BesideSDK returns the names that stay whatever the AWS SDK needs. A lock file
// does not tell which of its distributions the project asks for itself, so only
// the SDK's own parts count as needed by it alone.
func BesideSDK(wheels []Wheel) []string {
	var names []string
	for _, w := range wheels {
		if !slices.Contains(runtimeSDKParts, w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}

// reachable returns the names that the roots need, themselves included, on
// ways that pass none of the barred ones.
func reachable(wheels []Wheel, roots, barred []string) map[string]bool {
	needs := map[string][]string{}
	for _, w := range wheels {
		needs[w.Name] = append(needs[w.Name], w.Requires...)
	}
	reached := map[string]bool{}
	for queue := slices.Clone(roots); len(queue) > 0; {
		name := queue[0]
		queue = queue[1:]
		if reached[name] || slices.Contains(barred, name) {
			continue
		}
		reached[name] = true
		queue = append(queue, needs[name]...)
	}
	return reached
}
