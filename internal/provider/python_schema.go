package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func pythonAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Python distributions, as wheels chosen for the runtimes and never for the host. No code of a distribution is ever run.",
		Optional:            true,
		Validators:          nested(),
		Attributes: map[string]schema.Attribute{
			"requirements":        optionalStrings("Requirements as in [PEP 508](https://packaging.python.org/en/latest/specifications/dependency-specifiers/): `requests==2.31.0`, `boto3>=1.35,<2`, `uvicorn[standard]; python_version >= \"3.12\"`."),
			"requirements_file":   someText("Path of a requirements file. `-r`, `-c`, `--hash`, `-i`, `-f`, `--pre`, `${VARIABLES}`, markers, extras, comments and continuation lines mean what they mean to pip. A user or password out of a variable is used where the package is planned, and kept nowhere: another machine that builds from the lock needs it in netrc."),
			"constraints":         optionalStrings("Requirements that bound the version of a distribution if something else asks for it."),
			"lock_file":           someText("Path of a `uv.lock`, `pylock.toml`, `poetry.lock` or `Pipfile.lock`. It is obeyed, never resolved again: every file is checked against its hash. In place of requirements."),
			"groups":              optionalStrings("Dependency groups of the lock file, besides the project's own dependencies."),
			"extras":              optionalStrings("Extras of the project that the lock file is of."),
			"package":             someText("The member of a uv workspace whose dependencies are packed, with the members that it needs itself, as by `uv export --package`. Default: the project beside `uv.lock`, or every member where there is none."),
			"scripts":             flagged("Add the programs of the distributions, their console scripts among them, as `bin/<name>`: Lambda has `/opt/bin` on PATH. They are run by the runtime's own interpreter, `/var/lang/bin/python3.x`, or `/var/lang/bin/python3` where the runtimes differ, and console scripts find the layer's modules by themselves. Default `false`."),
			"index":               indexAttribute(),
			"wheels":              wheelsAttribute(),
			"find_links":          optionalStrings("Directories with wheels, and addresses of pages with links to wheels, that are searched besides the indexes, as by `pip --find-links`. Names that an `index` claims are not taken from here. Write directories relative to the module (`${path.module}/…`)."),
			"sdist":               someText("`pure` makes wheels of pure source distributions, for versions that have no wheel at all, with a lock file too: by what the distribution says of itself (the `.egg-info` folder of setuptools, or `PKG-INFO` and `pyproject.toml`). Nothing is run. A distribution with native code, or one that contradicts itself, is refused with the reason. Default: nothing is made of source."),
			"overlaps":            someText("What becomes of a path that two distributions write with different content: `error` (default), or `last`, which takes the file of the distribution that comes later in the order of names. pip does much the same, by the order of its installation."),
			"prerelease":          flagged("Pre-releases are versions as any other. Otherwise they are used only where nothing stable is left. Default `false`."),
			"exclude":             optionalStrings("Distributions that are resolved with the others and then left out of the layer. They need no wheel: a member of a workspace, a checkout or a source distribution may be left out."),
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

func wheelsAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Wheels by path or by address, which stand in for what has none on an index. Where something asks for the distribution, a given wheel that runs on the runtime is the only candidate for it, whatever the index has; runtimes that it does not run on use the index. In a lock file it stands in for its own version. A wheel that nothing asks for is not packed.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{Validators: nested(), Attributes: map[string]schema.Attribute{
			"source": someText("Path of the wheel, relative to the module (`${path.module}/…`). Its bytes are locked by their SHA-256."),
			"url":    someText("Address of the wheel, in place of `source`. Credentials come from netrc."),
			"sha256": someText("SHA-256 of the file in hexadecimal. Required with `url`."),
		}},
	}
}

func indexAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Indexes that serve the packages that they name, and nobody else does: no other index can slip in a package of such a name. " +
			"They come first; all other names are asked for on the indexes of the environment. Of these the first counts that is set, for the default index, for further ones, for links and for no index each: " +
			"uv's variables (`UV_DEFAULT_INDEX`, `UV_INDEX`, …), pip's (`PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL`, …), uv's files (`uv.toml` or `pyproject.toml` beside the lock or requirements file, of the user, of the system), pip's files; else the Python Package Index. " +
			"Further indexes come before the default one, and the first that has a name serves all of it. An index that refuses (401, 403) is an error and never skipped. " +
			"Credentials come from those addresses, from `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD` or from netrc; addresses of AWS CodeArtifact need none.",
		Optional:   true,
		Validators: []validator.List{listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{Validators: nested(), Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{MarkdownDescription: "Address of the index, such as `https://pypi.example.com/simple/`. Without user and password: they would be kept in the state.", Optional: true},
			"codeartifact": schema.SingleNestedAttribute{
				MarkdownDescription: "A repository of AWS CodeArtifact, in place of `url`. It is reached with the provider's AWS settings, by tokens that are asked for when needed and kept nowhere. " +
					"Needs the permissions `codeartifact:GetRepositoryEndpoint`, `codeartifact:GetAuthorizationToken`, `codeartifact:ReadFromRepository` and `sts:GetServiceBearerToken`.",
				Optional:   true,
				Validators: nested(),
				Attributes: map[string]schema.Attribute{
					"domain":       schema.StringAttribute{MarkdownDescription: "Name of the domain.", Required: true},
					"repository":   schema.StringAttribute{MarkdownDescription: "Name of the repository.", Required: true},
					"domain_owner": someText("Id of the account that owns the domain. Default: the caller's account."),
					"region":       someText("Region of the domain. Default: the provider's."),
				},
			},
			"packages": schema.ListAttribute{
				MarkdownDescription: "Names, or globs of names such as `acme-*`.",
				ElementType:         types.StringType,
				Required:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
			},
		}},
	}
}
