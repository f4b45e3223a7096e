package tarball

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// About is what the package.json of an installed package says to people.
type About struct {
	Name, Version, Description string
	// License is an SPDX expression or what the package has in its place.
	License string
	// Needs are the folders' names of what it requires, sorted: dependencies,
	// optional ones and peers.
	Needs []string
}

// ReadAbout reads a package.json ("package.json", docs.npmjs.com). What is
// malformed is absent, as for npm; what is no JSON object is an error.
func ReadAbout(packageJSON []byte) (About, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(jsonscan.TrimBOM(packageJSON), &m); err != nil {
		return About{}, fmt.Errorf("reading package.json: %w", err)
	}
	var a About
	_ = json.Unmarshal(m["name"], &a.Name)
	_ = json.Unmarshal(m["version"], &a.Version)
	_ = json.Unmarshal(m["description"], &a.Description)
	a.License = licence(m["license"])
	if a.License == "" {
		a.License = licence(m["licenses"])
	}
	for _, field := range []string{"dependencies", "optionalDependencies", "peerDependencies"} {
		var names map[string]any
		_ = json.Unmarshal(m[field], &names)
		for name := range names {
			a.Needs = append(a.Needs, name)
		}
	}
	slices.Sort(a.Needs)
	a.Needs = slices.Compact(a.Needs)
	return a, nil
}

// licence reads the forms that the field has had: a text, { type }, and a list of
// those, any one of which may be chosen.
func licence(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var object struct{ Type string }
	if json.Unmarshal(raw, &object) == nil {
		return object.Type
	}
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list)
	var all []string
	for _, one := range list {
		if text := licence(one); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, " OR ")
}
