package layer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Run is one run of the CLI. It starts the provider several times: once for the
// plan and once for the apply.
type Run struct {
	// CLI names the process of the CLI, Provider that of the provider. Where CLI
	// is "" nothing is known of the run.
	CLI, Provider string
	// Started is when the CLI was started.
	Started time.Time
}

// CurrentRun tells which run of the CLI this process belongs to.
func CurrentRun() Run {
	name, started, ok := store.Parent()
	if !ok {
		return Run{}
	}
	return Run{CLI: name, Provider: strconv.Itoa(os.Getpid()), Started: started}
}

// plannedRecord is what the cache remembers of a plan, for its apply.
type plannedRecord struct {
	CLI, Provider string
	Lock          string
	// Named are the digests of the files that the inputs name.
	Named map[string]string
}

// MatchPlan holds a resolution against the one of the plan that is being
// applied, as far as that is known: Terraform hands nothing of a plan to its
// apply, and would call a difference a fault of the provider. The plan and the
// apply of one run of the CLI have different processes of the provider and one
// of the CLI. Where a resolution for the same question differs between the two,
// something changed in between, and the error names it. In the process of the
// plan it remembers what was resolved.
func (b *Builder) MatchPlan(ctx context.Context, s Spec, old, now *Lock) error {
	if b.run.CLI == "" {
		return nil
	}
	c, err := b.open()
	if err != nil {
		return nil //nolint:nilerr // what needs the cache says so itself
	}
	key, text, err := s.planKey(old, now)
	if err != nil {
		return err
	}
	var planned plannedRecord
	body, _, err := c.store.GetRecord("plans", key)
	if err == nil && json.Unmarshal(body, &planned) == nil && planned.CLI == b.run.CLI && planned.Provider != b.run.Provider {
		if planned.Lock == text {
			return nil
		}
		return c.changedSincePlan(ctx, s, planned, now)
	}
	body, err = json.Marshal(plannedRecord{CLI: b.run.CLI, Provider: b.run.Provider, Lock: text, Named: s.namedDigests(ctx)})
	if err != nil {
		return fmt.Errorf("encoding the record of a plan: %w", err)
	}
	c.store.Note("plans", key, body)
	return nil
}

// planKey names the question of a resolution, and encodes its answer.
func (s Spec) planKey(old, now *Lock) (key, text string, err error) {
	if text, err = now.Encode(); err != nil {
		return "", "", err
	}
	question := struct {
		Dir    string
		Spec   Spec
		Before store.Digest
	}{Dir: absolute("."), Spec: s}
	if !s.CutOff.Explicit {
		question.Spec.CutOff = CutOff{} // it follows from the clock
	}
	if old != nil {
		if question.Before, err = old.Digest(); err != nil {
			return "", "", err
		}
	}
	digest, err := digestOf(question)
	return digest.Hex(), text, err
}

// changedSincePlan names what differs from the plan.
func (c *cache) changedSincePlan(ctx context.Context, s Spec, planned plannedRecord, now *Lock) error {
	then, err := DecodeLock(planned.Lock)
	if err != nil {
		return err
	}
	for i := range min(len(then.Files), len(now.Files), len(s.Files)) {
		if then.Files[i].Tree == now.Files[i].Tree {
			continue
		}
		var changes []string
		if files, err := scan(ctx, now.Files[i], c.own); err == nil {
			if changed, ok := errors.AsType[*ChangedError](c.changed(then.Files[i], files)); ok {
				changes = changed.Changes
			}
		}
		return planChanged(fault.At("files").Index(i), s.Files[i].name(), changes)
	}
	for _, named := range s.namedFiles() {
		if digest := fileDigest(ctx, named.path); digest != planned.Named[named.path] {
			return planChanged(named.at, named.path, nil)
		}
	}
	return planChanged(fault.Path{}, "", nil)
}

