package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/command/page"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// reach is how zips are reached that are not on this disk.
type reach struct {
	CacheDir string `placeholder:"FOLDER" help:"Cache in place of the user's."`
	Profile  string `placeholder:"NAME" help:"Profile of the AWS configuration, for a layer version."`
}

// inspector returns one for the settings.
func (r *reach) inspector(ctx context.Context, info about) (*provider.Inspector, error) {
	log := slog.New(slog.NewTextHandler(info.errs, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: leaveOutTime}))
	return provider.NewInspector(ctx, info.version, settingsOf("cache_dir", r.CacheDir, "profile", r.Profile), log)
}

type inspectCommand struct {
	reach
	Zip          string   `arg:"" help:"Path of a zip, its http(s) address, or the ARN of a layer version."`
	Runtime      []string `placeholder:"ID" help:"Runtime to check for. May be repeated. The default is what the layer version declares, else what the zip can serve."`
	Architecture []string `placeholder:"ID" enum:"x86_64,arm64" help:"x86_64 or arm64. The default is what the layer version declares, else that of its native files."`
	SHA256       string   `name:"sha256" placeholder:"HEX" help:"SHA-256 that a zip at an address must have."`
	HTML         string   `name:"html" type:"path" placeholder:"FILE" help:"Also write a page with a size map."`
	All          bool     `help:"List all of the contents, not the 30 largest."`
}

// Run prints what a zip holds and what does not load of it. Errors among the
// findings make the exit status 1.
func (c *inspectCommand) Run(ctx context.Context, out *output, info about) error {
	if err := knownRuntimes(c.Runtime); err != nil {
		return err
	}
	inspector, err := c.inspector(ctx, info)
	if err != nil {
		return err
	}
	found, err := inspector.Inspect(ctx, c.Zip, c.SHA256, layer.Question{Runtimes: c.Runtime, Architectures: c.Architecture})
	if err != nil {
		return err
	}
	r := reportOf(c.Zip, found)
	if c.HTML != "" {
		if err := writePage(c.HTML, info.version, r, found); err != nil {
			return err
		}
	}
	limit := 30
	if c.All {
		limit = len(r.Contents)
	}
	if err := out.print(r, r.lines(out.sheet, limit)); err != nil {
		return err
	}
	if slices.ContainsFunc(r.Findings, func(f reportedFinding) bool { return f.Severity == "error" }) {
		return errFound
	}
	return nil
}

// knownRuntimes refuses ids that no runtime has, all at once: nothing would be
// judged for them.
func knownRuntimes(ids []string) error {
	var faults []error
	for _, id := range ids {
		_, err := runtimes.Lookup(id)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// report is what is told of a zip.
type report struct {
	Name           string `json:"name"`
	SHA256         string `json:"sha256"`
	SourceCodeHash string `json:"source_code_hash"`
	// Sizes are in bytes.
	Size         int64 `json:"size"`
	UnzippedSize int64 `json:"unzipped_size"`
	FileCount    int   `json:"file_count"`
	// Contents are the largest first.
	Contents []layer.Holding `json:"contents"`
	// JudgedFor are the runtimes and architectures of the findings; Declared is
	// false where they follow from what the zip can serve.
	JudgedFor judged            `json:"judged_for"`
	Serves    []layer.Serving   `json:"serves"`
	Places    []layer.Place     `json:"places"`
	Findings  []reportedFinding `json:"findings"`
}

type judged struct {
	Runtimes      []string `json:"runtimes"`
	Architectures []string `json:"architectures"`
	Declared      bool     `json:"declared"`
}

type reportedFinding struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	// Text says what is needed, what the runtimes have and what to do.
	Text string `json:"text"`
	// Files are up to ten, MoreFiles is how many others there are.
	Files     []string `json:"files"`
	MoreFiles int      `json:"more_files,omitempty"`
	// Origin is the distribution or package, such as "python:fiona 1.10.1".
	Origin  string   `json:"origin,omitempty"`
	Targets []string `json:"targets,omitempty"`
}

// reportOf returns the report of what was found in the zip of that name.
func reportOf(name string, n *layer.Inspection) *report {
	r := &report{
		Name: name, SHA256: n.SHA256.Hex(), SourceCodeHash: n.SHA256.Base64(), Size: n.Size, UnzippedSize: n.Unzipped, FileCount: len(n.Files),
		Contents: n.Holdings, Serves: n.Serving, Places: n.Places, Findings: []reportedFinding{},
		JudgedFor: judged{Runtimes: orEmpty(n.Runtimes), Architectures: orEmpty(n.Architectures), Declared: !n.Guessed},
	}
	for i := range n.Findings {
		f := &n.Findings[i]
		text := strings.Join(slices.DeleteFunc([]string{f.Need, f.Has, f.WayOut}, func(s string) bool { return s == "" }), " ")
		r.Findings = append(r.Findings, reportedFinding{
			Check: string(f.Check), Severity: string(f.Severity), Summary: f.Summary, Text: text, Files: orEmpty(f.Files), MoreFiles: f.More,
			Origin: f.Origin.String(), Targets: f.Targets,
		})
	}
	return r
}

// percent is the share of what Lambda allows a function with all its layers.
func (r *report) percent() int64 { return r.UnzippedSize * 100 / runtimes.MaxUnzipped }

func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

// lines are the report for people, with the largest of its contents up to a limit.
func (r *report) lines(s sheet, limit int) []string {
	lines := []string{
		s.bold(s.fit(r.Name, 0)),
		fmt.Sprintf("  %s zipped, %s unzipped (%d%% of Lambda's 250 MiB), %s", bytesText(r.Size), bytesText(r.UnzippedSize), r.percent(), count(r.FileCount, "file")),
		"  sha256 " + r.SHA256, "",
	}
	t := table{{"Contents", "Version", "Unzipped", "Zipped", "Licence"}}
	for i := range r.Contents[:min(limit, len(r.Contents))] {
		h := &r.Contents[i]
		name := h.Key()
		if len(h.Folders) > 1 && h.Ecosystem != "files" {
			name += fmt.Sprintf(" (%d copies)", len(h.Folders))
		}
		t = append(t, []string{name, h.Version, bytesText(h.Size), bytesText(h.PackedSize), h.License})
	}
	lines = append(lines, t.lines(s, 2, 3)...)
	if more := len(r.Contents) - limit; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more: --all lists them", more))
	}
	lines = append(append(lines, ""), r.serving(s)...)
	lines = append(append(lines, ""), r.placing(s)...)
	return append(append(lines, ""), r.finding(s)...)
}

