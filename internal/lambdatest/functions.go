package lambdatest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
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
	aliases   map[string]string             // to versions
	routes    map[string]map[string]float64 // of aliases, to further versions
}

type functionConfig struct {
	scope                  wire.Scope
	name, version          string
	runtime, handler, role string
	architectures          []string
	layers                 []*layerVersion
	zipped, unzipped       int64
	sha256                 string
	modified, revision     string
	// looks is how many more looks find an update under way, and fate how it
	// ends: "" is well.
	looks int
	fate  string
	tags  map[string]string
}

type functionInput struct {
	FunctionName, Runtime, Role, Handler string
	RevisionId                           string
	Architectures                        []string
	Layers                               *[]string
	Code                                 code
	Publish                              bool
}

// CreateFunction makes a function with layers in the region without a call,
// and publishes so many versions of it. Layers are given by version ARN.
func (a *AWS) CreateFunction(regionName, name string, versions int, layerARNs ...string) error {
	a.Lock()
	defer a.Unlock()
	f := &function{config: functionConfig{
		scope: wire.Scope{Account: Account, Region: regionName}, name: name, version: latest, runtime: "python3.12", handler: "app.handler",
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
	r := a.region(regionName)
	r.functions[name], r.order = f, nil
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
	return f.scope.ARN("lambda", "function:"+f.name)
}

func (f functionConfig) describe() map[string]any {
	arn := f.arn()
	if f.version != latest {
		arn += ":" + f.version
	}
	described := map[string]any{
		"FunctionName": f.name, "FunctionArn": arn, "Version": f.version, "Runtime": f.runtime, "Role": f.role,
		"Handler": f.handler, "CodeSize": f.zipped, "CodeSha256": f.sha256, "LastModified": f.modified, "RevisionId": f.revision,
		"Architectures": f.architectures, "PackageType": "Zip", "State": "Active", "LastUpdateStatus": "Successful",
		"Timeout": 3, "MemorySize": 128,
	}
	switch {
	case f.looks > 0:
		described["LastUpdateStatus"] = "InProgress"
	case f.fate != "":
		described["LastUpdateStatus"], described["LastUpdateStatusReason"] = "Failed", f.fate
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
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	r := a.own(c)
	if r.functions[in.FunctionName] != nil {
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
		scope: r.scope, name: in.FunctionName, version: latest, runtime: in.Runtime, handler: in.Handler, role: in.Role,
		architectures: in.Architectures, zipped: int64(len(archive)), unzipped: unzipped, sha256: wire.Base64SHA256(archive),
	}
	if refusal := a.attach(c, &config, in.Layers); refusal != nil {
		return *refusal
	}
	f := &function{config: config}
	r.functions[in.FunctionName], r.order = f, nil
	if in.Publish {
		return wire.Created(f.publish().describe())
	}
	return wire.Created(f.config.describe())
}

// attach gives the function its layers, if they exist, are not too many and
// fit with the code into the limit. A deleted version stays where it was
// attached before.
func (a *AWS) attach(c *call, f *functionConfig, arns *[]string) *reply {
	refuse := func(format string, args ...any) *reply {
		refusal := c.Fail(http.StatusBadRequest, "InvalidParameterValueException", fmt.Sprintf(format, args...))
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
			if c.Account() != v.scope.Account && !v.policy.allows(c.Account()) {
				return c.denied(v.arn())
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

// listFunctions answers a page in the order of names, each with $LATEST first.
// The marker names the last entry of the page before, so that a page costs what
// it holds, whatever the account has.
func listFunctions(a *AWS, c *call) reply {
	size, refusal := c.maxItems()
	if refusal != nil {
		return *refusal
	}
	name, version, begun, err := functionMarker(c.URL.Query().Get("Marker"))
	if err != nil {
		return c.Fail(http.StatusBadRequest, "InvalidParameterValueException", "Invalid pagination token")
	}
	r := a.own(c)
	names := r.functionNames()
	at, _ := slices.BinarySearch(names, name)
	items := []map[string]any{}
	for _, next := range names[at:] {
		f := r.functions[next]
		entries := []functionConfig{f.config}
		if c.URL.Query().Get("FunctionVersion") == "ALL" {
			entries = append(entries, f.published...)
		}
		for _, entry := range entries {
			if begun && next == name && entry.number() <= version {
				continue
			}
			if len(items) == size {
				return wire.OK(map[string]any{"Functions": items, "NextMarker": markerAfter(items[size-1])})
			}
			items = append(items, entry.describe())
		}
	}
	return wire.OK(map[string]any{"Functions": items})
}

// functionNames returns the names of the region's functions, in order.
func (r *region) functionNames() []string {
	if len(r.order) != len(r.functions) {
		r.order = slices.Sorted(maps.Keys(r.functions))
	}
	return r.order
}

// number orders the entries of a function: 0 is $LATEST.
func (f functionConfig) number() int {
	n, err := strconv.Atoi(f.version)
	if err != nil {
		return 0
	}
	return n
}

func markerAfter(item map[string]any) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%s", item["FunctionName"], item["Version"]))
}

// functionMarker reads the last entry of the page before; begun is false where
// there was none.
func functionMarker(marker string) (name string, version int, begun bool, err error) {
	plain, err := base64.StdEncoding.DecodeString(marker)
	if err != nil || len(plain) == 0 {
		return "", 0, false, err
	}
	name, text, _ := strings.Cut(string(plain), ":")
	if text == latest {
		return name, 0, true, nil
	}
	version, err = strconv.Atoi(text)
	return name, version, true, err
}

func getFunction(a *AWS, c *call) reply {
	config, refusal := a.function(c)
	if refusal != nil {
		return *refusal
	}
	return wire.OK(map[string]any{"Configuration": config.describe(), "Code": map[string]string{"RepositoryType": "S3"}})
}

func getFunctionConfiguration(a *AWS, c *call) reply {
	config, refusal := a.function(c)
	if refusal != nil {
		return *refusal
	}
	if f := a.own(c).functions[config.name]; config.version == latest && f.config.looks > 0 {
		f.config.looks--
	}
	return wire.OK(config.describe())
}

func updateFunctionConfiguration(a *AWS, c *call) reply {
	var in functionInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return c.noFunction()
	}
	if refusal := f.refuse(c, in.RevisionId); refusal != nil {
		return *refusal
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
	next.looks, next.fate = a.updates.looks, a.updates.fates[next.name]
	f.config = next
	return wire.OK(next.describe())
}

// refuse is the answer to a change of a function that is being changed, or that
// another change has overtaken.
func (f *function) refuse(c *call, revision string) *reply {
	if f.config.looks > 0 {
		refusal := c.conflict("The operation cannot be performed at this time. An update is in progress for resource: " + f.config.arn())
		return &refusal
	}
	if revision != "" && revision != f.config.revision {
		refusal := c.Fail(http.StatusPreconditionFailed, "PreconditionFailedException",
			"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
		return &refusal
	}
	return nil
}

func updateFunctionCode(a *AWS, c *call) reply {
	var in code
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return c.noFunction()
	}
	archive, unzipped, refusal := a.archive(c, in)
	if refusal != nil {
		return *refusal
	}
	next := f.config
	next.zipped, next.unzipped, next.sha256 = int64(len(archive)), unzipped, wire.Base64SHA256(archive)
	if refusal := a.attach(c, &next, nil); refusal != nil {
		return *refusal
	}
	f.config = next
	return wire.OK(next.describe())
}

func publishVersion(a *AWS, c *call) reply {
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return c.noFunction()
	}
	return wire.Created(f.publish().describe())
}

func deleteFunction(a *AWS, c *call) reply {
	name := functionName(c.Part[0])
	r := a.own(c)
	f := r.functions[name]
	if f == nil {
		return c.noFunction()
	}
	if version := c.URL.Query().Get("Qualifier"); version != "" {
		for alias, to := range f.aliases {
			if to == version {
				return c.conflict(fmt.Sprintf("Version %s cannot be deleted: the alias %s points to it.", version, alias))
			}
		}
		f.published = slices.DeleteFunc(f.published, func(p functionConfig) bool { return p.version == version })
		return wire.Nothing()
	}
	delete(r.functions, name)
	r.order = nil
	return wire.Nothing()
}

// function finds what the path and the qualifier name.
func (a *AWS) function(c *call) (functionConfig, *reply) {
	missing := c.noFunction()
	f := a.own(c).functions[functionName(c.Part[0])]
	if f == nil {
		return functionConfig{}, &missing
	}
	version := cmp.Or(c.URL.Query().Get("Qualifier"), qualifierOf(c.Part[0]))
	if to, ok := f.aliases[version]; ok {
		version = to
	}
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
	return c.Fail(http.StatusNotFound, "ResourceNotFoundException",
		"Function not found: "+wire.Scope{Account: c.Account(), Region: c.Region}.ARN("lambda", "function:"+functionName(c.Part[0])))
}

// functionName returns the name in a name or an ARN, each with or without a
// qualifier.
func functionName(s string) string {
	if part := strings.Split(s, ":"); len(part) >= 7 && part[0] == "arn" {
		return part[6]
	}
	name, _, _ := strings.Cut(s, ":")
	return name
}

// qualifierOf returns the version or alias after a name or an ARN, "" for none.
func qualifierOf(s string) string {
	part := strings.Split(s, ":")
	switch {
	case part[0] == "arn" && len(part) == 8:
		return part[7]
	case part[0] != "arn" && len(part) == 2:
		return part[1]
	}
	return ""
}
