package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func (r *packageResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Builds a Lambda layer zip while Terraform plans: resolves Python requirements and Node.js packages for the target runtimes, fetches and verifies wheels and tarballs, " +
			"adds local files, and packs all of it to the same bytes on every machine. The plan shows the hash that AWS will report after the apply.\n\n" +
			"What was resolved is locked in the state: unpinned ranges do not move until an input changes, and a plan without changes makes no network request." + nestedNote,
		Attributes: map[string]schema.Attribute{
			"runtimes": schema.ListAttribute{
				MarkdownDescription: "Lambda runtime ids, such as `python3.12`. They decide the operating system, glibc, ABI and paths that the layer is built for.",
				ElementType:         types.StringType,
				Required:            true,
				Validators: []validator.List{
					listvalidator.SizeBetween(1, runtimes.MaxCompatibleRuntimes),
					listvalidator.UniqueValues(),
					listvalidator.NoNullValues(),
					listvalidator.ValueStringsAre(runtimeID{}),
				},
			},
			"architectures": schema.ListAttribute{
				MarkdownDescription: "`x86_64`, `arm64` or both. Default `[\"x86_64\"]`. Both in one layer only if no file holds native code.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             listdefault.StaticValue(listOf([]string{runtimes.X8664})),
				Validators: []validator.List{
					listvalidator.SizeBetween(1, runtimes.MaxCompatibleArchitectures),
					listvalidator.UniqueValues(),
					listvalidator.NoNullValues(),
					listvalidator.ValueStringsAre(oneOf(runtimes.Architectures()...)),
				},
			},
			"python":      pythonAttribute(),
			"nodejs":      nodejsAttribute(),
			"files":       filesAttribute(),
			"downloads":   downloadsAttribute(),
			"images":      imagesAttribute(),
			"builds":      buildsAttribute(),
			"kind":        kindAttribute(),
			"exclude":     optionalStrings("Globs over layer paths, such as `python/**/*.pyi`. What they match is left out of the layer. `**` crosses folders; a pattern that names a folder takes all below it. A pattern that matches nothing is warned of."),
			"prune":       pruneAttribute(),
			"keep":        optionalStrings("Globs over layer paths: what they match stays, whatever `exclude` and `prune` say."),
			"executables": optionalStrings("Globs over layer paths of files to mark executable. ELF files and `#!` scripts of `files` under `bin/` and `extensions/` are so by themselves."),
			"checks":      checksAttribute(),
			"output_path": schema.StringAttribute{
				MarkdownDescription: "Where the zip goes. Default `.layerbuild/<digest of the zip>.zip` below the root module.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"write_zip": schema.StringAttribute{
				MarkdownDescription: "`always` (default for `kind = \"function\"`): every plan puts a zip back that is not there, by the cache or by fetching what the lock names, so that who reads `filename` finds it on a fresh checkout. `on_change` (default otherwise): a plan writes the zip when the package changes, and leaves a missing one missing. " +
					"Write `always` where `aws_lambda_layer_version` or a function such as `filemd5` reads the zip of a layer; `layerbuild_version` and `layerbuild_object` rebuild it and need nothing here.",
				Optional:   true,
				Validators: []validator.String{oneOf(writeAlways, writeOnChange)},
			},
			"timeouts": timeoutsAttribute(ctx, timeouts.Opts{
				Create: true, CreateDescription: packageTimeout,
				Update: true, UpdateDescription: packageTimeout,
			}),
			"triggers": schema.MapAttribute{
				MarkdownDescription: "Any values. A change resolves anew, as if nothing had been locked. With `triggers = { build = terraform_data.build.id }` and `depends_on`, files that another resource makes during the apply are read after it; where such files are missing later, as on a fresh checkout, the package stays as it is until a trigger changes.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Map{mapvalidator.NoNullValues()},
			},
			"id":               computedString("SHA-256 of the lock: it changes when the recipe does."),
			"filename":         computedString("Path of the zip, for `filename` of other resources."),
			"source_code_hash": computedString("SHA-256 of the zip in base64: what AWS reports as `CodeSha256`. Known at plan."),
			"sha256":           computedString("SHA-256 of the zip in hexadecimal."),
			"lock": schema.StringAttribute{
				MarkdownDescription: "The whole recipe as JSON: what, from where, with which digest, to which path. Plans do not show it, because it is long and repeats inline `content`; `contents` shows what changes.",
				Computed:            true,
				Sensitive:           true,
			},
			"size":          schema.Int64Attribute{MarkdownDescription: "Size of the zip in bytes.", Computed: true},
			"unzipped_size": schema.Int64Attribute{MarkdownDescription: "Sum of the sizes of the files in bytes.", Computed: true},
			"findings":      findingsAttribute(),
			"contents": schema.MapAttribute{
				MarkdownDescription: "What the layer holds: `python:requests` → `2.31.0`, `nodejs:lodash` → `4.17.21`, `files:python/shared` → the short digest of its files, `downloads:bin/ffmpeg` → the short digest of its archive, `images:alpine:3.22` → the short digest of its manifest, `builds:src/tool` → the short digest of what was built. Elements that land at one path are told apart by their sources. A plan shows here, name by name, what changes.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}

// The values of write_zip.
const (
	writeAlways   = "always"
	writeOnChange = "on_change"
)

const packageTimeout = "How long resolving and building may take, at plan and at apply, such as `30m`. Default: any time."

// optionalStrings, someText and flagged are optional attributes of a resource.
func optionalStrings(description string) schema.Attribute {
	return schema.ListAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.List{listvalidator.NoNullValues()},
	}
}

func someText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Optional: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

// neededText is someText that must be written.
func neededText(description string) schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: description, Required: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	}
}

