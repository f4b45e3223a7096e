package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// Schema takes the AWS settings under the names of hashicorp/aws, so that its
// provider block can be copied.
func (p *layerbuild) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	arguments := map[string]schema.Attribute{
		"cache_dir": attributes.Text("Folder for fetched and built files. Default: `LAYERBUILD_CACHE_DIR`, else `layerbuild` in the user's cache directory, else `.layerbuild/cache` in the root module."),
		"cache":     cacheAttribute(),
		"offline":   attributes.Flag("Use only files in the cache, including the shared `cache`. Default: `LAYERBUILD_OFFLINE`, else `false`."),
		"exclude_newer": attributes.Text("An RFC 3339 time or a date. Releases uploaded after it are ignored. With `plantimestamp()`, plan and apply resolve as of the same time on any two machines.",
			attributes.Moment()),
		"minimum_release_age": attributes.Text("Version ranges ignore releases younger than this. The limit is rounded down to midnight UTC. Exact versions (`==`) are exempt. It has no effect if `exclude_newer` is set. Default `24h`."),

		"access_key":                         attributes.Text("The access key for API operations, as in the AWS provider. Prefer a profile or environment variables: values here are in the configuration."),
		"allowed_account_ids":                attributes.TextSet("Account IDs that this provider may use. Conflicts with `forbidden_account_ids`."),
		"custom_ca_bundle":                   attributes.Text("File of certificates to trust. It replaces the system's certificates for AWS and is added to them for package registries. Default for AWS: `AWS_CA_BUNDLE`. Registries also trust `SSL_CERT_FILE`, `SSL_CERT_DIR`, `PIP_CERT`, `REQUESTS_CA_BUNDLE` and `NODE_EXTRA_CA_CERTS`."),
		"ec2_metadata_service_endpoint":      attributes.Text("Address of the EC2 metadata service."),
		"ec2_metadata_service_endpoint_mode": attributes.Text("`IPv4` or `IPv6`."),
		"forbidden_account_ids":              attributes.TextSet("Account IDs that this provider must not use."),
		"http_proxy":                         attributes.Text("URL of a proxy for HTTP to AWS. Default: `HTTP_PROXY`."),
		"https_proxy":                        attributes.Text("URL of a proxy for HTTPS to AWS. Default: `HTTPS_PROXY`."),
		"insecure":                           attributes.Flag("Trust any certificate of AWS endpoints."),
		"max_retries":                        attributes.Number("How often a request to AWS is tried at most. Default 25."),
		"no_proxy":                           attributes.Text("Hosts to reach without a proxy. Default: `NO_PROXY`."),
		"profile":                            attributes.Text("Profile of the shared configuration and credentials files."),
		"region":                             attributes.Text("AWS region. Default: `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the region of the profile, else that of the instance."),
		"retry_mode":                         attributes.Text("`standard` or `adaptive`."),
		"s3_use_path_style":                  attributes.Flag("Use path-style addresses for buckets."),
		"secret_key":                         attributes.SecretText("The secret key for API operations."),
		"shared_config_files":                attributes.Texts("Shared configuration files. Default `~/.aws/config`."),
		"shared_credentials_files":           attributes.Texts("Shared credentials files. Default `~/.aws/credentials`."),
		"skip_credentials_validation":        attributes.Flag("Do not check the credentials with STS."),
		"skip_metadata_api_check":            attributes.Text("`true` disables the use of the EC2 metadata service.", attributes.OneOf("true", "false", "")),
		"skip_region_validation":             attributes.Flag("Accept regions that this version of the provider does not know."),
		"skip_requesting_account_id":         attributes.Flag("Do not request the account's ID."),
		"sts_region":                         attributes.Text("Region of STS."),
		"token":                              attributes.SecretText("Session token of temporary credentials."),
		"token_bucket_rate_limiter_capacity": attributes.Number("Capacity of the SDK's retry limiter."),
		"use_dualstack_endpoint":             attributes.Flag("Use endpoints with IPv6."),
		"use_fips_endpoint":                  attributes.Flag("Use FIPS endpoints."),
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Builds, publishes and manages AWS Lambda layers. It resolves, fetches, verifies and packs everything in pure Go while Terraform plans. The host needs no Python, pip or Docker. A configuration that only builds packages needs no AWS credentials.",
		Attributes:          arguments,
		Blocks:              providerBlocks(),
	}
}

func providerBlocks() map[string]schema.Block {
	role := map[string]schema.Attribute{
		"duration":     attributes.Text("How long the session lasts, such as `1h`."),
		"policy":       attributes.Text("JSON policy that limits the session's permissions."),
		"policy_arns":  attributes.TextSet("Managed policies that limit the session's permissions."),
		"role_arn":     attributes.Text("The role to assume."),
		"session_name": attributes.Text("Name of the session."),
	}
	assume := map[string]schema.Attribute{
		"external_id":         attributes.Text("External ID that the role requires."),
		"source_identity":     attributes.Text("Source identity of the session."),
		"tags":                attributes.TextMap("Tags of the session."),
		"transitive_tag_keys": attributes.TextSet("Tags that pass on to further roles."),
	}
	identity := map[string]schema.Attribute{
		"web_identity_token":      attributes.SecretText("The OIDC token."),
		"web_identity_token_file": attributes.Text("File of the OIDC token."),
	}
	for name, a := range role {
		assume[name], identity[name] = a, a
	}
	return map[string]schema.Block{
		"assume_role":                   block("A role to assume. Several roles are assumed one after the other.", assume),
		"assume_role_with_web_identity": block("A role to assume with an OIDC token.", identity),
		"endpoints": schema.SetNestedBlock{
			MarkdownDescription: "Endpoints in place of those of AWS.",
			NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
				"codeartifact": attributes.Text("URL of CodeArtifact."),
				"iam":          attributes.Text("URL of IAM."), "lambda": attributes.Text("URL of Lambda."), "s3": attributes.Text("URL of S3."),
				"signer": attributes.Text("URL of Signer."), "ssm": attributes.Text("URL of Systems Manager."), "sso": attributes.Text("URL of SSO."), "sts": attributes.Text("URL of STS."),
			}},
		},
		"default_tags": block("Accepted and ignored, because layers have no tags.", map[string]schema.Attribute{
			"tags": attributes.TextMap("Ignored."),
		}),
		"ignore_tags": block("Accepted and ignored, because layers have no tags.", map[string]schema.Attribute{
			"keys": attributes.TextSet("Ignored."), "key_prefixes": attributes.TextSet("Ignored."),
		}),
	}
}

func block(description string, attributes map[string]schema.Attribute) schema.Block {
	return schema.ListNestedBlock{MarkdownDescription: description, NestedObject: schema.NestedBlockObject{Attributes: attributes}}
}
