package attributes

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// TestValuesInOtherWords names the value that is meant.
func TestValuesInOtherWords(t *testing.T) {
	t.Parallel()
	architectures, platforms, presets := OneOf(runtimes.Architectures()...), OneOf("linux/amd64", "linux/arm64"), OneOf(layer.Presets()...)
	for _, c := range []struct {
		of            validator.String
		written, want string
	}{
		{architectures, "amd64", `Write "x86_64". You wrote "amd64".`},
		{architectures, "aarch64", `Write "arm64".`},
		{architectures, "arm", `Write "arm64".`},
		{architectures, "X86_64", `Write "x86_64".`},
		{architectures, "linux/arm64/v8", `Write "arm64".`},
		{architectures, "riscv64", `Write one of "x86_64", "arm64".`},
		{platforms, "x86_64", `Write "linux/amd64".`},
		{platforms, "arm64", `Write "linux/arm64".`},
		{presets, "test", `Write "tests".`},
		{presets, "sourcemaps", `Write "source_maps".`},
		{presets, "everything", `Write one of "tests"`},
		{OneOf("delete", "retain"), "Retain", `Write "retain".`},
		{OneOf("a"), strings.Repeat("x", 1000), `Write one of "a".`},
		{architectures, "arm64", ""},
	} {
		var resp validator.StringResponse
		c.of.ValidateString(t.Context(), validator.StringRequest{ConfigValue: types.StringValue(c.written)}, &resp)
		if got := textOf(resp); c.want == "" && got != "" || !strings.Contains(got, c.want) || len(got) > 300 {
			t.Errorf("%s: %q, want %q", c.written, got, c.want)
		}
	}
}

func textOf(resp validator.StringResponse) string {
	text := ""
	for _, d := range resp.Diagnostics {
		text += d.Summary() + ": " + d.Detail()
	}
	return text
}
