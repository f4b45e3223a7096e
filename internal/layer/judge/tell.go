package judge

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// Weigh applies the severities that the user chose to findings, by the names of their
// checks. Notes stay notes.
func Weigh(found []audit.Finding, chosen map[string]fault.Severity) []audit.Finding {
	var out []audit.Finding
	for _, f := range found {
		switch chosen[string(f.Check)] {
		case fault.SeverityOff:
			continue
		case fault.SeverityWarning:
			if f.Severity == audit.Error {
				f.Severity = audit.Warning
			}
		case fault.SeverityError:
			if f.Severity == audit.Warning {
				f.Severity = audit.Error
			}
		}
		out = append(out, f)
	}
	return out
}

// Tell makes warnings and errors of findings, at the input that brings the
// files. Notes are not told.
func Tell(found []audit.Finding) ([]fault.Warning, error) {
	var warnings []fault.Warning
	var faults []error
	for i := range found {
		f := &found[i]
		at, detail := inputOf(f.Origin), f.Text()
		if who := f.Origin.String(); who != "" {
			detail += "\n" + who + " brings it."
		}
		if runs := f.Runtimes(); len(runs) > 0 {
			detail += " It concerns " + strings.Join(runs, ", ") + "."
		}
		switch f.Severity {
		case audit.Error:
			faults = append(faults, &fault.Error{At: at, Summary: f.Summary, Detail: detail + fmt.Sprintf("\nIf the layer works anyway, set checks = { %s = \"warning\" }.", f.Check)})
		case audit.Warning:
			warnings = append(warnings, fault.Warning{At: at, Summary: f.Summary, Detail: detail})
		}
	}
	return warnings, errors.Join(faults...)
}

// inputOf returns the argument that brings what is of an origin.
func inputOf(o filetree.Origin) fault.Path {
	switch {
	case o.Ecosystem == "":
		return fault.Path{}
	case o.Ecosystem == "python" || o.Ecosystem == "nodejs":
		return fault.At(o.Ecosystem)
	}
	return fault.At(o.Ecosystem).Index(o.Element)
}
