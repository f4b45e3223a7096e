package judge

import (
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// TestSeveritiesOfFindings turns checks: an error into a warning, a warning into an
// error, and off. Notes stay.
func TestSeveritiesOfFindings(t *testing.T) {
	t.Parallel()
	found := []audit.Finding{{Check: audit.Native, Severity: audit.Error}, {Check: audit.Libraries, Severity: audit.Warning}, {Check: audit.Libraries, Severity: audit.Note}, {Check: audit.Layout, Severity: audit.Error}}
	got := Weigh(found, map[string]fault.Severity{"native": fault.SeverityWarning, "libraries": fault.SeverityError, "layout": fault.SeverityOff})
	var text []string
	for _, f := range got {
		text = append(text, string(f.Check)+" "+string(f.Severity))
	}
	if strings.Join(text, ", ") != "native warning, libraries error, libraries note" {
		t.Errorf("findings are %q", text)
	}
	warnings, err := Tell(got)
	if len(warnings) != 1 || err == nil {
		t.Errorf("told are %v, %v", warnings, err)
	}
}
