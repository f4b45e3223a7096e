package rollouts

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

const (
	// onFailureRollback and onFailureStop are the values of on_failure.
	onFailureRollback = "rollback"
	onFailureStop     = "stop"
	defaultBatchSize  = 10
)

func (r *rolloutResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Moves functions to a layer version, one function (the canary) first. The canary gets the version and is invoked, and its answer is compared with `expect`. The other functions move only after that.\n\n" +
			"Use `arn` for the functions of the same configuration: `aws_lambda_function.layers = [layerbuild_rollout.deps.arn]`. They move in the same apply, after the canary passes. If the canary fails, they do not move. `functions`, `tags` and `all_using_layer` are for functions that Terraform does not manage here.\n\n" +
			"Only the version of this layer changes. The other layers of a function and their order stay. A function without the layer gets it as its last one. Destroying this resource changes no function." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"version_arn": attributes.NeededText("ARN of the layer version that the functions get, such as `layerbuild_version.deps.arn`. The functions are those of the region of this version.",
				versionARN()),
			"canary":          canaryAttribute(),
			"functions":       functionsAttribute(),
			"all_using_layer": attributes.Flag("Move every function of the account and region that has a version of the layer."),
			"tags": attributes.TextMap("Move every function of the account and region that has all these tags. Each plan reads the tags of every function, so prefer `functions` in large accounts.",
				mapvalidator.SizeAtLeast(1)),
			"batch_size": schema.Int64Attribute{
				CustomType:          attributes.WholeNumber{},
				MarkdownDescription: "How many functions move at the same time. The next batch begins when Lambda has finished the current one. The default is 10.",
				Optional:            true, Computed: true,
				Default:    int64default.StaticInt64(defaultBatchSize),
				Validators: []validator.Int64{int64validator.Between(1, 100)},
			},
			"on_failure": schema.StringAttribute{
				MarkdownDescription: "`rollback` (default) restores the former version of the functions that have moved. `stop` leaves them on the new one.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(onFailureRollback),
				Validators: []validator.String{attributes.OneOf(onFailureRollback, onFailureStop)},
			},
			"publish": schema.BoolAttribute{
				MarkdownDescription: "Publish a version of each function after it has moved, of the canary after it has passed. The default is `false`.",
				Optional:            true, Computed: true,
				Default: booldefault.StaticBool(false),
			},
			"alias":             aliasAttribute(),
			"arn":               attributes.ComputedText("ARN of the layer version that passed the canary. It equals `version_arn` after each apply that succeeded."),
			"id":                attributes.ComputedText("The same as `arn`."),
			"account_id":        attributes.ComputedText("The account of the functions."),
			"function_versions": attributes.ComputedMap(types.Int64Type, "The version of the layer that each moved function has, by function name. A plan shows the current and the new version of each function. The canary is listed if it is one of them."),
			"timeouts":          attributes.Timeouts(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

func functionsAttribute() schema.Attribute {
	return attributes.Texts("Names or ARNs of the functions to move. If Terraform manages such a function, the function needs `lifecycle { ignore_changes = [layers] }`. If the same apply creates it, write its ARN: a name that does not exist yet is an error at plan.",
		listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(attributes.Limited("a function", publish.CheckFunction)))
}

func canaryAttribute() schema.Attribute {
	return attributes.Object("The function that gets the version first. Without `functions`, `tags` and `all_using_layer`, the canary only decides whether `arn` changes.\n\n"+
		"  A canary that already has the version is only invoked. An example is a function that Terraform manages with `layers = [layerbuild_version.deps.arn]`.", map[string]schema.Attribute{
		"function_name": attributes.NeededText("Name or ARN of the function.", attributes.Limited("a function", publish.CheckFunction)),
		"payload":       payloadAttribute(),
		"expect":        expectAttribute(),
	})
}

func payloadAttribute() schema.Attribute {
	return attributes.Text("The event for the invocation, as JSON. The default is `{}`.", attributes.Checked("JSON", func(text string) *fault.Error {
		if json.Valid([]byte(text)) {
			return nil
		}
		return &fault.Error{Summary: "The payload is not JSON", Detail: "Lambda takes JSON as the event: write jsonencode({ … })."}
	}))
}

func expectAttribute() schema.Attribute {
	return attributes.Object("The expected answer. The invocation must always end without an error.", map[string]schema.Attribute{
		"status_code":     attributes.Number("The `statusCode` of the answer.", int64validator.Between(100, 599)),
		"json":            attributes.TextMap("Expected values in the answer, by path. A path is member names and list indexes with dots between them. A string that holds JSON is read as JSON: `\"body.success\" = \"true\"`."),
		"max_duration_ms": attributes.Number("The longest time that the handler may run, in milliseconds.", int64validator.AtLeast(1)),
	})
}

func aliasAttribute() schema.Attribute {
	return attributes.Object("An alias of each function that follows to the published version. It needs `publish = true`.", map[string]schema.Attribute{
		"name": attributes.NeededText("Name of the alias, such as `live`.", stringvalidator.LengthBetween(1, 128)),
		"steps": schema.ListAttribute{
			MarkdownDescription: "Percentages of calls that go to the new version, one step after the other, such as `[10, 50]`. The last step is always 100. If unset, the alias moves at once.",
			ElementType:         attributes.WholeNumber{}, Optional: true,
			Validators: []validator.List{
				listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), listvalidator.ValueInt64sAre(int64validator.Between(1, 100)), growingValidator{},
			},
		},
		"pause_seconds": attributes.Number("How long each step before the last one lasts, in seconds. The default is 60.", int64validator.Between(0, 3600)),
	})
}

// versionARN accepts the ARN of a layer version.
func versionARN() validator.String {
	return attributes.Parsed("ARN of a layer version", "Not the ARN of a layer version", publish.ParseARN)
}

// growingValidator wants numbers that grow.
type growingValidator struct{}

func (growingValidator) Description(context.Context) string { return "growing numbers" }

func (v growingValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (growingValidator) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	last := int64(0)
	for _, element := range req.ConfigValue.Elements() {
		n, ok := element.(types.Int64)
		if !ok || n.IsNull() || n.IsUnknown() {
			return
		}
		if n.ValueInt64() <= last {
			resp.Diagnostics.AddAttributeError(req.Path, "Steps do not grow", fmt.Sprintf("%d follows %d: write growing percentages, such as [10, 50].", n.ValueInt64(), last))
			return
		}
		last = n.ValueInt64()
	}
}
