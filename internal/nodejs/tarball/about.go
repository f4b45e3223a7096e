package tarball

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
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
	m, err := members(packageJSON)
	return About{
		Name: jsonscan.Text(m["name"]), Version: jsonscan.Text(m["version"]), Description: jsonscan.Text(m["description"]),
		License: cmp.Or(licence(m["license"]), licence(m["licenses"])),
		Needs:   names(m["dependencies"], m["optionalDependencies"], m["peerDependencies"]),
	}, err
}

func members(packageJSON []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(jsonscan.TrimBOM(packageJSON), &m); err != nil {
		return nil, fmt.Errorf("reading package.json: %w", err)
	}
	return m, nil
}

// names returns the names in objects, sorted.
func names(objects ...json.RawMessage) []string {
	all := map[string]json.RawMessage{}
	for _, object := range objects {
		var one map[string]json.RawMessage
		_ = json.Unmarshal(object, &one)
		maps.Copy(all, one)
	}
	return slices.Sorted(maps.Keys(all))
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
