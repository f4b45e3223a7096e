package lambdatest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	latest            = "$LATEST"
	maxFunctionLayers = 5
)

// function is a function's unpublished state and its published versions.
type function struct {
	config    functionConfig
	published []functionConfig
	last      int
}

type functionConfig struct {
	name, version, region  string
	runtime, handler, role string
	architectures          []string
	layers                 []*layerVersion
	zipped, unzipped       int64
	modified, revision     string
}

type functionInput struct {
	FunctionName, Runtime, Role, Handler string
	Architectures                        []string
	Layers                               *[]string
	Code                                 code
	Publish                              bool
}

// CreateFunction makes a function with layers in the region without a call,
// and publishes so many versions of it. Layers are given by version ARN.
func (a *AWS) CreateFunction(regionName, name string, versions int, layerARNs ...string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := &function{config: functionConfig{
		name: name, version: latest, region: regionName, runtime: "python3.12", handler: "app.handler",
		role: "arn:aws:iam::" + Account + ":role/test", architectures: []string{"x86_64"}, revision: a.revision(),
	}}
	for _, arn := range layerARNs {
		v := a.byARN(arn)
		if v == nil {
			return fmt.Errorf("creating function %q: no layer version %q", name, arn)
		}
		f.config.layers = append(f.config.layers, v)
	}
	for range versions {
		f.publish()
	}
	a.region(regionName).functions[name] = f
	return nil
}

func (f *function) publish() functionConfig {
	f.last++
	version := f.config
	version.version = strconv.Itoa(f.last)
	f.published = append(f.published, version)
	return version
}

func (f functionConfig) arn() string {
	return "arn:aws:lambda:" + f.region + ":" + Account + ":function:" + f.name
}

func (f functionConfig) describe() map[string]any {
	arn := f.arn()
	if f.version != latest {
		arn += ":" + f.version
	}
	described := map[string]any{
		"FunctionName": f.name, "FunctionArn": arn, "Version": f.version, "Runtime": f.runtime, "Role": f.role,
		"Handler": f.handler, "CodeSize": f.zipped, "LastModified": f.modified, "RevisionId": f.revision,
		"Architectures": f.architectures, "PackageType": "Zip", "State": "Active", "LastUpdateStatus": "Successful",
		"Timeout": 3, "MemorySize": 128,
	}
	if len(f.layers) > 0 {
		layers := []map[string]any{}
		for _, v := range f.layers {
			layers = append(layers, map[string]any{"Arn": v.arn(), "CodeSize": len(v.zip)})
		}
		described["Layers"] = layers
	}
	return described
}

func createFunction(a *AWS, c *call) reply {
	var in functionInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	functions := a.region(c.region).functions
	if functions[in.FunctionName] != nil {
		return c.conflict("Function already exist: " + in.FunctionName)
	}
	archive, unzipped, refusal := a.archive(c, in.Code)
	if refusal != nil {
		return *refusal
	}
	if len(in.Architectures) == 0 {
		in.Architectures = []string{"x86_64"}
	}
	config := functionConfig{
		name: in.FunctionName, version: latest, region: c.region, runtime: in.Runtime, handler: in.Handler, role: in.Role,
		architectures: in.Architectures, zipped: int64(len(archive)), unzipped: unzipped,
	}
	if refusal := a.attach(c, &config, in.Layers); refusal != nil {
		return *refusal
	}
	f := &function{config: config}
	functions[in.FunctionName] = f
	if in.Publish {
		return created(f.publish().describe())
	}
	return created(f.config.describe())
}

