package layer

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
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// obeyLockFile writes what the lock file holds for the targets to l. An index
// is asked only for addresses that the file does not have, and not at all
// while what it holds is what old was made of.
func (b *Builder) obeyLockFile(ctx context.Context, s Spec, old *PythonLock, l *Lock) error {
	targets, err := s.pythonTargets()
	if err != nil {
		return err
	}
	attribute := fault.At("python", "lock_file")
	summary := fmt.Sprintf("The lock file %q cannot be used", s.Python.LockFile)
	options := python.LockFileOptions{
		Groups: s.Python.Groups, Extras: s.Python.Extras,
		Sdists: s.Python.Sdist == SdistPure, LeftOut: s.Python.leaveOut().Names,
	}
	if s.Python.Package != "" {
		options.Packages = []string{s.Python.Package}
	}
	if options.Given, err = s.Python.givenWheels(ctx, targets); err != nil {
		return err
	}
	file, err := python.ReadLockFile(ctx, s.Python.LockFile, options, python.TargetsFor(targets))
	if errors.Is(err, fs.ErrNotExist) {
		summary = fmt.Sprintf("There is no lock file %q", s.Python.LockFile)
	}
	if err != nil {
		return lockFileErrors(attribute, summary, err)
	}
	if err := b.lockLocal(ctx, s, file.Local, targets, l); err != nil {
		return fault.Tie(attribute, summary, err)
	}
	var names []string
	for _, t := range targets {
		names = append(names, t.String())
	}
	request, err := digestOf(struct {
		Format  int
		Targets []string
		File    *python.LockFile
		Indexes []IndexSpec
		LeftOut python.LeaveOut
	}{lockFormat, names, file, s.Python.Indexes, s.Python.leaveOut()})
	if err != nil {
		return err
	}
	if old != nil && old.Request == request && old.unchanged(ctx, options.Given) {
		l.Python = old
		return nil
	}
	c, err := b.open()
	if err != nil {
		return err
	}
	chosen, err := c.locate(ctx, s, file, python.TargetsFor(targets))
	if err != nil {
		return lockFileErrors(attribute, summary, err)
	}
	s.Python.leaveOut().From(chosen, python.BesideSDK(chosen.Wheels), file.LeftOut)
	if err := checkArchitectures(s, chosen); err != nil {
		return err
	}
	l.Python = &PythonLock{Request: request, Triggers: store.Digest{}, Chosen: chosen}
	return nil
}

// lockFileErrors ties each of the faults of a lock file to its argument.
func lockFileErrors(attribute fault.Path, summary string, err error) error {
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var faults []error
	for _, err := range all {
		if miss, ok := errors.AsType[*python.NoWheel](err); ok {
			faults = append(faults, noWheelError(attribute, miss, err))
			continue
		}
		faults = append(faults, fault.Tie(attribute, summary, err))
	}
	return errors.Join(faults...)
}

// literal writes a path as a pattern that names it alone.
var literal = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]", "{", "[{]")

// lockLocal adds the projects on disk that a lock file needs to the files.
func (b *Builder) lockLocal(ctx context.Context, s Spec, local []python.LocalPackage, targets []runtimes.Target, l *Lock) error {
	dir := filepath.Dir(s.Python.LockFile)
	for _, p := range local {
		var files []FileSpec
		for _, root := range p.Roots(python.TargetsFor(targets)) {
			for _, part := range p.Parts {
				f := FileSpec{Source: filepath.ToSlash(filepath.Join(dir, part.Source)), Target: s.placed(root + "/" + part.Target)}
				for _, name := range part.Files {
					f.Include = append(f.Include, literal.Replace(name))
				}
				files = append(files, f)
			}
			for _, name := range slices.Sorted(maps.Keys(p.Info)) {
				content := p.Info[name]
				files = append(files, FileSpec{Content: &content, Target: s.placed(root + "/" + name)})
			}
		}
		for _, f := range files {
			lock, err := lockFiles(ctx, f, s)
			if err != nil {
				return fmt.Errorf("packing the project %q from disk: %w", p.Name, err)
			}
			l.Files = append(l.Files, lock)
		}
		if err := s.lockPrograms(ctx, p, python.TargetsFor(targets), l); err != nil {
			return err
		}
	}
	return nil
}

// lockPrograms adds the console scripts of a project on disk to the files.
func (s Spec) lockPrograms(ctx context.Context, p python.LocalPackage, targets []python.Target, l *Lock) error {
	if !s.Python.Scripts {
		return nil
	}
	programs, err := p.Programs(targets)
	if err != nil {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(programs)) {
		content := programs[at]
		lock, err := lockFiles(ctx, FileSpec{Content: &content, Target: at}, s)
		if err != nil {
			return fmt.Errorf("adding the scripts of the project %q: %w", p.Name, err)
		}
		l.Files = append(l.Files, lock)
	}
	return nil
}
