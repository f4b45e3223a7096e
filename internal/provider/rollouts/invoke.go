package rollouts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	actions "github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

var _ actions.ActionWithConfigure = (*invokeAction)(nil)

// tellEvery is how often a call that is under way is reported.
const tellEvery = 10 * time.Second

// NewInvoke returns layerbuild_invoke: the check of a roll-out's canary,
// whenever the user wants it.
func NewInvoke() actions.Action { return &invokeAction{} }

type invokeAction struct {
	tools *toolbox.Tools
}

type invokeModel struct {
	FunctionName types.String `tfsdk:"function_name"`
	Qualifier    types.String `tfsdk:"qualifier"`
	Region       types.String `tfsdk:"region"`
	Payload      types.String `tfsdk:"payload"`
	Expect       *expectModel `tfsdk:"expect"`
}

func (a *invokeAction) Metadata(_ context.Context, req actions.MetadataRequest, resp *actions.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_invoke"
}

func (a *invokeAction) Configure(_ context.Context, req actions.ConfigureRequest, resp *actions.ConfigureResponse) {
	a.tools = toolbox.From(req.ProviderData, &resp.Diagnostics)
}

func (a *invokeAction) Schema(_ context.Context, _ actions.SchemaRequest, resp *actions.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Invokes a function and compares its answer with `expect`, as the canary of a `layerbuild_rollout` (Terraform 1.14 and later). It changes nothing. An answer that differs is an error, with the end of the function's log.\n\n" +
			"Run it with `terraform apply -invoke=action.layerbuild_invoke.NAME`, or after a resource with `lifecycle { action_trigger { … } }`. It needs `lambda:InvokeFunction`." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"function_name": attributes.NeededText("Name of the function.", stringvalidator.LengthBetween(1, 140)),
			"qualifier": attributes.Text("A version or an alias of the function, such as `live`. Default: the unpublished state.",
				stringvalidator.LengthBetween(1, 128)),
			"region":  attributes.SomeText("Region of the function. Default: the provider's."),
			"payload": payloadAttribute(),
			"expect":  expectAttribute(),
		},
	}
}

// Invoke invokes the function and judges its answer.
func (a *invokeAction) Invoke(ctx context.Context, req actions.InvokeRequest, resp *actions.InvokeResponse) {
	var m invokeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	expected := m.Expect.expectation()
	if resp.Diagnostics.HasError() {
		return
	}
	publisher := a.tools.Reach(&resp.Diagnostics)
	if publisher == nil {
		return
	}
	functions, err := publisher.Functions(ctx, m.Region.ValueString())
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of("The functions cannot be reached", err))
		return
	}
	name := m.FunctionName.ValueString()
	if qualifier := m.Qualifier.ValueString(); qualifier != "" {
		name += ":" + qualifier
	}
	tell := func(text string) { resp.SendProgress(actions.InvokeProgressEvent{Message: text}) }
	answer, err := invokeAndTell(name, tell, func() (rollout.Answer, error) {
		return functions.Invoke(ctx, name, []byte(cmp.Or(m.Payload.ValueString(), "{}")))
	})
	if err != nil {
		resp.Diagnostics.Append(diagnoseInvocation(name, err))
		return
	}
	faults := expected.Judge(answer)
	if len(faults) == 0 {
		tell(fmt.Sprintf("%q answered as expected, after %d ms.", name, answer.Duration.Milliseconds()))
		return
	}
	detail := diagnostic.Sentence(strings.Join(faults, "; "))
	if answer.Log != "" {
		detail += "\n\nThe end of its log:\n" + answer.Log
	}
	attribute := "expect"
	if answer.Fault != "" || m.Expect == nil {
		attribute = "function_name"
	}
	resp.Diagnostics.Append(diagnostic.At(attribute, diag.NewErrorDiagnostic(fmt.Sprintf("Function %q did not answer as expected", name), detail)))
}

// invokeAndTell makes a call, and tells at its beginning and then every ten
// seconds that it is under way.
func invokeAndTell(name string, tell func(string), call func() (rollout.Answer, error)) (answer rollout.Answer, err error) {
	tell(fmt.Sprintf("Invoking %q.", name))
	began, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		answer, err = call()
	}()
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return answer, err
		case <-ticker.C:
			tell(fmt.Sprintf("%q has not answered yet, after %d s.", name, int(time.Since(began).Seconds())))
		}
	}
}

// diagnoseInvocation returns the diagnostic of a call that brought no answer.
func diagnoseInvocation(name string, err error) diag.Diagnostic {
	switch {
	case errors.Is(err, rollout.ErrNoFunction):
		return diagnostic.At("function_name", diag.NewErrorDiagnostic(fmt.Sprintf("There is no function %q", name),
			diagnostic.Sentence(err.Error())+" Check function_name, qualifier, the region and the account of the credentials."))
	case errors.Is(err, rollout.ErrLost):
		return diagnostic.At("function_name", diag.NewErrorDiagnostic(fmt.Sprintf("Function %q gave no answer", name),
			diagnostic.Sentence(err.Error())+" The function may have run. Look at its log before you invoke it again."))
	}
	return diagnostic.At("function_name", diagnostic.Of(fmt.Sprintf("Function %q cannot be invoked", name), err))
}
