package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// logger writes to the log of the Terraform run that the context of a line
// belongs to. Terraform chooses the level by TF_LOG.
func logger() *slog.Logger { return slog.New(logHandler{}) }

// logHandler hands lines to Terraform's log.
type logHandler struct{ attributes []slog.Attr }

// Enabled leaves the choice to Terraform.
func (logHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle writes a line.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	fields := map[string]any{}
	keep := func(a slog.Attr) bool {
		fields[a.Key] = a.Value.Resolve().String()
		return true
	}
	for _, a := range h.attributes {
		keep(a)
	}
	r.Attrs(keep)
	switch {
	case r.Level >= slog.LevelWarn:
		tflog.Warn(ctx, r.Message, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(ctx, r.Message, fields)
	default:
		tflog.Debug(ctx, r.Message, fields)
	}
	return nil
}

// WithAttrs adds attributes to every line.
func (h logHandler) WithAttrs(more []slog.Attr) slog.Handler {
	return logHandler{append(append([]slog.Attr{}, h.attributes...), more...)}
}

// WithGroup is not used here: names of attributes stay as they are.
func (h logHandler) WithGroup(string) slog.Handler { return h }
