package indextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// members is a JSON object that keeps its order.
type members []jsonMember

type jsonMember struct {
	key   string
	value any // what encoding/json takes, members among it
}

// MarshalJSON writes the members in their order.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, member := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		for k, part := range []any{member.key, member.value} {
			if k > 0 {
				b.WriteByte(':')
			}
			text, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// set adds a member or replaces its value.
func (m *members) set(key string, value any) {
	at := slices.IndexFunc(*m, func(old jsonMember) bool { return old.key == key })
	if at < 0 {
		*m = append(*m, jsonMember{key, value})
		return
	}
	(*m)[at].value = value
}

// get returns the object under a key, for adding to it.
func (m members) get(key string) members {
	for _, member := range m {
		if object, ok := member.value.(members); ok && member.key == key {
			return object
		}
	}
	return nil
}

// npmRelease is what a universe says about a version.
type npmRelease struct {
	entry
	manifest  members
	exec      []string
	tags      []string
	integrity string
}

var npmHead = regexp.MustCompile(`^((?:@[A-Za-z0-9._-]+/)?[A-Za-z0-9._-]+) ([^\s#]+)$`)

func parseNPM(universe string) ([]*npmRelease, error) {
	return parseUniverse(universe, npmHead, func(e entry) *npmRelease {
		return &npmRelease{entry: e, manifest: members{{"name", e.name}, {"version", e.version}}}
	})
}

func (r *npmRelease) field(key, value string) error {
	switch key {
	case "dependencies", "optional", "peer", "optional-peer", "engines", "bin", "script", "bundled":
		return r.pairs(key, value)
	case "os", "cpu", "libc":
		r.manifest.set(key, list(value))
	case "exec":
		r.exec = append(r.exec, list(value)...)
	case "tag":
		r.tags = append(r.tags, list(value)...)
	case "deprecated":
		r.manifest.set(key, value)
	case "integrity":
		if value != "sha1" && value != "absent" {
			return fmt.Errorf("integrity %q: want \"sha1\" or \"absent\"", value)
		}
		r.integrity = value
	case "json":
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(value), &object); err != nil {
			return fmt.Errorf("json %q: %w", value, err)
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			r.manifest.set(name, object[name])
		}
	default:
		return r.entry.field(key, value)
	}
	return nil
}

// pairs reads a list of a word and a text each.
func (r *npmRelease) pairs(key, value string) error {
	items := []string{value}
	if key != "script" {
		items = list(value)
	}
	for _, item := range items {
		name, text, ok := strings.Cut(item, " ")
		if text = strings.TrimSpace(text); !ok || text == "" {
			return fmt.Errorf("%s %q: want a name, a blank and its value", key, item)
		}
		switch key {
		case "optional-peer":
			r.addTo("peerDependencies", name, text)
			r.addTo("peerDependenciesMeta", name, members{{"optional", true}})
		case "bundled":
			r.bundle(name, text)
		default:
			r.addTo(map[string]string{
				"dependencies": "dependencies", "optional": "optionalDependencies", "peer": "peerDependencies",
				"engines": "engines", "bin": "bin", "script": "scripts",
			}[key], name, text)
		}
	}
	return nil
}

func (r *npmRelease) addTo(object, key string, value any) {
	m := r.manifest.get(object)
	m.set(key, value)
	r.manifest.set(object, m)
}

// bundle puts a package into the tarball.
func (r *npmRelease) bundle(name, version string) {
	var names []string
	for _, m := range r.manifest {
		if known, ok := m.value.([]string); ok && m.key == "bundleDependencies" {
			names = known
		}
	}
	r.manifest.set("bundleDependencies", append(names, name))
	r.files["node_modules/"+name+"/package.json"] = fmt.Appendf(nil, "{\"name\": %q, \"version\": %q}\n", name, version)
	r.files["node_modules/"+name+"/index.js"] = fmt.Appendf(nil, "module.exports = %q;\n", name+"@"+version)
}

func list(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// pack makes the tarball of the version.
func (r *npmRelease) pack() ([]byte, error) {
	if r.files["package.json"] == nil {
		text, err := json.MarshalIndent(r.manifest, "", "  ")
		if err != nil {
			return nil, err
		}
		r.files["package.json"] = append(text, '\n')
	}
	if r.files["index.js"] == nil {
		r.files["index.js"] = fmt.Appendf(nil, "module.exports = %q;\n", r.name+"@"+r.version)
	}
	return tarball("package", r.files, r.exec)
}
