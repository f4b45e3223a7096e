package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// pythonModel is the argument python of layerbuild_package.
type pythonModel struct {
	Requirements     types.List   `tfsdk:"requirements"`
	RequirementsFile types.String `tfsdk:"requirements_file"`
	Constraints      types.List   `tfsdk:"constraints"`
	ExcludeNewer     types.String `tfsdk:"exclude_newer"`
	RequireHashes    types.Bool   `tfsdk:"require_hashes"`

	LockFile     types.String `tfsdk:"lock_file"`
	Groups       types.List   `tfsdk:"groups"`
	Extras       types.List   `tfsdk:"extras"`
	AllowOutside types.List   `tfsdk:"allow_outside"`
	Package      types.String `tfsdk:"package"`

	Indexes           types.List   `tfsdk:"index"`
	Wheels            types.List   `tfsdk:"wheels"`
	FindLinks         types.List   `tfsdk:"find_links"`
	Sdist             types.String `tfsdk:"sdist"`
	Scripts           types.Bool   `tfsdk:"scripts"`
	Overlaps          types.String `tfsdk:"overlaps"`
	Prerelease        types.Bool   `tfsdk:"prerelease"`
	Exclude           types.List   `tfsdk:"exclude"`
	ExcludeRuntimeSDK types.Bool   `tfsdk:"exclude_runtime_sdk"`
	Imports           types.List   `tfsdk:"imports"`
}

// asksNothing reports whether the requirements are an empty list, and nothing else
// asks for a distribution: the same as an empty requirements file, and as no python.
// Imports alone ask for none either: they are asserted of what other inputs bring.
func (p *pythonModel) asksNothing() bool {
	return (!p.Requirements.IsNull() || !p.Imports.IsNull()) && len(p.Requirements.Elements()) == 0 && p.RequirementsFile.IsNull() && p.LockFile.IsNull()
}

func pythonAttribute() schema.Attribute {
	return attributes.Object("Python distributions, as wheels chosen for the runtimes and never for the host. Code of a distribution is never executed.", map[string]schema.Attribute{
		"requirements": attributes.Texts("Requirements as in [PEP 508](https://packaging.python.org/en/latest/specifications/dependency-specifiers/): `requests==2.31.0`, `boto3>=1.35,<2`, `uvicorn[standard]; python_version >= \"3.12\"`."),
		"requirements_file": attributes.SomeText("Path of a requirements file. `-r`, `-c`, `--hash`, `-i`, `-f`, `--pre`, `${VARIABLES}`, markers, extras, comments and continuation lines have the same meaning as in pip.\n\n" +
			"  A user or password from a variable is used on the machine that plans the package and is not stored. Another machine that builds from the lock needs it in netrc."),
		"constraints":   attributes.Texts("Requirements that limit the version of a distribution if another requirement needs it."),
		"lock_file":     attributes.SomeText("Path of a `uv.lock`, `pylock.toml`, `poetry.lock` or `Pipfile.lock`. Its versions are used exactly and never resolved again. Every file is checked against its hash. In place of requirements."),
		"groups":        attributes.Texts("Dependency groups of the lock file, in addition to the project's own dependencies."),
		"extras":        attributes.Texts("Extras of the project that the lock file belongs to."),
		"allow_outside": attributes.Texts("Folders outside of the lock file's project from which projects and wheels may be packed, such as `../shared`. The `pyproject.toml` or `Pipfile` must also require such a project. Write directories relative to the module (`${path.module}/…`)."),
		"package":       attributes.SomeText("The member of a uv workspace whose dependencies are packed, together with the members that it needs, as by `uv export --package`. Default: the project beside `uv.lock`, or every member if there is no such project."),
		"scripts":       attributes.Flag("Add the programs of the distributions, including their console scripts, as `bin/<name>`. Lambda has `/opt/bin` on PATH. The runtime's own interpreter runs them: `/var/lang/bin/python3.x`, or `/var/lang/bin/python3` if the runtimes differ. Console scripts find the layer's modules automatically. Default `false`."),
		"index":         indexAttribute(),
		"wheels":        wheelsAttribute(),
		"find_links":    attributes.Texts("Directories with wheels, and addresses of pages with links to wheels. They are searched in addition to the indexes, as by `pip --find-links`. Names that are listed in `packages` of an `index` are not taken from here. Write directories relative to the module (`${path.module}/…`)."),
		"sdist": attributes.SomeText("`pure` makes wheels from pure Python source distributions, for versions that have no wheel at all, also with a lock file. It uses the metadata of the distribution (the `.egg-info` folder of setuptools, or `PKG-INFO` and `pyproject.toml`). Nothing is run.\n\n" +
			"  A distribution with native code, or with metadata that contradicts itself, is an error that gives the reason. Default: no wheel is made from source."),
		"overlaps":            attributes.SomeText("How to handle a path that two distributions write with different content. `error` (default), or `last`: the file of the distribution whose name sorts last is used. pip does nearly the same, in its order of installation."),
		"prerelease":          attributes.Flag("Allow pre-releases like any other version. Without it, pre-releases are used only if no stable version fits. Default `false`."),
		"exclude":             attributes.Texts("Names of distributions that are resolved with the others and then left out of the layer. They need no wheel. Use it for a distribution that another layer has, or for one that has no wheel and is not needed."),
		"exclude_runtime_sdk": attributes.Flag("Leave out boto3 and botocore, which the runtime already includes, and distributions that only they need. Default `false`."),
		"imports": importsAttribute("Modules, classes and functions that every Python runtime of the layer must be able to import, such as `[\"requests\", \"aws_lambda_powertools.Tracer\"]`. The plan fails if a module is missing, and says what imports it and what brings it.\n\n"+
			"  Sources are read and nothing is run. An import counts if it always runs when its module is loaded, so not in a function and not within `if`, `try` or `with`.\n\n  Its own imports are followed. Modules may come from the layer, the runtime or the standard library of that Python version. For a class or function, its imports that always run when it is called count too.\n\n"+
			"  Without any requirement, `python = { imports = [...] }` checks what `files`, `downloads`, `images` and `builds` bring.", attributes.ModuleName()),
		"require_hashes": attributes.Flag("Require a `--hash` for every distribution, including dependencies. A single hash on any requirement turns this on, as in pip."),
		"exclude_newer": attributes.Text("An RFC 3339 time or a date. Releases uploaded after it are ignored. Takes precedence over the provider's `exclude_newer`.",
			attributes.Moment()),
	})
}

