package resolve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/index"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
)

// HashError tells that a requirement or a constraint gives hashes of a
// distribution, and that no wheel which runs on the target has one of them.
type HashError struct {
	Name, Version string // of the newest version that it allows
	Source        string // of the requirement or constraint
	Given         []string
	Target        string
	// Files are the wheels that run on the target.
	Files []HashedFile
	// SourceFile is the source distribution that has a given hash, "" if none has.
	SourceFile string
}

// HashedFile is a file and its hash, "sha256:…".
type HashedFile struct{ Filename, Hash string }

func (e *HashError) Error() string {
	if !e.Comparable() {
		return e.otherAlgorithm()
	}
	text := fmt.Sprintf("%s gives %s for %q, which no wheel of %s %s for %s has", e.Source, wheel.List(e.Given), e.Name, e.Name, e.Version, e.Target)
	if e.SourceFile != "" {
		text += fmt.Sprintf(": it is that of the source distribution %q", e.SourceFile)
	}
	var known []string
	for _, f := range e.Files {
		known = append(known, fmt.Sprintf("%s has --hash=%s", f.Filename, f.Hash))
	}
	return fmt.Sprintf("%s. On the index %s: if that is the file that you trust, write its hash", text, wheel.List(known))
}

// Comparable reports whether one of the given hashes is a SHA-256, which is what indexes
// tell of their files.
func (e *HashError) Comparable() bool {
	return slices.ContainsFunc(e.Given, func(hash string) bool { return strings.HasPrefix(hash, "sha256:") })
}

// otherAlgorithm says that the hashes are by an algorithm that no index tells of.
func (e *HashError) otherAlgorithm() string {
	var write []string
	for _, f := range e.Files {
		write = append(write, fmt.Sprintf("--hash=%s for %s", f.Hash, f.Filename))
	}
	algorithm, _, _ := strings.Cut(e.Given[0], ":")
	return fmt.Sprintf("%s gives a hash of %q by %s, but indexes give only SHA-256 hashes, so the file cannot be checked before it is fetched. "+
		"Write a SHA-256 beside it, such as that of \"pip hash\" or of \"uv pip compile --generate-hashes\". The index says %s for %s %s",
		e.Source, e.Name, algorithm, wheel.List(write), e.Name, e.Version)
}

// checkHashes returns a *HashError for the first requirement or constraint on
// the page's name whose hashes no wheel has that it allows and that runs on t.
// Otherwise a wrong hash would hide a version, and an older one would take its
// place.
func (s *Spec) checkHashes(p *index.Page, pl *index.Policy, t wheel.Target) error {
	env := t.Env()
	for _, in := range slices.Concat(s.Requirements, s.Constraints) {
		if in.Requirement.Name != p.Name || len(in.Hashes) == 0 || !in.Requirement.Marker.Eval(env, "") {
			continue
		}
		var newest []*index.WheelFile
		found := false
		for i := range p.Wheels {
			f := &p.Wheels[i]
			if !in.Requirement.Specifiers.Match(f.Version) || pl.Runs(f) != index.Fits {
				continue
			}
			if f.StandIn || slices.Contains(in.Hashes, "sha256:"+f.SHA256) {
				found = true
				break
			}
			switch {
			case len(newest) == 0 || newest[0].Key == f.Key:
				newest = append(newest, f)
			case f.Version.Compare(newest[0].Version) > 0:
				newest = []*index.WheelFile{f}
			}
		}
		if found || len(newest) == 0 {
			continue
		}
		e := &HashError{Name: p.Name, Version: newest[0].Text, Source: source(in), Given: in.Hashes, Target: t.String()}
		for _, f := range newest {
			e.Files = append(e.Files, HashedFile{Filename: f.Filename, Hash: "sha256:" + f.SHA256})
		}
		for _, f := range p.Sdists {
			if slices.Contains(in.Hashes, "sha256:"+f.SHA256) {
				e.SourceFile = f.Filename
			}
		}
		return e
	}
	return nil
}

// Unhashed returns the wheels of a lock that no requirement gives a hash of, each
// as a requirement with the hash that the index gives. It is empty unless hashes
// are required, or a requirement has one: pip's rule. Given wheels are known by
// theirs.
func (s *Spec) Unhashed(l *wheel.Lock, required bool) []string {
	hashed := map[string]bool{}
	for _, in := range s.Requirements {
		if len(in.Hashes) > 0 {
			required, hashed[in.Requirement.Name] = true, true
		}
	}
	var without []string
	for _, w := range l.Wheels {
		given := slices.ContainsFunc(s.Given, func(g wheel.GivenWheel) bool { return g.SHA256 == w.SHA256 })
		if required && !hashed[w.Name] && !given {
			without = append(without, fmt.Sprintf("%s==%s --hash=sha256:%s", w.Name, w.Version, w.SHA256))
		}
	}
	return without
}
