package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

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
