// Package command is the provider's binary as a person runs it: it looks into
// layers and Terraform files, without Terraform.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// line is the command line.
type line struct {
	JSON    bool `help:"Print JSON."`
	Version kong.VersionFlag

	Build      buildCommand      `cmd:"" help:"Build the zip of a layer without Terraform, with its lock beside it."`
	Cache      cacheCommand      `cmd:"" help:"Manage the folder of fetched and built files."`
	Completion completionCommand `cmd:"" help:"Print what bash, zsh or fish reads to complete command lines."`
	Words      wordsCommand      `cmd:"" hidden:""`
	Diff       diffCommand       `cmd:"" help:"Show what is different between two layers: zips, locks or layer versions."`
	Inspect    inspectCommand    `cmd:"" help:"Show what a layer zip holds, which runtimes can use it, and which files do not load."`
	Invoke     invokeCommand     `cmd:"" help:"Run a handler with layers on /opt, as Lambda does: in a container, or on Linux under AWS's own runtime interface client."`
	Within     withinCommand     `cmd:"" name:"invoke-within" hidden:""`
	Sbom       sbomCommand       `cmd:"" help:"Write the bill of materials of a zip or a lock: CycloneDX 1.6 or SPDX 2.3."`
	Lint       lintCommand       `cmd:"" help:"Find mistakes that Terraform does not report: misspelt names inside { }, absolute paths, unpinned downloads."`
}

// about is what commands know of the binary that runs them.
type about struct {
	version string
	errs    io.Writer
}

// output is what a command writes to.
type output struct {
	io.Writer
	json bool
	sheet
}

// print writes a value as JSON, or the lines of its text.
func (o *output) print(value any, lines []string) error {
	if o.json {
		encoder := json.NewEncoder(o)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(o, line); err != nil {
			return err
		}
	}
	return nil
}

// errFound ends a command whose findings are its answer: nothing more is said.
var errFound = errors.New("there are findings")

// Run carries out a command line, without the program's name, and returns its
// exit status: 0 for well, 1 for findings and for a handler that ended in an
// error, 2 for a command line or an input that cannot be used. With --json an
// error is an object with the member "error", on errs.
func Run(ctx context.Context, args []string, version string, out, errs io.Writer) int {
	var l line
	status, ended := 0, false
	parser, err := kong.New(&l,
		kong.Name(binary),
		kong.Description("Looks into AWS Lambda layers and the Terraform files that declare them. Terraform runs this binary by itself: install it with terraform init."),
		kong.Writers(out, errs), kong.Exit(func(code int) { status, ended = code, true }),
		kong.Vars{"version": version}, kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		_, _ = fmt.Fprintln(errs, "Error:", err) // there is nowhere else to say it
		return 2
	}
	parsed, err := parser.Parse(args)
	if ended { // help or version was asked for
		return status
	}
	asked := l.JSON || err != nil && slices.Contains(args, "--json") // kong sets nothing where it cannot read all
	if err == nil {
		err = parsed.Run(ctx, parser, &l, &output{Writer: out, json: l.JSON, sheet: newSheet(out, os.Getenv)}, about{version, errs})
	}
	switch {
	case errors.Is(err, errFound):
		return 1
	case err != nil:
		say(errs, err, asked)
		return 2
	}
	return 0
}

// say tells of an error; where that cannot be written, there is nowhere else to
// say it.
func say(errs io.Writer, err error, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(errs).Encode(map[string]string{"error": err.Error()})
		return
	}
	_, _ = fmt.Fprintln(errs, "Error:", err)
}

// readGiven returns what a file holds that is named on the command line, "-" the
// standard input. It may be a pipe, such as that of a shell. One with more bytes than
// the limit is a *filetree.LimitError, of which no more is read.
func readGiven(name string, limit int64) (body []byte, err error) {
	in := os.Stdin
	if name != "-" {
		if in, err = os.Open(name); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
	}
	body, err = io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, &filetree.LimitError{What: name, Unit: "bytes", Found: int64(len(body)), Limit: limit}
	}
	return body, err
}
