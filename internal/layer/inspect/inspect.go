// Package inspect tells of the files of any zip what they belong to, which runtimes
// they can serve, and what is found about them. It knows nothing of locks.
package inspect

import (
	"maps"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Inspection is what a zip holds, and what was found about it.
type Inspection struct {
	SHA256 store.Digest
	// Size is that of the zip, Unzipped the sum of its files, in bytes.
	Size, Unzipped int64
	// Contents maps the distributions and packages in it to their versions, as
	// the contents of a lock do.
	Contents map[string]string
	Findings []audit.Finding
	// Runtimes and Architectures are what it was judged for. Guessed is set where
	// nobody declared any and they follow from what it can serve.
	Runtimes, Architectures []string
	Guessed                 bool
	// Holdings are the largest first. Files are in the order of the zip.
	Holdings []Holding
	Files    []HeldFile
	// Links are the symbolic links by their paths, and where each leads.
	Links   map[string]string
	Serving []Serving
	Places  []Place
}

// HeldFile is a file of a zip.
type HeldFile struct {
	Path string
	// Size and PackedSize are in bytes.
	Size, PackedSize int64
	// CRC32 is of the content, as the zip says it.
	CRC32 uint32
	// Exec is set where the zip says that it may be run.
	Exec bool
	// Holding is an index in Holdings.
	Holding int
}

// Question says what a zip is judged for.
type Question struct {
	// Runtimes and Architectures are what it is declared for. Without
	// architectures it is that of most of its native files.
	Runtimes, Architectures []string
	// Guess takes what the zip can serve where no runtime is declared; else only
	// its layout is judged.
	Guess bool
	// Now decides which runtimes are deprecated; zero means that none is.
	Now time.Time
}

// Judge tells what the files hold and what is found about them, with the facts of
// the native ones, and about the links, which are where each leads by its path. The digest and the size of the zip are left to the caller.
func (p *Parts) Judge(facts map[string]native.Facts, links map[string]string, q Question) *Inspection {
	found := &Inspection{
		Unzipped: p.files.Size(), Contents: p.contents(), Places: placesIn(p.files),
		Runtimes: q.Runtimes, Architectures: q.Architectures, Links: links, Serving: p.serving(facts), Files: make([]HeldFile, 0, len(p.files)),
	}
	at := map[*Holding]int{}
	for i, one := range p.all {
		at[one] = i
		found.Holdings = append(found.Holdings, *one)
	}
	for i, e := range p.files {
		found.Files = append(found.Files, HeldFile{Path: e.Path, Size: e.Size, PackedSize: e.PackedSize, CRC32: e.CRC32, Exec: e.Exec, Holding: at[p.of[i]]})
	}
	if len(p.files) == 0 {
		found.Findings = []audit.Finding{empty}
		return found
	}
	if q.Guess && len(q.Runtimes) == 0 {
		found.guess(facts)
	}
	distributions := p.audited(targetsOf(found.Runtimes, found.Architectures))
	found.Findings = Judge(audit.Layer{Files: p.files, Links: links, Facts: facts, Distributions: distributions}, found.Runtimes, found.Architectures)
	if len(found.Runtimes) > 0 {
		found.Findings = append(found.Findings, p.more(found, q.Now)...)
	}
	return found
}

// Judge makes the checks for the runtimes and architectures: of the layout alone, for
// Python and Node.js, where no runtime is declared. Without an architecture it is that
// of most of the native files.
func Judge(l audit.Layer, ids, architectures []string) []audit.Finding {
	declared := len(ids) > 0
	if !declared {
		ids = Undeclared()
	}
	if len(architectures) == 0 {
		architectures = []string{mostUsed(l.Facts)}
	}
	if l.Targets = targetsOf(ids, architectures); len(l.Targets) == 0 {
		return nil
	}
	found := audit.Judge(l)
	if !declared {
		found = slices.DeleteFunc(found, func(f audit.Finding) bool { return f.Check != audit.Layout })
	}
	return found
}

// targetsOf returns the runtimes on the architectures, skipping runtimes that are not in
// our table: retired or newer.
func targetsOf(ids, architectures []string) []runtimes.Target {
	known, _ := runtimes.Targets(ids, architectures)
	return known
}

// Undeclared returns the runtimes that a zip is judged for that says nothing of
// them, Python's first.
func Undeclared() []string { return []string{"python3.14", "nodejs24.x"} }

// guess takes for declared what the zip can serve; where that is nothing, the
// newest runtime of its languages that is no preview, so that the findings tell why.
func (n *Inspection) guess(facts map[string]native.Facts) {
	n.Guessed = true
	newest := map[string]string{}
	for _, s := range n.Serving {
		r, err := runtimes.Lookup(s.Runtime)
		if err != nil {
			continue
		}
		if !r.Preview {
			newest[r.Family] = s.Runtime
		}
		if s.Why != "" {
			continue
		}
		if !slices.Contains(n.Runtimes, s.Runtime) {
			n.Runtimes = append(n.Runtimes, s.Runtime)
		}
	}
	if len(n.Runtimes) == 0 {
		n.Runtimes = slices.Sorted(maps.Values(newest))
	}
	if len(n.Architectures) == 0 {
		n.Architectures = []string{mostUsed(facts)}
	}
}

// mostUsed returns the architecture of most native files.
func mostUsed(facts map[string]native.Facts) string {
	arm := 0
	for _, f := range facts {
		switch f.Machine {
		case runtimes.ARM64:
			arm++
		case runtimes.X8664:
			arm--
		}
	}
	if arm > 0 {
		return runtimes.ARM64
	}
	return runtimes.X8664
}
