package attributes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

var _ validator.String = choice{}

// choice accepts some values alone, and names the one that is meant by another.
type choice struct{ values []string }

// OneOf returns a validator that accepts the values.
func OneOf(values ...string) validator.String { return choice{values} }

func (v choice) Description(context.Context) string { return "one of " + diagnostic.Quoted(v.values) }

func (v choice) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v choice) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	written := req.ConfigValue.ValueString()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || slices.Contains(v.values, written) {
		return
	}
	summary, detail := fmt.Sprintf("%q is not a value of %s", shortened(written), req.Path), fmt.Sprintf("Write one of %s.", diagnostic.Quoted(v.values))
	if meant := v.meant(written); meant != "" {
		detail = fmt.Sprintf("Write %q. You wrote %q.", meant, shortened(written))
	}
	resp.Diagnostics.AddAttributeError(req.Path, summary, detail)
}

// meant returns the value that is written in another way, "" where none is near.
func (v choice) meant(written string) string {
	written = strings.ToLower(strings.TrimSpace(written))
	for _, name := range []string{written, otherNames()[written], "linux/" + written, "linux/" + dockerName(otherNames()[written])} {
		if slices.Contains(v.values, name) {
			return name
		}
	}
	best, least := "", 3
	for _, value := range v.values {
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
