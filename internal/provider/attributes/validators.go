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
	_ validator.String = RuntimeID{}
	_ validator.String = Moment{}
	_ validator.String = checkedText{}
	_ validator.String = ModuleName{}
)

// RuntimeID accepts the ids of Lambda's runtimes.
type RuntimeID struct{}

func (RuntimeID) Description(context.Context) string { return "the id of a Lambda runtime" }

func (v RuntimeID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (RuntimeID) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := runtimes.Lookup(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Unknown runtime %q", req.ConfigValue.ValueString()), diagnostic.Sentence(err.Error()))
	}
}

// Moment accepts what parseMoment reads.
type Moment struct{}

func (Moment) Description(context.Context) string { return "an RFC 3339 time or a date" }

func (v Moment) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (Moment) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
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

// ModuleName accepts the dotted names that code of Python imports.
type ModuleName struct{}

var dottedName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

func (ModuleName) Description(context.Context) string { return "a name that code imports" }

func (v ModuleName) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (ModuleName) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if name := req.ConfigValue.ValueString(); name != "" && !dottedName.MatchString(name) || !req.ConfigValue.IsNull() && !req.ConfigValue.IsUnknown() && name == "" {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed name %q", name),
			"Write a module as code imports it, such as \"yaml\" or \"google.cloud.storage\", or a class or function of one, such as \"aws_lambda_powertools.Tracer\". It is not the name of the distribution.")
	}
}

// PackageEntry accepts what code of Node.js loads.
type PackageEntry struct{}

var entryName = regexp.MustCompile(`^(@[\w.~-]+/)?[\w.~-]+(/[^\s]+)?$|^node:[\w/]+$`)

func (PackageEntry) Description(context.Context) string { return "a name that code loads" }

func (v PackageEntry) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (PackageEntry) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if name := req.ConfigValue.ValueString(); !entryName.MatchString(name) || name[0] == '.' {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed name %q", name), "Write a module as code loads it, such as \"axios\" or \"lodash/fp\", without its version.")
	}
}
