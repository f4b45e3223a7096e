// Package lockfile reads the lock files of npm (versions 1 to 3), Yarn (classic and
// berry) and pnpm into a [locked.Graph]. It asks no registry: what it makes is a
// function of the lock file, the settings of the package manager beside it, and the
// package.json files of the project and its members.
package lockfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	tool    string // as a command
	files   projectFiles
	options Options
}

// projectFiles reads the files of the project that a lock file belongs to.
type projectFiles interface {
	// Read returns a file by its slash path from the lock file's folder. An
	// absolute path is taken as it is.
	Read(name string) ([]byte, error)
	// Members returns the folders with a package.json that the patterns of
	// "workspaces" name, as slash paths from the lock file's folder.
	Members(patterns []string) ([]string, error)
	// IsFolder reports whether there is a folder at a slash path from the lock
	// file's folder.
	IsFolder(name string) bool
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
	return r.fault("", "it is out of date: %s: run %s install", strings.Join(faults, "; "), r.tool)
}

// topAlone reports whether the project at the top is wanted without its members.
func (r *lockReader) topAlone() bool { return r.options.Workspace == "." }

// manifestOnDisk reads a package.json.
func (r *lockReader) manifestOnDisk(name string) (*npmEntry, error) {
	b, err := r.files.Read(name)
	if err != nil {
		return nil, err
	}
	e := &npmEntry{}
	b = jsonscan.TrimBOM(b)
	if err := json.Unmarshal(b, e); err != nil {
		return nil, r.fault(name, "it is not a package.json: %s", jsonscan.Explain(b, err))
	}
	return e, nil
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

// diskFiles are the files below a folder of the disk.
type diskFiles struct{ dir string }

func (d diskFiles) Read(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.dir, filepath.FromSlash(name))
	}
	return filetree.ReadDocument(name)
}

func (d diskFiles) IsFolder(name string) bool {
	info, err := os.Stat(filepath.Join(d.dir, filepath.FromSlash(name)))
	return err == nil && info.IsDir()
}

func (d diskFiles) Members(patterns []string) ([]string, error) {
	return manifest.FindMembers(d.dir, patterns)
}
