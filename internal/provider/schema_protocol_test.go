package provider

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// protocol speaks to a provider as a CLI does, without one: requests are built
// from the schemas, so that thousands of configurations take seconds.
type protocol struct {
	testing.TB
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

func newProtocol(t testing.TB, env map[string]string) *protocol {
	t.Helper()
	p := &layerbuild{version: "test", getenv: func(name string) string { return env[name] }, now: func() time.Time { return now }}
	server := newServer(p)
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return &protocol{t, server, schemas}
}

// said is what the provider said of a configuration.
type said []*tfprotov6.Diagnostic

func (s said) failed() bool {
	for _, d := range s {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

func (s said) String() string {
	var b strings.Builder
	for _, d := range s {
		fmt.Fprintf(&b, "%s: %s\n%s\n", d.Severity, d.Summary, d.Detail)
	}
	return b.String()
}

// blames matches what no message may say: a user can act on none of it.
var blames = regexp.MustCompile(`(?i)report (this|the following|it)|please report|(bug|fault|error) (in|of) the provider|value conversion|unexpected error|panic`)

func (p *protocol) packed(v tftypes.Value) *tfprotov6.DynamicValue {
	p.Helper()
	d, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		p.Fatal(err)
	}
	return &d
}

// configure gives the provider its block; nothing is configured where it is
// refused.
func (p *protocol) configure(config tftypes.Value) said {
	p.Helper()
	validated, err := p.server.ValidateProviderConfig(p.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	all := said(validated.Diagnostics)
	if all.failed() {
		return all
	}
	configured, err := p.server.ConfigureProvider(p.Context(), &tfprotov6.ConfigureProviderRequest{Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	return append(all, configured.Diagnostics...)
}

// instance is what a state has of a resource.
type instance struct {
	value   tftypes.Value
	private []byte
	*tfprotov6.ResourceIdentityData
}

// plan validates and plans a resource. The planned value is null where it was
// refused.
func (p *protocol) plan(name string, prior instance, config tftypes.Value) (tftypes.Value, []byte, said) {
	p.Helper()
	none := tftypes.NewValue(config.Type(), nil)
	validated, err := p.server.ValidateResourceConfig(p.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	all := said(validated.Diagnostics)
	if all.failed() {
		return none, nil, all
	}
	if prior.value.Type() == nil {
		prior.value = none
	}
	proposed := proposal(p.schemas.ResourceSchemas[name].Block, prior.value, config)
	planned, err := p.server.PlanResourceChange(p.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: p.packed(prior.value), ProposedNewState: p.packed(proposed), Config: p.packed(config), PriorPrivate: prior.private,
	})
	if err != nil {
		p.Fatal(err)
	}
	all = append(all, planned.Diagnostics...)
	if all.failed() {
		return none, nil, all
	}
	value, err := planned.PlannedState.Unmarshal(config.Type())
	if err != nil {
		p.Fatal(err)
	}
	return value, planned.PlannedPrivate, all
}

// apply makes what was planned.
func (p *protocol) apply(name string, config tftypes.Value) instance {
	p.Helper()
	planned, private, found := p.plan(name, instance{}, config)
	if found.failed() {
		p.Fatalf("planning %s: %s", name, found)
	}
	made, err := p.server.ApplyResourceChange(p.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: p.packed(tftypes.NewValue(config.Type(), nil)), PlannedState: p.packed(planned), Config: p.packed(config), PlannedPrivate: private,
	})
	if err != nil {
		p.Fatal(err)
	}
	if said(made.Diagnostics).failed() {
		p.Fatalf("applying %s: %s", name, said(made.Diagnostics))
	}
	value, err := made.NewState.Unmarshal(config.Type())
	if err != nil {
		p.Fatal(err)
	}
	return instance{value: value, private: made.Private}
}

// refresh reads a resource.
func (p *protocol) refresh(name string, of instance) (tftypes.Value, said) {
	p.Helper()
	read, err := p.server.ReadResource(p.Context(), &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: p.packed(of.value), Private: of.private})
	if err != nil {
		p.Fatal(err)
	}
	if said(read.Diagnostics).failed() {
		return tftypes.Value{}, read.Diagnostics
	}
	value, err := read.NewState.Unmarshal(of.value.Type())
	if err != nil {
		p.Fatal(err)
	}
	return value, read.Diagnostics
}

// data validates a data source, and reads it where that may be.
func (p *protocol) data(name string, config tftypes.Value, read bool, capabilities *tfprotov6.ReadDataSourceClientCapabilities) (*tfprotov6.ReadDataSourceResponse, said) {
	p.Helper()
	validated, err := p.server.ValidateDataResourceConfig(p.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	all := said(validated.Diagnostics)
	if all.failed() || !read {
		return nil, all
	}
	response, err := p.server.ReadDataSource(p.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: p.packed(config), ClientCapabilities: capabilities})
	if err != nil {
		p.Fatal(err)
	}
	return response, append(all, response.Diagnostics...)
}

// act validates and plans an action, and runs it where that may be. It returns
// what the action told on the way.
func (p *protocol) act(name string, config tftypes.Value, run bool) (told []string, all said) {
	p.Helper()
	server := p.server.(tfprotov6.ActionServer)
	validated, err := server.ValidateActionConfig(p.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	if all = validated.Diagnostics; all.failed() {
		return nil, all
	}
	planned, err := server.PlanAction(p.Context(), &tfprotov6.PlanActionRequest{ActionType: name, Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	if all = append(all, planned.Diagnostics...); all.failed() || !run {
		return nil, all
	}
	stream, err := server.InvokeAction(p.Context(), &tfprotov6.InvokeActionRequest{ActionType: name, Config: p.packed(config)})
	if err != nil {
		p.Fatal(err)
	}
	for event := range stream.Events {
		switch kind := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			told = append(told, kind.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			all = append(all, kind.Diagnostics...)
		}
	}
	return told, all
}

// proposal merges configuration and prior state as a CLI does: what the
// configuration leaves to the provider is as it was, or unknown.
func proposal(block *tfprotov6.SchemaBlock, prior, config tftypes.Value) tftypes.Value {
	given, had := fields(config), map[string]tftypes.Value{}
	if !prior.IsNull() {
		had = fields(prior)
	}
	for _, a := range block.Attributes {
		if !a.Computed || !given[a.Name].IsNull() {
			continue
		}
		if before, ok := had[a.Name]; ok {
			given[a.Name] = before
		} else {
			given[a.Name] = tftypes.NewValue(a.ValueType(), tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(config.Type(), given)
}

// fields returns the arguments of an object, a copy.
func fields(object tftypes.Value) map[string]tftypes.Value {
	var parts map[string]tftypes.Value
	if err := object.As(&parts); err != nil {
		panic(err)
	}
	return maps.Clone(parts)
}

// blockOf returns an object of the block in which all is null but what is given.
func blockOf(block *tfprotov6.SchemaBlock, given map[string]tftypes.Value) tftypes.Value {
	typ, ok := block.ValueType().(tftypes.Object)
	if !ok {
		panic("a block is not an object")
	}
	all := map[string]tftypes.Value{}
	for name, of := range typ.AttributeTypes {
		all[name] = tftypes.NewValue(of, nil)
	}
	for _, b := range block.BlockTypes { // one that is left out is empty
		all[b.TypeName] = tftypes.NewValue(b.ValueType(), []tftypes.Value{})
	}
	maps.Copy(all, given)
	return tftypes.NewValue(typ, all)
}

// The values of tests.
func str(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

func strs(values ...string) tftypes.Value {
	var all []tftypes.Value
	for _, v := range values {
		all = append(all, str(v))
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, all)
}
