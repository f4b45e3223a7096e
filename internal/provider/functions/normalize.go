package functions

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// normalizeFunction is provider::layerbuild::normalize_requirements.
type normalizeFunction struct{}

// NewNormalize returns it.
func NewNormalize() function.Function { return normalizeFunction{} }

func (normalizeFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "normalize_requirements"
}

func (normalizeFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Python requirements in one spelling",
		MarkdownDescription: "Returns requirements (PEP 508) in their canonical spelling, sorted and each once: names in lower case with `-`, extras and specifiers sorted. `Requests [Socks] >= 2, <3` becomes `requests[socks]<3,>=2`. Use it to combine lists of several teams, and to compare them.",
		Parameters: []function.Parameter{function.ListParameter{
			Name: "requirements", ElementType: types.StringType, MarkdownDescription: "Requirements, such as `[\"requests>=2\", \"idna==3.7\"]`.",
		}},
		Return: function.ListReturn{ElementType: types.StringType},
	}
}

func (normalizeFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var given []*string
	if resp.Error = req.Arguments.Get(ctx, &given); resp.Error != nil {
		return
	}
	var requirements []string
	for i, text := range given {
		if text == nil {
			resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("requirements[%d] is null: leave it out, as compact() does", i))
			return
		}
		requirements = append(requirements, *text)
	}
	all, err := layer.NormalizeRequirements(requirements)
	if err != nil {
		var texts []string
		for _, found := range fault.All(err) {
			texts = append(texts, found.At.String()+": "+found.Summary+". "+found.Detail)
		}
		resp.Error = function.NewArgumentFuncError(0, strings.Join(texts, "\n"))
		return
	}
	resp.Error = resp.Result.Set(ctx, all)
}
