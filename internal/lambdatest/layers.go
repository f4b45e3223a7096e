package lambdatest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/signer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest/wire"
)

const (
	pageSize = 50
	notFound = "The resource you requested does not exist."
)

var layerNamePattern = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)

type layer struct {
	last     int64 // the highest number ever given
	versions []*layerVersion
}

type layerVersion struct {
	Version
	scope       wire.Scope
	serial      int
	name        string
	createdDate string
	license     string
	unzipped    int64
	location    string
	policy      policy
	signing     *signer.Job // what signed the zip, if it is signed
	reference   code        // where Lambda reads the zip, if it has no copy
}

// Version is a published layer version, for assertions.
type Version struct {
	ARN                     string
	Number                  int64
	CodeSHA256              string // base64
	Description             string
	Runtimes, Architectures []string
	Deleted                 bool
	// ReferenceVersion is the version of the S3 object that Lambda reads, or ""
	// where it has a copy.
	ReferenceVersion string
	// Zip is what was published; it is not a copy.
	Zip []byte
}

// Versions returns every version that a layer of Account ever had in the
// region, oldest first, deleted ones included.
func (a *AWS) Versions(regionName, layerName string) []Version {
	return a.versionsOf(Account, regionName, layerName)
}

// versionsOf is Versions for a layer of any account.
func (a *AWS) versionsOf(account, regionName, layerName string) []Version {
	a.Lock()
	defer a.Unlock()
	l := a.in(wire.Scope{Account: account, Region: regionName}).layers[layerName]
	if l == nil {
		return nil
	}
	var versions []Version
	for _, v := range l.versions {
		versions = append(versions, v.Version)
	}
	return versions
}

// Live returns the versions that are not deleted, oldest first.
func (a *AWS) Live(regionName, layerName string) []Version {
	return a.LiveOf(Account, regionName, layerName)
}

// LiveOf is Live for a layer of any account.
func (a *AWS) LiveOf(account, regionName, layerName string) []Version {
	return slices.DeleteFunc(a.versionsOf(account, regionName, layerName), func(v Version) bool { return v.Deleted })
}

func (v *layerVersion) layerARN() string { return v.scope.ARN("lambda", "layer:"+v.name) }

// item is the version as listings show it; full adds what only its own
// description has.
func (v *layerVersion) item() map[string]any {
	item := map[string]any{
		"LayerVersionArn": v.ARN, "Version": v.Number, "Description": v.Description, "CreatedDate": v.createdDate,
	}
	if v.license != "" {
		item["LicenseInfo"] = v.license
	}
	if len(v.Runtimes) > 0 {
		item["CompatibleRuntimes"] = v.Runtimes
	}
	if len(v.Architectures) > 0 {
		item["CompatibleArchitectures"] = v.Architectures
	}
	return item
}

func (v *layerVersion) full(a *AWS) map[string]any {
	full := v.item()
	full["LayerArn"] = v.layerARN()
	content := map[string]any{"CodeSha256": v.CodeSHA256, "CodeSize": len(v.Zip), "Location": a.url + v.location}
	if v.signing != nil {
		content["SigningJobArn"], content["SigningProfileVersionArn"] = v.signing.ARN(), v.signing.ProfileVersionARN()
	}
	if r := v.reference; r.S3Bucket != "" {
		content["ResolvedS3Object"] = map[string]string{"S3Bucket": r.S3Bucket, "S3Key": r.S3Key, "S3ObjectVersion": r.S3ObjectVersion}
	}
	full["Content"] = content
	return full
}

type publishInput struct {
	Content                 code
	Description             string
	LicenseInfo             string
	CompatibleRuntimes      []string
	CompatibleArchitectures []string
}

func (a *AWS) publishLayerVersion(c *call) reply {
	_, name := layerName(c)
	in := wire.In[publishInput](c)
	in.check(c, name)
	archive, unzipped := a.archive(c, in.Content)
	r := a.own(c)
	l := r.layers[name]
	if l == nil {
		l = &layer{}
		r.layers[name] = l
	}
	l.last++
	v := &layerVersion{
		Version: Version{
			Number: l.last, CodeSHA256: wire.Base64SHA256(archive), Description: in.Description,
			Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures, Zip: archive,
		},
		scope: r.scope, serial: a.Next(), name: name, createdDate: a.Now().UTC().Format("2006-01-02T15:04:05.000-0700"),
		license: in.LicenseInfo, unzipped: unzipped, signing: a.signingOf(in.Content),
	}
	v.ARN = fmt.Sprintf("%s:%d", v.layerARN(), v.Number)
	if in.Content.S3ObjectStorageMode == "REFERENCE" {
		v.reference, v.ReferenceVersion = in.Content, in.Content.S3ObjectVersion
	}
	v.location = fmt.Sprintf("%s%d/%s-%d", downloadPrefix, v.serial, name, v.Number)
	a.downloads[v.location] = archive
	l.versions = append(l.versions, v)
	return wire.Created(v.full(a))
}

