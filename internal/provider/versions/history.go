package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	changes "github.com/layerbuild/terraform-provider-layerbuild/internal/history"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versionstate"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// contentsKey names, in the private state, the contents of the current version
// where no lock in the state tells them.
const contentsKey = "contents"

// contentsOf returns what the zip of the model holds. known is false where the zip is
// made during the apply; contents are nil where they cannot be told.
func contentsOf(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) (contents map[string]string, known bool) {
	if m.Package.IsUnknown() || m.Filename.IsUnknown() {
		return nil, false
	}
	if b := m.Built(ctx, diags); b != nil {
		if b.Lock.IsUnknown() {
			return nil, false
		}
		contents, _ = b.Parts()
		return contents, true
	}
	name := m.Filename.ValueString()
	if _, err := os.Stat(name); os.IsNotExist(err) {
		return nil, false
	}
	contents, err := layer.ContentsOf(name)
	if err != nil {
		return nil, true // AWS judges whether it is a zip
	}
	return contents, true
}

// contentsBefore returns what the version of a state holds, nil where that is not known.
func contentsBefore(ctx context.Context, before *versionstate.Model, private toolbox.PrivateReader, diags *diag.Diagnostics) map[string]string {
	if before == nil || before.LayerName.IsNull() {
		return nil
	}
	if contents, _ := before.Built(ctx, diags).Parts(); contents != nil {
		return contents
	}
	body, more := private.GetKey(ctx, contentsKey)
	diags.Append(more...)
	var kept map[string]string
	if len(body) > 0 && json.Unmarshal(body, &kept) != nil {
		return nil
	}
	return kept
}

// changesFrom returns the changes of a version, null where they are not known.
func changesFrom(first bool, had, has map[string]string) types.Map {
	switch {
	case first:
		return values.MapOf(map[string]string{})
	case had == nil || has == nil:
		return types.MapNull(types.StringType)
	}
	return values.MapOf(changes.Texts(changes.Compare(had, has)))
}

// planChanges writes what the coming version changes.
func (p *planning) planChanges(ctx context.Context, m *versionstate.Model, private toolbox.PrivateReader) (diags diag.Diagnostics) {
	if p.dues[0].Publish == lifecycle.None {
		m.Changes = p.before.Changes
		return diags
	}
	has, known := contentsOf(ctx, m, &diags)
	if !known {
		m.Changes = types.MapUnknown(types.StringType)
		return diags
	}
	m.Changes = changesFrom(p.before == nil, contentsBefore(ctx, p.before, private, &diags), has)
	return diags
}

// settleChanges fills in what the plan did not know of the changes.
func (c *change) settleChanges(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) {
	if m != c.plan || !m.Changes.IsUnknown() {
		return
	}
	has, _ := contentsOf(ctx, m, diags)
	m.Changes = changesFrom(c.creating(), c.had, has)
}

// keepContents notes what the published version holds, where the state has no lock
// that tells it.
func (c *change) keepContents(ctx context.Context, m *versionstate.Model, private toolbox.PrivateWriter) (diags diag.Diagnostics) {
	if m != c.plan || !c.published {
		return diags
	}
	body := []byte("null")
	if contents, _ := m.Built(ctx, &diags).Parts(); contents == nil {
		if has, _ := contentsOf(ctx, m, &diags); has != nil {
			var err error
			if body, err = json.Marshal(has); err != nil {
				return append(diags, diagnostic.Of("The contents of the version cannot be kept", err))
			}
		}
	}
	return append(diags, private.SetKey(ctx, contentsKey, body)...)
}

// writeChangelog adds the version to the page of the layer, and what else the page
// does not know yet. What goes wrong is a warning: the version is published.
func writeChangelog(ctx context.Context, tools *toolbox.Tools, c *change, m *versionstate.Model, life *lifecycle.Life) (diags diag.Diagnostics) {
	name, layerName, number := m.ChangelogPath.ValueString(), m.LayerName.ValueString(), m.Version.ValueInt64()
	if m != c.plan || name == "" || number == 0 {
		return diags
	}
	var own []changes.Entry
	numbers := append(life.At(m.HomeRegion()).Numbers(), number)
	if c.published {
		own = append(own, changes.Entry{Number: number, Date: dayOf(m.CreatedDate.ValueString()), Lines: c.changelogLines(ctx, m, &diags)})
		numbers = slices.DeleteFunc(numbers, func(n int64) bool { return n >= number })
	}
	err := tools.Builder.EditFile(ctx, name, func(old []byte) ([]byte, error) {
		if !changes.Fits(name, string(old), layerName) {
			return nil, fmt.Errorf("reading the page: %q holds something else, since its name does not end in .md and it has no heading %q: write another path", name, "# "+layerName+" Layer")
		}
		entries := slices.Clone(own)
		if missing := changes.Missing(string(old), layerName, numbers); len(missing) > 0 {
			found, err := c.publisher.Versions(ctx, m.HomeRegion(), layerName, publish.Selection{})
			if err != nil {
				return nil, fmt.Errorf("listing the versions for the page: %w", err)
			}
			for _, v := range found {
				if slices.Contains(missing, v.Number) {
					entries = append(entries, entryOf(v))
				}
			}
		}
		return []byte(changes.Add(string(old), layerName, entries)), nil
	})
	if err != nil {
		diags.Append(diagnostic.At("changelog_path", diag.NewWarningDiagnostic(fmt.Sprintf("The page %q was not written", name), diagnostic.Sentence(err.Error())+" The next publish adds what is missing.")))
	}
	return diags
}

// changelogLines tells what the published version changes: the user's own words
// first.
func (c *change) changelogLines(ctx context.Context, m *versionstate.Model, diags *diag.Diagnostics) []string {
	var lines []string
	if text := changes.Plain(m.Description.ValueString()); text != "" {
		if _, written := publish.ParseDescription(text); !written {
			lines = append(lines, text)
		}
	}
	has, _ := contentsOf(ctx, m, diags)
	switch {
	case c.creating():
		return append(lines, changes.Initial(has))
	case c.had == nil || has == nil:
		return append(lines, "What is in the version before is not known")
	}
	told := changes.Sentences(changes.Compare(c.had, has))
	if len(told) == 0 && len(lines) == 0 {
		told = []string{"No change of content"}
	}
	return append(lines, told...)
}

// entryOf tells of an older version what AWS knows of it.
func entryOf(v publish.Version) changes.Entry {
	e := changes.Entry{Number: v.Number, Date: dayOf(v.CreatedDate)}
	if text := changes.Plain(v.Description); text != "" {
		e.Lines = []string{text}
	}
	return e
}

// dayOf returns the day of a date of AWS, such as "2026-01-30".
func dayOf(date string) string { return date[:min(len(date), len("2026-01-30"))] }
