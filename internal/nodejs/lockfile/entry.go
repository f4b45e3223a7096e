package lockfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// npmEntry is an entry of package-lock's "packages", which says what a
// package.json says and where the package comes from. A package.json is read
// with it, too. Values of other types than npm writes are as if absent.
type npmEntry struct {
	Name      jsonText `json:"name"`
	Version   jsonText `json:"version"`
	Resolved  jsonText `json:"resolved"` // false in very old files
	Integrity jsonText `json:"integrity"`

	Link             bool `json:"link"`
	Dev              bool `json:"dev"`
	Optional         bool `json:"optional"`
	Extraneous       bool `json:"extraneous"`
	Peer             bool `json:"peer"`
	InBundle         bool `json:"inBundle"`
	HasInstallScript bool `json:"hasInstallScript"`

	Dependencies         jsonTexts                  `json:"dependencies"`
	DevDependencies      jsonTexts                  `json:"devDependencies"`
	OptionalDependencies jsonTexts                  `json:"optionalDependencies"`
	PeerDependencies     jsonTexts                  `json:"peerDependencies"`
	PeerDependenciesMeta map[string]json.RawMessage `json:"peerDependenciesMeta"`
	Bundles              jsonBundles                `json:"bundleDependencies"`
	Resolutions          jsonTexts                  `json:"resolutions"` // yarn's overrides
	Workspaces           jsonWorkspaces             `json:"workspaces"`
	PackageManager       jsonText                   `json:"packageManager"` // such as "pnpm@11.2.0"
	Overrides            jsonOverrides              `json:"overrides"`

	OS      jsonList  `json:"os"`
	CPU     jsonList  `json:"cpu"`
	Libc    jsonList  `json:"libc"`
	Engines jsonTexts `json:"engines"`
	Bin     jsonBin   `json:"bin"`
}

// edges returns the wishes in the precedence of a tool: of two with one name the
// later kind counts. For npm that is development's, for the others production's.
// Dev edges are of the projects on disk alone.
func (e *npmEntry) edges(by locked.Tool, project bool) []locked.Edge {
	all := map[string]locked.Edge{}
	add := func(deps jsonTexts, kind locked.Kind) {
		for name, spec := range deps {
			k := kind
			if kind == locked.Peer && e.optionalPeer(name) {
				k = locked.PeerOptional
			}
			all[name] = locked.Edge{Name: name, Spec: spec, Kind: k}
		}
	}
	add(e.PeerDependencies, locked.Peer)
	if project && by != locked.NPM {
		add(e.DevDependencies, locked.Dev)
	}
	add(e.Dependencies, locked.Prod)
	add(e.OptionalDependencies, locked.Optional)
	if project && by == locked.NPM {
		add(e.DevDependencies, locked.Dev)
	}
	return locked.SortEdges(slices.Collect(maps.Values(all)))
}

// packageManager returns the major version of a package manager that the project
// asks for, 0 where it asks for none or another one.
func (e *npmEntry) packageManager(name string) int {
	if e == nil {
		return 0
	}
	version, ok := strings.CutPrefix(string(e.PackageManager), name+"@")
	if !ok {
		return 0
	}
	major, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return number
}

func (e *npmEntry) optionalPeer(name string) bool {
	var meta struct{ Optional bool }
	return json.Unmarshal(e.PeerDependenciesMeta[name], &meta) == nil && meta.Optional
}

// bin returns the commands by name.
func (e *npmEntry) bin(name string) []manifest.Dependency {
	var bin []manifest.Dependency
	for _, command := range slices.Sorted(maps.Keys(e.Bin)) {
		d := manifest.Dependency{Name: command, Spec: e.Bin[command]}
		if command == "" { // the package's own name, without its scope
			d.Name = name[strings.LastIndex(name, "/")+1:]
		}
		bin = append(bin, d)
	}
	return bin
}

// jsonText is a string; anything else reads as "".
type jsonText string

func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = jsonText(s)
	}
	return nil
}

// jsonTexts is an object of strings; what is no string is left out.
type jsonTexts map[string]string

func (t *jsonTexts) UnmarshalJSON(b []byte) error {
	var raw map[string]jsonText
	if json.Unmarshal(b, &raw) == nil {
		*t = jsonTexts{}
		for k, v := range raw {
			(*t)[k] = string(v)
		}
	}
	return nil
}

// jsonList is an array of strings, or one string.
type jsonList []string

func (l *jsonList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil && one != "" {
		*l = jsonList{one}
		return nil
	}
	var many []jsonText
	if json.Unmarshal(b, &many) == nil {
		*l = nil
		for _, s := range many {
			*l = append(*l, string(s))
		}
	}
	return nil
}

// jsonBundles is the list of names, or true for all.
type jsonBundles []string

func (l *jsonBundles) UnmarshalJSON(b []byte) error {
	if string(b) == "true" {
		*l = jsonBundles{"*"}
		return nil
	}
	return (*jsonList)(l).UnmarshalJSON(b)
}

// jsonBin is the object of commands; a lone path has the name "".
type jsonBin map[string]string

func (m *jsonBin) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		if one != "" {
			*m = jsonBin{"": one}
		}
		return nil
	}
	return (*jsonTexts)(m).UnmarshalJSON(b)
}

// jsonWorkspaces is the list of patterns, with yarn's object form.
type jsonWorkspaces []string

func (w *jsonWorkspaces) UnmarshalJSON(b []byte) error {
	var object struct {
		Packages jsonList `json:"packages"`
	}
	if json.Unmarshal(b, &object) == nil {
		*w = jsonWorkspaces(object.Packages)
		return nil
	}
	return (*jsonList)(w).UnmarshalJSON(b)
}

// jsonOverrides holds the names that an overrides object gives other versions,
// at any depth; not those below which alone it does.
type jsonOverrides map[string]bool

func (o *jsonOverrides) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(b, &raw) == nil && *o == nil {
		*o = jsonOverrides{}
	}
	for key, value := range raw {
		if i := strings.LastIndex(key, "@"); i > 0 {
			key = key[:i]
		}
		var below map[string]json.RawMessage
		if json.Unmarshal(value, &below) != nil || below["."] != nil {
			(*o)[key] = true
		}
		if err := o.UnmarshalJSON(value); err != nil {
			return err
		}
	}
	return nil
}
