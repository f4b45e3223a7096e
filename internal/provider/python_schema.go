package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func pythonAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Python distributions, as wheels chosen for the runtimes and never for the host. Nothing is built from source.",
		Optional:            true,
		Attributes: map[string]schema.Attribute{
			"requirements":        optionalStrings("Requirements as in [PEP 508](https://packaging.python.org/en/latest/specifications/dependency-specifiers/): `requests==2.31.0`, `boto3>=1.35,<2`, `uvicorn[standard]; python_version >= \"3.12\"`."),
			"requirements_file":   someText("Path of a requirements file. `-r`, `-c`, `--hash`, markers, extras, comments and continuation lines are understood."),
			"constraints":         optionalStrings("Requirements that bound the version of a distribution if something else asks for it."),
			"lock_file":           someText("Path of a `uv.lock`, `pylock.toml`, `poetry.lock` or `Pipfile.lock`. It is obeyed, never resolved again: every file is checked against its hash. In place of requirements."),
			"groups":              optionalStrings("Dependency groups of the lock file, besides the project's own dependencies."),
			"extras":              optionalStrings("Extras of the project that the lock file is of."),
			"index":               indexAttribute(),
			"prerelease":          flagged("Pre-releases are versions as any other. Otherwise they are used only where nothing stable is left. Default `false`."),
			"exclude":             optionalStrings("Distributions that are resolved with the others and then left out of the layer."),
			"exclude_runtime_sdk": flagged("Leave out boto3 and botocore, which the runtime brings, and what only they need. Default `false`."),
			"require_hashes":      flagged("Every distribution needs a `--hash`, also what is only needed by others. One hash anywhere asks for it too, as with pip."),
			"exclude_newer": schema.StringAttribute{
				MarkdownDescription: "An RFC 3339 time or a date: releases uploaded after it do not exist. Takes precedence over the provider's `exclude_newer`.",
				Optional:            true,
				Validators:          []validator.String{moment{}},
			},
		},
	}
}

func indexAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Indexes that serve the packages that they name, and nobody else does: no other index can slip in a package of such a name. Credentials come from netrc.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{MarkdownDescription: "Address of the index, such as `https://pypi.example.com/simple/`.", Required: true},
			"packages": schema.ListAttribute{
				MarkdownDescription: "Names, or globs of names such as `acme-*`.",
				ElementType:         types.StringType,
				Required:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
			},
		}},
	}
}