// importsAttribute is a list of modules that are asserted.
func importsAttribute(description string, form validator.String) schema.Attribute {
	return attributes.Texts(description, listvalidator.SizeAtLeast(1), listvalidator.ValueStringsAre(form))
}

func wheelsAttribute() schema.Attribute {
	return attributes.Objects("Wheels by path or by address, for distributions that have no wheel on an index.\n\n"+
		"  For a distribution that is required, a given wheel that runs on the runtime is the only candidate, even if the index has other versions. Runtimes on which the wheel does not run use the index. With a lock file, the wheel is used only for its own version. A wheel that nothing requires is not packed.", map[string]schema.Attribute{
		"source": attributes.SomeText("Path of the wheel, relative to the module (`${path.module}/…`). The lock holds its SHA-256."),
		"url":    attributes.SomeText("Address of the wheel, in place of `source`. Credentials come from netrc."),
		"sha256": attributes.SomeText("SHA-256 of the file in hexadecimal. Required with `url`."),
	})
}

func indexAttribute() schema.Attribute {
	packages := attributes.Texts("Names, or globs of names such as `acme-*`.", listvalidator.SizeAtLeast(1))
	packages.Optional, packages.Required = false, true
	return attributes.Objects("Indexes for the packages that they list. Packages with these names are taken only from the index that lists them, which prevents dependency confusion. All other names are looked up on the indexes of the environment.\n\n"+
		"  These sources are read in this order:\n"+
		"  - uv's variables (`UV_DEFAULT_INDEX`, `UV_INDEX`, …),\n"+
		"  - pip's variables (`PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL`, …),\n"+
		"  - uv's files (`uv.toml` or `pyproject.toml` beside the lock or requirements file, then of the user, then of the system),\n"+
		"  - pip's files,\n"+
		"  - else the Python Package Index.\n\n"+
		"  The first source that sets a value is used. This is decided separately for the default index, further indexes, links, and the setting that turns indexes off.\n\n"+
		"  Further indexes are asked before the default one. The first index that has a name provides all its versions. An index that refuses access (401, 403) is an error and is never skipped.\n\n"+
		"  Credentials come from the addresses, from `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD`, or from netrc. Addresses of AWS CodeArtifact need no credentials.", map[string]schema.Attribute{
		"url": attributes.Text("Address of the index, such as `https://pypi.example.com/simple/`. Write it without user and password, because the state would store them."),
		"codeartifact": attributes.Object("A repository of AWS CodeArtifact, in place of `url`. The provider uses its AWS settings, requests tokens when it needs them and does not store them.\n\n"+
			"  Needs the permissions `codeartifact:GetRepositoryEndpoint`, `codeartifact:GetAuthorizationToken`, `codeartifact:ReadFromRepository` and `sts:GetServiceBearerToken`.", map[string]schema.Attribute{
			"domain":       schema.StringAttribute{MarkdownDescription: "Name of the domain.", Required: true},
			"repository":   schema.StringAttribute{MarkdownDescription: "Name of the repository.", Required: true},
			"domain_owner": attributes.SomeText("Id of the account that owns the domain. Default: the caller's account."),
			"region":       attributes.SomeText("Region of the domain. Default: the provider's."),
		}),
		"packages": packages,
	})
}
