package lockfile

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// family returns the tool that wrote a lock file, "" where it is none of those that
// are read.
func family(b []byte) locked.Tool {
	text := strings.TrimSpace(string(b))
	switch {
	case strings.HasPrefix(text, "{"):
		if jsonStranger(b) == nil {
			return locked.NPM
		}
	case strings.HasPrefix(text, "__metadata:") || strings.Contains(text, "\n__metadata:"):
		return locked.Berry
	case strings.HasPrefix(text, "lockfileVersion:") || strings.Contains(text, "\nlockfileVersion:"):
		return locked.Pnpm
	case strings.Contains(text, "# yarn lockfile v1"):
		return locked.Yarn1
	}
	return ""
}

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

var (
	bunText   = &foreign{"a lock file of Bun", besides}
	bunBinary = &foreign{"a binary lock file of Bun", besides}
	deno      = &foreign{"a lock file of Deno", besides}
	vlt       = &foreign{"a lock file of vlt", besides}
	pipenv    = &foreign{"a lock file of Pipenv", pythonsOwn}
	tomlLock  = &foreign{"a lock file of Python", pythonsOwn}
	oldPnpm   = &foreign{"a lock file of pnpm 1 or 2", "run pnpm install with pnpm 8 or later"}
	project   = &foreign{"a package.json and no lock file", "name it in nodejs.package_json, or lock it"}
	unknown   = &foreign{"not a lock file that is known", "name the lock file of the project"}
)

func stranger(title string, b []byte) string { return whose(title, b).what }

func wayOut(title string, b []byte) string { return whose(title, b).wayOut }

// whose returns what a file is that is not read here, by its content and, where
// that tells nothing, by its name.
func whose(title string, b []byte) *foreign {
	text := strings.TrimSpace(string(b))
	base := path.Base(title)
	switch {
	case bytes.HasPrefix(b, []byte("#!/usr/bin/env bun")) || strings.HasSuffix(base, ".lockb"):
		return bunBinary
	case strings.HasPrefix(text, "{"):
		if found := jsonStranger(b); found != nil {
			return found
		}
	case strings.HasPrefix(text, "shrinkwrapVersion:") || strings.Contains(text, "\nshrinkwrapVersion:"):
		return oldPnpm
	case strings.Contains(text, "[[package]]") || strings.Contains(text, "[[packages]]"):
		return tomlLock
	}
	return unknown
}

// jsonStranger returns whose lock file a JSON text is, nil where npm may have
// written it. Bun writes commas before brackets, which JSON has not.
func jsonStranger(b []byte) *foreign {
	var file map[string]json.RawMessage
	if json.Unmarshal(b, &file) != nil {
		head := string(b[:min(len(b), 400)])
		if strings.Contains(head, `"lockfileVersion"`) && strings.Contains(head, `"workspaces"`) && !strings.Contains(head, `"requires"`) {
			return bunText
		}
		return nil
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if file[name] == nil {
				return false
			}
		}
		return true
	}
	switch {
	case has("lockfileVersion", "workspaces"):
		return bunText
	case has("lockfileVersion", "nodes", "edges"):
		return vlt
	case has("lockfileVersion"):
		return nil
	case has("version", "specifiers") || has("version", "remote") || has("version", "jsr") || has("version", "npm"):
		return deno
	case has("_meta", "default"):
		return pipenv
	case has("dependencies") && !nested(file["dependencies"]) || has("devDependencies") || has("scripts"):
		return project
	}
	return nil
}

// nested reports whether the members of an object are objects, as in a package-lock
// of version 1.
func nested(dependencies json.RawMessage) bool {
	var object map[string]struct{}
	return json.Unmarshal(dependencies, &object) == nil
}
