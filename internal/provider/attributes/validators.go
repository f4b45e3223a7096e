package attributes

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var _ validator.String = rule{}

// rule accepts a text in which judge finds no fault.
type rule struct {
	accepts string // such as "a layer name"
	judge   func(at path.Path, written string) *fault.Error
}

func (v rule) Description(context.Context) string { return v.accepts }

func (v rule) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v rule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if found := v.judge(req.Path, req.ConfigValue.ValueString()); found != nil {
		resp.Diagnostics.AddAttributeError(req.Path, found.Summary, found.Detail)
	}
}

// Checked returns a validator that accepts a text in which judge finds no fault. The
// description says what is accepted, such as "a layer name".
func Checked(accepts string, judge func(written string) *fault.Error) validator.String {
	return rule{accepts, func(_ path.Path, written string) *fault.Error { return judge(written) }}
}

// Refused returns the fault of an error, nil for none.
func Refused(summary string, err error) *fault.Error {
	if err == nil {
		return nil
	}
	return &fault.Error{Summary: summary, Detail: diagnostic.Sentence(err.Error())}
}

// Limited returns a validator of what AWS limits: it accepts what check does.
func Limited(accepts string, check func(string) error) validator.String {
	return Checked(accepts, func(written string) *fault.Error { return Refused("Value outside the limits of AWS", check(written)) })
}

// Parsed returns a validator that accepts what parse reads.
func Parsed[T any](accepts, summary string, parse func(string) (T, error)) validator.String {
	return Checked(accepts, func(written string) *fault.Error {
		_, err := parse(written)
		return Refused(summary, err)
	})
}

// RuntimeID returns a validator that accepts the ids of Lambda's runtimes.
func RuntimeID() validator.String {
	return Checked("the id of a Lambda runtime", func(id string) *fault.Error {
		_, err := runtimes.Lookup(id)
		return Refused(fmt.Sprintf("Unknown runtime %q", id), err)
	})
}

// Moment returns a validator that accepts what values.ParseMoment reads.
func Moment() validator.String {
	return Checked("an RFC 3339 time or a date", func(text string) *fault.Error {
		_, err := values.ParseMoment(text)
		return Refused(fmt.Sprintf("Malformed moment %q", text), err)
	})
}

var (
	dottedName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)
	entryName  = regexp.MustCompile(`^(@[\w.~-]+/[\w.~-]+|[\w~-][\w.~-]*)(/[^\s]+)?$|^node:[\w/]+$`)
)

// ModuleName returns a validator that accepts the dotted names that code of Python imports.
func ModuleName() validator.String {
	return matching(dottedName, "a name that code imports",
		"Write a module as code imports it, such as \"yaml\" or \"google.cloud.storage\", or a class or function of one, such as \"aws_lambda_powertools.Tracer\". It is not the name of the distribution.")
}

// PackageEntry returns a validator that accepts what code of Node.js loads.
func PackageEntry() validator.String {
	return matching(entryName, "a name that code loads", "Write a module as code loads it, such as \"axios\" or \"lodash/fp\", without its version.")
}

// matching returns a validator that accepts the names of a pattern.
func matching(pattern *regexp.Regexp, what, detail string) validator.String {
	return Checked(what, func(name string) *fault.Error {
		if pattern.MatchString(name) {
			return nil
		}
		return &fault.Error{Summary: fmt.Sprintf("Malformed name %q", name), Detail: detail}
	})
}

// OneOf returns a validator that accepts the values alone, and names the one that is
// meant by another.
func OneOf(values ...string) validator.String {
	return rule{"one of " + diagnostic.Quoted(values), func(at path.Path, written string) *fault.Error {
		if slices.Contains(values, written) {
			return nil
		}
		detail := fmt.Sprintf("Write one of %s.", diagnostic.Quoted(values))
		if meant := meantBy(written, values); meant != "" {
			detail = fmt.Sprintf("Write %q. You wrote %q.", meant, shortened(written))
		}
		return &fault.Error{Summary: fmt.Sprintf("%q is not a value of %s", shortened(written), at), Detail: detail}
	}}
}

// meantBy returns the value that is written in another way, "" where none is near.
func meantBy(written string, values []string) string {
	written = strings.ToLower(strings.TrimSpace(written))
	for _, name := range []string{written, otherNames()[written], "linux/" + written, "linux/" + dockerName(otherNames()[written])} {
		if slices.Contains(values, name) {
			return name
		}
	}
	best, least := "", 3
	for _, value := range values {
		if d := runtimes.Distance(written, strings.ToLower(value)); d < least && d < len(value) {
			best, least = value, d
		}
	}
	return best
}

// Validated reports whether an argument's own validator names its fault, so that
// one mistake is not told of twice.
func Validated(at fault.Path) bool {
	for _, step := range slices.Backward(at.Steps()) {
		if step.Kind == fault.Argument {
			return slices.Contains([]string{"runtimes", "architectures", "architecture", "kind", "platform", "prune", "symlinks"}, step.Name)
		}
	}
	return false
}

// otherNames are what other tools call the architectures of Lambda.
func otherNames() map[string]string {
	return map[string]string{
		"amd64": runtimes.X8664, "x64": runtimes.X8664, "x86-64": runtimes.X8664, "x86": runtimes.X8664, "intel": runtimes.X8664, "x86_64": runtimes.X8664,
		"aarch64": runtimes.ARM64, "arm": runtimes.ARM64, "arm64v8": runtimes.ARM64, "armv8": runtimes.ARM64, "graviton": runtimes.ARM64, "arm64": runtimes.ARM64,
		"linux/amd64": runtimes.X8664, "linux/arm64": runtimes.ARM64, "linux/arm64/v8": runtimes.ARM64,
	}
}

// dockerName is what container platforms call an architecture.
func dockerName(architecture string) string {
	if architecture == runtimes.X8664 {
		return "amd64"
	}
	return architecture
}

// shortened cuts a value for a message.
func shortened(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

var _ validator.Object = someArgument{}

// NestedNote stands at the top of the page of a resource.
const NestedNote = "\n\n**Names inside `{ }`.** Terraform drops names that it does not know inside `{ }` and gives no error. Check their spelling. An object in which no argument is left is an error."

// someArgument refuses an object without any argument. Every nested object of
// every schema has it: `checks = { sizes = "off" }` arrives here as {}, and
// would mean nothing.
type someArgument struct{}

func (someArgument) Description(context.Context) string { return "at least one argument" }

func (v someArgument) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (someArgument) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || HasArgument(req.ConfigValue) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("No argument in %s", req.Path), fault.DroppedNames+" Write an argument that it has, or drop it.")
}

// HasArgument reports whether any argument of an object is not null.
func HasArgument(object types.Object) bool {
	for _, value := range object.Attributes() {
		if !value.IsNull() {
			return true
		}
	}
	return false
}

// Nested is what the object of a single nested attribute is checked for, besides
// its arguments.
func Nested(more ...validator.Object) []validator.Object {
	return append([]validator.Object{someArgument{}}, more...)
}
