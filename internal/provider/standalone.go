package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Built is a package that was built without Terraform.
type Built struct {
	Filename string `json:"filename"`
	SHA256   string `json:"sha256"`
	// SourceCodeHash is the SHA-256 in base64, as AWS reports it.
	SourceCodeHash string `json:"source_code_hash"`
	// Size and UnzippedSize are in bytes.
	Size         int64             `json:"size"`
	UnzippedSize int64             `json:"unzipped_size"`
	Contents     map[string]string `json:"contents"`
	// Lock is the recipe, JSON.
	Lock string `json:"-"`
	// Warnings are those of the plan, a text each.
	Warnings []string `json:"warnings,omitempty"`
}

// Build builds the package that a layerbuild_package with the arguments builds,
// by the same steps: what Terraform plans is what is returned. settings and
// arguments are as JSON has them. Phases are logged; received, unless it is nil, is
// told of the bytes of files that arrive.
func Build(ctx context.Context, version string, settings, arguments map[string]any, log *slog.Logger, received func(bytes int)) (*Built, error) {
	a, err := startAlone(ctx, version, settings, log, received)
	if err != nil {
		return nil, err
	}
	server, heard := a.server, &a.heard
	of := a.schemas.ResourceSchemas["layerbuild_package"].Block
	config, err := packBlock(of, arguments)
	if err != nil {
		return nil, err
	}
	validated, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: "layerbuild_package", Config: config})
	if err != nil {
		return nil, fmt.Errorf("checking the arguments: %w", err)
	}
	if err := heard.hear(validated.Diagnostics); err != nil {
		return nil, err
	}
	planned, err := planNew(ctx, server, of.ValueType(), config)
	if err != nil {
		return nil, err
	}
	if err := heard.hear(planned.Diagnostics); err != nil {
		return nil, err
	}
	built, err := unpackBuilt(of, planned.PlannedState)
	if err != nil {
		return nil, fmt.Errorf("reading the plan: %w", err)
	}
	built.Warnings = heard.warnings
	return built, nil
}

// alone is the provider as it works without Terraform.
type alone struct {
	provider *layerbuild
	server   tfprotov6.ProviderServer
	schemas  *tfprotov6.GetProviderSchemaResponse
	heard    verdict
}

// startAlone configures the provider with settings, which are as JSON has them.
func startAlone(ctx context.Context, version string, settings map[string]any, log *slog.Logger, received func(bytes int)) (*alone, error) {
	p := newProvider(version)
	p.log, p.received = slog.New(shownLog{log.Handler(), p.secrets}), received
	a := &alone{provider: p, server: newServer(p)}
	var err error
	if a.schemas, err = a.server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		return nil, fmt.Errorf("reading the schema of the provider: %w", err)
	}
	block, err := packBlock(a.schemas.Provider.Block, settings)
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	configured, err := a.server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: block})
	if err != nil {
		return nil, fmt.Errorf("configuring the provider: %w", err)
	}
	return a, a.heard.hear(configured.Diagnostics)
}

// planNew plans a package that does not exist yet.
func planNew(ctx context.Context, server tfprotov6.ProviderServer, of tftypes.Type, config *tfprotov6.DynamicValue) (*tfprotov6.PlanResourceChangeResponse, error) {
	prior, err := tfprotov6.NewDynamicValue(of, tftypes.NewValue(of, nil))
	if err != nil {
		return nil, fmt.Errorf("proposing the package: %w", err)
	}
	planned, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: "layerbuild_package", PriorState: &prior, ProposedNewState: config, Config: config,
	})
	if err != nil {
		return nil, fmt.Errorf("planning the package: %w", err)
	}
	return planned, nil
}

// verdict collects what the provider says.
type verdict struct{ warnings []string }

// hear returns the errors among the diagnostics and keeps the warnings.
func (v *verdict) hear(all []*tfprotov6.Diagnostic) error {
	var faults []string
	for _, d := range all {
		text := strings.TrimSpace(d.Summary + "\n" + d.Detail)
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			faults = append(faults, text)
		} else {
			v.warnings = append(v.warnings, text)
		}
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "\n\n"))
	}
	return nil
}

// unpackBuilt reads what was planned.
func unpackBuilt(of *tfprotov6.SchemaBlock, state *tfprotov6.DynamicValue) (*Built, error) {
	value, err := state.Unmarshal(of.ValueType())
	if err != nil {
		return nil, err
	}
	values, contents := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if err := value.As(&values); err != nil {
		return nil, err
	}
	b := &Built{Contents: map[string]string{}}
	var size, unzipped big.Float
	for name, to := range map[string]any{
		"filename": &b.Filename, "sha256": &b.SHA256, "source_code_hash": &b.SourceCodeHash, "lock": &b.Lock,
		"size": &size, "unzipped_size": &unzipped, "contents": &contents,
	} {
		if err := values[name].As(to); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	for name, v := range contents {
		var text string
		if err := v.As(&text); err != nil {
			return nil, fmt.Errorf("reading contents: %w", err)
		}
		b.Contents[name] = text
	}
	b.Size, _ = size.Int64()
	b.UnzippedSize, _ = unzipped.Int64()
	return b, nil
}

// shownLog hands lines on without the secrets that the provider knows.
type shownLog struct {
	slog.Handler
	secrets *secret.Keeper
}

// Handle writes a line.
func (h shownLog) Handle(ctx context.Context, r slog.Record) error {
	shown := slog.NewRecord(r.Time, r.Level, h.secrets.Show(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		shown.AddAttrs(slog.String(a.Key, h.secrets.Show(a.Value.Resolve().String())))
		return true
	})
	return h.Handler.Handle(ctx, shown)
}