// check refuses what Lambda's model refuses.
func (in publishInput) check(c *call, name string) {
	refuse := func(value any, field, constraint string) {
		c.Invalid(fmt.Sprint(value), field, "Member must "+constraint).Refuse()
	}
	switch {
	case !layerNamePattern.MatchString(name) || len(name) > 140:
		refuse(name, "layerName", "satisfy regular expression pattern: "+
			"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+, and have length less than or equal to 140")
	case utf8.RuneCountInString(in.Description) > 256:
		refuse(in.Description, "description", "have length less than or equal to 256")
	case utf8.RuneCountInString(in.LicenseInfo) > 512:
		refuse(in.LicenseInfo, "licenseInfo", "have length less than or equal to 512")
	case len(in.CompatibleRuntimes) > 15:
		refuse(in.CompatibleRuntimes, "compatibleRuntimes", "have length less than or equal to 15")
	case len(in.CompatibleArchitectures) > 2:
		refuse(in.CompatibleArchitectures, "compatibleArchitectures", "have length less than or equal to 2")
	}
	oneOf := func(values []string, field string, known ...string) {
		if slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(known, v) }) {
			refuse(values, field, "satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(known, ", ")+"]]")
		}
	}
	oneOf(in.CompatibleRuntimes, "compatibleRuntimes", knownRuntimes()...)
	oneOf(in.CompatibleArchitectures, "compatibleArchitectures", "x86_64", "arm64")
}

func (a *AWS) getLayerVersion(c *call) reply { return wire.OK(a.layerVersion(c).full(a)) }

func (a *AWS) getLayerVersionByARN(c *call) reply {
	v := a.byARN(c.URL.Query().Get("Arn"))
	if v == nil || v.Deleted {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", notFound)
	}
	v.admit(c, v.layerARN())
	return wire.OK(v.full(a))
}

func (a *AWS) deleteLayerVersion(c *call) reply {
	account, name := layerName(c)
	if v := a.live(wire.Scope{Account: account, Region: c.Region}, name, layerNumber(c)); v != nil {
		v.Deleted = true
	}
	return wire.Nothing()
}

// layerName reads the first part of the path: a layer's name, which is the
// caller's own, or its ARN. Another account's layer can be read, and nothing else.
func layerName(c *call) (account, name string) {
	name = c.Part[0]
	if !strings.HasPrefix(name, "arn:") {
		return c.Account(), name
	}
	part := strings.Split(name, ":")
	switch {
	case len(part) != 7:
		c.Invalid(name, "layerName", "Member must satisfy regular expression pattern").Refuse()
	case part[4] != c.Account() && c.Operation != "GetLayerVersion":
		denied(c, name)
	case part[3] != c.Region:
		c.Refuse(http.StatusNotFound, "ResourceNotFoundException", notFound)
	}
	return part[4], part[6]
}

// layerVersion returns the version that the path names, and refuses one that is
// deleted or that the caller may not use.
func (a *AWS) layerVersion(c *call) *layerVersion {
	account, name := layerName(c)
	v := a.live(wire.Scope{Account: account, Region: c.Region}, name, layerNumber(c))
	if v == nil && account != c.Account() {
		denied(c, c.Part[0]) // AWS does not tell others what is not there
	}
	if v == nil {
		c.Refuse(http.StatusNotFound, "ResourceNotFoundException", notFound)
	}
	v.admit(c, v.layerARN())
	return v
}

// layerNumber reads the second part of the path.
func layerNumber(c *call) int64 {
	number, err := strconv.ParseInt(c.Part[1], 10, 64)
	if err != nil || number < 1 {
		c.Invalid(c.Part[1], "versionNumber", "Member must be a number from 1").Refuse()
	}
	return number
}

// live finds a version that is not deleted, or nil.
func (a *AWS) live(at wire.Scope, layerName string, number int64) *layerVersion {
	return a.in(at).layers[layerName].find(func(v *layerVersion) bool { return v.Number == number && !v.Deleted })
}

// byARN finds a version, deleted or not, or nil.
func (a *AWS) byARN(arn string) *layerVersion {
	part := strings.Split(arn, ":")
	if len(part) != 8 {
		return nil
	}
	return a.in(wire.Scope{Account: part[4], Region: part[3]}).layers[part[6]].find(func(v *layerVersion) bool { return v.ARN == arn })
}

// byARNs finds versions, deleted or not; the error names one that never was.
func (a *AWS) byARNs(arns []string) ([]*layerVersion, error) {
	var versions []*layerVersion
	for _, arn := range arns {
		v := a.byARN(arn)
		if v == nil {
			return nil, fmt.Errorf("no layer version %q", arn)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

// find returns the first version of a layer, which may be nil, that fits, or nil.
func (l *layer) find(fits func(*layerVersion) bool) *layerVersion {
	if l == nil {
		return nil
	}
	if at := slices.IndexFunc(l.versions, fits); at >= 0 {
		return l.versions[at]
	}
	return nil
}

// admit refuses a caller of another account whom the version is not shared with.
func (v *layerVersion) admit(c *call, resource string) {
	if c.Account() != v.scope.Account && !v.policy.allows(c.Account()) {
		denied(c, resource)
	}
}

// denied refuses a call on what another account has.
func denied(c *call, resource string) {
	c.Refuse(http.StatusForbidden, "AccessDeniedException",
		"User: arn:aws:iam::%s:user/test is not authorized to perform: lambda:%s on resource: %s", c.Account(), c.Operation, resource)
}

// knownRuntimes are the identifiers that the API takes.
func knownRuntimes() []string {
	return strings.Fields(`
		nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x
		nodejs20.x nodejs22.x nodejs24.x nodejs26.x
		java8 java8.al2 java8.al2023 java11 java11.al2023 java17 java17.al2023 java21 java25
		python2.7 python3.6 python3.7 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 python3.15
		dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet6 dotnet8 dotnet10
		go1.x ruby2.5 ruby2.7 ruby3.2 ruby3.3 ruby3.4 ruby4.0 provided provided.al2 provided.al2023`)
}
