package layer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer/local"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/release"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// plannedRecord is what the cache remembers of a plan, for its apply.
type plannedRecord struct {
	CLI, Provider string
	Lock          string
	// Named are the digests of the files that the inputs name.
	Named map[string]string
}

// MatchPlan compares a resolution with the one of the plan that is being
// applied, as far as that is known: Terraform hands nothing of a plan to its
// apply, and would call a difference a fault of the provider. The plan and the
// apply of one run of the CLI have different processes of the provider and one
// of the CLI. Where a resolution for the same question differs between the two,
// something changed in between, and the error names it. In the process of the
// plan it remembers what was resolved.
func (b *Builder) MatchPlan(ctx context.Context, s Spec, old, now *Lock) error {
	run := b.options.Run
	if run.CLI == "" {
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
	if err == nil && json.Unmarshal(body, &planned) == nil && planned.CLI == run.CLI && planned.Provider != run.Provider {
		if planned.Lock == text {
			return nil
		}
		return c.changedSincePlan(ctx, s, planned, now)
	}
	body, err = json.Marshal(plannedRecord{CLI: run.CLI, Provider: run.Provider, Lock: text, Named: s.namedDigests(ctx)})
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
	}{Dir: local.Absolute("."), Spec: s}
	if !s.CutOff.Explicit {
		question.Spec.CutOff = release.CutOff{} // it follows from the clock
	}
	if old != nil {
		if question.Before, err = old.Digest(); err != nil {
			return "", "", err
		}
	}
	digest, err := store.SumJSON(question)
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
		if files, err := local.Scan(ctx, now.Files[i], c.own.Skips); err == nil {
			if changed, ok := errors.AsType[*local.ChangedError](c.local.Changed(then.Files[i], files)); ok {
				changes = changed.Changes
			}
		}
		return planChanged(fault.At("files").Index(i), s.Files[i].Name(), changes)
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
		Detail: what + "The plan has the hash of the files that were there before, so nothing was packed. If another resource makes these files during the apply, write this in the package:\n\n" +
			"  triggers   = { build = terraform_data.build.id }\n  depends_on = [terraform_data.build]\n\n" +
			"Write the name of that resource in place of terraform_data.build. The hash is then known after the apply if that resource changes. If no resource makes the files, apply again.",
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
