// Package lockfile reads the lock files of npm (versions 1 to 3), Yarn (classic and
// berry) and pnpm into a [locked.Graph]. It asks no registry: what it makes is a
// function of the lock file, the settings of the package manager beside it, and the
// package.json files of the project and its members.
package lockfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Options chooses what of a lock file is wanted.
type Options struct {
	// PackageJSON is the path of the project's package.json. "": the one beside
	// the lock file. Without one, a package-lock tells the project's wishes
	// itself; yarn's lock files do not.
	PackageJSON string
	// Workspace is the member whose dependencies are wanted, by its name or its
	// folder, such as "packages/api". "": the project at the top, with all its
	// members where it has some.
	Workspace string
}

// lockReader reads one lock file.
type lockReader struct {
	title   string
	dir     string // the lock file's folder
	options Options
	lock    *locked.Graph
	top     *npmEntry // what the project at the top says
}

// read returns a file by its slash path from the lock file's folder. An absolute path is
// taken as it is.
func (r *lockReader) read(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.dir, filepath.FromSlash(name))
	}
	return filetree.ReadDocument(name)
}

func (r *lockReader) fault(entry, reason string, args ...any) error {
	return &locked.Error{File: r.title, Entry: entry, Reason: fmt.Sprintf(reason, args...)}
}

// outOfDate returns the error of a lock file that does not answer what the projects
// want, nil where there are no faults.
func (r *lockReader) outOfDate(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	const most = 5
	if len(faults) > most {
		faults = append(faults[:most], fmt.Sprintf("and %d more", len(faults)-most))
	}
	return r.fault("", "it is out of date: %s: run %s install", strings.Join(faults, "; "), r.lock.Tool.Command())
}

// topAlone reports whether the project at the top is wanted without its members.
func (r *lockReader) topAlone() bool { return r.options.Workspace == "." }

// manifest reads the package.json of a folder of the project, "." for the one at the
// top, which the user may name.
func (r *lockReader) manifest(folder string) (*npmEntry, error) {
	name := r.manifestName(folder)
	b, err := r.read(name)
	if err != nil {
		return nil, err
	}
	e := &npmEntry{}
	b = jsonscan.TrimBOM(b)
	if err := json.Unmarshal(b, e); err != nil {
		return nil, r.fault(name, "it is not a package.json: %s", jsonscan.Explain(b, err))
	}
	if err := manifest.CheckForm(b); err != nil {
		return nil, r.fault(name, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return e, nil
}

func (r *lockReader) manifestName(folder string) string {
	if folder == "." && r.options.PackageJSON != "" {
		return r.options.PackageJSON
	}
	return path.Join(folder, "package.json")
}

// topMember is the key of the project at the top where a member is wanted.
const topMember = "workspace:."

// choose makes the member that was asked for the root, or else all members parts of
// what the project wants. members are their keys by name.
func (r *lockReader) choose(members map[string][]string) error {
	root := r.lock.Packages[""]
	if r.topAlone() {
		return nil
	}
	if r.options.Workspace != "" {
		key, err := r.member(members)
		if err != nil {
			return err
		}
		r.lock.Root = key
		r.lock.Packages[key].Local = ""
		// What the top wants is no orphan of the lock file.
		r.lock.Packages[topMember] = root
		delete(r.lock.Packages, "")
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		keys := members[name]
		if len(keys) > 1 {
			return r.fault("", "the members %s are all named %q, and node_modules has one folder of a name: choose one with workspace, by its folder", r.folders(keys), name)
		}
		root.Edges = slices.DeleteFunc(root.Edges, func(e locked.Edge) bool { return e.Name == name })
		root.Edges = append(root.Edges, locked.Edge{Name: name, Spec: keys[0], To: keys[0]})
	}
	locked.SortEdges(root.Edges)
	return nil
}

// member returns the key of the member that was asked for, by its name or its folder.
func (r *lockReader) member(members map[string][]string) (string, error) {
	want := r.options.Workspace
	folder := path.Clean(strings.ReplaceAll(want, "\\", "/"))
	for _, keys := range members {
		for _, key := range keys {
			if r.lock.Packages[key].Local == folder {
				return key, nil
			}
		}
	}
	switch keys := members[want]; len(keys) {
	case 0:
		return "", r.noMember(slices.Collect(maps.Keys(members)))
	case 1:
		return keys[0], nil
	default:
		return "", r.fault("", "the members %s are all named %q: write the folder of one", r.folders(keys), want)
	}
}

// folders quotes the folders of members.
func (r *lockReader) folders(keys []string) string {
	var all []string
	for _, key := range keys {
		all = append(all, strconv.Quote(r.lock.Packages[key].Local))
	}
	return strings.Join(all, ", ")
}

// noMember refuses a member that there is not.
func (r *lockReader) noMember(known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	if len(known) == 0 {
		return r.fault("", "it has no workspace member %q: it knows of no members", r.options.Workspace)
	}
	return r.fault("", "it has no workspace member %q: write one of %s", r.options.Workspace, strings.Join(known, ", "))
}
