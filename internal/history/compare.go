// Package history tells what changes between two versions of a layer, and keeps a
// page in Markdown with the changes of each. It knows neither Terraform nor AWS.
package history

import (
	"cmp"
	"maps"
	"slices"
)

// Change is what becomes of one part of a layer. From is "" for a part that was
// added, To is "" for one that was removed.
type Change struct {
	// Name is the part's key in the contents, such as "python:requests".
	Name string `json:"name"`
	// From and To are its versions before and after.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Compare returns what is different between the contents of two versions, sorted
// by name. Contents map the names of parts to their versions. Equal contents have
// no changes.
func Compare(before, after map[string]string) []Change {
	changes := []Change{}
	names := maps.Clone(before)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, was := before[name]
		to, is := after[name]
		if was == is && from == to {
			continue
		}
		c := Change{Name: name}
		if was {
			c.From = cmp.Or(from, unnamed)
		}
		if is {
			c.To = cmp.Or(to, unnamed)
		}
		changes = append(changes, c)
	}
	return changes
}

// unnamed stands for the version of a part that has none, as descriptions of files.
const unnamed = "(no version)"

// String returns the change without its name: "2.30.0 → 2.31.0", "added 2.31.0" or
// "removed 2.30.0".
func (c Change) String() string {
	switch {
	case c.From == "":
		return "added " + c.To
	case c.To == "":
		return "removed " + c.From
	}
	return c.From + " → " + c.To
}

// Texts maps the name of each change to its text.
func Texts(changes []Change) map[string]string {
	texts := map[string]string{}
	for _, c := range changes {
		texts[c.Name] = c.String()
	}
	return texts
}