// serving lists what the zip can serve, and why not the rest, each reason once.
func (r *report) serving(s sheet) []string {
	can, refusals := r.served()
	lines := append([]string{s.bold("Serves")}, s.wrap(can, "  ")...)
	for _, no := range refusals {
		lines = append(lines, s.wrap("not "+no.Targets+": "+s.fit(no.Why, 0), "  ")...)
	}
	return lines
}

// served writes what the zip can serve, and why not the rest, each reason once.
func (r *report) served() (string, []page.Refusal) {
	var can, reasons []string
	cannot := map[string][]string{}
	for _, one := range r.Serves {
		target := one.Runtime + " " + one.Architecture
		if one.Why == "" {
			can = append(can, target)
			continue
		}
		// One cause reads alike for every runtime, but for its name.
		why := strings.ReplaceAll(one.Why, "not for "+one.Runtime, "not for others")
		if cannot[why] == nil {
			reasons = append(reasons, why)
		}
		cannot[why] = append(cannot[why], target)
	}
	if len(can) == 0 {
		can = []string{"no runtime"}
	}
	var refusals []page.Refusal
	for _, why := range reasons {
		refusals = append(refusals, page.Refusal{Targets: strings.Join(byRuntime(cannot[why]), ", "), Why: why})
	}
	return strings.Join(byRuntime(can), ", "), refusals
}

// byRuntime writes targets that differ in their architecture alone as one.
func byRuntime(targets []string) []string {
	var out []string
	for _, t := range targets {
		id, architecture, _ := strings.Cut(t, " ")
		if last := len(out) - 1; last >= 0 && strings.HasPrefix(out[last], id+" ") {
			out[last] = id
			continue
		}
		out = append(out, strings.TrimSpace(id+" "+architecture))
	}
	return out
}

// placing lists what Lambda finds where.
func (r *report) placing(s sheet) []string {
	lines := []string{s.bold("Where Lambda finds it")}
	for _, p := range r.Places {
		text := strings.Join(p.Names[:min(len(p.Names), 12)], ", ")
		if more := len(p.Names) - 12 + p.More; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		lines = append(lines, s.wrap(fmt.Sprintf("%s (%s): %s", p.Path, p.Finds, s.fit(text, 0)), "  ")...)
	}
	return lines
}

// judgedFor writes what the findings are for, "" where no runtime is known.
func (r *report) judgedFor() string {
	if len(r.JudgedFor.Runtimes) == 0 {
		return ""
	}
	return strings.Join(r.JudgedFor.Runtimes, ", ") + " on " + strings.Join(r.JudgedFor.Architectures, ", ")
}

// finding lists the findings, the worst of each check first.
func (r *report) finding(s sheet) []string {
	of := r.judgedFor()
	if of != "" {
		of = " for " + of
	}
	if len(r.Findings) == 0 {
		return append(s.wrap(s.bold("Findings")+of, ""), "  none")
	}
	lines := s.wrap(s.bold("Findings")+of, "")
	for _, f := range r.Findings {
		lines = append(lines, s.wrap(s.severity(f.Severity)+" "+f.Check+": "+s.fit(f.Summary, 0), "  ")...)
		text := f.Text
		if f.Origin != "" {
			text += " (" + f.Origin + ")"
		}
		lines = append(lines, s.wrap(s.fit(text, 0), "    ")...)
	}
	return lines
}

// titleOf names a zip on a page that others may read: without the folders of this
// machine and what is secret in an address.
func titleOf(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	name, _, _ = strings.Cut(name, "?")
	return path.Base(filepath.ToSlash(name))
}

// writePage writes the report as a page with a size map.
func writePage(name, version string, r *report, found *layer.Inspection) (err error) {
	p := page.Page{Report: r, Title: titleOf(r.Name), Version: version, Percent: r.percent(), JudgedFor: r.judgedFor(), Bytes: bytesText}
	p.Serves, p.Refusals = r.served()
	contents := make([]string, 0, len(r.Contents))
	for i := range r.Contents {
		h := &r.Contents[i]
		text := h.Name
		if h.Version != "" {
			text += " " + h.Version
		}
		contents = append(contents, text)
	}
	files := make([]page.File, 0, len(found.Files))
	for _, f := range found.Files {
		files = append(files, page.File{Path: f.Path, Size: f.Size, Packed: f.PackedSize, Of: f.Holding})
	}
	p.Data = page.NewData(p.Title, contents, files)
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	if err := p.Write(w); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return w.Flush()
}
