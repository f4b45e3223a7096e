package lockfile

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// berryEntry is an entry of the yarn.lock of yarn 2 and later. Its checksum is
// of yarn's own archive, not of the tarball, and tells nothing here.
type berryEntry struct {
	Version    string `yaml:"version"`
	Resolution string `yaml:"resolution"`
	wishes     `yaml:",inline"`
	Conditions string `yaml:"conditions"`
}

func (r *lockReader) readYarnBerry(b []byte) error {
	var nodes table[yaml.Node]
	err := r.eachDocument(b, func(document *yaml.Node) error { return document.Decode(&nodes) })
	if err != nil {
		return err
	}
	var meta struct {
		Version int `yaml:"version"`
	}
	if node := nodes["__metadata"]; node.Decode(&meta) != nil || meta.Version < 4 {
		return r.fault("", "its __metadata has no version that Yarn 2 or later writes: run yarn install")
	}
	delete(nodes, "__metadata")
	w := newYarnWorld(r)
	if w.settings, err = r.yarnSettings(); err != nil {
		return err
	}
	folders := []string{}
	for _, patterns := range slices.Sorted(maps.Keys(nodes)) {
		var e berryEntry
		node := nodes[patterns]
		if err := node.Decode(&e); err != nil {
			return &locked.Error{File: r.title, Entry: patterns, Reason: "it is none that yarn writes", Err: err}
		}
		folder, err := w.addBerry(strings.Split(patterns, ", "), &e)
		if err != nil {
			return err
		}
		if folder != "" && folder != "." {
			folders = append(folders, folder)
		}
	}
	if err := w.projects(folders); err != nil {
		return err
	}
	w.extend()
	if err := w.connect(); err != nil {
		return err
	}
	w.adopt()
	return nil
}

// addBerry makes the package of an entry, or returns the folder of a member.
func (w *yarnWorld) addBerry(patterns []string, e *berryEntry) (member string, err error) {
	name, from := cutPattern(e.Resolution)
	protocol, rest, _ := strings.Cut(from, ":")
	p := &locked.Package{Name: name, Version: e.Version}
	key := e.Resolution
	switch {
	case protocol == "workspace":
		for _, pattern := range patterns {
			w.answers[pattern] = "workspace:" + rest
		}
		return rest, nil
	case protocol == "npm":
		p.Version, _, _ = strings.Cut(rest, "::")
		if _, archive, ok := strings.Cut(rest, "::__archiveUrl="); ok {
			if p.URL, err = url.QueryUnescape(archive); err != nil {
				return "", w.fault(e.Resolution, "its address is unreadable: %v", err)
			}
		}
	case protocol == "patch" && strings.Contains(from, "builtin<"):
		// what yarn patches for its own way of linking is fine as it is
		key = name + "@npm:" + e.Version
	case protocol == "patch":
		p.Fault = "yarn patches it, and patches are not applied here: publish the patched package, or remove the patch"
	case protocol == "link":
		p.Local = locatedFolder(e.Resolution)
		w.readLinked(p)
	case protocol == "portal" || protocol == "file":
		p.Local = locatedFolder(e.Resolution)
	default:
		p.URL, p.Remote = from, true
	}
	p.OS, p.CPU, p.Libc = berryConditions(e.Conditions)
	if !p.Linked {
		p.Edges = e.edges()
	}
	w.enter(key, p, patterns)
	return "", nil
}

// locatedFolder returns the folder, or the archive, that a locator names, as a slash
// path from the lock file: "a@file:./a#./a::hash=1c02f4&locator=app%40workspace%3A."
// is "a", and below packages/app where the locator names that folder.
func locatedFolder(locator string) string {
	_, from := cutPattern(locator)
	protocol, rest, _ := strings.Cut(from, ":")
	if protocol == "workspace" {
		return path.Clean(rest)
	}
	base := ""
	if _, within := cutLocator(locator); within != "" && len(within) < len(locator) {
		base = locatedFolder(within)
	}
	return lockPath(base, from)
}

// cutLocator cuts the locator off that a pattern or resolution is bound to:
// "a@file:./a::locator=app%40workspace%3A." counts for app@workspace:. alone.
func cutLocator(pattern string) (base, locator string) {
	base, parameters, found := strings.Cut(pattern, "::")
	if !found {
		return pattern, ""
	}
	values, err := url.ParseQuery(parameters)
	if err != nil {
		return pattern, ""
	}
	return base, values.Get("locator")
}

// berryConditions reads "(os=darwin | os=linux) & cpu=x64 & libc=glibc".
func berryConditions(text string) (system, cpu, libc []string) {
	for clause := range strings.SplitSeq(text, "&") {
		for term := range strings.SplitSeq(strings.Trim(clause, " ()"), "|") {
			switch key, value, _ := strings.Cut(strings.TrimSpace(term), "="); key {
			case "os":
				system = append(system, value)
			case "cpu":
				cpu = append(cpu, value)
			case "libc":
				libc = append(libc, value)
			}
		}
	}
	return system, cpu, libc
}
