package lockfile

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// berryEntry is an entry of the yarn.lock of yarn 2 and later. Its checksum is
// of yarn's own archive, not of the tarball, and tells nothing here.
type berryEntry struct {
	Version              string                             `yaml:"version"`
	Resolution           string                             `yaml:"resolution"`
	Dependencies         map[string]string                  `yaml:"dependencies"`
	OptionalDependencies map[string]string                  `yaml:"optionalDependencies"`
	DependenciesMeta     map[string]struct{ Optional bool } `yaml:"dependenciesMeta"`
	PeerDependencies     map[string]string                  `yaml:"peerDependencies"`
	PeerDependenciesMeta map[string]struct{ Optional bool } `yaml:"peerDependenciesMeta"`
	Conditions           string                             `yaml:"conditions"`
}

func (r *lockReader) readYarnBerry(b []byte) (*Lock, error) {
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(b, &nodes); err != nil {
		return nil, &Error{File: r.title, Reason: "it is no YAML that yarn writes", Err: err}
	}
	var meta struct {
		Version int `yaml:"version"`
	}
	if node := nodes["__metadata"]; node.Decode(&meta) != nil || meta.Version < 4 {
		return nil, r.fault("", "its __metadata has no version that is known: run yarn install")
	}
	delete(nodes, "__metadata")
	w := newYarnWorld(r, fmt.Sprintf("yarn berry %d", meta.Version))
	folders := []string{}
	for _, patterns := range slices.Sorted(maps.Keys(nodes)) {
		var e berryEntry
		node := nodes[patterns]
		if err := node.Decode(&e); err != nil {
			return nil, &Error{File: r.title, Entry: patterns, Reason: "it is none that yarn writes", Err: err}
		}
		folder, err := w.addBerry(strings.Split(patterns, ", "), &e)
		if err != nil {
			return nil, err
		}
		if folder != "" && folder != "." {
			folders = append(folders, folder)
		}
	}
	if err := w.projects(folders); err != nil {
		return nil, err
	}
	return w.lock, w.connect()
}

// addBerry makes the package of an entry, or returns the folder of a member.
func (w *yarnWorld) addBerry(patterns []string, e *berryEntry) (member string, err error) {
	name, from := cutPattern(e.Resolution)
	protocol, rest, _ := strings.Cut(from, ":")
	p := &lockPackage{Name: name, Version: e.Version, Bare: true, Unsealed: true}
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
		p.URL, p.Remote = "patch:"+rest, true
	case protocol == "link" || protocol == "portal" || protocol == "file":
		p.Local, p.Bare = lockPath("", from), false
	default:
		p.URL, p.Unsealed, p.Remote = from, false, true
	}
	p.OS, p.CPU, p.Libc = berryConditions(e.Conditions)
	p.Edges = e.edges()
	w.enter(key, p, patterns)
	return "", nil
}

func (e *berryEntry) edges() []lockEdge {
	all := map[string]lockEdge{}
	for name, spec := range e.PeerDependencies {
		all[name] = lockEdge{Name: name, Spec: spec, Kind: edgePeer}
	}
	for name, meta := range e.PeerDependenciesMeta {
		if meta.Optional {
			all[name] = lockEdge{Name: name, Spec: e.PeerDependencies[name], Kind: edgePeerOptional}
		}
	}
	for name, spec := range e.Dependencies {
		all[name] = lockEdge{Name: name, Spec: spec}
		if e.DependenciesMeta[name].Optional {
			all[name] = lockEdge{Name: name, Spec: spec, Kind: edgeOptional}
		}
	}
	for name, spec := range e.OptionalDependencies {
		all[name] = lockEdge{Name: name, Spec: spec, Kind: edgeOptional}
	}
	return sortEdges(slices.Collect(maps.Values(all)))
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
