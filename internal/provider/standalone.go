package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"slices"
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
		return nil, fmt.Errorf("reading the arguments: %w", err)
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

// packBlock returns the value of a block with the given arguments; all others
// are null.
func packBlock(block *tfprotov6.SchemaBlock, given map[string]any) (*tfprotov6.DynamicValue, error) {
	whole := map[string]any{}
	maps.Copy(whole, given)
	for _, b := range block.BlockTypes { // one that is left out is empty
		if whole[b.TypeName] == nil {
			whole[b.TypeName] = []any{}
		}
	}
	value, err := packValue(block.ValueType(), whole, "")
	if err != nil {
		return nil, err
	}
	packed, err := tfprotov6.NewDynamicValue(block.ValueType(), value)
	return &packed, err
}

// packValue returns a value of JSON as one of the type. at names it in errors.
func packValue(typ tftypes.Type, v any, at string) (tftypes.Value, error) {
	if v == nil {
		return tftypes.NewValue(typ, nil), nil
	}
	wrong := func(want string) (tftypes.Value, error) {
		return tftypes.Value{}, fmt.Errorf("%s is %T, want %s", strings.TrimPrefix(at, "."), v, want)
	}
	switch of := typ.(type) {
	case tftypes.List:
		return packList(typ, of.ElementType, v, at)
	case tftypes.Set:
		return packList(typ, of.ElementType, v, at)
	case tftypes.Map:
		members, ok := v.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		values := map[string]tftypes.Value{}
		for name, member := range members {
			value, err := packValue(of.ElementType, member, at+"."+name)
			if err != nil {
				return tftypes.Value{}, err
			}
			values[name] = value
		}
		return tftypes.NewValue(typ, values), nil
	case tftypes.Object:
		return packObject(of, v, at)
	}
	switch x := v.(type) {
	case string:
		if typ.Is(tftypes.String) {
			return tftypes.NewValue(typ, x), nil
		}
	case bool:
		if typ.Is(tftypes.Bool) {
			return tftypes.NewValue(typ, x), nil
		}
	case json.Number:
		if n, ok := new(big.Float).SetString(x.String()); ok && typ.Is(tftypes.Number) {
			return tftypes.NewValue(typ, n), nil
		}
	}
	return wrong(typ.String())
}

func packList(typ, element tftypes.Type, v any, at string) (tftypes.Value, error) {
	list, ok := v.([]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%s is %T, want a list", strings.TrimPrefix(at, "."), v)
	}
	values := []tftypes.Value{}
	for i, member := range list {
		value, err := packValue(element, member, fmt.Sprintf("%s[%d]", at, i))
		if err != nil {
			return tftypes.Value{}, err
		}
		values = append(values, value)
	}
	return tftypes.NewValue(typ, values), nil
}

func packObject(of tftypes.Object, v any, at string) (tftypes.Value, error) {
	members, ok := v.(map[string]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%s is %T, want an object", strings.TrimPrefix(at, "."), v)
	}
	values := map[string]tftypes.Value{}
	for name, typ := range of.AttributeTypes {
		value, err := packValue(typ, members[name], at+"."+name)
		if err != nil {
			return tftypes.Value{}, err
		}
		values[name] = value
	}
	var unknown []string
	for name := range members {
		if _, known := of.AttributeTypes[name]; !known {
			unknown = append(unknown, strings.TrimPrefix(at+"."+name, "."))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return tftypes.Value{}, fmt.Errorf("there is no argument %s", strings.Join(unknown, ", "))
	}
	return tftypes.NewValue(of, values), nil
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
