package lambdatest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// lambdaRoutes are Lambda's calls; "*" is a part of the path that varies.
func lambdaRoutes() []struct {
	method, path, operation string
	handle                  handler
} {
	return []struct {
		method, path, operation string
		handle                  handler
	}{
		{"POST", "2018-10-31/layers/*/versions", "PublishLayerVersion", publishLayerVersion},
		{"GET", "2018-10-31/layers/*/versions", "ListLayerVersions", listLayerVersions},
		{"GET", "2018-10-31/layers/*/versions/*", "GetLayerVersion", getLayerVersion},
		{"DELETE", "2018-10-31/layers/*/versions/*", "DeleteLayerVersion", deleteLayerVersion},
		{"GET", "2018-10-31/layers", "ListLayers", listLayers},
		{"POST", "2018-10-31/layers/*/versions/*/policy", "AddLayerVersionPermission", addPermission},
		{"GET", "2018-10-31/layers/*/versions/*/policy", "GetLayerVersionPolicy", getPolicy},
		{"DELETE", "2018-10-31/layers/*/versions/*/policy/*", "RemoveLayerVersionPermission", removePermission},
		{"POST", "2015-03-31/functions", "CreateFunction", createFunction},
		{"GET", "2015-03-31/functions", "ListFunctions", listFunctions},
		{"GET", "2015-03-31/functions/*", "GetFunction", getFunction},
		{"GET", "2015-03-31/functions/*/configuration", "GetFunctionConfiguration", getFunctionConfiguration},
		{"PUT", "2015-03-31/functions/*/configuration", "UpdateFunctionConfiguration", updateFunctionConfiguration},
		{"PUT", "2015-03-31/functions/*/code", "UpdateFunctionCode", updateFunctionCode},
		{"DELETE", "2015-03-31/functions/*", "DeleteFunction", deleteFunction},
		{"POST", "2015-03-31/functions/*/invocations", "Invoke", invoke},
		{"GET", "2017-03-31/tags/*", "ListTags", listTags},
		{"POST", "2015-03-31/functions/*/versions", "PublishVersion", publishVersion},
		{"POST", "2015-03-31/functions/*/aliases", "CreateAlias", createAlias},
		{"GET", "2015-03-31/functions/*/aliases", "ListAliases", listAliases},
		{"GET", "2015-03-31/functions/*/aliases/*", "GetAlias", getAlias},
		{"PUT", "2015-03-31/functions/*/aliases/*", "UpdateAlias", updateAlias},
		{"DELETE", "2015-03-31/functions/*/aliases/*", "DeleteAlias", deleteAlias},
		{"GET", "2016-08-19/account-settings", "GetAccountSettings", getAccountSettings},
	}
}

func (c *call) routeLambda() handler {
	path := strings.Split(strings.Trim(c.URL.EscapedPath(), "/"), "/")
	for _, route := range lambdaRoutes() {
		part, fits := matchPath(strings.Split(route.path, "/"), path)
		if !fits || c.Method != route.method {
			continue
		}
		c.Part, c.Operation = part, route.operation
		if c.Operation == "ListLayers" && c.URL.Query().Get("find") == "LayerVersion" {
			c.Operation = "GetLayerVersionByArn"
			return getLayerVersionByARN
		}
		return route.handle
	}
	return nil
}

// matchPath returns the unescaped parts that the pattern leaves open.
func matchPath(pattern, path []string) ([]string, bool) {
	if len(pattern) != len(path) {
		return nil, false
	}
	var open []string
	for i, want := range pattern {
		if want != "*" {
			if want != path[i] {
				return nil, false
			}
			continue
		}
		plain, err := url.PathUnescape(path[i])
		if err != nil || plain == "" {
			return nil, false
		}
		open = append(open, plain)
	}
	return open, true
}

// getAccountSettings answers the limits and what is used of them.
func getAccountSettings(a *AWS, c *call) reply {
	var used int64
	for _, l := range a.own(c).layers {
		for _, v := range l.versions {
			if !v.deleted {
				used += int64(len(v.zip))
			}
		}
	}
	return wire.OK(map[string]any{
		"AccountLimit": map[string]any{
			"TotalCodeSize": 80_530_636_800, "CodeSizeUnzipped": maxUnzipped, "CodeSizeZipped": 50 << 20,
			"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000,
		},
		"AccountUsage": map[string]any{"TotalCodeSize": used, "FunctionCount": len(a.own(c).functions)},
	})
}

func (c *call) conflict(message string) reply {
	return c.Fail(http.StatusConflict, "ResourceConflictException", message)
}
