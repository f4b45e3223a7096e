// Package diagnostic is the only translation between our errors and Terraform's
// diagnostics: it finds the argument, the title and what to do next.
package diagnostic

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Of returns the diagnostic of an error met while doing what the summary
// names, at the argument that brought it, where one did.
func Of(summary string, err error) diag.Diagnostic {
	if input, ok := errors.AsType[*fault.Error](err); ok {
		return atPath(input.At, input.Detail, func(detail string) diag.Diagnostic { return diag.NewErrorDiagnostic(input.Summary, detail) })
	}
	if unknown, ok := errors.AsType[*UnknownSettings](err); ok {
		return unknown.diagnostic()
	}
	if d, ok := diagnosePublish(err); ok {
		return d
	}
	return diag.NewErrorDiagnostic(summary, Sentence(err.Error()))
}

// AllOf returns a diagnostic of each fault that an error holds, or that of
// the error.
func AllOf(summary string, err error) diag.Diagnostics {
	faults := fault.All(err)
	if len(faults) == 0 {
		return diag.Diagnostics{Of(summary, err)}
	}
	var all diag.Diagnostics
	for _, found := range faults {
		all.Append(Of(summary, found))
	}
	return all
}

// Blocking returns the diagnostics of planning a resource. Where it exists
// already, the last error ends with how to destroy it: Terraform plans the
// resources that it is to destroy first, and stops at the same error.
func Blocking(diags diag.Diagnostics, exists bool) diag.Diagnostics {
	if !exists || slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { _, ok := d.(Lasting); return ok }) {
		return diags
	}
	for i, d := range slices.Backward(diags) {
		if d.Severity() != diag.SeverityError {
			continue
		}
		end := wayOut
		if !strings.Contains(d.Detail(), nothingChanged) {
			end = nothingChanged + ". " + end
		}
		diags[i] = Reworded(d, d.Summary(), d.Detail()+"\n\n"+end)
		break
	}
	return diags
}

// Reworded returns a diagnostic in other words, as severe and at the same argument.
func Reworded(d diag.Diagnostic, summary, detail string) diag.Diagnostic {
	out := diag.Diagnostic(diag.NewErrorDiagnostic(summary, detail))
	if d.Severity() == diag.SeverityWarning {
		out = diag.NewWarningDiagnostic(summary, detail)
	}
	if at, ok := d.(diag.DiagnosticWithPath); ok {
		return diag.WithPath(at.Path(), out)
	}
	return out
}

// Lasting is an error that stops a destroy too, with -refresh=false as well.
type Lasting struct{ diag.Diagnostic }

const (
	nothingChanged = "Nothing was changed"
	wayOut         = "To destroy the resource anyway, run the destroy with -refresh=false."
)

// Warning returns the diagnostic of a warning of the pipeline.
func Warning(w fault.Warning) diag.Diagnostic {
	return atPath(w.At, w.Detail, func(detail string) diag.Diagnostic { return diag.NewWarningDiagnostic(w.Summary, detail) })
}

// At ties a diagnostic to an outermost argument; "" is none.
func At(attribute string, d diag.Diagnostic) diag.Diagnostic {
	if attribute == "" {
		return d
	}
	return diag.WithPath(path.Root(attribute), d)
}

// atPath ties a diagnostic to the argument that a fault names, by its whole path.
func atPath(p fault.Path, detail string, of func(detail string) diag.Diagnostic) diag.Diagnostic {
	if p.IsZero() {
		return of(detail)
	}
	return diag.WithPath(frameworkPath(p), of(Named(p, detail)))
}

// Named returns a detail that names its argument. Terraform shows the line of an
// outermost argument or of an element of it; for what lies deeper it shows that of
// the resource, so that the text has to name the argument.
func Named(p fault.Path, detail string) string {
	steps := p.Steps()
	shown := len(steps) <= 1 || len(steps) == 2 && steps[1].Kind != fault.Argument
	if shown || strings.Contains(detail, p.String()) {
		return detail
	}
	return fmt.Sprintf("%s\n\nThe argument is %s.", detail, p)
}

// frameworkPath returns the path in the framework's form:
// python.index[0].url.
func frameworkPath(p fault.Path) path.Path {
	out := path.Empty()
	for _, s := range p.Steps() {
		switch s.Kind {
		case fault.Element:
			out = out.AtListIndex(s.Index)
		case fault.MapKey:
			out = out.AtMapKey(s.Name)
		default:
			out = out.AtName(s.Name)
		}
	}
	return out
}

// Sentence writes the text of an error as a sentence.
func Sentence(text string) string { return fault.Sentence(text) }

