package provider

import (
	"context"
	"log/slog"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflog"

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

// logger writes to the log of the Terraform run that the context of a line
// belongs to. Terraform chooses the level by TF_LOG.
func logger(secrets *secret.Keeper) *slog.Logger { return slog.New(logHandler{secrets: secrets}) }

// logHandler hands lines to Terraform's log.
type logHandler struct {
	secrets    *secret.Keeper
	attributes []slog.Attr
}

// Enabled leaves the choice to Terraform.
func (logHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle writes a line.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	fields := map[string]any{}
	keep := func(a slog.Attr) bool {
		fields[a.Key] = h.secrets.Show(a.Value.Resolve().String())
		return true
	}
	for _, a := range h.attributes {
		keep(a)
	}
	r.Attrs(keep)
	text := h.secrets.Show(r.Message)
	switch {
	case r.Level >= slog.LevelWarn:
		tflog.Warn(ctx, text, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(ctx, text, fields)
	default:
		tflog.Debug(ctx, text, fields)
	}
	return nil
}

// WithAttrs adds attributes to every line.
func (h logHandler) WithAttrs(more []slog.Attr) slog.Handler {
	return logHandler{h.secrets, append(append([]slog.Attr{}, h.attributes...), more...)}
}

// WithGroup is not used here: names of attributes stay as they are.
func (h logHandler) WithGroup(string) slog.Handler { return h }
