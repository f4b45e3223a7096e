package versionstate

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/built"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// Schema returns the schema of layerbuild_version.
func Schema(ctx context.Context) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Publishes a layer zip as a Lambda layer version. Changing the content or the metadata publishes a new version in place. Older versions stay for the functions that use them.\n\n" +
			"A version with equal bytes and metadata is adopted and never published twice. It stays as long as another resource points at it, and is deleted with the last one.\n\n" +
			"If the zip of a `layerbuild_package` is missing, as on a worker that runs only the apply, it is rebuilt below `.layerbuild` from the package's lock. It must match the planned hash." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"layer_name": schema.StringAttribute{
				MarkdownDescription: "Name of the layer. A change replaces the resource.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{attributes.Limited("a layer name", publish.CheckName)},
			},
			"package":  built.Attribute(),
			"filename": attributes.SomeText("Path of any layer zip, in place of `package`."),
			"source_code_hash": attributes.Text("SHA-256 of the zip in base64, as `filebase64sha256` writes it. A zip with another hash is not published. Default: read from `filename`.",
				attributes.Parsed("a SHA-256 in base64", "The hash is not in the form of AWS", publish.ParseCodeSHA256), stringvalidator.ConflictsWith(path.MatchRoot("package"))),
			"description":  descriptionAttribute(),
			"license_info": attributes.Text("Licence of the layer: an SPDX identifier, a URL or a text.", attributes.Limited("a licence", publish.CheckLicenseInfo)),
			"compatible_runtimes": schema.SetAttribute{
				MarkdownDescription: "Runtimes that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.SizeAtMost(runtimes.MaxCompatibleRuntimes), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(attributes.RuntimeID())},
			},
			"compatible_architectures": schema.SetAttribute{
				MarkdownDescription: "Architectures that the version declares itself compatible with. Default: those of the package.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Validators:          []validator.Set{setvalidator.NoNullValues(), setvalidator.ValueStringsAre(attributes.OneOf(runtimes.Architectures()...))},
			},
			"region": schema.StringAttribute{
				MarkdownDescription: "Region of the layer. Default: the provider's. A change replaces the resource.",
				Optional:            true,
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"regions": attributes.TextSet("Further regions in which the same layer is published, at the same time. If you remove a region, its versions are deleted as on destroy.",
				setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))),
			"s3":                stagingAttribute(),
			"checks":            zipChecksAttribute(),
			"retention":         retentionAttribute(),
			"sharing":           sharingAttribute(),
			"signing":           signingAttribute(),
			"ssm_parameter":     parameterAttribute(),
			"changelog_path":    attributes.SomeText(changelogText),
			"changes":           changesAttribute(),
			"timeouts":          attributes.Timeouts(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
			"id":                attributes.ComputedText("ARN of the version. Terraform uses it as the id of the resource."),
			"arn":               attributes.ComputedText("ARN of the version, for `layers` of a function."),
			"layer_arn":         attributes.ComputedText("ARN of the layer, without a version."),
			"created_date":      attributes.ComputedText("When the version was published."),
			"code_sha256":       attributes.ComputedText("SHA-256 of the zip in base64, as AWS reports it. Known at plan."),
			"version":           attributes.ComputedNumber("Number of the version."),
			"code_size":         attributes.ComputedNumber("Size of the zip in bytes."),
			"retained_versions": attributes.ComputedList(types.Int64Type, "Older versions that this resource published and keeps."),
			"retiring_versions": attributes.ComputedList(types.Int64Type, "Versions in `region` that `retention` deletes with this publish. A version that a function uses is kept."),
			"published_versions": attributes.ComputedMap(types.ListType{ElemType: types.Int64Type}, "Versions by region that this resource may delete:\n"+
				"  - versions that it published itself,\n"+
				"  - versions that an import added,\n"+
				"  - versions that it adopted and whose publisher is gone.\n\n"+
				"  It deletes no other versions, unless `retention` covers the whole layer. It never deletes a version that another resource points at."),
			"arns":                        attributes.ComputedMap(types.StringType, "ARN of the version in each region, including `region`."),
			"replicas":                    replicasAttribute(),
			"unsigned_sha256":             attributes.ComputedText(unsignedText),
			"signing_job_arn":             attributes.ComputedText(signingJobText),
			"signing_profile_version_arn": attributes.ComputedText(signingProfileText),
		},
	}
}

