// Package functions has the functions of the provider, which need no configuration:
// runtime, parse_layer_version_arn, layer_path and normalize_requirements.
package functions

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// textFunction is a function of texts whose answer needs nothing but its
// arguments.
type textFunction struct {
	name       string
	definition function.Definition
	// answer returns the value, or the number of the argument that is wrong
	// and what is wrong with it.
	answer func(arguments []string) (value attr.Value, wrong int, err error)
}

func (f *textFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f *textFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = f.definition
}

func (f *textFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	arguments := make([]string, len(f.definition.Parameters))
	targets := make([]any, len(arguments))
	for i := range arguments {
		targets[i] = &arguments[i]
	}
	if resp.Error = req.Arguments.Get(ctx, targets...); resp.Error != nil {
		return
	}
	value, wrong, err := f.answer(arguments)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(int64(wrong), diagnostic.Sentence(err.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, value)
}

func textParameter(name, description string) function.Parameter {
	return function.StringParameter{Name: name, MarkdownDescription: description}
}

// runtimeFacts are the attributes of what the function runtime returns.
var runtimeFacts = map[string]attr.Type{
	"id": types.StringType, "family": types.StringType, "language_version": types.StringType,
	"system": types.StringType, "glibc": types.StringType,
	"paths":      types.ListType{ElemType: types.StringType},
	"deprecated": types.StringType, "create_blocked": types.StringType, "update_blocked": types.StringType,
	"preview": types.BoolType,
}

// NewRuntime returns provider::layerbuild::runtime.
func NewRuntime() function.Function {
	return &textFunction{
		name: "runtime",
		definition: function.Definition{
			Summary:             "What is known of a Lambda runtime",
			MarkdownDescription: "Returns an object: `id`, `family` (`python`, `nodejs`, …), `language_version` (`3.12`, null for `provided`), `system` (`Amazon Linux 2023`), `glibc` (`2.34`), `paths` (where the runtime looks in a layer, in the order of search), `preview`, and the dates `deprecated`, `create_blocked` and `update_blocked` (null if AWS gives none).",
			Parameters:          []function.Parameter{textParameter("id", "Runtime id, such as `python3.12`.")},
			Return:              function.ObjectReturn{AttributeTypes: runtimeFacts},
		},
		answer: func(arguments []string) (attr.Value, int, error) {
			r, err := runtimes.Lookup(arguments[0])
			if err != nil {
				return nil, 0, err
			}
			return types.ObjectValueMust(runtimeFacts, map[string]attr.Value{
				"id": types.StringValue(r.ID), "family": types.StringValue(r.Family), "language_version": values.TextOrNull(r.Version),
				"system": types.StringValue(r.System), "glibc": types.StringValue(fmt.Sprintf("2.%d", r.Glibc)), "paths": values.ListOf(r.Paths),
				"deprecated": values.TextOrNull(r.Deprecated), "create_blocked": values.TextOrNull(r.CreateBlocked), "update_blocked": values.TextOrNull(r.UpdateBlocked),
				"preview": types.BoolValue(r.Preview),
			}), 0, nil
		},
	}
}

// arnParts are the attributes of what parse_layer_version_arn returns.
var arnParts = map[string]attr.Type{
	"partition": types.StringType, "region": types.StringType, "account_id": types.StringType,
	"layer_name": types.StringType, "layer_arn": types.StringType, "version": types.Int64Type,
}

// NewParseARN returns provider::layerbuild::parse_layer_version_arn.
func NewParseARN() function.Function {
	return &textFunction{
		name: "parse_layer_version_arn",
		definition: function.Definition{
			Summary:             "The parts of the ARN of a layer version",
			MarkdownDescription: "Returns an object: `partition`, `region`, `account_id`, `layer_name`, `layer_arn` (without the version) and `version` (a number).",
			Parameters:          []function.Parameter{textParameter("arn", "ARN of a layer version.")},
			Return:              function.ObjectReturn{AttributeTypes: arnParts},
		},
		answer: func(arguments []string) (attr.Value, int, error) {
			a, err := publish.ParseARN(arguments[0])
			if err != nil {
				return nil, 0, err
			}
			return types.ObjectValueMust(arnParts, map[string]attr.Value{
				"partition": types.StringValue(a.Partition), "region": types.StringValue(a.Region), "account_id": types.StringValue(a.AccountID),
				"layer_name": types.StringValue(a.Name), "layer_arn": types.StringValue(a.LayerARN()), "version": types.Int64Value(a.Number),
			}), 0, nil
		},
	}
}

// The kinds of layer_path.
const (
	kindPackages  = "packages"
	kindVersioned = "versioned_packages"
	kindPrograms  = "programs"
	kindLibraries = "libraries"
)

// NewLayerPath returns provider::layerbuild::layer_path.
func NewLayerPath() function.Function {
	return &textFunction{
		name: "layer_path",
		definition: function.Definition{
			Summary:             "Where files of a kind lie in a layer",
			MarkdownDescription: "Returns a path for `target`, such as `python` for the packages of `python3.12`. Kinds: `packages` (every version of the language finds them), `versioned_packages` (only this version: `python/lib/python3.12/site-packages`, `nodejs/node22/node_modules`), `programs` (`bin`) and `libraries` (`lib`).",
			Parameters: []function.Parameter{
				textParameter("runtime", "Runtime id, such as `python3.12`."),
				textParameter("kind", "`packages`, `versioned_packages`, `programs` or `libraries`."),
			},
			Return: function.StringReturn{},
		},
		answer: func(arguments []string) (attr.Value, int, error) {
			r, err := runtimes.Lookup(arguments[0])
			if err != nil {
				return nil, 0, err
			}
			where, err := layerPath(r, arguments[1])
			return types.StringValue(where), 1, err
		},
	}
}

// layerPath returns where files of a kind lie in a layer for a runtime.
func layerPath(r runtimes.Runtime, kind string) (string, error) {
	switch kind {
	case kindPrograms:
		return "bin", nil
	case kindLibraries:
		return "lib", nil
	case kindPackages, kindVersioned:
		versioned := func(path string) bool {
			return r.Version != "" && strings.Contains(path, strings.Split(r.Version, ".")[0])
		}
		for _, path := range r.Paths {
			if r.Family != runtimes.Provided && versioned(path) == (kind == kindVersioned) {
				return path, nil
			}
		}
		return "", fmt.Errorf("%s has no path for %s", r.ID, kind)
	}
	return "", fmt.Errorf("%q is not a kind of files: write one of %s", kind, strings.Join([]string{kindLibraries, kindPackages, kindPrograms, kindVersioned}, ", "))
}

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
