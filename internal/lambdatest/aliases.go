package lambdatest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

type aliasInput struct {
	Name, FunctionVersion, RevisionId string
	RoutingConfig                     *struct{ AdditionalVersionWeights map[string]float64 }
}

func createAlias(a *AWS, c *call) reply {
	var in aliasInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	f := a.own(c).functions[functionName(c.Part[0])]
	switch {
	case f == nil:
		return c.noFunction()
	case f.aliases[in.Name] != "":
		return c.conflict("Alias already exists: " + f.config.arn() + ":" + in.Name)
	case !f.point(in.Name, in.FunctionVersion):
		return c.noFunction()
	}
	return wire.Created(f.alias(in.Name))
}

func updateAlias(a *AWS, c *call) reply {
	var in aliasInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil || f.aliases[c.Part[1]] == "" {
		return c.noFunction()
	}
	if refusal := f.refuse(c, in.RevisionId); refusal != nil {
		return *refusal
	}
	if !f.point(c.Part[1], in.FunctionVersion) {
		return c.noFunction()
	}
	if in.RoutingConfig != nil {
		f.route(c.Part[1], in.RoutingConfig.AdditionalVersionWeights)
	}
	return wire.OK(f.alias(c.Part[1]))
}

func getAlias(a *AWS, c *call) reply {
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil || f.aliases[c.Part[1]] == "" {
		return c.noFunction()
	}
	return wire.OK(f.alias(c.Part[1]))
}

func listAliases(a *AWS, c *call) reply {
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return c.noFunction()
	}
	var items []map[string]any
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		items = append(items, f.alias(name))
	}
	return c.page(items, "Aliases")
}

func deleteAlias(a *AWS, c *call) reply {
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return c.noFunction()
	}
	delete(f.aliases, c.Part[1])
	return wire.Nothing()
}

// point makes the alias name a version of the function, and reports whether
// there is such a version.
func (f *function) point(alias, version string) bool {
	if version != latest && !slices.ContainsFunc(f.published, func(p functionConfig) bool { return p.version == version }) {
		return false
	}
	if f.aliases == nil {
		f.aliases = map[string]string{}
	}
	f.aliases[alias] = version
	return true
}

// route sends part of the alias's calls to other versions.
func (f *function) route(alias string, weights map[string]float64) {
	if f.routes == nil {
		f.routes = map[string]map[string]float64{}
	}
	f.routes[alias] = weights
}

func (f *function) alias(name string) map[string]any {
	described := map[string]any{
		"Name": name, "AliasArn": f.config.arn() + ":" + name, "FunctionVersion": f.aliases[name], "RevisionId": f.config.revision,
	}
	if weights := f.routes[name]; len(weights) > 0 {
		described["RoutingConfig"] = map[string]any{"AdditionalVersionWeights": weights}
	}
	return described
}

// SetLayers gives a function other layers without a call: those of the version
// ARNs, in place of what it has. It reports whether function and versions are
// there.
func (a *AWS) SetLayers(regionName, name string, layerARNs ...string) bool {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f == nil {
		return false
	}
	var layers []*layerVersion
	for _, arn := range layerARNs {
		v := a.byARN(arn)
		if v == nil {
			return false
		}
		layers = append(layers, v)
	}
	f.config.layers, f.config.revision = layers, a.revision()
	return true
}

// PublishFunction publishes a version of a function without a call, and returns
// its number, or 0 without the function.
func (a *AWS) PublishFunction(regionName, name string) int {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f == nil {
		return 0
	}
	return f.publish().number()
}

// PointAlias makes or moves an alias of a function without a call; version 0 is
// $LATEST. It reports whether function and version are there.
func (a *AWS) PointAlias(regionName, name, alias string, version int) bool {
	a.Lock()
	defer a.Unlock()
	f := a.region(regionName).functions[name]
	if f == nil {
		return false
	}
	to := latest
	if version != 0 {
		to = strconv.Itoa(version)
	}
	return f.point(alias, to)
}

// DeleteFunction removes a function with its versions and aliases without a
// call, and reports whether it was there.
func (a *AWS) DeleteFunction(regionName, name string) bool {
	a.Lock()
	defer a.Unlock()
	r := a.region(regionName)
	found := r.functions[name] != nil
	delete(r.functions, name)
	r.order = nil
	return found
}
