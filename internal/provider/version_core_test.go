package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// core does with one resource what Terraform does, and holds the provider to what
// Terraform holds it to, without a process for each step.
type core struct {
	resource string // its type
	server   func() (tfprotov6.ProviderServer, error)
	// settings are the provider's arguments, block those of its endpoints.
	settings, endpoints map[string]tftypes.Value

	schema  *tfprotov6.Schema
	state   tftypes.Value
	private []byte
	tainted bool
	// destroyed counts how often the resource was destroyed.
	destroyed int
	// noRefresh is set for -refresh=false.
	noRefresh bool
	// warnings are those of the last step.
	warnings []string
}

// newCore returns a core for the provider of a world, with credentials whose
// access key is key: see lambdatest for the account that it stands for.
func newCore(w *world, key string) *core {
	w.Helper()
	c := &core{resource: "layerbuild_version", server: w.providers()["layerbuild"], endpoints: map[string]tftypes.Value{}}
	c.login(key)
	for _, service := range []string{"lambda", "s3", "ssm", "sts", "signer"} {
		c.endpoints[service] = textValue(w.aws.URL())
	}
	if _, err := c.start(w.Context()); err != nil {
		w.Fatal(err)
	}
	return c
}

// login has the next steps use other credentials.
func (c *core) login(key string) {
	c.settings = map[string]tftypes.Value{
		"region": textValue(region), "access_key": textValue(key), "secret_key": textValue("not-a-secret"), "skip_metadata_api_check": textValue("true"),
	}
}

func textValue(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// failure is what a provider said.
type failure struct{ text string }

func (e *failure) Error() string { return e.text }

func (c *core) kind() tftypes.Object { return c.schema.ValueType().(tftypes.Object) }

// start configures a new provider, as every command does.
func (c *core) start(ctx context.Context) (tfprotov6.ProviderServer, error) {
	server, err := c.server()
	if err != nil {
		return nil, err
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	if c.schema == nil {
		c.schema = schemas.ResourceSchemas[c.resource]
		c.state = tftypes.NewValue(c.kind(), nil)
	}
	kind := schemas.Provider.ValueType().(tftypes.Object)
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
		if list, ok := attribute.(tftypes.List); ok {
			values[name] = tftypes.NewValue(list, []tftypes.Value{})
		}
	}
	maps.Copy(values, c.settings)
	block := kind.AttributeTypes["endpoints"].(tftypes.Set)
	endpoints := map[string]tftypes.Value{}
	for name, attribute := range block.ElementType.(tftypes.Object).AttributeTypes {
		endpoints[name] = tftypes.NewValue(attribute, nil)
	}
	maps.Copy(endpoints, c.endpoints)
	values["endpoints"] = tftypes.NewValue(block, []tftypes.Value{tftypes.NewValue(block.ElementType, endpoints)})
	config, err := dynamic(tftypes.NewValue(kind, values))
	if err != nil {
		return nil, err
	}
	answer, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: config})
	if err != nil {
		return nil, err
	}
	return server, c.judge(answer.Diagnostics)
}

func dynamic(v tftypes.Value) (*tfprotov6.DynamicValue, error) {
	d, err := tfprotov6.NewDynamicValue(v.Type(), v)
	return &d, err
}

// judge keeps the warnings and returns the errors.
func (c *core) judge(diags []*tfprotov6.Diagnostic) error {
	var errs []error
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			errs = append(errs, &failure{d.Summary + ": " + d.Detail})
		} else {
			c.warnings = append(c.warnings, d.Summary)
		}
	}
	return errors.Join(errs...)
}

// refresh reads the state anew.
func (c *core) refresh(ctx context.Context, server tfprotov6.ProviderServer) error {
	if c.state.IsNull() || c.noRefresh {
		return nil
	}
	current, err := dynamic(c.state)
	if err != nil {
		return err
	}
	answer, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: c.resource, CurrentState: current, Private: c.private})
	if err != nil {
		return err
	}
	if err := c.judge(answer.Diagnostics); err != nil {
		return err
	}
	if c.state, err = answer.NewState.Unmarshal(c.kind()); err != nil {
		return err
	}
	if !c.state.IsFullyKnown() {
		return errors.New("inconsistent: the state after a refresh is not known")
	}
	c.private = answer.Private
	return nil
}

// attributes returns an object's attributes, nulls for null.
func (c *core) attributes(v tftypes.Value) (map[string]tftypes.Value, error) {
	values := map[string]tftypes.Value{}
	if v.IsNull() {
		for name, kind := range c.kind().AttributeTypes {
			values[name] = tftypes.NewValue(kind, nil)
		}
		return values, nil
	}
	err := v.As(&values)
	return maps.Clone(values), err
}

