package command

import (
	"cmp"
	"context"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lint"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
)

type lintCommand struct {
	Folder string `arg:"" optional:"" type:"existingdir" help:"Folder to read, with the folders below it. The default is this one."`
	Strict bool   `help:"Let warnings fail the command as errors do."`
	Notes  bool   `help:"Show notes too, such as requirements that are ranges."`
}

// Run prints what was found. Errors among it make the exit status 1.
func (c *lintCommand) Run(ctx context.Context, out *output) error {
	schema, err := provider.Arguments(ctx)
	if err != nil {
		return err
	}
	all, err := lint.Folder(cmp.Or(c.Folder, "."), schema) // kong sets no default of a path that must exist
	if err != nil {
		return err
	}
	shown, failed := []lint.Finding{}, false
	var lines []string
	for _, f := range all {
		if f.Severity == lint.Note && !c.Notes {
			continue
		}
		failed = failed || f.Severity == lint.Error || c.Strict && f.Severity == lint.Warning
		shown, lines = append(shown, f), append(lines, f.String())
	}
	if len(shown) == 0 {
		lines = []string{"Nothing found."}
	}
	if err := out.print(shown, lines); err != nil {
		return fmt.Errorf("writing the findings: %w", err)
	}
	if failed {
		return errFound
	}
	return nil
}
