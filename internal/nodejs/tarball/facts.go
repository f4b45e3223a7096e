package tarball

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// Facts is what the package.json of an installed package tells of how it can
// be used.
type Facts struct {
	// Scripts are the install scripts that npm would run, in its order:
	// preinstall, install, postinstall.
	Scripts []string
	// NoGyp is set where it says that a binding.gyp is not to be built.
	NoGyp bool
	// Optional are the folders' names of its optional dependencies.
	Optional []string

	kind    string // "module" or ""
	main    string
	exports json.RawMessage
}

// ReadFacts reads a package.json. What is malformed is absent, as for npm and
// Node.js; what is no JSON object at all is an error.
func ReadFacts(packageJSON []byte) (Facts, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(jsonscan.TrimBOM(packageJSON), &m); err != nil {
		return Facts{}, fmt.Errorf("reading package.json: %w", err)
	}
	var f Facts
	var scripts, optional map[string]any
	_ = json.Unmarshal(m["scripts"], &scripts)
	for _, name := range []string{"preinstall", "install", "postinstall"} {
		if text, ok := scripts[name].(string); ok && strings.TrimSpace(text) != "" {
			f.Scripts = append(f.Scripts, name)
		}
	}
	f.NoGyp = string(bytes.TrimSpace(m["gypfile"])) == "false"
	_ = json.Unmarshal(m["optionalDependencies"], &optional)
	for name := range optional {
		f.Optional = append(f.Optional, name)
	}
	slices.Sort(f.Optional)
	_ = json.Unmarshal(m["type"], &f.kind)
	_ = json.Unmarshal(m["main"], &f.main)
	f.exports = m["exports"]
	return f, nil
}

// Files is an installed package's folder.
type Files interface {
	// Has reports whether there is a file at the path, relative to the folder.
	Has(path string) bool
	// Read returns its content.
	Read(path string) ([]byte, error)
}

// ESMOnly reports whether require() of the package finds an ES module, or
// nothing that it may load: a CommonJS function can then use it by import()
// alone. Packages without code, such as type declarations, are not.
func (f Facts) ESMOnly(files Files) (bool, error) {
	if exports := bytes.TrimSpace(f.exports); len(exports) > 0 && string(exports) != "null" {
		required, ok := exported(exports, []string{"node", "require", "default"})
		if !ok {
			// What only import finds is for ES modules.
			_, imported := exported(exports, []string{"node", "import", "default"})
			return imported, nil
		}
		return f.isModule(required, files)
	}
	entry, ok := f.mainFile(files)
	if !ok {
		return false, nil
	}
	return f.isModule(entry, files)
}

// mainFile returns what "main" leads to, as require() looks for it.
func (f Facts) mainFile(files Files) (string, bool) {
	var tries []string
	if f.main != "" {
		main := cleanRelative(f.main)
		tries = append(tries, main, main+".js", main+".json", main+".node", path.Join(main, "index.js"), path.Join(main, "index.json"), path.Join(main, "index.node"))
	}
	for _, name := range append(tries, "index.js", "index.json", "index.node") {
		if files.Has(name) {
			return name, true
		}
	}
	return "", false
}

// isModule reports whether Node.js takes a file for an ES module: by its name,
// else by the nearest package.json.
func (f Facts) isModule(name string, files Files) (bool, error) {
	name = cleanRelative(name)
	switch path.Ext(name) {
	case ".mjs":
		return true, nil
	case ".js":
	default:
		return false, nil
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		nearest := path.Join(dir, "package.json")
		if !files.Has(nearest) {
			continue
		}
		body, err := files.Read(nearest)
		if err != nil {
			return false, err
		}
		scope, err := ReadFacts(body)
		return err == nil && scope.kind == "module", nil
	}
	return f.kind == "module", nil
}

func cleanRelative(name string) string {
	return strings.TrimPrefix(path.Join("/", name), "/")
}

// exported returns the file that "exports" gives for the package itself under
// the conditions (Node.js documentation, "Package entry points").
func exported(raw json.RawMessage, conditions []string) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '{' {
		keys, err := jsonscan.Members(raw)
		if err != nil {
			return "", false
		}
		if len(keys) > 0 && strings.HasPrefix(keys[0].Key, ".") {
			i := slices.IndexFunc(keys, func(m jsonscan.Member) bool { return m.Key == "." })
			if i < 0 {
				return "", false
			}
			raw = keys[i].Value
		}
	}
	return exportTarget(raw, conditions, 0)
}

// maxConditions bounds how deep conditions may be nested.
const maxConditions = 32

// exportTarget resolves one target: a path, conditions, or alternatives.
func exportTarget(raw json.RawMessage, conditions []string, depth int) (string, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || depth > maxConditions {
		return "", false
	}
	switch raw[0] {
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil || !strings.HasPrefix(text, "./") {
			return "", false
		}
		return text, true
	case '[':
		var all []json.RawMessage
		if json.Unmarshal(raw, &all) != nil {
			return "", false
		}
		for _, one := range all {
			if text, ok := exportTarget(one, conditions, depth+1); ok {
				return text, true
			}
		}
	case '{':
		keys, err := jsonscan.Members(raw)
		if err != nil {
			return "", false
		}
		for _, m := range keys {
			if !slices.Contains(conditions, m.Key) {
				continue
			}
			// A condition that leads nowhere lets the next one try; null ends it.
			if string(bytes.TrimSpace(m.Value)) == "null" {
				return "", false
			}
			if text, ok := exportTarget(m.Value, conditions, depth+1); ok {
				return text, true
			}
		}
	}
	return "", false
}