// propose returns what Terraform proposes: the configuration, and what the
// provider decides as it was.
func (c *core) propose(prior, config tftypes.Value) (tftypes.Value, error) {
	was, err := c.attributes(prior)
	if err != nil {
		return prior, err
	}
	values, err := c.attributes(config)
	if err != nil {
		return prior, err
	}
	for _, attribute := range c.schema.Block.Attributes {
		if attribute.Computed && values[attribute.Name].IsNull() {
			values[attribute.Name] = was[attribute.Name]
		}
	}
	return tftypes.NewValue(c.kind(), values), nil
}

// plannedChange is the answer to a plan.
type plannedChange struct {
	value   tftypes.Value
	private []byte
	replace bool
}

func (c *core) plan(ctx context.Context, server tfprotov6.ProviderServer, prior, config tftypes.Value, private []byte) (p plannedChange, err error) {
	proposed, err := c.propose(prior, config)
	if err != nil {
		return p, err
	}
	values := map[string]*tfprotov6.DynamicValue{}
	for name, v := range map[string]tftypes.Value{"prior": prior, "config": config, "proposed": proposed} {
		if values[name], err = dynamic(v); err != nil {
			return p, err
		}
	}
	answer, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: c.resource, PriorState: values["prior"], ProposedNewState: values["proposed"], Config: values["config"], PriorPrivate: private,
	})
	if err != nil {
		return p, err
	}
	if err := c.judge(answer.Diagnostics); err != nil {
		return p, err
	}
	p.private, p.replace = answer.PlannedPrivate, len(answer.RequiresReplace) > 0
	if p.value, err = answer.PlannedState.Unmarshal(c.kind()); err != nil {
		return p, err
	}
	return p, c.checkPlan(prior, config, p.value)
}

// checkPlan holds a plan to the configuration.
func (c *core) checkPlan(prior, config, plan tftypes.Value) error {
	was, err := c.attributes(prior)
	if err != nil {
		return err
	}
	wanted, err := c.attributes(config)
	if err != nil {
		return err
	}
	got, err := c.attributes(plan)
	if err != nil {
		return err
	}
	for _, a := range c.schema.Block.Attributes {
		free := a.Computed && wanted[a.Name].IsNull()
		if !free && !got[a.Name].Equal(wanted[a.Name]) && !got[a.Name].Equal(was[a.Name]) {
			return fmt.Errorf("inconsistent: %s is planned as %v, written is %v", a.Name, got[a.Name], wanted[a.Name])
		}
	}
	return nil
}

// validate has the provider look at a configuration alone.
func (c *core) validate(ctx context.Context, config map[string]tftypes.Value) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	whole, err := c.config(config)
	if err != nil {
		return err
	}
	given, err := dynamic(whole)
	if err != nil {
		return err
	}
	answer, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: c.resource, Config: given})
	if err != nil {
		return err
	}
	return c.judge(answer.Diagnostics)
}

// apply makes the configuration true and returns the provider's error. What
// Terraform would call a bug of the provider begins with "inconsistent".
func (c *core) apply(ctx context.Context, config map[string]tftypes.Value) error {
	c.warnings = nil
	server, err := c.start(ctx)
	if err != nil {
		return err
	}
	if err := c.refresh(ctx, server); err != nil {
		return err
	}
	wanted, err := c.config(config)
	if err != nil {
		return err
	}
	if c.tainted {
		if err := c.destroyWith(ctx, server, nil); err != nil {
			return err
		}
	}
	p, err := c.plan(ctx, server, c.state, wanted, c.private)
	if err != nil || p.value.Equal(c.state) {
		return err
	}
	if p.replace {
		return errors.New("inconsistent: a replacement is planned")
	}
	if server, err = c.start(ctx); err != nil { // an apply is another process
		return err
	}
	again, err := c.plan(ctx, server, c.state, wanted, c.private)
	if err != nil {
		return err
	}
	if err := compatible("the final plan", p.value, again.value); err != nil {
		return err
	}
	return c.carryOut(ctx, server, wanted, again)
}

