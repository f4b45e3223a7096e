package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var (
	_ validator.String = runtimeID{}
	_ validator.String = moment{}
	_ validator.String = checked{}
)

// runtimeID accepts the ids of Lambda's runtimes.
type runtimeID struct{}

func (runtimeID) Description(context.Context) string { return "the id of a Lambda runtime" }

func (v runtimeID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (runtimeID) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := runtimes.Lookup(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Unknown runtime %q", req.ConfigValue.ValueString()), sentence(err.Error()))
	}
}

// moment accepts what parseMoment reads.
type moment struct{}

func (moment) Description(context.Context) string { return "an RFC 3339 time or a date" }

func (v moment) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (moment) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := parseMoment(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Malformed moment %q", req.ConfigValue.ValueString()), sentence(err.Error()))
	}
}

// checked accepts what its function accepts, and shows its error otherwise.
type checked struct {
	description string
	check       func(string) error
}

func (v checked) Description(context.Context) string { return v.description }

func (v checked) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v checked) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.Append(diag.NewAttributeErrorDiagnostic(req.Path, "Value outside the limits of AWS", sentence(err.Error())))
	}
}
