package command

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/history"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

type diffCommand struct {
	reach
	A   string `arg:"" help:"Path of a zip or of a lock, http(s) address of a zip, or ARN of a layer version."`
	B   string `arg:"" help:"What to compare it with, named in the same ways."`
	All bool   `help:"List every file that changed, not ten of each distribution."`
}

// Run prints what is different between two layers. The exit status is 1 where
// something is.
func (c *diffCommand) Run(ctx context.Context, out *output, info about) error {
	var sides [2]*side
	for i, name := range []string{c.A, c.B} {
		var err error
		if sides[i], err = c.read(ctx, name, info); err != nil {
			return err
		}
	}
	d := compare(sides[0], sides[1])
	limit := 10
	if c.All {
		limit = len(sides[0].files) + len(sides[1].files)
	}
	if err := out.print(d, d.lines(out.sheet, limit)); err != nil {
		return err
	}
	if !d.Equal {
		return errFound
	}
	return nil
}

// side is one of two layers that are compared.
type side struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	// Kind is "zip" or "lock". The sizes of a lock, in bytes, are those of the
	// wheels in it.
	Kind         string `json:"kind"`
	Size         int64  `json:"size"`
	UnzippedSize int64  `json:"unzipped_size,omitempty"`

	contents map[string]string
	holdings map[string]layer.Holding // sums of all versions of one name
	files    map[string]layer.HeldFile
	links    map[string]string
	all      []layer.Holding
}

// read reads a lock, or looks into a zip.
func (c *diffCommand) read(ctx context.Context, name string, info about) (*side, error) {
	if isJSON(name) {
		return readLock(name)
	}
	inspector, err := c.inspector(ctx, info)
	if err != nil {
		return nil, err
	}
	found, err := inspector.Inspect(ctx, name, "", layer.Question{})
	if err != nil {
		return nil, err
	}
	s := newSide(name, "zip", found.SHA256.Hex(), found.Holdings)
	s.Size, s.UnzippedSize, s.contents, s.links = found.Size, found.Unzipped, found.Contents, found.Links
	for _, f := range found.Files {
		s.files[f.Path] = f
	}
	return s, nil
}

// isJSON reports whether a file begins as JSON does.
func isJSON(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	start := make([]byte, 64)
	n, _ := f.Read(start) // what cannot be read is told when it is read as a zip
	return bytes.HasPrefix(bytes.TrimSpace(start[:n]), []byte("{"))
}

func readLock(name string) (*side, error) {
	body, err := readGiven(name, filetree.MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("reading the lock: %w", err)
	}
	lock, err := layer.DecodeLock(strings.TrimSpace(string(body)))
	if err != nil {
		return nil, fmt.Errorf("reading the lock %q: %w", name, err)
	}
	digest, err := lock.Digest()
	if err != nil {
		return nil, err
	}
	s := newSide(name, "lock", digest.Hex(), lock.Holdings())
	s.contents = lock.Contents()
	for _, h := range s.holdings {
		s.Size += h.PackedSize
	}
	return s, nil
}

func newSide(name, kind, digest string, all []layer.Holding) *side {
	s := &side{Name: name, Kind: kind, SHA256: digest, holdings: map[string]layer.Holding{}, files: map[string]layer.HeldFile{}, all: all}
	for _, h := range all {
		sum := s.holdings[h.Key()]
		sum.Ecosystem, sum.Name, sum.Files = h.Ecosystem, h.Name, sum.Files+h.Files
		sum.Size, sum.PackedSize = sum.Size+h.Size, sum.PackedSize+h.PackedSize
		s.holdings[h.Key()] = sum
	}
	return s
}

// difference is what is different between two layers.
type difference struct {
	A *side `json:"a"`
	B *side `json:"b"`
	// Equal is set where the bytes are; SameFiles where each file is, by its path,
	// size, checksum and run bit, and each link, however they are packed.
	Equal     bool     `json:"equal"`
	SameFiles bool     `json:"same_files"`
	Changes   []change `json:"changes"`
}

// change is what becomes of a distribution, a package or other files.
type change struct {
	history.Change
	// Kind is "added", "removed", "version" or "files", which is another content
	// of the same version.
	Kind string `json:"kind"`
	// Bytes and PackedBytes are by how much it grew, below zero by how much it
	// shrank.
	Bytes       int64 `json:"bytes"`
	PackedBytes int64 `json:"packed_bytes"`
	// Files are what changed in it where the version did not.
	Files []changedFile `json:"files,omitempty"`
}

type changedFile struct {
	Path string `json:"path"`
	// Kind is "added", "removed" or "changed".
	Kind string `json:"kind"`
	// What is "run bit" where nothing else of a file changed, and "link" for a
	// symbolic link.
	What string `json:"what,omitempty"`
	// Bytes is by how much it grew.
	Bytes int64 `json:"bytes"`
}

func (f changedFile) String() string {
	if f.What == "" {
		return f.Kind + " " + f.Path
	}
	return f.Kind + " " + f.Path + " (" + f.What + ")"
}

// other says what became another of a version that stayed.
func (c *change) other() string {
	if slices.ContainsFunc(c.Files, func(f changedFile) bool { return f.What != "run bit" }) {
		return "other content"
	}
	return "other run bits"
}

