package python

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/lockfile"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// obey returns what the lock file holds for the targets. An index is asked only for
// addresses that the file does not have, and not at all while what it holds is what
// old was made of.
func (p *Spec) obey(ctx context.Context, open func() (*Env, error), targets []wheel.Target, r Request, old *Lock) (*Lock, error) {
	attribute := fault.At("python", "lock_file")
	summary := fmt.Sprintf("The lock file %q cannot be used", p.LockFile)
	given, err := p.givenWheels(ctx, targets)
	if err != nil {
		return nil, err
	}
	options := lockfile.Options{Groups: p.Groups, Extras: p.Extras, Given: given, Sdists: p.Sdist == sdistPure, LeftOut: p.leaveOut().Names, AllowOutside: p.AllowOutside}
	if p.Package != "" {
		options.Packages = []string{p.Package}
	}
	file, err := filetree.Await(ctx, func() (*lockfile.LockFile, error) {
		return lockfile.ReadLockFile(ctx, p.LockFile, options, targets)
	})
	if errors.Is(err, fs.ErrNotExist) {
		summary = fmt.Sprintf("There is no lock file %q", p.LockFile)
	}
	if err != nil {
		return nil, lockFileErrors(attribute, summary, err)
	}
	if err := p.addProjects(file.Local, targets, r.Project); err != nil {
		return nil, fault.Tie(attribute, summary, err)
	}
	request, err := store.SumJSON(struct {
		Format  int
		Targets []string
		File    *lockfile.LockFile
		Indexes []IndexSpec
		LeftOut wheel.LeaveOut
	}{requestFormat, r.names(), file, p.Indexes, p.leaveOut()})
	if err != nil {
		return nil, err
	}
	if old != nil && old.Request == request && old.unchanged(ctx, given) {
		return old, nil
	}
	env, err := open()
	if err != nil {
		return nil, err
	}
	chosen, err := env.locate(ctx, p, file, targets)
	if err != nil {
		return nil, lockFileErrors(attribute, summary, err)
	}
	p.leaveOut().From(chosen, wheel.BesideSDK(chosen.Wheels), file.LeftOut)
	if err := checkArchitectures(r.Targets, chosen); err != nil {
		return nil, err
	}
	return &Lock{Request: request, Chosen: chosen}, nil
}

// lockFileErrors ties each of the faults of a lock file to its argument.
func lockFileErrors(attribute fault.Path, summary string, err error) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var faults []error
	for _, err := range all {
		if miss, ok := errors.AsType[*wheel.NoWheel](err); ok {
			faults = append(faults, noWheelError(attribute, miss, err))
			continue
		}
		faults = append(faults, fault.Tie(attribute, summary, err))
	}
	return errors.Join(faults...)
}

// ProjectFile is a folder, or a file with content, of a project on disk that is
// packed.
type ProjectFile struct {
	// Source is the folder, relative to the root module, as far as the user wrote it
	// so. Include are the patterns of the files that are taken from it; none is all.
	Source  string
	Include []string
	// Content is the text of a file that is in no folder.
	Content *string
	// Target is the path in the layer.
	Target string
}

// literal writes a path as a pattern that names it alone.
var literal = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]", "{", "[{]")

// addProjects hands on the files of the projects on disk that a lock file needs,
// with their console scripts where these are wanted.
func (p *Spec) addProjects(projects []lockfile.LocalPackage, targets []wheel.Target, add func(string, []ProjectFile) error) error {
	dir := filepath.Dir(p.LockFile)
	for _, project := range projects {
		var files []ProjectFile
		for _, root := range project.Roots(targets) {
			for _, part := range project.Parts {
				f := ProjectFile{Source: filepath.ToSlash(filepath.Join(dir, part.Source)), Target: root + "/" + part.Target}
				for _, name := range part.Files {
					f.Include = append(f.Include, literal.Replace(name))
				}
				files = append(files, f)
			}
			files = append(files, texts(project.Info, root+"/")...)
		}
		if p.Scripts {
			programs, err := project.Programs(targets)
			if err != nil {
				return err
			}
			files = append(files, texts(programs, "")...)
		}
		if err := add(project.Name, files); err != nil {
			return err
		}
	}
	return nil
}

// texts returns files of texts, by their paths below a folder.
func texts(by map[string]string, folder string) []ProjectFile {
	var files []ProjectFile
	for _, name := range slices.Sorted(maps.Keys(by)) {
		content := by[name]
		files = append(files, ProjectFile{Content: &content, Target: folder + name})
	}
	return files
}
