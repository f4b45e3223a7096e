package layer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// Inspection is what a zip holds, and what was found about it.
type Inspection struct {
	SHA256 store.Digest
	// Size is that of the zip, Unzipped the sum of its files, in bytes.
	Size, Unzipped int64
	Files          int
	// Contents maps the distributions and packages in it to their versions, as
	// Lock.Contents does.
	Contents map[string]string
	Findings []Finding
}

// Zip is a zip at Path, or at an address with a digest.
type Zip struct {
	Path string
	// URL may be a secret; what is fetched from it is called Name in errors.
	URL, Name string
	SHA256    store.Digest
}

// ParseSHA256 reads a SHA-256 in hexadecimal.
func ParseSHA256(text string) (store.Digest, error) { return store.ParseDigest(text) }

// Inspect reads a zip and judges it for the runtimes and architectures that it is
// declared for, as InspectZip does.
func (b *Builder) Inspect(ctx context.Context, z Zip, ids, architectures []string) (*Inspection, error) {
	c, err := b.open()
	if err != nil {
		return nil, err
	}
	path, name := z.Path, cmp.Or(z.Name, z.Path)
	if z.URL != "" {
		blob, err := c.client.Blob(ctx, fetch.Source{URL: z.URL, SHA256: z.SHA256, MaxBytes: maxInspected})
		if err != nil {
			return nil, fmt.Errorf("fetching %s: %w", name, err)
		}
		path = blob.Name()
		if err := blob.Close(); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	archive, err := filetree.FileArchive(name, path)
	if err != nil {
		return nil, err
	}
	files, _, err := filetree.FromZipLinks(archive)
	if err != nil {
		return nil, err
	}
	archive = archive.Until(ctx)
	found := &Inspection{Size: archive.Size, Unzipped: files.Size(), Files: len(files)}
	if found.SHA256, err = sumFile(ctx, path); err != nil {
		return nil, err
	}
	if found.Contents, err = packagesIn(archive, files); err != nil {
		return nil, err
	}
	found.Findings, err = c.inspect(ctx, files, ids, architectures)
	return found, err
}

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
	return c.inspect(ctx, files, ids, architectures)
}

func (c *cache) inspect(ctx context.Context, files filetree.Tree, ids, architectures []string) ([]Finding, error) {
	facts, _, err := c.segments.Facts(ctx, files)
	if err != nil {
		return nil, err
	}
	declared := len(ids) > 0
	if !declared {
		ids = undeclared
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

// undeclared are the runtimes that a zip is judged for that says nothing of them.
var undeclared = []string{"python3.14", "nodejs24.x"}

// packagesIn returns the distributions of Python, by their .dist-info folders, and
// the packages of Node.js, by their package.json, with their versions.
func packagesIn(a *filetree.Archive, files filetree.Tree) (map[string]string, error) {
	contents := map[string]string{}
	var manifests filetree.Tree
	for _, e := range files {
		folder, file, _ := strings.Cut(e.Path, ".dist-info/")
		if file == "METADATA" {
			if name, version, ok := strings.Cut(folder[strings.LastIndexByte(folder, '/')+1:], "-"); ok {
				addVersion(contents, "python:"+strings.ToLower(strings.ReplaceAll(name, "_", "-")), version)
			}
		}
		if name, ok := packageOf(e.Path); ok && name != "" && e.Size <= maxManifest {
			manifests = append(manifests, e)
		}
	}
	err := filetree.ReadEntries(a, manifests, func(e *filetree.Entry, in io.Reader) error {
		body, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		var manifest struct{ Version string }
		if name, _ := packageOf(e.Path); json.Unmarshal(body, &manifest) == nil && manifest.Version != "" {
			addVersion(contents, "nodejs:"+name, manifest.Version)
		}
		return nil
	})
	return contents, err
}

// maxInspected bounds a zip that is fetched to be looked at, in bytes.
const maxInspected = 2 << 30

// maxManifest bounds a package.json that is read.
const maxManifest = 4 << 20

// packageOf returns the name of the package whose package.json a file is.
func packageOf(name string) (string, bool) {
	folder, ok := strings.CutSuffix(name, "/package.json")
	i := strings.LastIndex("/"+folder, "/node_modules/")
	if !ok || i < 0 {
		return "", false
	}
	name = folder[i+len("node_modules/"):]
	parts := strings.Count(name, "/")
	return name, parts == 0 || parts == 1 && strings.HasPrefix(name, "@")
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
