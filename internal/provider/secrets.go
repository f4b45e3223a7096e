package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// maxSecret is the length up to which a value is taken for a secret: longer ones
// are documents.
const maxSecret = 8 << 10

// learn makes known what the provider must not show: its sensitive arguments, and
// the variables of the environment whose names say that they are secrets.
func (p *layerbuild) learn(ctx context.Context, config tfsdk.Config) {
	sensitive := func(path *tftypes.AttributePath) bool {
		argument, err := config.Schema.AttributeAtTerraformPath(ctx, path)
		return err == nil && argument.IsSensitive()
	}
	// Walk returns what the function returns: no error.
	_ = tftypes.Walk(config.Raw, func(path *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		var text string
		if v.IsKnown() && !v.IsNull() && v.Type().Is(tftypes.String) && v.As(&text) == nil && len(text) <= maxSecret && sensitive(path) {
			p.secrets.Learn("", text)
		}
		return true, nil
	})
	if p.environ == nil {
		return
	}
	for _, variable := range p.environ() {
		if name, text, _ := strings.Cut(variable, "="); len(text) <= maxSecret && secret.NamesVariable(name) {
			p.secrets.Learn(name, text)
		}
	}
}
