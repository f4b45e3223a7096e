package tarball

import (
	"encoding/json"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Facts is what the package.json of an installed package tells of how it can
// be used.
type Facts struct {
	// Name and Version are its own, as written.
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	// Scripts are the install scripts that npm would run, in its order:
	// preinstall, install, postinstall.
	Scripts []string `json:"scripts,omitempty"`
	// NoGyp is set where it says that a binding.gyp is not to be built.
	NoGyp bool `json:"noGyp,omitempty"`
	// Optional are the folders' names of its optional dependencies.
	Optional []string `json:"optional,omitempty"`
}

// ReadFacts reads a package.json. What is malformed is absent, as for npm and
// Node.js; what is no JSON object at all is an error.
func ReadFacts(packageJSON []byte) (Facts, error) {
	m, err := members(packageJSON)
	f := Facts{Name: jsonscan.Text(m["name"]), Version: jsonscan.Text(m["version"]), NoGyp: string(m["gypfile"]) == "false", Optional: names(m["optionalDependencies"])}
	var scripts map[string]any
	_ = json.Unmarshal(m["scripts"], &scripts)
	for _, name := range []string{"preinstall", "install", "postinstall"} {
		if text, ok := scripts[name].(string); ok && strings.TrimSpace(text) != "" {
			f.Scripts = append(f.Scripts, name)
		}
	}
	return f, err
}
