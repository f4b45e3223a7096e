package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Made are files that were made during an apply, by the element of files that they
// belong to.
type Made map[int][]filetree.File

// MadeSince returns the files of the locks that were written since a moment, and
// those of before that are still as they were. Beyond a number that a state can hold
// it returns none. skip is as in [Scope].
func MadeSince(ctx context.Context, start time.Time, locks []Lock, skip func(string) bool, before Made) Made {
	const most = 2000
	made, count := Made{}, 0
	for i, l := range locks {
		if l.Source == "" {
			continue
		}
		files, err := Scan(ctx, l, skip)
		if err != nil {
			if len(before[i]) > 0 {
				made[i] = before[i] // they are not here, and were not read
			}
			continue
		}
		for _, file := range files {
			info, err := os.Stat(file.Source)
			fresh := err == nil && !info.ModTime().Before(start)
			known := slices.ContainsFunc(before[i], func(m filetree.File) bool { return m.Path == file.Path && m.SHA256 == file.SHA256 })
			if !fresh && !known {
				continue
			}
			file.Source = ""
			made[i] = append(made[i], file)
			if count++; count > most {
				return nil
			}
		}
	}
	return made
}

// Choose reads the elements. Where files of one are missing that an apply had made,
// and all others are as its old lock has them, the old lock stays, unless the element
// was changed, or brings what the layer cannot hold.
//
// What a user can act on is a *[fault.Error].
func Choose(ctx context.Context, specs []Spec, of Scope, made Made, old []Lock) ([]Lock, error) {
	var locks []Lock
	for i, f := range specs {
		at := fault.At("files").Index(i)
		lock, err := Read(ctx, at, f, of)
		if !fault.Tied(err) && i < len(old) && made.complete(ctx, i, f, lock, old[i], of) {
			lock, err = old[i], nil
		}
		if err != nil {
			return nil, fault.Tie(at, fmt.Sprintf("The files of %q cannot be read", f.Name()), asPattern(f.Source, err))
		}
		locks = append(locks, lock)
	}
	return locks, nil
}

// asPattern says what to write where a source that is missing was meant as a pattern.
func asPattern(source string, err error) error {
	first := strings.IndexAny(source, "*?[")
	if first < 0 || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder, pattern := ".", source
	if slash := strings.LastIndexByte(source[:first], '/'); slash >= 0 {
		folder, pattern = source[:max(slash, 1)], source[slash+1:]
	}
	return fmt.Errorf("%w: a source is one file or one folder; write source = %q and include = [%q]", err, folder, pattern)
}

// complete reports whether an element is asked for as in its old lock, and the files
// present plus the missing made ones equal that lock.
func (m Made) complete(ctx context.Context, i int, f Spec, now, old Lock, of Scope) bool {
	if len(m[i]) == 0 || now.Tree == old.Tree || !f.locked().equal(old.Spec) {
		return false
	}
	present, err := Scan(ctx, old, of.Skip)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	whole := slices.Clone(present)
	for _, file := range m[i] {
		if !slices.ContainsFunc(present, func(p filetree.File) bool { return p.Path == file.Path }) {
			whole = append(whole, file)
		}
	}
	slices.SortFunc(whole, func(a, b filetree.File) int { return cmp.Compare(a.Path, b.Path) })
	return store.Digest(filetree.TreeDigest(whole)) == old.Tree
}

// equal reports whether two elements ask for the same.
func (f Spec) equal(other Spec) bool {
	one, err := store.SumJSON(f)
	two, otherErr := store.SumJSON(other)
	return err == nil && otherErr == nil && one == two
}

// Lacks reports whether a build failed because files are missing that an apply had
// made.
func (m Made) Lacks(err error) bool {
	_, changed := errors.AsType[*ChangedError](err)
	return len(m) > 0 && (changed || errors.Is(err, fs.ErrNotExist))
}
