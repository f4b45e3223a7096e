package lambdatest

import (
	"encoding/json"
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
	scope         wire.Scope
	serial        int64
	name          string
	number        int64
	createdDate   string
	description   string
	license       string
	runtimes      []string
	architectures []string
	zip           []byte
	sha256        string
	unzipped      int64
	location      string
	deleted       bool
	policy        policy
	signing       *signer.Job // what signed the zip, if it is signed
	reference     code        // where Lambda reads the zip, if it has no copy
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
	return a.VersionsOf(Account, regionName, layerName)
}

// VersionsOf is Versions for a layer of any account.
func (a *AWS) VersionsOf(account, regionName, layerName string) []Version {
	a.Lock()
	defer a.Unlock()
	var versions []Version
	l := a.in(wire.Scope{Account: account, Region: regionName}).layers[layerName]
	if l == nil {
		return nil
	}
	for _, v := range l.versions {
		versions = append(versions, Version{
			ARN: v.arn(), Number: v.number, CodeSHA256: v.sha256, Description: v.description,
			Runtimes: v.runtimes, Architectures: v.architectures, Deleted: v.deleted, Zip: v.zip,
			ReferenceVersion: v.reference.S3ObjectVersion,
		})
	}
	return versions
}

// Live returns the versions that are not deleted, oldest first.
func (a *AWS) Live(regionName, layerName string) []Version {
	return a.LiveOf(Account, regionName, layerName)
}

// LiveOf is Live for a layer of any account.
func (a *AWS) LiveOf(account, regionName, layerName string) []Version {
	return slices.DeleteFunc(a.VersionsOf(account, regionName, layerName), func(v Version) bool { return v.Deleted })
}

func (v *layerVersion) layerARN() string { return v.scope.ARN("lambda", "layer:"+v.name) }

func (v *layerVersion) arn() string { return v.layerARN() + ":" + strconv.FormatInt(v.number, 10) }

// item is the version as listings show it; full adds what only its own
// description has.
func (v *layerVersion) item() map[string]any {
	item := map[string]any{
		"LayerVersionArn": v.arn(), "Version": v.number, "Description": v.description, "CreatedDate": v.createdDate,
	}
	if v.license != "" {
		item["LicenseInfo"] = v.license
	}
	if len(v.runtimes) > 0 {
		item["CompatibleRuntimes"] = v.runtimes
	}
	if len(v.architectures) > 0 {
		item["CompatibleArchitectures"] = v.architectures
	}
	return item
}

func (v *layerVersion) full(a *AWS) map[string]any {
	full := v.item()
	full["LayerArn"] = v.layerARN()
	content := map[string]any{"CodeSha256": v.sha256, "CodeSize": len(v.zip), "Location": a.url + v.location}
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

func publishLayerVersion(a *AWS, c *call) reply {
	_, name, refusal := c.layerName()
	if refusal != nil {
		return *refusal
	}
	var in publishInput
	if err := json.Unmarshal(c.Payload, &in); err != nil {
		return c.Fail(http.StatusBadRequest, "SerializationException", "could not parse the request body")
	}
	if refusal := c.checkPublish(name, in); refusal != nil {
		return *refusal
	}
	archive, unzipped, refusal := a.archive(c, in.Content)
	if refusal != nil {
		return *refusal
	}
	l := a.own(c).layers[name]
	if l == nil {
		l = &layer{}
		a.own(c).layers[name] = l
	}
	l.last++
	v := &layerVersion{
		scope: a.own(c).scope, serial: int64(a.Next()), name: name, number: l.last,
		createdDate: a.Now().UTC().Format("2006-01-02T15:04:05.000-0700"),
		description: in.Description, license: in.LicenseInfo,
		runtimes: in.CompatibleRuntimes, architectures: in.CompatibleArchitectures,
		zip: archive, sha256: wire.Base64SHA256(archive), unzipped: unzipped, signing: a.signingOf(in.Content),
	}
	if in.Content.S3ObjectStorageMode == "REFERENCE" {
		v.reference = in.Content
	}
	v.location = fmt.Sprintf("%s%d/%s-%d", downloadPrefix, v.serial, name, v.number)
	a.downloads[v.location] = archive
	l.versions = append(l.versions, v)
	a.listings.Lock()
	if a.unlisted > 0 {
		a.hidden = append(a.hidden, v.serial)
	}
	a.listings.Unlock()
	return wire.Created(v.full(a))
}

// checkPublish refuses what Lambda's model refuses.
func (c *call) checkPublish(name string, in publishInput) *reply {
	var refusal reply
	switch {
	case !layerNamePattern.MatchString(name) || len(name) > 140:
		refusal = c.Invalid(name, "layerName", "Member must satisfy regular expression pattern: "+
			"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+, and have length less than or equal to 140")
	case utf8.RuneCountInString(in.Description) > 256:
		refusal = c.Invalid(in.Description, "description", "Member must have length less than or equal to 256")
	case utf8.RuneCountInString(in.LicenseInfo) > 512:
		refusal = c.Invalid(in.LicenseInfo, "licenseInfo", "Member must have length less than or equal to 512")
	case len(in.CompatibleRuntimes) > 15:
		refusal = c.Invalid(fmt.Sprint(in.CompatibleRuntimes), "compatibleRuntimes", "Member must have length less than or equal to 15")
	case len(in.CompatibleArchitectures) > 2:
		refusal = c.Invalid(fmt.Sprint(in.CompatibleArchitectures), "compatibleArchitectures", "Member must have length less than or equal to 2")
	default:
		for _, id := range in.CompatibleRuntimes {
			if !slices.Contains(knownRuntimes(), id) {
				refusal = c.Invalid(fmt.Sprint(in.CompatibleRuntimes), "compatibleRuntimes",
					"Member must satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(knownRuntimes(), ", ")+"]]")
				return &refusal
			}
		}
		for _, architecture := range in.CompatibleArchitectures {
			if architecture != "x86_64" && architecture != "arm64" {
				refusal = c.Invalid(fmt.Sprint(in.CompatibleArchitectures), "compatibleArchitectures",
					"Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]")
				return &refusal
			}
		}
		return nil
	}
	return &refusal
}

