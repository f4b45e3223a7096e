package lambdatest

import (
	"slices"
	"strconv"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

type aliasInput struct {
	FunctionVersion, RevisionId string
	RoutingConfig               *struct{ AdditionalVersionWeights map[string]float64 }
}

func (a *AWS) getAlias(c *call) reply { return wire.OK(a.functionOfAlias(c).alias(c.Part[1])) }

func (a *AWS) updateAlias(c *call) reply {
	in := wire.In[aliasInput](c)
	f := a.functionOfAlias(c)
	f.admit(c, in.RevisionId)
	if !f.point(c.Part[1], in.FunctionVersion) {
		noFunction(c)
	}
	if in.RoutingConfig != nil {
		f.routes[c.Part[1]] = in.RoutingConfig.AdditionalVersionWeights
	}
	return wire.OK(f.alias(c.Part[1]))
}

// functionOfAlias returns the function whose alias the path names, and refuses what is
// not there.
func (a *AWS) functionOfAlias(c *call) *function {
	f := a.function(c)
	if f.aliases[c.Part[1]] == "" {
		noFunction(c)
	}
	return f
}

// point makes the alias name a version of the function, and reports whether
// there is such a version.
func (f *function) point(alias, version string) bool {
	if version != latest && !slices.ContainsFunc(f.published, func(p functionConfig) bool { return p.version == version }) {
		return false
	}
	f.aliases[alias] = version
	return true
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

// PointAlias makes or moves an alias of a function without a call; version 0 is
// $LATEST. It reports whether function and version are there.
func (a *AWS) PointAlias(regionName, name, alias string, version int) (done bool) {
	to := latest
	if version != 0 {
		to = strconv.Itoa(version)
	}
	a.change(regionName, name, func(f *function) { done = f.point(alias, to) })
	return done
}
