package packages

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/findings"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

func (r *packageResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Builds a Lambda layer zip while Terraform plans. It resolves Python requirements and Node.js packages for the target runtimes, and fetches and verifies wheels and tarballs. It adds local files and packs everything to the same bytes on every machine. The plan shows the hash that AWS will report after the apply.\n\n" +
			"The state locks what was resolved. Unpinned ranges do not move until an input changes. A plan without changes makes no network request." + attributes.NestedNote,
		Attributes: map[string]schema.Attribute{
			"runtimes": schema.ListAttribute{
				MarkdownDescription: "Lambda runtime ids, such as `python3.12`. They determine the operating system, glibc, ABI and paths that the layer is built for.",
				ElementType:         types.StringType,
				Required:            true,
				Validators: []validator.List{
					listvalidator.SizeBetween(1, runtimes.MaxCompatibleRuntimes),
					listvalidator.UniqueValues(),
					listvalidator.NoNullValues(),
					listvalidator.ValueStringsAre(attributes.RuntimeID()),
				},
			},
			"architectures": schema.ListAttribute{
				MarkdownDescription: "`x86_64`, `arm64` or both. Default `[\"x86_64\"]`. One layer can have both only if no file holds native code.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             listdefault.StaticValue(values.ListOf([]string{runtimes.X8664})),
				Validators: []validator.List{
					listvalidator.SizeBetween(1, runtimes.MaxCompatibleArchitectures),
					listvalidator.UniqueValues(),
					listvalidator.NoNullValues(),
					listvalidator.ValueStringsAre(attributes.OneOf(runtimes.Architectures()...)),
				},
			},
			"python":      pythonAttribute(),
			"nodejs":      nodejsAttribute(),
			"files":       filesAttribute(),
			"downloads":   downloadsAttribute(),
			"images":      imagesAttribute(),
			"builds":      buildsAttribute(),
			"kind":        kindAttribute(),
			"exclude":     attributes.Texts("Globs over layer paths, such as `python/**/*.pyi`. Matching files are left out of the layer. `**` crosses folders. A pattern that names a folder covers everything below it. You get a warning for a pattern that matches nothing."),
			"prune":       pruneAttribute(),
			"keep":        attributes.Texts("Globs over layer paths. Matching files are kept even if `exclude` or `prune` matches them."),
			"executables": attributes.Texts("Globs over layer paths of files to mark executable. ELF programs and `#!` scripts are executable automatically, in every folder."),
			"checks":      findings.ChecksAttribute(),
			"output_path": attributes.SomeText("Path of the zip. Default `.layerbuild/<digest of the zip>.zip` below the root module."),
			"write_zip": attributes.Text("When a plan writes the zip:\n"+
				"  - `always` (default for `kind = \"function\"`): every plan restores a missing zip, from the cache or by fetching what the lock names. Other resources then find it at `filename` on a fresh checkout.\n"+
				"  - `on_change` (default otherwise): a plan writes the zip when the package changes. It does not restore a missing zip.\n\n"+
				"  Set `always` where `aws_lambda_layer_version` or a function such as `filemd5` reads the zip of a layer. `layerbuild_version` and `layerbuild_object` rebuild the zip themselves and do not need this argument.",
				attributes.OneOf(writeAlways, writeOnChange)),
			"unpack_path": attributes.SomeText("Folder that holds the unpacked files of the zip, as for `docker run -v` on `/opt` or for AWS SAM. Every plan that knows the package creates it. If a file in it was changed, removed or added, the whole folder is replaced. A file `.layerbuild-unpacked` marks the folder. A folder without that file is never replaced."),
			"timeouts": attributes.Timeouts(ctx, timeouts.Opts{
				Create: true, CreateDescription: packageTimeout,
				Update: true, UpdateDescription: packageTimeout,
			}),
			"triggers": attributes.TextMap("Arbitrary values. A change discards the lock and resolves everything again.\n\n" +
				"  With `triggers = { build = terraform_data.build.id }` and `depends_on`, the package reads files that another resource makes during the apply after they are made. If such files are missing later, as on a fresh checkout, the package does not change until a trigger changes."),
			"sbom_format": attributes.Text("Format of the bill of materials: `cyclonedx` (CycloneDX 1.6) or `spdx` (SPDX 2.3), both as JSON. With it, `sbom` holds the document. Default for `sbom_path` alone: `cyclonedx`.",
				attributes.OneOf(sbom.Formats()...)),
			"sbom_path": attributes.SomeText("Path of a file for the bill of materials. It is written whenever the zip is written, and a plan restores it if it is missing and the zip is there. It replaces only a file that this provider wrote."),
			"sbom": schema.StringAttribute{
				MarkdownDescription: "The bill of materials: what the zip holds, with package URLs, digests, licences and what requires what. The same zip always has the same document. It is in the state only if `sbom_format` is set, and plans do not show it, because it is long.",
				Computed:            true,
				Sensitive:           true,
			},
			"id":               attributes.ComputedText("SHA-256 of the lock. It changes when the lock changes."),
			"filename":         attributes.ComputedText("Path of the zip, for `filename` of other resources. The file may be missing: see `write_zip`."),
			"source_code_hash": attributes.ComputedText("SHA-256 of the zip in base64: what AWS reports as `CodeSha256`. Known at plan."),
			"sha256":           attributes.ComputedText("SHA-256 of the zip in hexadecimal."),
			"lock": schema.StringAttribute{
				MarkdownDescription: "The recipe of the whole package as JSON: each input, its source, its digest and its path. Plans do not show it, because it is long and repeats inline `content`. `contents` shows what changes.",
				Computed:            true,
				Sensitive:           true,
			},
			"size":          attributes.ComputedNumber("Size of the zip in bytes."),
			"unzipped_size": attributes.ComputedNumber("Sum of the sizes of the files in bytes."),
			"findings": findings.Attribute("What the checks `layout`, `native`, `libraries`, `executables` and `imports` found, grouped by cause, up to 50. Findings that are errors make the plan fail. Notes appear only here.",
				"The source of the file, such as `python:fiona 1.10.1` or `files[0]`."),
			"contents": attributes.ComputedMap(types.StringType, "What the layer holds. A plan shows here each name that changes:\n"+
				"  - `python:requests` → `2.31.0`, `nodejs:lodash` → `4.17.21`.\n"+
				"  - `files:python/shared` → the short digest of its files.\n"+
				"  - `downloads:bin/ffmpeg` → the short digest of its archive.\n"+
				"  - `images:alpine:3.22` → the short digest of its manifest.\n"+
				"  - `builds:src/tool` → the short digest of what was built.\n\n"+
				"  If several elements land at one path, their names include their sources."),
		},
	}
}