func (c *core) carryOut(ctx context.Context, server tfprotov6.ProviderServer, wanted tftypes.Value, p plannedChange) error {
	values := make([]*tfprotov6.DynamicValue, 3)
	for i, v := range []tftypes.Value{c.state, p.value, wanted} {
		var err error
		if values[i], err = dynamic(v); err != nil {
			return err
		}
	}
	creating := c.state.IsNull()
	answer, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.resource, PriorState: values[0], PlannedState: values[1], Config: values[2], PlannedPrivate: p.private,
	})
	if err != nil {
		return err
	}
	failed := c.judge(answer.Diagnostics)
	if c.state, err = answer.NewState.Unmarshal(c.kind()); err != nil {
		return err
	}
	c.private, c.tainted = answer.Private, creating && failed != nil && !c.state.IsNull()
	switch {
	case !c.state.IsNull() && !c.state.IsFullyKnown():
		return errors.Join(fmt.Errorf("inconsistent: the state after an apply is not known: %v", c.state), failed)
	case failed != nil:
		return failed
	}
	return compatible("the result", p.value, c.state)
}

// compatible holds a later value to what an earlier one knew.
func compatible(what string, earlier, later tftypes.Value) error {
	var open []*tftypes.AttributePath
	err := tftypes.Walk(earlier, func(at *tftypes.AttributePath, v tftypes.Value) (bool, error) {
		if !v.IsKnown() {
			open = append(open, at)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	differences, err := earlier.Diff(later)
	if err != nil {
		return err
	}
	for _, d := range differences {
		above := d.Value1 != nil && !d.Value1.IsFullyKnown() // its known parts are differences of their own
		if above || slices.ContainsFunc(open, func(at *tftypes.AttributePath) bool { return strings.HasPrefix(d.Path.String(), at.String()) }) {
			continue
		}
		return fmt.Errorf("inconsistent: %s is another one than planned: %s", what, d)
	}
	return nil
}

// drift returns what a refresh and a plan of the same configuration differ in.
func (c *core) drift(ctx context.Context, config map[string]tftypes.Value) error {
	server, err := c.start(ctx)
	if err != nil {
		return err
	}
	if err := c.refresh(ctx, server); err != nil {
		return err
	}
	wanted, err := c.config(config)
	if err != nil {
		return err
	}
	p, err := c.plan(ctx, server, c.state, wanted, c.private)
	if err != nil {
		return err
	}
	differences, err := c.state.Diff(p.value)
	if err != nil || len(differences) == 0 {
		return err
	}
	return fmt.Errorf("inconsistent: the plan after an apply is not empty: %v", differences)
}

// config completes a configuration with nulls.
func (c *core) config(given map[string]tftypes.Value) (tftypes.Value, error) {
	values, err := c.attributes(tftypes.NewValue(c.kind(), nil))
	maps.Copy(values, given)
	return tftypes.NewValue(c.kind(), values), err
}

// destroy removes the resource.
func (c *core) destroy(ctx context.Context) error {
	server, err := c.start(ctx)
	if err != nil {
		return err
	}
	if err := c.refresh(ctx, server); err != nil {
		return err
	}
	return c.destroyWith(ctx, server, c.private)
}

// planDestroy asks the provider about a destroy and returns the private state
// that it is carried out with.
func (c *core) planDestroy(ctx context.Context, server tfprotov6.ProviderServer, private []byte) ([]byte, error) {
	prior, err := dynamic(c.state)
	if err != nil {
		return nil, err
	}
	none, err := dynamic(tftypes.NewValue(c.kind(), nil))
	if err != nil {
		return nil, err
	}
	answer, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: c.resource, PriorState: prior, ProposedNewState: none, Config: none, PriorPrivate: private,
	})
	if err != nil {
		return nil, err
	}
	return answer.PlannedPrivate, c.judge(answer.Diagnostics)
}

func (c *core) destroyWith(ctx context.Context, server tfprotov6.ProviderServer, private []byte) error {
	if c.state.IsNull() {
		return nil
	}
	none := tftypes.NewValue(c.kind(), nil)
	if private != nil { // Terraform plans a destroy, but not that of a replacement
		var err error
		if private, err = c.planDestroy(ctx, server, private); err != nil {
			return err
		}
	}
	if err := c.carryOut(ctx, server, none, plannedChange{value: none, private: private}); err != nil {
		return err
	}
	c.tainted = false
	c.destroyed++
	return nil
}

// object returns an object of a type whose given attributes are set.
func object(kind tftypes.Type, given map[string]tftypes.Value) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, attribute := range kind.(tftypes.Object).AttributeTypes {
		values[name] = tftypes.NewValue(attribute, nil)
	}
	maps.Copy(values, given)
	return tftypes.NewValue(kind, values)
}

// texts returns a set of strings.
func texts(of ...string) tftypes.Value {
	slices.Sort(of)
	values := []tftypes.Value{}
	for _, s := range of {
		values = append(values, tftypes.NewValue(tftypes.String, s))
	}
	return tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, values)
}
