package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// Schema takes the AWS settings under the names of hashicorp/aws, so that its
// provider block can be copied.
func (p *layerbuild) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"cache_dir": text("Folder for fetched and built files. Default: `LAYERBUILD_CACHE_DIR`, else `layerbuild` in the user's cache directory, else `.layerbuild/cache` in the root module."),
		"cache":     cacheAttribute(),
		"offline":   flag("Use only files in the cache, including the shared `cache`. Default: `LAYERBUILD_OFFLINE`, else `false`."),
		"exclude_newer": schema.StringAttribute{
			MarkdownDescription: "An RFC 3339 time or a date. Releases uploaded after it are ignored. With `plantimestamp()`, plan and apply resolve as of the same time on any two machines.",
			Optional:            true,
			Validators:          []validator.String{attributes.Moment()},
		},
		"minimum_release_age": text("Version ranges ignore releases younger than this. The limit is rounded down to midnight UTC. Exact versions (`==`) are exempt. It has no effect if `exclude_newer` is set. Default `24h`."),

		"access_key":                         text("The access key for API operations, as in the AWS provider. Prefer a profile or environment variables: values here are in the configuration."),
		"allowed_account_ids":                set("Account IDs that this provider may use. Conflicts with `forbidden_account_ids`."),
		"custom_ca_bundle":                   text("File of certificates to trust. It replaces the system's certificates for AWS and is added to them for package registries. Default for AWS: `AWS_CA_BUNDLE`. Registries also trust `SSL_CERT_FILE`, `SSL_CERT_DIR`, `PIP_CERT`, `REQUESTS_CA_BUNDLE` and `NODE_EXTRA_CA_CERTS`."),
		"ec2_metadata_service_endpoint":      text("Address of the EC2 metadata service."),
		"ec2_metadata_service_endpoint_mode": text("`IPv4` or `IPv6`."),
		"forbidden_account_ids":              set("Account IDs that this provider must not use."),
		"http_proxy":                         text("URL of a proxy for HTTP to AWS. Default: `HTTP_PROXY`."),
		"https_proxy":                        text("URL of a proxy for HTTPS to AWS. Default: `HTTPS_PROXY`."),
		"insecure":                           flag("Trust any certificate of AWS endpoints."),
		"max_retries":                        number("How often a request to AWS is tried at most. Default 25."),
		"no_proxy":                           text("Hosts to reach without a proxy. Default: `NO_PROXY`."),
		"profile":                            text("Profile of the shared configuration and credentials files."),
		"region":                             text("AWS region. Default: `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the region of the profile, else that of the instance."),
		"retry_mode":                         text("`standard` or `adaptive`."),
		"s3_use_path_style":                  flag("Use path-style addresses for buckets."),
		"secret_key":                         schema.StringAttribute{MarkdownDescription: "The secret key for API operations.", Optional: true, Sensitive: true},
		"shared_config_files":                list("Shared configuration files. Default `~/.aws/config`."),
		"shared_credentials_files":           list("Shared credentials files. Default `~/.aws/credentials`."),
		"skip_credentials_validation":        flag("Do not check the credentials with STS."),
		"skip_metadata_api_check": schema.StringAttribute{
			MarkdownDescription: "`true` disables the use of the EC2 metadata service.",
			Optional:            true,
			Validators:          []validator.String{attributes.OneOf("true", "false", "")},
		},
		"skip_region_validation":             flag("Accept regions that this version of the provider does not know."),
		"skip_requesting_account_id":         flag("Do not request the account's ID."),
		"sts_region":                         text("Region of STS."),
		"token":                              schema.StringAttribute{MarkdownDescription: "Session token of temporary credentials.", Optional: true, Sensitive: true},
		"token_bucket_rate_limiter_capacity": number("Capacity of the SDK's retry limiter."),
		"use_dualstack_endpoint":             flag("Use endpoints with IPv6."),
		"use_fips_endpoint":                  flag("Use FIPS endpoints."),
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Builds, publishes and manages AWS Lambda layers. It resolves, fetches, verifies and packs everything in pure Go while Terraform plans. The host needs no Python, pip or Docker. A configuration that only builds packages needs no AWS credentials.",
		Attributes:          attributes,
		Blocks:              providerBlocks(),
	}
}

func providerBlocks() map[string]schema.Block {
	role := map[string]schema.Attribute{
		"duration":     text("How long the session lasts, such as `1h`."),
		"policy":       text("JSON policy that limits the session's permissions."),
		"policy_arns":  set("Managed policies that limit the session's permissions."),
		"role_arn":     text("The role to assume."),
		"session_name": text("Name of the session."),
	}
	assume := map[string]schema.Attribute{
		"external_id":         text("External ID that the role requires."),
		"source_identity":     text("Source identity of the session."),
		"tags":                textMapAttribute("Tags of the session."),
		"transitive_tag_keys": set("Tags that pass on to further roles."),
	}
	identity := map[string]schema.Attribute{
		"web_identity_token":      schema.StringAttribute{MarkdownDescription: "The OIDC token.", Optional: true, Sensitive: true},
		"web_identity_token_file": text("File of the OIDC token."),
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
				"codeartifact": text("URL of CodeArtifact."),
				"iam":          text("URL of IAM."), "lambda": text("URL of Lambda."), "s3": text("URL of S3."),
				"signer": text("URL of Signer."), "ssm": text("URL of Systems Manager."), "sso": text("URL of SSO."), "sts": text("URL of STS."),
			}},
		},
		"default_tags": block("Accepted and ignored, because layers have no tags.", map[string]schema.Attribute{
			"tags": textMapAttribute("Ignored."),
		}),
		"ignore_tags": block("Accepted and ignored, because layers have no tags.", map[string]schema.Attribute{
			"keys": set("Ignored."), "key_prefixes": set("Ignored."),
		}),
	}
}

func block(description string, attributes map[string]schema.Attribute) schema.Block {
	return schema.ListNestedBlock{MarkdownDescription: description, NestedObject: schema.NestedBlockObject{Attributes: attributes}}
}

func text(description string) schema.Attribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true}
}

func flag(description string) schema.Attribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

func number(description string) schema.Attribute {
	return schema.Int64Attribute{CustomType: attributes.WholeNumber{}, MarkdownDescription: description, Optional: true}
}

// textMapAttribute is a map of strings.
func textMapAttribute(description string) schema.Attribute {
	return schema.MapAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.Map{mapvalidator.NoNullValues()},
	}
}

func list(description string) schema.Attribute {
	return schema.ListAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.List{listvalidator.NoNullValues()},
	}
}

func set(description string) schema.Attribute {
	return schema.SetAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.Set{setvalidator.NoNullValues()},
	}
}