// compare returns the difference. What one of the two does not tell, as a lock its
// files, is not compared.
func compare(a, b *side) *difference {
	d := &difference{A: a, B: b, Changes: []change{}, Equal: a.Kind == b.Kind && a.SHA256 == b.SHA256, SameFiles: a.Kind == "zip" && b.Kind == "zip"}
	known := map[string]bool{}
	add := func(c history.Change, kind string) *change {
		known[c.Name] = true
		was, is := a.holdings[c.Name], b.holdings[c.Name]
		d.Changes = append(d.Changes, change{Change: c, Kind: kind, Bytes: is.Size - was.Size, PackedBytes: is.PackedSize - was.PackedSize})
		return &d.Changes[len(d.Changes)-1]
	}
	for _, c := range history.Compare(packaged(a, b), packaged(b, a)) {
		kind := "version"
		if c.From == "" {
			kind = "added"
		} else if c.To == "" {
			kind = "removed"
		}
		add(c, kind)
	}
	if !d.SameFiles {
		d.Equal = d.Equal || a.Kind != b.Kind && len(d.Changes) == 0
		return d
	}
	of := filesOf(a, b)
	for _, name := range slices.Sorted(maps.Keys(of)) {
		d.SameFiles = false
		if known[name] {
			continue
		}
		version := b.contents[name]
		kind := "files"
		if _, had := a.holdings[name]; !had {
			kind = "added"
		} else if _, has := b.holdings[name]; !has {
			kind = "removed"
		}
		add(history.Change{Name: name, From: version, To: version}, kind).Files = of[name]
	}
	for _, f := range linksOf(a, b) {
		d.SameFiles = false
		kind := f.Kind
		if kind == "changed" {
			kind = "files"
		}
		add(history.Change{Name: "files:" + f.Path}, kind).Files = []changedFile{f}
	}
	return d
}

// filesOf returns the files that are different, by what they belong to.
func filesOf(a, b *side) map[string][]changedFile {
	of := map[string][]changedFile{}
	for _, path := range slices.Sorted(maps.Keys(union(a.files, b.files))) {
		was, had := a.files[path]
		is, has := b.files[path]
		f := changedFile{Path: path, Kind: "changed", Bytes: is.Size - was.Size}
		owner, holding := b, is.Holding
		switch same := was.Size == is.Size && was.CRC32 == is.CRC32; {
		case !had:
			f.Kind = "added"
		case !has:
			f.Kind, owner, holding = "removed", a, was.Holding
		case same && was.Exec == is.Exec:
			continue
		case same:
			f.What = "run bit"
		}
		key := owner.all[holding].Key()
		of[key] = append(of[key], f)
	}
	return of
}

// linksOf returns the links that are different.
func linksOf(a, b *side) []changedFile {
	var found []changedFile
	for _, path := range slices.Sorted(maps.Keys(union(a.links, b.links))) {
		was, had := a.links[path]
		is, has := b.links[path]
		f := changedFile{Path: path, Kind: "changed", What: "link"}
		switch {
		case !had:
			f.Kind = "added"
		case !has:
			f.Kind = "removed"
		case was == is:
			continue
		}
		found = append(found, f)
	}
	return found
}

// packaged returns the contents of a side that the other one can have, too: a zip
// does not show which element of a list in a lock its files come from.
func packaged(of, other *side) map[string]string {
	contents := maps.Clone(of.contents)
	if of.Kind != other.Kind {
		maps.DeleteFunc(contents, func(name, _ string) bool {
			return !strings.HasPrefix(name, "python:") && !strings.HasPrefix(name, "nodejs:")
		})
	}
	return contents
}

func union[V any](a, b map[string]V) map[string]V {
	all := map[string]V{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// lines are the difference for people, with up to some files of each distribution.
func (d *difference) lines(s sheet, limit int) []string {
	lines := []string{s.bold(s.fit(d.A.Name, 0) + " → " + s.fit(d.B.Name, 0))}
	size := fmt.Sprintf("  %s → %s", bytesText(d.A.Size), bytesText(d.B.Size))
	if d.A.Kind == "zip" && d.B.Kind == "zip" {
		size += fmt.Sprintf(" zipped, %s → %s unzipped", bytesText(d.A.UnzippedSize), bytesText(d.B.UnzippedSize))
	}
	lines = append(lines, size, "")
	switch {
	case d.Equal:
		return append(lines, "No difference.")
	case d.SameFiles:
		return append(lines, s.wrap("Every file is the same, and the zips are packed in different ways: Lambda takes them for different versions.", "")...)
	case len(d.Changes) == 0:
		return append(lines, s.wrap("The same contents; the locks differ in where they come from or in how they are packed.", "")...)
	}
	t := table{{"Contents", "Change", "Unzipped", "Zipped"}}
	for i := range d.Changes {
		c := &d.Changes[i]
		text := c.Change.String()
		switch {
		case c.Kind == "files":
			text = strings.TrimSpace(c.To + " " + c.other())
		case c.From == c.To:
			text = c.Kind
		}
		t = append(t, []string{c.Name, text, grown(c.Bytes), grown(c.PackedBytes)})
	}
	for i, line := range t.lines(s, 2, 3) {
		lines = append(lines, line)
		if i == 0 || d.Changes[i-1].Kind != "files" {
			continue
		}
		files := d.Changes[i-1].Files
		for _, f := range files[:min(limit, len(files))] {
			lines = append(lines, "      "+s.fit(f.String(), width-6))
		}
		if more := len(files) - limit; more > 0 {
			lines = append(lines, fmt.Sprintf("      and %d more: --all lists them", more))
		}
	}
	return lines
}

// grown writes by how many bytes something grew.
func grown(n int64) string {
	switch {
	case n > 0:
		return "+" + bytesText(n)
	case n < 0:
		return "-" + bytesText(-n)
	}
	return ""
}
