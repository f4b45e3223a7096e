package provider

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// providerModel is the provider block.
type providerModel struct {
	CacheDir          types.String `tfsdk:"cache_dir"`
	Cache             types.Object `tfsdk:"cache"`
	Offline           types.Bool   `tfsdk:"offline"`
	ExcludeNewer      types.String `tfsdk:"exclude_newer"`
	MinimumReleaseAge types.String `tfsdk:"minimum_release_age"`

	awsModel
	SkipMetadataAPICheck types.String `tfsdk:"skip_metadata_api_check"`

	// The blocks are values, not structs: a dynamic block may be unknown.
	AssumeRole                types.List `tfsdk:"assume_role"`
	AssumeRoleWithWebIdentity types.List `tfsdk:"assume_role_with_web_identity"`
	Endpoints                 types.Set  `tfsdk:"endpoints"`
	// Layers have no tags: the two blocks are taken so that a block written for
	// hashicorp/aws can be copied.
	DefaultTags types.List `tfsdk:"default_tags"`
	IgnoreTags  types.List `tfsdk:"ignore_tags"`
}

// awsModel are the settings that publish.Config has under the same names.
type awsModel struct {
	AccessKey                      types.String `tfsdk:"access_key"`
	AllowedAccountIDs              types.Set    `tfsdk:"allowed_account_ids"`
	CustomCABundle                 types.String `tfsdk:"custom_ca_bundle"`
	EC2MetadataServiceEndpoint     types.String `tfsdk:"ec2_metadata_service_endpoint"`
	EC2MetadataServiceEndpointMode types.String `tfsdk:"ec2_metadata_service_endpoint_mode"`
	ForbiddenAccountIDs            types.Set    `tfsdk:"forbidden_account_ids"`
	HTTPProxy                      types.String `tfsdk:"http_proxy"`
	HTTPSProxy                     types.String `tfsdk:"https_proxy"`
	Insecure                       types.Bool   `tfsdk:"insecure"`
	MaxRetries                     types.Int64  `tfsdk:"max_retries"`
	NoProxy                        types.String `tfsdk:"no_proxy"`
	Profile                        types.String `tfsdk:"profile"`
	Region                         types.String `tfsdk:"region"`
	RetryMode                      types.String `tfsdk:"retry_mode"`
	S3UsePathStyle                 types.Bool   `tfsdk:"s3_use_path_style"`
	SecretKey                      types.String `tfsdk:"secret_key"`
	SharedConfigFiles              types.List   `tfsdk:"shared_config_files"`
	SharedCredentialsFiles         types.List   `tfsdk:"shared_credentials_files"`
	SkipCredentialsValidation      types.Bool   `tfsdk:"skip_credentials_validation"`
	SkipRegionValidation           types.Bool   `tfsdk:"skip_region_validation"`
	SkipRequestingAccountID        types.Bool   `tfsdk:"skip_requesting_account_id"`
	STSRegion                      types.String `tfsdk:"sts_region"`
	Token                          types.String `tfsdk:"token"`
	TokenBucketRateLimiterCapacity types.Int64  `tfsdk:"token_bucket_rate_limiter_capacity"`
	UseDualStackEndpoint           types.Bool   `tfsdk:"use_dualstack_endpoint"`
	UseFIPSEndpoint                types.Bool   `tfsdk:"use_fips_endpoint"`
}

// resolvable reports whether all that resolving depends on is known.
func (m *providerModel) resolvable() bool {
	return !m.CacheDir.IsUnknown() && !m.Offline.IsUnknown() && !m.ExcludeNewer.IsUnknown() && !m.MinimumReleaseAge.IsUnknown() &&
		!m.CustomCABundle.IsUnknown()
}

// times reads the cut-off settings into the tools.
func (m *providerModel) times(tools *toolbox.Tools) diag.Diagnostics {
	var diags diag.Diagnostics
	var err error
	if text := m.ExcludeNewer.ValueString(); text != "" {
		if tools.Newest, err = values.ParseMoment(text); err != nil {
			diags.Append(diagnostic.At("exclude_newer", diag.NewErrorDiagnostic(fmt.Sprintf("Malformed moment %q", text), diagnostic.Sentence(err.Error()))))
		}
	}
	if text := m.MinimumReleaseAge.ValueString(); text != "" {
		tools.ReleaseAge, err = time.ParseDuration(text)
		if err != nil || tools.ReleaseAge < 0 {
			diags.Append(diagnostic.At("minimum_release_age", diag.NewErrorDiagnostic(
				fmt.Sprintf("Malformed duration %q", text), "Write a duration in hours such as \"24h\" or \"168h\", or \"0s\" for none.")))
		}
	}
	return diags
}

// aws returns the AWS settings.
func (m *providerModel) aws() (publish.Config, diag.Diagnostics) {
	var diags diag.Diagnostics
	var c publish.Config
	values.Fill(&c, m.awsModel)
	if text := m.SkipMetadataAPICheck.ValueString(); text != "" {
		skip := text == "true"
		c.SkipMetadataAPICheck = &skip
	}
	for _, e := range values.Blocks(m.Endpoints) {
		values.Fill(&c.Endpoints, e)
	}
	for _, r := range values.Blocks(m.AssumeRole) {
		role := publish.AssumeRole{Duration: duration("assume_role", r, &diags)}
		values.Fill(&role, r, "duration")
		c.AssumeRole = append(c.AssumeRole, role)
	}
	for _, r := range values.Blocks(m.AssumeRoleWithWebIdentity) {
		c.AssumeRoleWithWebIdentity = &publish.AssumeRoleWithWebIdentity{Duration: duration("assume_role_with_web_identity", r, &diags)}
		values.Fill(c.AssumeRoleWithWebIdentity, r, "duration")
	}
	return c, diags
}

// duration reads that of a block, 0 for none.
func duration(block string, of types.Object, diags *diag.Diagnostics) time.Duration {
	text, _ := of.Attributes()["duration"].(types.String)
	if text.ValueString() == "" {
		return 0
	}
	d, err := time.ParseDuration(text.ValueString())
	if err != nil {
		diags.Append(diagnostic.At(block, diag.NewErrorDiagnostic(
			fmt.Sprintf("Malformed duration %q", text.ValueString()), "Write a duration such as \"15m\" or \"1h\".")))
	}
	return d
}

// pipelineSettings are the arguments of the provider block that AWS does not
// depend on.
func pipelineSettings() []string {
	return []string{"cache", "cache_dir", "default_tags", "exclude_newer", "ignore_tags", "minimum_release_age", "offline"}
}

// unknownAWS returns the arguments and blocks with settings of AWS that are not
// wholly known, sorted.
func unknownAWS(block tftypes.Value) []string {
	var parts map[string]tftypes.Value
	if !block.IsKnown() || block.IsNull() || block.As(&parts) != nil {
		return nil
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !parts[name].IsFullyKnown() && !slices.Contains(pipelineSettings(), name) {
			names = append(names, name)
		}
	}
	return names
}