// diagnosePublish returns the diagnostic of an error of AWS or of what is sent
// there.
func diagnosePublish(err error) (diag.Diagnostic, bool) {
	var (
		config   *publish.ConfigError
		limit    *publish.LimitError
		tooLarge *publish.TooLargeError
		altered  *publish.AlteredError
		digest   *publish.DigestError
		denied   *publish.AccessDeniedError
		login    *publish.CredentialsError
		quota    *publish.QuotaError
		unsure   *publish.UncertainError
		foreign  *publish.ForeignAccountError
		signing  *publish.SigningError
		taken    *publish.TakenError
	)
	switch {
	case errors.As(err, &foreign):
		return diag.NewErrorDiagnostic("The layer is of another AWS account", Sentence(err.Error())), true
	case errors.As(err, &config):
		return diag.NewErrorDiagnostic("Unusable AWS settings", Sentence(strings.Join(config.Faults, "; "))), true
	case errors.As(err, &limit):
		return At(limit.Attribute, diag.NewErrorDiagnostic("AWS cannot take "+limit.Attribute+" as it is", Sentence(limit.Error()))), true
	case errors.As(err, &tooLarge):
		return At("s3", diag.NewErrorDiagnostic("The zip is too large for a request", Sentence(tooLarge.Error()))), true
	case errors.As(err, &digest):
		return At("source_code_hash", diag.NewErrorDiagnostic("The zip is not the one that was planned", Sentence(digest.Error())+" Nothing was published: plan again.")), true
	case errors.As(err, &altered):
		return diag.NewErrorDiagnostic("AWS has other bytes than those sent", Sentence(altered.Error())), true
	case errors.As(err, &denied):
		return diag.NewErrorDiagnostic("A permission is missing: "+denied.Action, Sentence(err.Error())+" Grant it to the principal that AWS names, in a policy of its own or where a boundary takes it away, or use other credentials."), true
	case errors.As(err, &login):
		return diag.NewErrorDiagnostic("AWS refuses the credentials", Sentence(err.Error())+" Renew them, as by \"aws sso login\", or correct profile, access_key and token of the provider block, or the AWS_ variables; \"aws sts get-caller-identity\" tries them."), true
	case errors.As(err, &quota):
		return diag.NewErrorDiagnostic("A quota of the account is used up: "+quota.Quota, Sentence(err.Error())), true
	case errors.As(err, &taken):
		return At("key", diag.NewErrorDiagnostic("The key is taken", Sentence(taken.Error())+
			fmt.Sprintf(" No plan has shown it, so it was not changed. Write another key, remove the object, or import it: its id is %q.", taken.Address))), true
	case errors.As(err, &signing):
		return At("signing", diag.NewErrorDiagnostic("The zip was not signed", Sentence(err.Error()))), true
	case errors.As(err, &unsure):
		return diag.NewErrorDiagnostic("It is not known whether the version was published", Sentence(err.Error())), true
	}
	return nil, false
}

// UnknownSettings tells that AWS cannot be reached yet: settings of the provider
// block are known only after an apply.
type UnknownSettings struct {
	Names []string // arguments and blocks, at least one
}

// Error names the settings.
func (e *UnknownSettings) Error() string {
	return fmt.Sprintf("%s of the provider block is known only after the apply", Quoted(e.Names))
}

// diagnostic says what to write instead.
func (e *UnknownSettings) diagnostic() diag.Diagnostic {
	return diag.NewErrorDiagnostic(fmt.Sprintf("The provider's %s is not known yet", strings.Join(e.Names, ", ")),
		fmt.Sprintf("%s of the provider block depends on what the apply makes, and this needs AWS while Terraform plans. "+
			"Write a value there that is known at plan, such as a variable, or apply first what it depends on: terraform apply -target=….", Quoted(e.Names)))
}

// Quoted lists names in a sentence.
func Quoted(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, fmt.Sprintf("%q", name))
	}
	return strings.Join(out, ", ")
}

// Versions names versions in a sentence.
func Versions(numbers []int64) string {
	var text []string
	for _, n := range numbers {
		text = append(text, strconv.FormatInt(n, 10))
	}
	switch len(text) {
	case 0:
		return "no version"
	case 1:
		return "version " + text[0]
	}
	last := len(text) - 1
	return fmt.Sprintf("versions %s and %s", strings.Join(text[:last], ", "), text[last])
}

// CleanUpWarning returns the warning of a clean-up that did not get through.
func CleanUpWarning(summary string, err error) diag.Diagnostic {
	d := Of(summary, err)
	detail := d.Detail()
	if denied, ok := errors.AsType[*publish.AccessDeniedError](err); ok && denied.Action == "lambda:ListFunctions" {
		detail = "Without the permission lambda:ListFunctions, the provider cannot find out which versions functions use, so none was deleted. " +
			"Grant it, or set retention.keep_in_use = false to delete without looking. " + detail
	}
	return At("retention", diag.NewWarningDiagnostic(summary, detail+"\n\nNothing else is wrong: the next publish tries again."))
}
