package lockfile

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// foreign is a kind of file that is not read here.
type foreign struct {
	what   string // completes "it is …"
	wayOut string // what to do instead
}

// The ways out of lock files of other tools.
const (
	besides    = "lock the project with one of these besides, such as by \"npm install --package-lock-only\""
	pythonsOwn = "name it in python.lock_file"
)

// whose returns the tool that wrote a lock file, by its content and, where that tells
// nothing, by its name; else what the file is.
func whose(title string, b []byte) (locked.Tool, *foreign) {
	text := strings.TrimSpace(string(b))
	begins := func(word string) bool { return strings.HasPrefix(text, word) || strings.Contains(text, "\n"+word) }
	switch {
	case strings.HasPrefix(text, "{"):
		if found := jsonStranger(b); found != nil {
			return "", found
		}
		return locked.NPM, nil
	case begins("__metadata:"):
		return locked.Berry, nil
	case begins("lockfileVersion:"):
		return locked.Pnpm, nil
	case strings.Contains(text, "# yarn lockfile v1"):
		return locked.Yarn1, nil
	case strings.HasPrefix(text, "#!/usr/bin/env bun") || strings.HasSuffix(title, ".lockb"):
		return "", &foreign{"a binary lock file of Bun", besides}
	case begins("shrinkwrapVersion:"):
		return "", &foreign{"a lock file of pnpm 1 or 2", "run pnpm install with pnpm 8 or later"}
	case strings.Contains(text, "[[package]]") || strings.Contains(text, "[[packages]]"):
		return "", &foreign{"a lock file of Python", pythonsOwn}
	}
	return "", &foreign{"not a lock file that is known", "name the lock file of the project"}
}

// jsonStranger returns whose lock file a JSON text is, nil where npm may have
// written it. Bun writes commas before brackets, which JSON has not.
func jsonStranger(b []byte) *foreign {
	bun := &foreign{"a lock file of Bun", besides}
	var file map[string]json.RawMessage
	if json.Unmarshal(b, &file) != nil {
		head := string(b[:min(len(b), 400)])
		if strings.Contains(head, `"lockfileVersion"`) && strings.Contains(head, `"workspaces"`) && !strings.Contains(head, `"requires"`) {
			return bun
		}
		return nil
	}
	lacks := func(name string) bool { return file[name] == nil }
	has := func(names ...string) bool { return !slices.ContainsFunc(names, lacks) }
	switch {
	case has("lockfileVersion", "workspaces"):
		return bun
	case has("lockfileVersion", "nodes", "edges"):
		return &foreign{"a lock file of vlt", besides}
	case has("lockfileVersion"):
		return nil
	case has("version", "specifiers") || has("version", "remote") || has("version", "jsr") || has("version", "npm"):
		return &foreign{"a lock file of Deno", besides}
	case has("_meta", "default"):
		return &foreign{"a lock file of Pipenv", pythonsOwn}
	case has("dependencies") && !nested(file["dependencies"]) || has("devDependencies") || has("scripts"):
		return &foreign{"a package.json and no lock file", "name it in nodejs.package_json, or lock it"}
	}
	return nil
}

// nested reports whether the members of an object are objects, as in a package-lock
// of version 1.
func nested(dependencies json.RawMessage) bool {
	var object map[string]struct{}
	return json.Unmarshal(dependencies, &object) == nil
}
