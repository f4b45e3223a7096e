package provider

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// unseenPermissions are those in the guide's table that no call from here
// shows: what AWS does by itself with the caller's permissions, and what only
// several resources of one run ask for.
var unseenPermissions = []string{
	"kms:GenerateDataKey", "kms:Decrypt", "s3:ListBucket", "s3:GetObjectVersion", "s3:PutObjectTagging", "lambda:GetFunctionConfiguration",
}

// guidePermissions reads the table of permissions in the guide about retention:
// the actions of each feature.
func guidePermissions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash("../../templates/guides/retention.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| for | actions | on |\n|---|---|---|\n")
	if !found {
		t.Fatal("the guide has no table of permissions")
	}
	action := regexp.MustCompile("`([a-z0-9]+:[A-Za-z]+)`")
	features, feature := map[string][]string{}, ""
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			break
		}
		if name := strings.TrimSpace(cells[1]); name != "" {
			feature = name
		}
		for _, match := range action.FindAllStringSubmatch(cells[2], -1) {
			features[feature] = append(features[feature], match[1])
		}
	}
	return features
}

// permission returns the action that AWS asks for a call.
func permission(c lambdatest.Call) string {
	switch c.Operation {
	case "HeadObject":
		return "s3:GetObject"
	case "DeleteObject":
		if c.VersionId != "" {
			return "s3:DeleteObjectVersion"
		}
		return "s3:DeleteObject"
	case "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "PutObject":
		return "s3:PutObject"
	case "AbortMultipartUpload", "GetBucketVersioning", "GetBucketPolicy":
		return "s3:" + c.Operation
	case "StartSigningJob", "DescribeSigningJob":
		return "signer:" + c.Operation
	case "PutParameter", "GetParameter", "DeleteParameter":
		return "ssm:" + c.Operation
	}
	return "lambda:" + c.Operation
}

// read reads a data source.
func (h *history) read(name string, given map[string]tftypes.Value) {
	h.Helper()
	server, err := h.core.start(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(h.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		h.Fatal(err)
	}
	config, err := dynamic(object(schemas.DataSourceSchemas[name].ValueType(), given))
	if err != nil {
		h.Fatal(err)
	}
	answer, err := server.ReadDataSource(h.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: config})
	if err != nil {
		h.Fatal(err)
	}
	if err := h.core.judge(answer.Diagnostics); err != nil {
		h.Fatal(err)
	}
}

// TestPermissionsAreThoseOfTheGuide uses each feature alone, from create to
// destroy: it makes no call that the guide's table does not have for it, and
// the table has none that no feature makes.
func TestPermissionsAreThoseOfTheGuide(t *testing.T) {
	t.Parallel()
	table := guidePermissions(t)
	yes := tftypes.NewValue(tftypes.Bool, true)
	features := map[string]struct {
		needs []string // further rows
		set   func(h *history)
	}{
		"publishing, refreshing": {nil, func(h *history) {
			h.argument("retention", map[string]tftypes.Value{"on_destroy": h.text("retain")})
		}},
		"retention, destroy": {nil, func(h *history) {
			h.argument("retention", map[string]tftypes.Value{"keep_last": tftypes.NewValue(tftypes.Number, int64(1))})
		}},
		"`sharing`":       {[]string{"retention, destroy"}, func(h *history) { h.argument("sharing", map[string]tftypes.Value{"account_ids": texts(teamA)}) }},
		"`ssm_parameter`": {[]string{"retention, destroy"}, func(h *history) { h.argument("ssm_parameter", map[string]tftypes.Value{"name": h.text("/a")}) }},
		"`s3`": {[]string{"retention, destroy"}, func(h *history) {
			h.aws.CreateBucket(region, "artifacts-"+region, false)
			h.aws.CreateBucket(second, "artifacts-"+second, true)
			h.config["regions"] = texts(second)
			h.aws.Inject(lambdatest.Fault{Operation: "UploadPart", Status: 403, ErrorType: "AccessDenied", Message: "not yet"})
			h.zips[0] = h.noise(51 << 20)
			h.argument("s3", map[string]tftypes.Value{"bucket": h.text("artifacts-{region}")})
		}},
		"`s3.storage_mode = \"REFERENCE\"`": {[]string{"retention, destroy", "`s3`"}, func(h *history) {
			h.aws.CreateBucket(region, "versioned", true)
			h.argument("s3", map[string]tftypes.Value{"bucket": h.text("versioned"), "storage_mode": h.text("REFERENCE")})
		}},
		"`signing`": {[]string{"retention, destroy", "`s3`"}, func(h *history) {
			h.aws.CreateBucket(region, "versioned", true)
			h.aws.CreateSigningProfile(region, lambdatest.SigningProfile{Name: "layers"})
			h.argument("s3", map[string]tftypes.Value{"bucket": h.text("versioned")})
			h.argument("signing", map[string]tftypes.Value{"profile_name": h.text("layers")})
		}},
		"`data \"layerbuild_versions\"`, import of a layer": {nil, nil},
		"`data \"layerbuild_layer\"`":                       {nil, nil},
	}
	for name := range table {
		if _, ok := features[name]; !ok && name != "`s3.kms_key_id`" {
			t.Errorf("the guide has permissions for %q, which no test uses", name)
		}
	}
	for name, feature := range features {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(t, 1)
			h.publishByOther("data")
			before := len(h.aws.Calls())
			allowed := slices.Clone(table[name])
			if feature.set != nil {
				allowed = append(allowed, table["publishing, refreshing"]...)
				feature.set(h)
				h.live()
			} else {
				layer := map[string]tftypes.Value{"layer_name": h.text("deps")}
				if strings.Contains(name, `"layerbuild_layer"`) {
					h.read("layerbuild_layer", map[string]tftypes.Value{"layer_name": h.text("deps"), "read_hashes": yes})
				} else {
					h.read("layerbuild_versions", layer)
				}
			}
			for _, row := range feature.needs {
				allowed = append(allowed, table[row]...)
			}
			asked := map[string]bool{}
			for _, c := range h.aws.Calls()[before:] {
				if c.Operation == "GetCallerIdentity" { // everyone may
					continue
				}
				asked[permission(c)] = true
			}
			for _, action := range slices.Sorted(maps.Keys(asked)) {
				if !slices.Contains(allowed, action) {
					t.Errorf("%s is asked for, and the guide does not say so", action)
				}
			}
			for _, action := range table[name] {
				if !asked[action] && !slices.Contains(unseenPermissions, action) {
					t.Errorf("the guide names %s, which is not asked for", action)
				}
			}
		})
	}
}

// live takes the resource from create to destroy.
func (h *history) live() {
	h.Helper()
	h.config["filename"] = h.text(h.zips[0])
	if err := h.core.apply(h.Context(), h.config); err != nil { // a fault of the feature's own
		h.must()
	}
	h.config["filename"] = h.text(h.zips[1])
	if s, ok := h.config["sharing"]; ok && !s.IsNull() {
		h.argument("sharing", map[string]tftypes.Value{"account_ids": texts(teamB)})
	}
	h.must()
	if err := h.core.destroy(h.Context()); err != nil {
		h.Fatal(err)
	}
}
