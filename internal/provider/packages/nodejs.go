package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
)

// nodejsModel is the argument nodejs of layerbuild_package.
type nodejsModel struct {
	Dependencies        types.Map    `tfsdk:"dependencies"`
	PackageJSON         types.String `tfsdk:"package_json"`
	LockFile            types.String `tfsdk:"lock_file"`
	Workspace           types.String `tfsdk:"workspace"`
	AllowInstallScripts types.List   `tfsdk:"allow_install_scripts"`
	AllowOutside        types.List   `tfsdk:"allow_outside"`
	LegacyPeerDeps      types.Bool   `tfsdk:"legacy_peer_deps"`
	ExcludeNewer        types.String `tfsdk:"exclude_newer"`
	Imports             types.List   `tfsdk:"imports"`
}

// asksNothing reports whether no package is asked for: what is asserted is of what
// other inputs bring.
func (n *nodejsModel) asksNothing() bool {
	return !n.Imports.IsNull() && n.Dependencies.IsNull() && n.PackageJSON.IsNull() && n.LockFile.IsNull()
}

func nodejsAttribute() schema.Attribute {
	return attributes.Object("Node.js packages, chosen and placed as npm 11 does, for the runtimes and never for the host. Write one of `dependencies`, `package_json` and `lock_file`.\n\n"+
		"  Packages that all runtimes share are in `nodejs/node_modules/`. If packages differ between runtimes, each runtime has its own `nodejs/nodeNN/node_modules/`.\n\n"+
		"  Registries and credentials come from `.npmrc` and `NPM_CONFIG_REGISTRY`. The `.npmrc` files are that of the user and the one beside the `package.json` or the lock file, else in the root module.", map[string]schema.Attribute{
		"dependencies": attributes.TextMap("Packages and their ranges, tags or aliases, as in `dependencies` of package.json: `{ lodash = \"^4.17.21\" }`. Peer dependencies are installed as npm does.",
			mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1))),
		"package_json":          attributes.SomeText("Path of a `package.json`. Its dependencies, optional dependencies and overrides are resolved. Its development dependencies are resolved with them, as by npm, but are not packed. With `lock_file`: the project of the lock file, if it is not the `package.json` beside it."),
		"lock_file":             attributes.SomeText("Path of a `package-lock.json` (versions 1 to 3), `npm-shrinkwrap.json`, `yarn.lock` (classic or berry) or `pnpm-lock.yaml` (pnpm 8 to 11). Its versions are used exactly and never resolved again. Packages that only development needs are left out. Every tarball is checked against its integrity."),
		"workspace":             attributes.SomeText("The workspace member whose dependencies are packed, by its name or its folder. `.` is only the project at the top. Default: the project at the top with all its members."),
		"allow_install_scripts": attributes.Texts("Packages, or globs of names such as `@acme/*` (`*`: every package), that may have an install script. No script is ever run. Any other package that has an install script and no prebuilt binaries is a finding of `checks.install_scripts`."),
		"allow_outside":         attributes.Texts("Folders outside of the lock file's project from which packages may be packed, such as `../shared`. A `package.json` of the project must also require such a package, by `file:` or `link:` or as a member of its workspace. Write directories relative to the module (`${path.module}/…`)."),
		"legacy_peer_deps":      attributes.Flag("Ignore peer dependencies, as with npm's `--legacy-peer-deps`. Default: the value of `legacy-peer-deps` in npm's configuration, else `false`."),
		"imports": importsAttribute("Modules that every Node.js runtime of the layer must be able to load, such as `[\"axios\", \"lodash/fp\"]`. The plan fails if a module is missing, and says what loads it.\n\n"+
			"  Sources are read and nothing is run. A module counts if its source always loads it: by `import` or `export … from`, or by `require` outside of blocks and conditions. Modules may come from the layer, from Node.js or from the AWS SDK of the runtime.\n\n"+
			"  Without any dependency, `nodejs = { imports = [...] }` checks what `files`, `downloads`, `images` and `builds` bring.", attributes.PackageEntry()),
		"exclude_newer": attributes.Text("An RFC 3339 time or a date. Versions published after it are ignored. Takes precedence over the provider's `exclude_newer`.",
			attributes.Moment()),
	})
}
