package layer

import (
	"context"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// InspectZip judges the zip of a layer at a path for the runtimes and
// architectures that it is declared for. Without a runtime only its layout is
// judged, for Python and Node.js; without an architecture it is that of most of
// its native files. An *filetree.ArchiveError tells that it cannot be read.
func (b *Builder) InspectZip(ctx context.Context, path string, ids, architectures []string) ([]Finding, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	archive, err := filetree.FileArchive(path, path)
	if err != nil {
		return nil, err
	}
	files, _, err := filetree.FromZipLinks(archive)
	if err != nil {
		return nil, err
	}
	facts, _, err := c.nativeFacts(ctx, files)
	if err != nil {
		return nil, err
	}
	declared := len(ids) > 0
	if !declared {
		ids = []string{"python3.14", "nodejs24.x"}
	}
	if len(architectures) == 0 {
		architectures = []string{mostUsed(facts)}
	}
	l := audit.Layer{Files: files, Facts: facts}
	for _, id := range ids {
		r, err := runtimes.Lookup(id)
		if err != nil {
			continue // one that was, or that is newer than this table
		}
		for _, a := range architectures {
			l.Targets = append(l.Targets, runtimes.Target{Runtime: r, Architecture: a})
		}
	}
	if len(l.Targets) == 0 {
		return nil, nil
	}
	found := audit.Judge(l)
	if !declared {
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.Check != audit.Layout })
	}
	return found, nil
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