const packageTimeout = "How long resolving and building may take, at plan and at apply, such as `30m`. Default: no limit."

func kindAttribute() schema.Attribute {
	return attributes.Text("`layer` (default) or `function`. With `function`, the zip holds the code of a function, for `filename` of `aws_lambda_function`. Files that a layer has in `python/` and `nodejs/` are then at the root, as Python packages and `node_modules/`. `files` keep their targets.",
		attributes.OneOf(layer.KindLayer, layer.KindFunction))
}

func pruneAttribute() schema.Attribute {
	return attributes.Texts("Presets that remove files that are not needed at run time, from Python's folders and from packages of `node_modules`:\n"+
		"  - `tests`: Python: folders `tests`; Node.js: folders `test` and `tests` at the top of a package, `__tests__` anywhere, `*.test.js`, `*.test.cjs`, `*.test.mjs`.\n"+
		"  - `docs`: Python: files `README`, `CHANGELOG`, `CHANGES`, `HISTORY`, `NEWS`, `CONTRIBUTING`, `CODE_OF_CONDUCT` and `SECURITY`, also as `.md`, `.rst` or `.txt`, and folders `doc` and `docs` beside the packages; Node.js: `*.md`, `*.markdown`, folders `doc`, `docs`, `example` and `examples` at the top of a package.\n"+
		"  - `bytecode`: `__pycache__`, and `.pyc` and `.pyo` files whose source is beside them.\n"+
		"  - `type_stubs`: `*.pyi`, `*.d.ts`, `*.d.mts`, `*.d.cts`.\n"+
		"  - `source_maps`: `*.map` of `.js`, `.mjs`, `.cjs`, `.ts`, `.mts`, `.cts` and `.css`.\n\n"+
		"  Licences, notices, `*.dist-info`, `*.egg-info` and the `package.json` of packages are always kept. Files that other code loads are kept too:\n"+
		"  - modules in `tests` that are imported when a module outside `tests` is loaded (NumPy 2 and astropy have such modules),\n"+
		"  - folders that a `package.json` or a relative name in a module points to,\n"+
		"  - stubs that `lazy_loader` reads.\n\n"+
		"  Imports inside functions and computed imports are not detected. List the files that a function needs for them in `keep`.",
		listvalidator.UniqueValues(), listvalidator.ValueStringsAre(attributes.OneOf(layer.Presets()...)))
}