// inputList is an input that may be given several times.
func inputList(description string, element map[string]schema.Attribute) schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: description, Optional: true,
		Validators:   []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{Validators: nested(), Attributes: element},
	}
}

func flagged(description string) schema.Attribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

func filesAttribute() schema.Attribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Local files. The same files give the same bytes whatever their modes, times and order. Programs, which are ELF files but libraries, and scripts that begin with `#!` are executable wherever they lie; mode bits of the host have no effect. What Terraform and this provider write is left out (states, plans and variable files also under other names, `TF_DATA_DIR`, the cache, every `output_path`), and so are `.git`, `.DS_Store` and `__pycache__`. To name such a file in `source` or `include` is an error.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{
			Validators: nested(),
			Attributes: map[string]schema.Attribute{
				"source": schema.StringAttribute{
					MarkdownDescription: "Path of a directory or a file, relative to the root module.",
					Optional:            true,
					Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				},
				"content": schema.StringAttribute{
					MarkdownDescription: "The content of one file, in place of `source`. It is kept in the lock, so it must hold no secret.",
					Optional:            true,
				},
				"target": schema.StringAttribute{
					MarkdownDescription: "Path in the layer, such as `python/shared_utils`. What a directory holds lands below it; a file lands at it, or in it where it ends in `/`. Default: the root of the layer.",
					Optional:            true,
				},
				"include":     optionalStrings("Globs over the paths in `source`: only what they match is taken."),
				"exclude":     optionalStrings("Globs over the paths in `source`: what they match is left out, such as `**/*_test.py`."),
				"ignore_file": someText("Name of files in the form of gitignore, such as `.gitignore`. One in any folder of `source` says what below it is left out. Default: `.layerignore`, where there is one."),
				"symlinks": schema.StringAttribute{
					MarkdownDescription: "`follow` (default): a symbolic link in `source` is taken as the file or folder that it leads to, which must lie in `source`. `error`: no link is taken.",
					Optional:            true,
					Validators:          []validator.String{oneOf(layer.LinksFollow, layer.LinksError)},
				},
			},
		},
	}
}

func kindAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "`layer` (default), or `function`: the zip of a function's code, for `filename` of `aws_lambda_function`. What a layer has in `python/` and `nodejs/` then lies at the root, as Python packages and `node_modules/`; `files` lie at their targets.",
		Optional:            true,
		Validators:          []validator.String{oneOf(layer.KindLayer, layer.KindFunction)},
	}
}

func pruneAttribute() schema.Attribute {
	return schema.ListAttribute{
		MarkdownDescription: "Presets of what the layer does without, in Python's folders and in packages of `node_modules`:\n" +
			"  - `tests`: Python: folders `tests`; Node.js: folders `test` and `tests` at the top of a package, `__tests__` anywhere, `*.test.js`, `*.test.cjs`, `*.test.mjs`.\n" +
			"  - `docs`: Python: files `README`, `CHANGELOG`, `CHANGES`, `HISTORY`, `NEWS`, `CONTRIBUTING`, `CODE_OF_CONDUCT` and `SECURITY`, also as `.md`, `.rst` or `.txt`, and folders `doc` and `docs` beside the packages; Node.js: `*.md`, `*.markdown`, folders `doc`, `docs`, `example` and `examples` at the top of a package.\n" +
			"  - `bytecode`: `__pycache__`, and `.pyc` and `.pyo` files whose source lies beside them.\n" +
			"  - `type_stubs`: `*.pyi`, `*.d.ts`, `*.d.mts`, `*.d.cts`.\n" +
			"  - `source_maps`: `*.map` of `.js`, `.mjs`, `.cjs`, `.ts`, `.mts`, `.cts` and `.css`.\n\n" +
			"Licences, notices, `*.dist-info`, `*.egg-info` and the `package.json` of packages always stay. So does what other code loads: modules in `tests` that are imported when a module outside is loaded (NumPy 2 and astropy have such), folders that a `package.json` or a relative name in a module leads to, stubs that `lazy_loader` reads. " +
			"Imports within functions and computed ones are not seen: name what a function needs of them in `keep`.",
		ElementType: types.StringType,
		Optional:    true,
		Validators:  []validator.List{listvalidator.NoNullValues(), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(oneOf(layer.Presets()...))},
	}
}

func checksAttribute() schema.Attribute {
	severity := func(description string) schema.Attribute {
		return schema.StringAttribute{
			MarkdownDescription: description + " `error`, `warning` or `off`.",
			Optional:            true,
			Validators:          []validator.String{oneOf("error", "warning", "off")},
		}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the finding of a check means.",
		Optional:            true,
		Validators:          nested(),
		Attributes: map[string]schema.Attribute{
			"size":            severity("The layer takes more than the 262,144,000 bytes that AWS allows; from 80 % there is a warning. Default `error`."),
			"sdk_shadow":      severity("One of boto3 and botocore comes from the layer, the other from the runtime; or the layer brings clients of `@aws-sdk`, which go before those of the Node.js runtimes. Default `warning`."),
			"install_scripts": severity("A Node.js package has an install script, which is never run, and brings no prebuilt code. Default `error`."),
			"withdrawn":       severity("Distributions of the lock were yanked or removed since. Every plan then asks the index, also one without changes. Default `off`."),
			"layout":          severity("Files lie where no declared runtime looks. An error by default where nothing in the layer can be found, else a warning."),
			"native":          severity("Native files are for another machine, system, glibc, Python or Node.js than the runtimes have. By default an error where it fails for sure, else a warning."),
			"libraries":       severity("A shared library that is needed is neither in the layer nor in the runtime. By default an error where a package cannot be imported without it, else a warning."),
			"executables":     severity("Programs and scripts that cannot be run: no run bit, an interpreter that Lambda lacks, files in `bin/` that are no programs. By default an error where it fails for sure, else a warning."),
			"imports":         severity("A Python distribution brings none of its modules, or needs one that is not there. Default `warning`."),
			"runtime_dates":   severity("A runtime is deprecated or in preview. Default `warning`."),
		},
	}
}

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}