const (
	unsignedText       = "SHA-256 of the zip in base64, before it was signed. Known at plan. Null for a version that is not signed."
	signingJobText     = "ARN of the signing job."
	signingProfileText = "ARN of the version of the signing profile."
)

// replicasAttribute is what further regions have, in the words of the
// resource's own attributes.
func replicasAttribute() schema.Attribute {
	return schema.MapNestedAttribute{
		MarkdownDescription: "The version in each of the further `regions`.",
		Computed:            true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"arn":                         attributes.ComputedText("ARN of the version."),
			"created_date":                attributes.ComputedText("When the version was published."),
			"code_sha256":                 attributes.ComputedText("SHA-256 of the zip in base64, as AWS reports it. Null if the version is not published yet."),
			"version":                     attributes.ComputedNumber("Number of the version. Each region counts its own."),
			"code_size":                   attributes.ComputedNumber("Size of the zip in bytes."),
			"retained_versions":           attributes.ComputedList(types.Int64Type, "Older versions that are kept."),
			"unsigned_sha256":             attributes.ComputedText(unsignedText),
			"signing_job_arn":             attributes.ComputedText(signingJobText),
			"signing_profile_version_arn": attributes.ComputedText(signingProfileText),
		}},
	}
}

// zipChecksAttribute are the severities of what is found in the zip of a version.
func zipChecksAttribute() schema.Attribute {
	chosen := map[string]schema.Attribute{}
	all := findings.ChecksAttribute()
	for _, name := range []string{"layout", "native", "libraries", "executables"} {
		chosen[name] = all.Attributes[name]
	}
	return attributes.Object("Severity of each check of the zip, for the runtimes and architectures that the version is declared for. A package was already checked for the runtimes and architectures that it was built for, by its own `checks`. Only others are checked here.\n\n"+
		"  Without `checks`, a zip given by `filename` is an error if the runtimes find nothing in it. Everything else is a warning.", chosen)
}

func descriptionAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "Description of the version. Default: its content and the beginning of its hash, such as `requests 2.31.0, idna 3.6 and 7 more (sha256 1a2b3c4d5e6f)`. Python distributions that no other one requires and direct dependencies of the Node.js project come first. You can then tell the versions apart in a list.\n\n" +
			"  If unset, the existing description is kept until the content changes, also one that was imported or was set here before. `\"\"` means no description.",
		Optional:   true,
		Computed:   true,
		Validators: []validator.String{attributes.Limited("a description", publish.CheckDescription)},
	}
}

func changesAttribute() schema.Attribute {
	return attributes.ComputedMap(types.StringType, "What is different from the version before, by name and known at plan: `python:requests` → `2.30.0 → 2.31.0`, `python:six` → `removed 1.16.0`, `files:python/shared` → `added 0123456789ab (2 files)`. Empty for the first version and if nothing but the metadata changed. Null if the contents of the version before are not known, as after an import.\n\n"+
		"  For `filename`, these are the Python distributions and Node.js packages in the zip, and its other files by folder.")
}

const changelogText = "Path of a Markdown page with the changes of each version that this resource publishes, newest first. Each publish adds an entry; a `description` that you set is its first line. All other text on the page stays as it is, so you can edit it.\n\n  Several layers can share a page. If it cannot be written, you get a warning, and the next publish adds what is missing from the descriptions of the versions.\n\n" +
	"  Keep the page outside of folders that a package packs."
