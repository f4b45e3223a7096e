package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// soakVariable holds what a process of the soak test does: this test binary,
// started anew to be killed, starved or raced.
const soakVariable = "LAYERBUILD_SOAK_RUN"

// soakRun is one run of a Terraform on a configuration of a package and a version.
type soakRun struct {
	Dir, Cache, Index, AWS, Layer string
	Package                       map[string]any // its arguments
	Now                           time.Time
	MaxFile                       uint64 // how large files may get, 0 for no limit
	Nobody                        bool   // not as root
	Drift                         bool   // only plan
}

// soakResult is what a run came to.
type soakResult struct {
	Err      string
	SHA256   string // of the package in the state
	Code     string // hash of the version in the state
	Expected string // hash of the package in the state
}

// soakState is what a run leaves of one resource in the folder.
type soakState struct {
	Value   []byte
	Private []byte
	Tainted bool
}

// soakChild carries out a run and returns the exit code of its process.
func soakChild(text string) int {
	var run soakRun
	err := json.Unmarshal([]byte(text), &run)
	if err == nil {
		err = restrict(run)
	}
	var result soakResult
	if err == nil {
		result, err = run.do(context.Background())
	}
	if err != nil {
		result.Err = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return 1
	}
	return 0
}

// do applies the package and then the version, or looks for what they differ in.
func (r soakRun) do(ctx context.Context) (result soakResult, err error) {
	built, err := r.core(ctx, "layerbuild_package")
	if err != nil {
		return result, err
	}
	arguments := map[string]tftypes.Value{}
	for name, value := range r.Package {
		if arguments[name], err = fromJSON(built.kind().AttributeTypes[name], value); err != nil {
			return result, err
		}
	}
	if err := r.step(ctx, built, arguments); err != nil {
		return result, err
	}
	made, err := built.attributes(built.state)
	if err != nil {
		return result, err
	}
	if err := errors.Join(made["sha256"].As(&result.SHA256), made["source_code_hash"].As(&result.Expected)); err != nil {
		return result, err
	}
	version, err := r.core(ctx, "layerbuild_version")
	if err != nil {
		return result, err
	}
	taken := version.kind().AttributeTypes["package"].(tftypes.Object)
	part := map[string]tftypes.Value{}
	for name := range taken.AttributeTypes { // what Terraform passes on of the object
		part[name] = made[name]
	}
	if err := r.step(ctx, version, map[string]tftypes.Value{"layer_name": textValue(r.Layer), "package": tftypes.NewValue(taken, part)}); err != nil {
		return result, err
	}
	published, err := version.attributes(version.state)
	if err != nil {
		return result, err
	}
	return result, published["code_sha256"].As(&result.Code)
}

// step applies one resource, and keeps its state however that ends, as Terraform
// does.
func (r soakRun) step(ctx context.Context, c *core, arguments map[string]tftypes.Value) error {
	if r.Drift {
		return c.drift(ctx, arguments)
	}
	err := c.apply(ctx, arguments)
	return errors.Join(err, r.keep(c))
}

// core returns the resource as the folder's state has it.
func (r soakRun) core(ctx context.Context, resource string) (*core, error) {
	environment := map[string]string{"PIP_INDEX_URL": r.Index, "LAYERBUILD_CACHE_DIR": r.Cache}
	c := &core{resource: resource, endpoints: map[string]tftypes.Value{}, server: func() (tfprotov6.ProviderServer, error) {
		return newServer(&layerbuild{version: "test", getenv: func(name string) string { return environment[name] }, now: func() time.Time { return r.Now }}), nil
	}}
	c.login("AKIAIOSFODNN7EXAMPLE")
	for _, service := range []string{"lambda", "s3", "ssm", "sts", "signer"} {
		c.endpoints[service] = textValue(r.AWS)
	}
	if _, err := c.start(ctx); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(r.stateOf(resource))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	var state soakState
	if err := errors.Join(err, json.Unmarshal(text, &state)); err != nil {
		return nil, err
	}
	c.private, c.tainted = state.Private, state.Tainted
	c.state, err = tfprotov6.DynamicValue{MsgPack: state.Value}.Unmarshal(c.kind())
	return c, err
}

func (r soakRun) stateOf(resource string) string { return filepath.Join(r.Dir, resource+".json") }

// keep writes the state, whole or not at all.
func (r soakRun) keep(c *core) error {
	value, err := dynamic(c.state)
	if err != nil {
		return err
	}
	text, err := json.Marshal(soakState{Value: value.MsgPack, Private: c.private, Tainted: c.tainted})
	if err != nil {
		return err
	}
	name := r.stateOf(c.resource)
	return errors.Join(os.WriteFile(name+".new", text, 0o644), os.Rename(name+".new", name))
}

// fromJSON gives a value of JSON the form of a type; what is left out is null.
func fromJSON(kind tftypes.Type, value any) (tftypes.Value, error) {
	if value == nil {
		return tftypes.NewValue(kind, nil), nil
	}
	list := func(element tftypes.Type) (tftypes.Value, error) {
		var all []tftypes.Value
		for _, v := range value.([]any) {
			e, err := fromJSON(element, v)
			if err != nil {
				return e, err
			}
			all = append(all, e)
		}
		return tftypes.NewValue(kind, all), nil
	}
	switch kind := kind.(type) {
	case tftypes.List:
		return list(kind.ElementType)
	case tftypes.Set:
		return list(kind.ElementType)
	case tftypes.Object:
		fields := map[string]tftypes.Value{}
		for name, inner := range kind.AttributeTypes {
			v, err := fromJSON(inner, value.(map[string]any)[name])
			if err != nil {
				return v, err
			}
			fields[name] = v
		}
		return tftypes.NewValue(kind, fields), nil
	}
	if err := tftypes.ValidateValue(kind, value); err != nil {
		return tftypes.Value{}, fmt.Errorf("%v is not of the type %s: %w", value, kind, err)
	}
	return tftypes.NewValue(kind, value), nil
}
