package provider

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// wire speaks to the provider as Terraform does, without one: so what newer
// versions of it ask for is tested by every version.
type wire struct {
	*world
	server   tfprotov6.ProviderServer
	resource tftypes.Object
	identity tftypes.Object
}

const versionType = "layerbuild_version"

// newWire returns a wire to the configured provider of the world.
func newWire(w *world) *wire {
	w.Helper()
	server, err := w.providers()["layerbuild"]()
	if err != nil {
		w.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(w.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		w.Fatal(err)
	}
	identities, err := server.GetResourceIdentitySchemas(w.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		w.Fatal(err)
	}
	object := func(t tftypes.Type) tftypes.Object {
		o, ok := t.(tftypes.Object)
		if !ok {
			w.Fatalf("a schema is of type %s, want an object", t)
		}
		return o
	}
	l := &wire{
		world: w, server: server,
		resource: object(schemas.ResourceSchemas[versionType].ValueType()), identity: object(identities.IdentitySchemas[versionType].ValueType()),
	}
	settings := object(schemas.Provider.ValueType())
	endpoints, ok := settings.AttributeTypes["endpoints"].(tftypes.Set)
	if !ok {
		w.Fatal("endpoints are no set")
	}
	url := tftypes.NewValue(tftypes.String, w.aws.URL())
	configured, err := server.ConfigureProvider(w.Context(), &tfprotov6.ConfigureProviderRequest{Config: l.value(settings, map[string]tftypes.Value{
		"region": wireText("eu-west-1"), "access_key": wireText("AKIAIOSFODNN7EXAMPLE"), "secret_key": wireText("not-a-secret"), "skip_metadata_api_check": wireText("true"),
		"endpoints": tftypes.NewValue(endpoints, []tftypes.Value{l.object(object(endpoints.ElementType), map[string]tftypes.Value{"lambda": url, "s3": url, "sts": url})}),
	})})
	if err != nil {
		w.Fatal(err)
	}
	l.fine(configured.Diagnostics)
	return l
}

func wireText(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// object returns an object of nulls, blocks empty, but for the given values.
func (l *wire) object(t tftypes.Object, values map[string]tftypes.Value) tftypes.Value {
	all := map[string]tftypes.Value{}
	for name, attribute := range t.AttributeTypes {
		all[name] = tftypes.NewValue(attribute, nil)
	}
	maps.Copy(all, values)
	return tftypes.NewValue(t, all)
}

func (l *wire) value(t tftypes.Object, values map[string]tftypes.Value) *tfprotov6.DynamicValue {
	l.Helper()
	return l.dynamic(t, l.object(t, values))
}

func (l *wire) dynamic(t tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	l.Helper()
	d, err := tfprotov6.NewDynamicValue(t, v)
	if err != nil {
		l.Fatal(err)
	}
	return &d
}

// texts reads the attributes of an object that are texts.
func (l *wire) texts(t tftypes.Type, d *tfprotov6.DynamicValue) map[string]string {
	l.Helper()
	v, err := d.Unmarshal(t)
	if err != nil {
		l.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := v.As(&attributes); err != nil {
		l.Fatal(err)
	}
	read := map[string]string{}
	for name, attribute := range attributes {
		var s *string
		if attribute.Type().Is(tftypes.String) && attribute.IsKnown() && attribute.As(&s) == nil && s != nil {
			read[name] = *s
		}
	}
	return read
}

func (l *wire) fine(diagnostics []*tfprotov6.Diagnostic) {
	l.Helper()
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			l.Fatalf("%s: %s", d.Summary, d.Detail)
		}
	}
}

// identified checks an identity.
func (l *wire) identified(what string, got *tfprotov6.ResourceIdentityData) {
	l.Helper()
	if got == nil || got.IdentityData == nil {
		l.Fatalf("%s: no identity", what)
	}
	want := map[string]string{"account_id": "123456789012", "region": "eu-west-1", "layer_name": "deps"}
	if texts := l.texts(l.identity, got.IdentityData); !maps.Equal(texts, want) {
		l.Errorf("%s: identity %v, want %v", what, texts, want)
	}
}

// TestIdentityStaysTheSame follows the identity through a life: create, read,
// update, read by a state that has none.
func TestIdentityStaysTheSame(t *testing.T) {
	t.Parallel()
	l := newWire(newWorld(t))
	file := l.write("own.zip", zipOf(t, "python/a.py", "A = 1\n"))
	state, private, identity := l.dynamic(l.resource, tftypes.NewValue(l.resource, nil)), []byte(nil), (*tfprotov6.ResourceIdentityData)(nil)
	for n, description := range []string{"one", "two"} {
		config := l.value(l.resource, map[string]tftypes.Value{"layer_name": wireText("deps"), "filename": wireText(file), "description": wireText(description)})
		proposed := config
		if n > 0 {
			proposed = l.proposed(state, "description", wireText(description))
		}
		plan, err := l.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: versionType, PriorState: state, ProposedNewState: proposed, Config: config, PriorPrivate: private, PriorIdentity: identity,
		})
		if err != nil {
			t.Fatal(err)
		}
		l.fine(plan.Diagnostics)
		// A version without identities forgets what it is told of them.
		planned := plan.PlannedIdentity
		if n > 0 {
			planned = nil
		}
		applied, err := l.server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
			TypeName: versionType, PriorState: state, PlannedState: plan.PlannedState, Config: config, PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: planned,
		})
		if err != nil {
			t.Fatal(err)
		}
		l.fine(applied.Diagnostics)
		l.identified("applying "+description, applied.NewIdentity)
		if arn := l.texts(l.resource, applied.NewState)["arn"]; arn != fmt.Sprintf("%s:%d", layerARN, n+1) {
			t.Errorf("applying %q made %s", description, arn)
		}
		state, private, identity = applied.NewState, applied.Private, applied.NewIdentity
		for _, current := range []*tfprotov6.ResourceIdentityData{identity, nil} {
			read, err := l.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: versionType, CurrentState: state, Private: private, CurrentIdentity: current})
			if err != nil {
				t.Fatal(err)
			}
			l.fine(read.Diagnostics)
			l.identified("reading "+description, read.NewIdentity)
		}
	}
}

