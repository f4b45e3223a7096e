package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func nodejsAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Node.js packages, chosen and placed as npm 11 does, for the runtimes and never for the host. What all runtimes share lands in `nodejs/node_modules/`; where they differ, each has its own `nodejs/nodeNN/node_modules/`. Registries and credentials come from `.npmrc` (of the user, and beside the `package.json` or the lock file, else in the root module) and `NPM_CONFIG_REGISTRY`. Write one of `dependencies`, `package_json` and `lock_file`.",
		Optional:            true,
		Validators:          nested(),
		Attributes: map[string]schema.Attribute{
			"dependencies": schema.MapAttribute{
				MarkdownDescription: "Packages and their ranges, tags or aliases, as in `dependencies` of package.json: `{ lodash = \"^4.17.21\" }`. Peer dependencies are installed as npm does.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Map{mapvalidator.SizeAtLeast(1), mapvalidator.NoNullValues(), mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1))},
			},
			"package_json":          someText("Path of a `package.json`: its dependencies, optional dependencies and overrides are resolved. Its development dependencies take part as with npm, and are not packed. Beside `lock_file`: the project that this locks, where that is not the `package.json` next to it."),
			"lock_file":             someText("Path of a `package-lock.json` (versions 1 to 3), `npm-shrinkwrap.json`, `yarn.lock` (classic or berry) or `pnpm-lock.yaml` (pnpm 8 to 11). It is obeyed, never resolved again; what only development needs is left out, and every tarball is checked against its integrity."),
			"workspace":             someText("The member of a workspace whose dependencies are packed, by its name or its folder; `.` is the project at the top alone. Default: the project at the top, with its members."),
			"allow_install_scripts": optionalStrings("Packages, or globs of names such as `@acme/*`, that may have an install script. No script is ever run; another package that has one, and brings no prebuilt code, is a finding of `checks.install_scripts`."),
			"legacy_peer_deps":      flagged("Leave peer dependencies alone, as npm's `--legacy-peer-deps`. Default: what `legacy-peer-deps` in npm's configuration says, else `false`."),
			"exclude_newer": schema.StringAttribute{
				MarkdownDescription: "An RFC 3339 time or a date: versions published after it do not exist. Takes precedence over the provider's `exclude_newer`.",
				Optional:            true,
				Validators:          []validator.String{moment{}},
			},
		},
	}
}