// planChanged is the error about files that are not those of the plan.
func planChanged(at fault.Path, name string, changes []string) error {
	what := ""
	if len(changes) > 0 {
		const most = 5
		if more := len(changes) - most; more > 0 {
			changes = append(slices.Clone(changes[:most]), fmt.Sprintf("and %d more", more))
		}
		what = strings.Join(changes, ", ") + ". "
	}
	culprit := "What the package is made of"
	if name != "" {
		culprit = fmt.Sprintf("%q", name)
	}
	return &fault.Error{
		At:      at,
		Summary: culprit + " changed between the plan and this apply",
		Detail: what + "The plan holds the hash of what was there when it was made, so nothing was packed. Where another resource makes these files during the apply, let the package wait for it, and write\n\n" +
			"  triggers   = { build = terraform_data.build.id }\n  depends_on = [terraform_data.build]\n\n" +
			"with that resource in place of terraform_data.build: the hash is then known after the apply, whenever that resource is to be made anew. Where nothing makes them, apply again.",
	}
}

// namedFile is a file that an argument names, other than those of files.
type namedFile struct {
	at   fault.Path
	path string
}

// namedFiles lists the files on disk that the arguments name.
func (s Spec) namedFiles() []namedFile {
	var all []namedFile
	add := func(at fault.Path, path string) {
		if path != "" {
			all = append(all, namedFile{at, path})
		}
	}
	if p := s.Python; p != nil {
		add(fault.At("python", "requirements_file"), p.RequirementsFile)
		add(fault.At("python", "lock_file"), p.LockFile)
		for i, w := range p.Wheels {
			add(fault.At("python", "wheels").Index(i), w.Source)
		}
	}
	if n := s.NodeJS; n != nil {
		add(fault.At("nodejs", "package_json"), n.PackageJSON)
		add(fault.At("nodejs", "lock_file"), n.LockFile)
	}
	return all
}

func (s Spec) namedDigests(ctx context.Context) map[string]string {
	digests := map[string]string{}
	for _, named := range s.namedFiles() {
		digests[named.path] = fileDigest(ctx, named.path)
	}
	return digests
}

// fileDigest returns the digest of a file, "" of one that cannot be read.
func fileDigest(ctx context.Context, path string) string {
	sum, err := sumFile(ctx, path)
	if err != nil {
		return ""
	}
	return sum.Hex()
}

// Made are files that were made during an apply, by the element of files that
// they belong to.
type Made map[int][]filetree.File

// MadeInRun returns the local files of the lock that were written since the CLI
// was started, and those of before that are still as they were. An apply keeps
// them, so that a plan on a fresh checkout, which lacks them, is not taken for a
// change. Beyond a number that a state can hold it returns none.
func (b *Builder) MadeInRun(ctx context.Context, l *Lock, before Made) Made {
	const most = 2000
	if b.run.CLI == "" {
		return before
	}
	made, count := Made{}, 0
	for i, f := range l.Files {
		if f.Source == "" {
			continue
		}
		files, err := scan(ctx, f, b.own)
		if err != nil {
			if len(before[i]) > 0 {
				made[i] = before[i] // they are not here, and were not read
			}
			continue
		}
		for _, file := range files {
			info, err := os.Stat(file.Source)
			fresh := err == nil && !info.ModTime().Before(b.run.Started)
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

// chooseFiles reads one element of files. Where files are missing that an apply
// had made, and all others are as the lock has them, the lock stays.
func (r *resolution) chooseFiles(ctx context.Context, i int, f FileSpec) (FileLock, error) {
	lock, err := lockFiles(ctx, f, r.spec)
	if len(r.spec.Made[i]) == 0 || i >= len(r.old.Files) || err == nil && lock.Tree == r.old.Files[i].Tree {
		return lock, err
	}
	old := r.old.Files[i]
	if old.Source != f.Source || old.Target != f.Target {
		return lock, err
	}
	present, scanErr := scan(ctx, old, r.builder.own)
	if scanErr != nil && !errors.Is(scanErr, fs.ErrNotExist) {
		return lock, err
	}
	whole := slices.Clone(present)
	for _, m := range r.spec.Made[i] {
		if !slices.ContainsFunc(present, func(p filetree.File) bool { return p.Path == m.Path }) {
			whole = append(whole, m)
		}
	}
	slices.SortFunc(whole, func(a, b filetree.File) int { return cmp.Compare(a.Path, b.Path) })
	if filetree.TreeDigest(whole) != old.Tree {
		return lock, err
	}
	return old, nil
}

// Lacks reports whether a build failed for want of files that an apply had made.
func (m Made) Lacks(err error) bool {
	_, changed := errors.AsType[*ChangedError](err)
	return len(m) > 0 && (changed || errors.Is(err, fs.ErrNotExist))
}
