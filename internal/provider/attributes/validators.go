package attributes

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var (
	_ validator.String = runtimeID{}
	_ validator.String = moment{}
	_ validator.String = checkedText{}
	_ validator.String = moduleName{}
)

// RuntimeID returns a validator that accepts the ids of Lambda's runtimes.
func RuntimeID() validator.String { return runtimeID{} }

type runtimeID struct{}

func (runtimeID) Description(context.Context) string { return "the id of a Lambda runtime" }

func (v runtimeID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (runtimeID) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := runtimes.Lookup(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Unknown runtime %q", req.ConfigValue.ValueString()), diagnostic.Sentence(err.Error()))
	}
}

// Moment returns a validator that accepts what values.ParseMoment reads.
func Moment() validator.String { return moment{} }

type moment struct{}

func (moment) Description(context.Context) string { return "an RFC 3339 time or a date" }

func (v moment) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (moment) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := values.ParseMoment(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed moment %q", req.ConfigValue.ValueString()), diagnostic.Sentence(err.Error()))
	}
}

// Checked returns a validator that accepts what the function accepts, and shows
// its error otherwise. The description says what is accepted, such as "a layer name".
func Checked(description string, check func(string) error) validator.String {
	return checkedText{description, check}
}

type checkedText struct {
	description string
	check       func(string) error
}

func (v checkedText) Description(context.Context) string { return v.description }

func (v checkedText) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v checkedText) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.Append(diag.NewAttributeErrorDiagnostic(req.Path, "Value outside the limits of AWS", diagnostic.Sentence(err.Error())))
	}
}

// ModuleName returns a validator that accepts the dotted names that code of Python imports.
func ModuleName() validator.String { return moduleName{} }

type moduleName struct{}

var dottedName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

func (moduleName) Description(context.Context) string { return "a name that code imports" }

func (v moduleName) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (moduleName) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if name := req.ConfigValue.ValueString(); name != "" && !dottedName.MatchString(name) || !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && name == "" {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed name %q", name),
			"Write a module as code imports it, such as \"yaml\" or \"google.cloud.storage\", or a class or function of one, such as \"aws_lambda_powertools.Tracer\". It is not the name of the distribution.")
	}
}

// PackageEntry returns a validator that accepts what code of Node.js loads.
func PackageEntry() validator.String { return packageEntry{} }

type packageEntry struct{}

var entryName = regexp.MustCompile(`^(@[\w.~-]+/)?[\w.~-]+(/[^\s]+)?$|^node:[\w/]+$`)

func (packageEntry) Description(context.Context) string { return "a name that code loads" }

func (v packageEntry) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (packageEntry) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if name := req.ConfigValue.ValueString(); !entryName.MatchString(name) || name[0] == '.' {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed name %q", name), "Write a module as code loads it, such as \"axios\" or \"lodash/fp\", without its version.")
	}
}
