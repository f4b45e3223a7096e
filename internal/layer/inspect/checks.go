package inspect

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/audit"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// empty is what is found about a zip without any file.
var empty = audit.Finding{Check: audit.Layout, Severity: audit.Error, Summary: "The zip holds no file", Need: "AWS refuses an empty layer."}

// more makes the checks that are not of the files alone: the size of the layer,
// the AWS SDK, install scripts of Node.js packages and the dates of the runtimes.
// What was withdrawn from an index is not asked: that takes the network.
func (p *Parts) more(n *Inspection, now time.Time) []audit.Finding {
	var found []audit.Finding
	named := func(check string, warnings []fault.Warning, err error) {
		for _, w := range warnings {
			found = append(found, audit.Finding{Check: audit.Check(check), Severity: audit.Warning, Summary: w.Summary, Need: w.Detail})
		}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			found = append(found, audit.Finding{Check: audit.Check(check), Severity: audit.Error, Summary: f.Summary, Need: f.Detail})
		}
	}
	warnings, err := CheckSize(p.files, fault.SeverityError)
	named("size", warnings, err)
	warnings, err = python.CheckInstalled(p.described(), targetsOf(n.Runtimes, n.Architectures), fault.SeverityWarning)
	named("sdk_shadow", append(warnings, nodejs.ShadowIn(p.packages)...), err)
	found = append(found, p.scripts(n.Architectures)...)
	if !n.Guessed && !now.IsZero() {
		found = append(found, datesOf(n.Runtimes, now)...)
	}
	return found
}

// scripts tells of packages that npm runs a script for. A zip does not show
// whether it ran.
func (p *Parts) scripts(architectures []string) []audit.Finding {
	var found []audit.Finding
	var names []string
	for i := range p.packages {
		n := &p.packages[i]
		why := n.InstallScript(p.files, p.packages, architectures)
		if why == "" || slices.Contains(names, n.Name) {
			continue
		}
		names = append(names, n.Name)
		found = append(found, audit.Finding{
			Check: "install_scripts", Severity: audit.Note, Summary: fmt.Sprintf("%q has an install script", n.Name), Files: []string{n.Folder + "/package.json"},
			Origin: filetree.Origin{Ecosystem: "nodejs", Name: n.Name, Version: n.Version},
			Need:   fmt.Sprintf("npm runs %s when it installs the package. A zip does not show whether that was run, or on which machine.", why),
		})
	}
	return found
}

// datesOf tells of runtimes that are deprecated or in preview.
func datesOf(ids []string, now time.Time) []audit.Finding {
	var found []audit.Finding
	for _, id := range ids {
		r, err := runtimes.Lookup(id)
		if err != nil {
			continue
		}
		if summary, detail := DateNote(r, now); summary != "" {
			found = append(found, audit.Finding{Check: "runtime_dates", Severity: audit.Warning, Summary: summary, Need: detail})
		}
	}
	return found
}

// DateNote tells of a runtime that is deprecated or in preview: a summary and what
// to do, "" for any other.
func DateNote(r runtimes.Runtime, now time.Time) (summary, detail string) {
	switch {
	case r.Preview:
		return fmt.Sprintf("The runtime %q is a preview", r.ID), "It may change before it becomes generally available, and wheels for it may be scarce."
	case r.Ended(now):
		detail = "Move to a newer runtime."
		if r.UpdateBlocked != "" {
			detail = fmt.Sprintf("AWS lets no function with it be created from %s and none be updated from %s. Move to a newer runtime.", r.CreateBlocked, r.UpdateBlocked)
		}
		return fmt.Sprintf("The runtime %q is deprecated since %s", r.ID, r.Deprecated), detail
	}
	return "", ""
}
