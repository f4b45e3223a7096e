package lambdatest

import (
	"net/http"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

// routeLambda finds the operation of a call to Lambda, and what carries it out; nil for
// none.
func (a *AWS) routeLambda(c *call) wire.Handler {
	const layers, functions = "2018-10-31/layers", "2015-03-31/functions"
	handle := c.Find([]wire.Route{
		{Method: "POST", Path: layers + "/*/versions", Operation: "PublishLayerVersion", Handle: a.publishLayerVersion},
		{Method: "GET", Path: layers + "/*/versions", Operation: "ListLayerVersions", Handle: a.listLayerVersions},
		{Method: "GET", Path: layers + "/*/versions/*", Operation: "GetLayerVersion", Handle: a.getLayerVersion},
		{Method: "DELETE", Path: layers + "/*/versions/*", Operation: "DeleteLayerVersion", Handle: a.deleteLayerVersion},
		{Method: "GET", Path: layers, Operation: "ListLayers", Handle: a.listLayers},
		{Method: "POST", Path: layers + "/*/versions/*/policy", Operation: "AddLayerVersionPermission", Handle: a.addPermission},
		{Method: "GET", Path: layers + "/*/versions/*/policy", Operation: "GetLayerVersionPolicy", Handle: a.getPolicy},
		{Method: "DELETE", Path: layers + "/*/versions/*/policy/*", Operation: "RemoveLayerVersionPermission", Handle: a.removePermission},
		{Method: "POST", Path: functions, Operation: "CreateFunction", Handle: a.createFunction},
		{Method: "GET", Path: functions, Operation: "ListFunctions", Handle: a.listFunctions},
		{Method: "GET", Path: functions + "/*/configuration", Operation: "GetFunctionConfiguration", Handle: a.getFunctionConfiguration},
		{Method: "PUT", Path: functions + "/*/configuration", Operation: "UpdateFunctionConfiguration", Handle: a.updateFunctionConfiguration},
		{Method: "PUT", Path: functions + "/*/code", Operation: "UpdateFunctionCode", Handle: a.updateFunctionCode},
		{Method: "DELETE", Path: functions + "/*", Operation: "DeleteFunction", Handle: a.deleteFunction},
		{Method: "POST", Path: functions + "/*/invocations", Operation: "Invoke", Handle: a.invoke},
		{Method: "POST", Path: functions + "/*/versions", Operation: "PublishVersion", Handle: a.publishVersion},
		{Method: "GET", Path: functions + "/*/aliases/*", Operation: "GetAlias", Handle: a.getAlias},
		{Method: "PUT", Path: functions + "/*/aliases/*", Operation: "UpdateAlias", Handle: a.updateAlias},
		{Method: "GET", Path: "2017-03-31/tags/*", Operation: "ListTags", Handle: a.listTags},
	})
	if c.Operation == "ListLayers" && c.URL.Query().Get("find") == "LayerVersion" {
		c.Operation = "GetLayerVersionByArn"
		return a.getLayerVersionByARN
	}
	return handle
}

func conflict(c *call, message string) reply {
	return c.Fail(http.StatusConflict, "ResourceConflictException", message)
}
