package lambdatest

import (
	"cmp"
	"encoding/base64"
	"fmt"
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

// function returns a function of the region, nil where there is none.
func (r *region) function(name string) *function {
	if at, found := r.find(name); found {
		return r.functions[at]
	}
	return nil
}

// find returns where a function is among those of the region, or would be.
func (r *region) find(name string) (int, bool) {
	return slices.BinarySearchFunc(r.functions, name, func(f *function, name string) int { return strings.Compare(f.config.name, name) })
}

// put adds a function to the region, in place of one of the same name.
func (r *region) put(config functionConfig) *function {
	f := &function{config: config, aliases: map[string]string{}, routes: map[string]map[string]float64{}}
	r.remove(config.name)
	at, _ := r.find(config.name)
	r.functions = slices.Insert(r.functions, at, f)
	return f
}

// remove removes a function, and reports whether it was there.
func (r *region) remove(name string) bool {
	at, found := r.find(name)
	if found {
		r.functions = slices.Delete(r.functions, at, at+1)
	}
	return found
}

// change lets do read or change a function of Account without a call, if it is there.
func (a *AWS) change(regionName, name string, do func(*function)) {
	a.Lock()
	defer a.Unlock()
	if f := a.region(regionName).function(name); f != nil {
		do(f)
	}
}

// CreateFunction makes a function with layers in the region without a call,
// and publishes so many versions of it. Layers are given by version ARN.
func (a *AWS) CreateFunction(regionName, name string, versions int, layerARNs ...string) error {
	a.Lock()
	defer a.Unlock()
	layers, err := a.byARNs(layerARNs)
	if err != nil {
		return fmt.Errorf("creating function %q: %w", name, err)
	}
	r := a.region(regionName)
	f := r.put(functionConfig{
		scope: r.scope, name: name, version: latest, runtime: "python3.12", handler: "app.handler", layers: layers,
		role: "arn:aws:iam::" + Account + ":role/test", architectures: []string{"x86_64"}, revision: a.revision(),
	})
	for range versions {
		f.publish()
	}
	return nil
}

// SetLayers gives a function other layers without a call: those of the version
// ARNs, in place of what it has. It reports whether function and versions are
// there.
func (a *AWS) SetLayers(regionName, name string, layerARNs ...string) (done bool) {
	a.change(regionName, name, func(f *function) {
		if layers, err := a.byARNs(layerARNs); err == nil {
			f.config.layers, f.config.revision, done = layers, a.revision(), true
		}
	})
	return done
}

// LayersOf returns the ARNs of the layer versions of a function, nil for no
// function.
func (a *AWS) LayersOf(regionName, name string) (arns []string) {
	a.change(regionName, name, func(f *function) { arns = f.config.layerARNs() })
	return arns
}

// TagFunction sets the tags of a function without a call.
func (a *AWS) TagFunction(regionName, name string, tags map[string]string) {
	a.change(regionName, name, func(f *function) { f.config.tags = tags })
}

// SetRuntime gives a function another runtime without a call.
func (a *AWS) SetRuntime(regionName, name, runtime string) {
	a.change(regionName, name, func(f *function) { f.config.runtime = runtime })
}

// PublishFunction publishes a version of a function without a call, and returns
// its number, or 0 without the function.
func (a *AWS) PublishFunction(regionName, name string) (number int) {
	a.change(regionName, name, func(f *function) { number = f.publish().number() })
	return number
}

// DeleteFunction removes a function with its versions and aliases without a
// call, and reports whether it was there.
func (a *AWS) DeleteFunction(regionName, name string) bool {
	a.Lock()
	defer a.Unlock()
	return a.region(regionName).remove(name)
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

func (f functionConfig) layerARNs() []string {
	arns := []string{}
	for _, v := range f.layers {
		arns = append(arns, v.ARN)
	}
	return arns
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
			layers = append(layers, map[string]any{"Arn": v.ARN, "CodeSize": len(v.Zip)})
		}
		described["Layers"] = layers
	}
	return described
}

func (a *AWS) createFunction(c *call) reply {
	in := wire.In[functionInput](c)
	r := a.own(c)
	if r.function(in.FunctionName) != nil {
		return conflict(c, "Function already exist: "+in.FunctionName)
	}
	if len(in.Architectures) == 0 {
		in.Architectures = []string{"x86_64"}
	}
	config := functionConfig{
		scope: r.scope, name: in.FunctionName, version: latest, runtime: in.Runtime, handler: in.Handler, role: in.Role,
		architectures: in.Architectures,
	}
	a.load(c, &config, in.Code)
	a.attach(c, &config, in.Layers)
	f := r.put(config)
	if in.Publish {
		return wire.Created(f.publish().describe())
	}
	return wire.Created(f.config.describe())
}

// load gives the function its code.
func (a *AWS) load(c *call, f *functionConfig, from code) {
	archive, unzipped := a.archive(c, from)
	f.zipped, f.unzipped, f.sha256 = int64(len(archive)), unzipped, wire.Base64SHA256(archive)
}