func getLayerVersion(a *AWS, c *call) reply {
	v, refusal := a.layerVersion(c)
	if refusal != nil {
		return *refusal
	}
	return wire.OK(v.full(a))
}

func getLayerVersionByARN(a *AWS, c *call) reply {
	v := a.byARN(c.URL.Query().Get("Arn"))
	if v == nil || v.deleted {
		return c.Fail(http.StatusNotFound, "ResourceNotFoundException", notFound)
	}
	if c.Account() != v.scope.Account && !v.policy.allows(c.Account()) {
		return *c.denied(v.layerARN())
	}
	return wire.OK(v.full(a))
}

func deleteLayerVersion(a *AWS, c *call) reply {
	v, refusal := a.layerVersion(c)
	if refusal != nil {
		if refusal.Status == http.StatusNotFound {
			return wire.Nothing()
		}
		return *refusal
	}
	v.deleted = true
	return wire.Nothing()
}

// layerName reads the first part of the path: a layer's name, which is the
// caller's own, or its ARN. Another account's layer can be read, and nothing else.
func (c *call) layerName() (account, name string, refusal *reply) {
	name = c.Part[0]
	if !strings.HasPrefix(name, "arn:") {
		return c.Account(), name, nil
	}
	part := strings.Split(name, ":")
	if len(part) != 7 {
		refusal := c.Invalid(name, "layerName", "Member must satisfy regular expression pattern")
		return "", "", &refusal
	}
	if part[4] != c.Account() && c.Operation != "GetLayerVersion" {
		return "", "", c.denied(name)
	}
	if part[3] != c.Region {
		refusal := c.Fail(http.StatusNotFound, "ResourceNotFoundException", notFound)
		return "", "", &refusal
	}
	return part[4], part[6], nil
}

// layerVersion finds the version that the path names, unless it is deleted.
func (a *AWS) layerVersion(c *call) (*layerVersion, *reply) {
	account, name, refusal := c.layerName()
	if refusal != nil {
		return nil, refusal
	}
	number, err := strconv.ParseInt(c.Part[1], 10, 64)
	if err != nil || number < 1 {
		refusal := c.Invalid(c.Part[1], "versionNumber", "Member must be a number from 1")
		return nil, &refusal
	}
	v := a.live(wire.Scope{Account: account, Region: c.Region}, name, number)
	if v == nil && account != c.Account() {
		return nil, c.denied(c.Part[0]) // AWS does not tell others what is not there
	}
	if v == nil {
		missing := c.Fail(http.StatusNotFound, "ResourceNotFoundException", notFound)
		return nil, &missing
	}
	if c.Account() != v.scope.Account && !v.policy.allows(c.Account()) {
		return nil, c.denied(v.layerARN())
	}
	return v, nil
}

// live finds a version that is not deleted, or nil.
func (a *AWS) live(at wire.Scope, layerName string, number int64) *layerVersion {
	if l := a.in(at).layers[layerName]; l != nil {
		for _, v := range l.versions {
			if v.number == number && !v.deleted {
				return v
			}
		}
	}
	return nil
}

// denied refuses a call on what another account has.
func (c *call) denied(resource string) *reply {
	refusal := c.Fail(http.StatusForbidden, "AccessDeniedException", fmt.Sprintf(
		"User: arn:aws:iam::%s:user/test is not authorized to perform: lambda:%s on resource: %s", c.Account(), c.Operation, resource))
	return &refusal
}

// byARN finds a version, deleted or not.
func (a *AWS) byARN(arn string) *layerVersion {
	part := strings.Split(arn, ":")
	if len(part) != 8 {
		return nil
	}
	if l := a.in(wire.Scope{Account: part[4], Region: part[3]}).layers[part[6]]; l != nil {
		for _, v := range l.versions {
			if v.arn() == arn {
				return v
			}
		}
	}
	return nil
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