// attach gives the function its layers, if they exist, are not too many and
// fit with the code into the limit. A deleted version stays where it was
// attached before.
func (a *AWS) attach(c *call, f *functionConfig, arns *[]string) *reply {
	refuse := func(format string, args ...any) *reply {
		refusal := c.fail(http.StatusBadRequest, "InvalidParameterValueException", fmt.Sprintf(format, args...))
		return &refusal
	}
	if arns != nil {
		if len(*arns) > maxFunctionLayers {
			return refuse("Cannot reference more than %d layers.", maxFunctionLayers)
		}
		var layers []*layerVersion
		for _, arn := range *arns {
			v := a.byARN(arn)
			if v == nil || v.deleted && !slices.Contains(f.layers, v) {
				return refuse("Layer version %s does not exist.", arn)
			}
			if slices.ContainsFunc(layers, func(other *layerVersion) bool { return other.layerARN() == v.layerARN() }) {
				return refuse("Two different versions of the same layer are not allowed to be referenced in the same function. %s", arn)
			}
			layers = append(layers, v)
		}
		total := f.unzipped
		for _, v := range layers {
			total += v.unzipped
		}
		if total > maxUnzipped {
			return refuse("Function code combined with layers exceeds the maximum allowed size of %d bytes. "+
				"The actual size is %d bytes.", maxUnzipped, total)
		}
		f.layers = layers
	}
	f.revision = a.revision()
	f.modified = time.Now().UTC().Format("2006-01-02T15:04:05.000-0700")
	return nil
}

func listFunctions(a *AWS, c *call) reply {
	functions := a.region(c.region).functions
	var items []map[string]any
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		items = append(items, functions[name].config.describe())
		if c.URL.Query().Get("FunctionVersion") == "ALL" {
			for _, version := range functions[name].published {
				items = append(items, version.describe())
			}
		}
	}
	return c.page(items, "Functions")
}

func getFunction(a *AWS, c *call) reply {
	config, refusal := a.function(c)
	if refusal != nil {
		return *refusal
	}
	return ok(map[string]any{"Configuration": config.describe(), "Code": map[string]string{"RepositoryType": "S3"}})
}

func getFunctionConfiguration(a *AWS, c *call) reply {
	config, refusal := a.function(c)
	if refusal != nil {
		return *refusal
	}
	return ok(config.describe())
}

func updateFunctionConfiguration(a *AWS, c *call) reply {
	var in functionInput
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	f := a.region(c.region).functions[functionName(c.part[0])]
	if f == nil {
		return c.noFunction()
	}
	next := f.config
	if in.Runtime != "" {
		next.runtime = in.Runtime
	}
	if in.Handler != "" {
		next.handler = in.Handler
	}
	if refusal := a.attach(c, &next, in.Layers); refusal != nil {
		return *refusal
	}
	f.config = next
	return ok(next.describe())
}

func publishVersion(a *AWS, c *call) reply {
	f := a.region(c.region).functions[functionName(c.part[0])]
	if f == nil {
		return c.noFunction()
	}
	return created(f.publish().describe())
}

func deleteFunction(a *AWS, c *call) reply {
	name := functionName(c.part[0])
	functions := a.region(c.region).functions
	f := functions[name]
	if f == nil {
		return c.noFunction()
	}
	if version := c.URL.Query().Get("Qualifier"); version != "" {
		f.published = slices.DeleteFunc(f.published, func(p functionConfig) bool { return p.version == version })
		return nothing()
	}
	delete(functions, name)
	return nothing()
}

// function finds what the path and the qualifier name.
func (a *AWS) function(c *call) (functionConfig, *reply) {
	missing := c.noFunction()
	f := a.region(c.region).functions[functionName(c.part[0])]
	if f == nil {
		return functionConfig{}, &missing
	}
	version := c.URL.Query().Get("Qualifier")
	if version == "" || version == latest {
		return f.config, nil
	}
	for _, published := range f.published {
		if published.version == version {
			return published, nil
		}
	}
	return functionConfig{}, &missing
}

func (c *call) noFunction() reply {
	return c.fail(http.StatusNotFound, "ResourceNotFoundException",
		"Function not found: arn:aws:lambda:"+c.region+":"+Account+":function:"+functionName(c.part[0]))
}

// functionName returns the name in a name or an ARN.
func functionName(s string) string {
	if part := strings.Split(s, ":"); len(part) >= 7 && part[0] == "arn" {
		return part[6]
	}
	return s
}