// proposed returns a state with one attribute changed.
func (l *wire) proposed(state *tfprotov6.DynamicValue, name string, value tftypes.Value) *tfprotov6.DynamicValue {
	l.Helper()
	v, err := state.Unmarshal(l.resource)
	if err != nil {
		l.Fatal(err)
	}
	attributes := map[string]tftypes.Value{}
	if err := v.As(&attributes); err != nil {
		l.Fatal(err)
	}
	attributes[name] = value
	return l.value(l.resource, attributes)
}

// TestImportByIdentity takes the newest version of the layer.
func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 2 {
		w.publishOutside(region, "deps", zipOf(t, "python/a.py", fmt.Sprint(n)), nil)
	}
	l := newWire(w)
	for name, c := range map[string]struct {
		identity map[string]tftypes.Value
		want     string // "" for the import of version 2
	}{
		"whole":         {map[string]tftypes.Value{"account_id": wireText("123456789012"), "region": wireText("eu-west-1"), "layer_name": wireText("deps")}, ""},
		"name":          {map[string]tftypes.Value{"layer_name": wireText("deps")}, ""},
		"other_account": {map[string]tftypes.Value{"account_id": wireText("999999999999"), "layer_name": wireText("deps")}, "the credentials are of account 123456789012"},
		"other_region":  {map[string]tftypes.Value{"region": wireText("us-east-1"), "layer_name": wireText("deps")}, "is not there"},
		"bad_region":    {map[string]tftypes.Value{"region": wireText("us-est-1"), "layer_name": wireText("deps")}, "is not known"},
		"unknown":       {map[string]tftypes.Value{"layer_name": wireText("never")}, "is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := l.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{
				TypeName: versionType, Identity: &tfprotov6.ResourceIdentityData{IdentityData: l.value(l.identity, c.identity)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" {
				if len(answer.Diagnostics) != 1 || !strings.Contains(answer.Diagnostics[0].Detail, c.want) {
					t.Errorf("got %+v, want an error that says %q", answer.Diagnostics, c.want)
				}
				return
			}
			l.fine(answer.Diagnostics)
			imported := answer.ImportedResources[0]
			l.identified("importing", imported.Identity)
			read, err := l.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{
				TypeName: versionType, CurrentState: imported.State, Private: imported.Private, CurrentIdentity: imported.Identity,
			})
			if err != nil {
				t.Fatal(err)
			}
			l.fine(read.Diagnostics)
			l.identified("reading", read.NewIdentity)
			got := l.texts(l.resource, read.NewState)
			if got["arn"] != layerARN+":2" || got["layer_name"] != "deps" || got["code_sha256"] != hashOf(zipOf(t, "python/a.py", "1")) {
				t.Errorf("the state after the import is %v", got)
			}
		})
	}
}
