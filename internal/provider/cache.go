package provider

import (
	"context"
	"regexp"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// cacheModel is what several machines share.
type cacheModel struct {
	S3 types.Object `tfsdk:"s3"`
}

type s3CacheModel struct {
	Bucket   types.String `tfsdk:"bucket"`
	Prefix   types.String `tfsdk:"prefix"`
	Region   types.String `tfsdk:"region"`
	KMSKeyID types.String `tfsdk:"kms_key_id"`
	ReadOnly types.Bool   `tfsdk:"read_only"`
	// TrustBuilds is about what is in the bucket, not about the bucket.
	TrustBuilds types.Bool `tfsdk:"trust_builds"`
}

func cacheAttribute() schema.Attribute {
	bucketName := regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	return attributes.Object("A cache that several machines share, in addition to the one in `cache_dir`. It holds fetched files and built zips. A file is looked for on this machine, then in the shared cache, then at its origin.", attributes.Named{
		"s3": attributes.Object("A bucket in S3. The provider reaches it with the AWS settings of this block. It needs `s3:GetObject`, and `s3:PutObject` for uploads. Grant `s3:ListBucket` too: without it, S3 does not distinguish a missing object from a forbidden one.\n\n"+
			"  The name of every object is its digest. An object is used only if it matches the digest in the lock or the plan, so a writer of the bucket cannot change what is built. A reader of the bucket can read the packages, including those of private indexes. Index pages, resolutions and credentials are never shared.\n\n"+
			"  If the bucket fails or is slow, the plan takes longer, continues, and you get a warning. Nothing is listed or deleted: remove old objects by a lifecycle rule.", attributes.Named{
			"bucket": attributes.NeededText("Name of the bucket. While it is not known, nothing is shared.",
				stringvalidator.RegexMatches(bucketName, "must be the name of a bucket, such as \"acme-layer-cache\", without s3:// and prefix")),
			"prefix": attributes.Text("Prefix of the names of the objects, such as `layerbuild/`.",
				stringvalidator.RegexMatches(regexp.MustCompile(`^[^/]`), "must not be empty or start with a slash"), stringvalidator.LengthAtMost(512)),
			"region":     attributes.Text("Region of the bucket. Default: the provider's."),
			"kms_key_id": attributes.Text("KMS key that encrypts the uploads. Default: the bucket's own encryption."),
			"trust_builds": attributes.Flag("Also share the results of `builds`. A worker without an engine, or before its first plan, then takes the result that another worker built from the same inputs. Default `false`.\n\n" +
				"  Build results can't be verified by a digest that this worker already knows. Anyone who can write to the bucket decides which files a new plan takes for a build. The plan shows the digest, and the lock holds it from then on. Enable this only if you trust every writer, and set `read_only` for the others."),
			"read_only": attributes.Flag("Only read from the bucket and upload nothing. Use it for workers that build code that is not reviewed. Default `false`."),
		}),
	})
}

// share adds the shared cache to the options of the pipeline. It changes no
// byte of a layer, so one that is not known yet is not waited for.
func (m *providerModel) share(ctx context.Context, publisher func() (*publish.Publisher, error), o *layer.Options) (diags diag.Diagnostics) {
	cache := values.As[cacheModel](ctx, m.Cache, &diags)
	if cache == nil {
		return diags
	}
	s3 := values.As[s3CacheModel](ctx, cache.S3, &diags)
	if diags.HasError() || s3 == nil || s3.Bucket.ValueString() == "" || s3.Prefix.IsUnknown() || s3.Region.IsUnknown() || s3.KMSKeyID.IsUnknown() {
		return diags
	}
	o.TrustBuilds = s3.TrustBuilds.ValueBool()
	o.RemoteReadOnly = s3.ReadOnly.ValueBool() || s3.ReadOnly.IsUnknown()
	var bucket publish.CacheConfig
	values.Fill(&bucket, s3, "ReadOnly", "TrustBuilds")
	o.Remote = func() (layer.Remote, error) {
		p, err := publisher()
		if err != nil {
			return nil, err
		}
		return p.Cache(bucket), nil
	}
	return diags
}

// codeArtifact lets the pipeline ask AWS for what CodeArtifact wants. The AWS
// settings are read when it does.
type codeArtifact struct {
	publisher func() (*publish.Publisher, error)
}

var _ layer.CodeArtifact = codeArtifact{}

func (c codeArtifact) CodeArtifactToken(ctx context.Context, domain, owner, region string) (string, time.Time, error) {
	p, err := c.publisher()
	if err != nil {
		return "", time.Time{}, err
	}
	return p.CodeArtifactToken(ctx, domain, owner, region)
}

func (c codeArtifact) CodeArtifactEndpoint(ctx context.Context, domain, repository, owner, region, format string) (string, error) {
	p, err := c.publisher()
	if err != nil {
		return "", err
	}
	return p.CodeArtifactEndpoint(ctx, domain, repository, owner, region, format)
}