// attach gives the function its layers, if they exist, are not too many and
// fit with the code into the limit. A deleted version stays where it was
// attached before.
func (a *AWS) attach(c *call, f *functionConfig, arns *[]string) {
	f.revision = a.revision()
	f.modified = time.Now().UTC().Format("2006-01-02T15:04:05.000-0700")
	if arns == nil {
		return
	}
	refuse := func(format string, args ...any) {
		c.Refuse(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
	}
	if len(*arns) > maxFunctionLayers {
		refuse("Cannot reference more than %d layers.", maxFunctionLayers)
	}
	var layers []*layerVersion
	total := f.unzipped
	for _, arn := range *arns {
		v := a.byARN(arn)
		if v == nil || v.Deleted && !slices.Contains(f.layers, v) {
			refuse("Layer version %s does not exist.", arn)
		}
		v.admit(c, v.ARN)
		if slices.ContainsFunc(layers, func(other *layerVersion) bool { return other.layerARN() == v.layerARN() }) {
			refuse("Two different versions of the same layer are not allowed to be referenced in the same function. %s", arn)
		}
		layers = append(layers, v)
		total += v.unzipped
	}
	if total > maxUnzipped {
		refuse("Function code combined with layers exceeds the maximum allowed size of %d bytes. "+
			"The actual size is %d bytes.", maxUnzipped, total)
	}
	f.layers = layers
}

// listFunctions answers a page in the order of names, each with $LATEST first.
// The marker names the last entry of the page before, so that a page costs what
// it holds, whatever the account has.
func (a *AWS) listFunctions(c *call) reply {
	size := maxItems(c)
	name, version, begun, err := functionMarker(c.URL.Query().Get("Marker"))
	if err != nil {
		return c.Fail(http.StatusBadRequest, "InvalidParameterValueException", "Invalid pagination token")
	}
	r := a.own(c)
	at, _ := r.find(name)
	items := []map[string]any{}
	for _, f := range r.functions[at:] {
		entries := []functionConfig{f.config}
		if c.URL.Query().Get("FunctionVersion") == "ALL" {
			entries = append(entries, f.published...)
		}
		for _, entry := range entries {
			if begun && entry.name == name && entry.number() <= version {
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

func (a *AWS) getFunctionConfiguration(c *call) reply {
	config := a.version(c)
	if f := a.function(c); config.version == latest && f.config.looks > 0 {
		f.config.looks--
	}
	return wire.OK(config.describe())
}

func (a *AWS) updateFunctionConfiguration(c *call) reply {
	in := wire.In[functionInput](c)
	f := a.function(c)
	f.admit(c, in.RevisionId)
	next := f.config
	next.runtime, next.handler = cmp.Or(in.Runtime, next.runtime), cmp.Or(in.Handler, next.handler)
	a.attach(c, &next, in.Layers)
	next.looks, next.fate = a.updates.looks, a.updates.fates[next.name]
	f.config = next
	return wire.OK(next.describe())
}

// admit refuses a change of a function that is being changed, or that another
// change has overtaken.
func (f *function) admit(c *call, revision string) {
	if f.config.looks > 0 {
		conflict(c, "The operation cannot be performed at this time. An update is in progress for resource: "+f.config.arn()).Refuse()
	}
	if revision != "" && revision != f.config.revision {
		c.Refuse(http.StatusPreconditionFailed, "PreconditionFailedException",
			"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
	}
}

func (a *AWS) updateFunctionCode(c *call) reply {
	in := wire.In[code](c)
	f := a.function(c)
	next := f.config
	a.load(c, &next, in)
	a.attach(c, &next, nil)
	f.config = next
	return wire.OK(next.describe())
}

func (a *AWS) publishVersion(c *call) reply { return wire.Created(a.function(c).publish().describe()) }

func (a *AWS) deleteFunction(c *call) reply {
	f := a.function(c)
	version := c.URL.Query().Get("Qualifier")
	if version == "" {
		a.own(c).remove(f.config.name)
		return wire.Nothing()
	}
	for alias, to := range f.aliases {
		if to == version {
			return conflict(c, fmt.Sprintf("Version %s cannot be deleted: the alias %s points to it.", version, alias))
		}
	}
	f.published = slices.DeleteFunc(f.published, func(p functionConfig) bool { return p.version == version })
	return wire.Nothing()
}

// function returns the function that the path names, and refuses one that is not there.
func (a *AWS) function(c *call) *function {
	f := a.own(c).function(functionName(c.Part[0]))
	if f == nil {
		noFunction(c)
	}
	return f
}

// version returns what the path and the qualifier name, and refuses what is not there.
func (a *AWS) version(c *call) functionConfig {
	f := a.function(c)
	version := cmp.Or(c.URL.Query().Get("Qualifier"), qualifierOf(c.Part[0]))
	version = cmp.Or(f.aliases[version], version, latest)
	entries := append([]functionConfig{f.config}, f.published...)
	at := slices.IndexFunc(entries, func(e functionConfig) bool { return e.version == version })
	if at < 0 {
		noFunction(c)
	}
	return entries[at]
}

func noFunction(c *call) {
	c.Refuse(http.StatusNotFound, "ResourceNotFoundException", "Function not found: %s",
		c.Scope().ARN("lambda", "function:"+functionName(c.Part[0])))
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
