package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

func filesAttribute() schema.Attribute {
	return attributes.Objects("Local files. The same files give the same bytes: file permissions, times and order have no effect. ELF programs (not ELF libraries) and scripts that begin with `#!` are executable in every folder.\n\n"+
		"  These files are left out: files that Terraform and this provider write (states, plans and variable files also under other names, `TF_DATA_DIR`, the cache, every `output_path`, `sbom_path` and `changelog_path`), `.git`, `.DS_Store` and `__pycache__`. It is an error to name such a file in `source` or `include`.", map[string]schema.Attribute{
		"source":      attributes.SomeText("Path of a directory or a file, relative to the root module."),
		"content":     attributes.Text("The content of one file, in place of `source`. The lock stores it, so it must not contain secrets."),
		"target":      attributes.Text("Path in the layer, such as `python/shared_utils`. The files of a directory land below this path. A single file lands at this path, or inside it if the path ends in `/`. Default: the root of the layer."),
		"include":     attributes.Texts("Globs over the paths in `source`. Only matching files are taken."),
		"exclude":     attributes.Texts("Globs over the paths in `source`, such as `**/*_test.py`. Matching files are left out."),
		"ignore_file": attributes.SomeText("Name of ignore files in the format of gitignore, such as `.gitignore`. An ignore file may be in any folder of `source` and applies to the files below that folder. Default: `.layerignore`, if there is one."),
		"symlinks": attributes.Text("`follow` (default): a symbolic link in `source` becomes the file or folder that it points to, which must be inside `source`. `error`: any symbolic link is an error.",
			attributes.OneOf(layer.LinksFollow, layer.LinksError)),
	})
}

// downloadModel is one element of the argument downloads of layerbuild_package.
type downloadModel struct {
	URL          types.String `tfsdk:"url"`
	SHA256       types.String `tfsdk:"sha256"`
	Architecture types.String `tfsdk:"architecture"`
	Extract      types.Bool   `tfsdk:"extract"`
	Strip        types.Int64  `tfsdk:"strip_components"`
	Files        types.Map    `tfsdk:"files"`
	Target       types.String `tfsdk:"target"`
}

func downloadsAttribute() schema.Attribute {
	return attributes.Objects("Files from archives, or single files: programs, models, data. The formats are tar (plain, or compressed by gzip, xz, bzip2 or zstd), zip, and single files that are compressed in these ways. The format is detected from the content, not the name.\n\n"+
		"  ELF files and `#!` scripts under `bin/` and `extensions/` are executable, and so are files that are executable in the archive. An ELF file for another architecture is an error. Links are followed within the archive. Devices, pipes and links that lead out of the archive cannot be taken.", map[string]schema.Attribute{
		"url":    attributes.NeededText("An address that begins with `https://`, `http://` or `file://`, or a path relative to the root module. The state stores it, so credentials, tokens and signed queries are refused. Users and passwords come from netrc."),
		"sha256": attributes.SomeText("SHA-256 in hexadecimal. If it is unset, the first plan takes the current file, stores its digest in the lock and gives a warning. After that, the address is read again only when `triggers` change. A path without `sha256` is read at every plan, like `files`."),
		"architecture": attributes.Text("Use this element only for this architecture. Layers for the other architecture leave it out. Default: both architectures.",
			attributes.OneOf(runtimes.Architectures()...)),
		"extract": attributes.Flag("`false` takes an archive as one file, such as a `.jar` or `.zip` that is read at run time. Default `true`."),
		"strip_components": attributes.Number("How many leading components of the paths in the archive are dropped. Not allowed together with `files`. Default `0`.",
			int64validator.AtLeast(0)),
		"files": attributes.TextMap("The files to take: globs over the paths in the archive, with the layer path of each: `{ \"*/ffmpeg\" = \"bin/ffmpeg\" }`. Default: everything, below `target`.\n\n"+
			"  `*` stays within a folder, `**` crosses folders. A glob that matches a folder takes everything below it and keeps the paths inside it: `{ \"pkg\" = \"python/pkg\" }`. `pkg/**` matches each file on its own.\n\n"+
			"  If a layer path ends in `/`, it is a folder and the file keeps its name. A glob that matches nothing is an error.", eachNamed()...),
		"target": attributes.SomeText("Layer path below which the files of an archive land. Not allowed together with `files`. A single file lands at this path, or inside it if the path ends in `/`. Default: the root of the layer."),
	}, listvalidator.SizeAtLeast(1))
}

func imagesAttribute() schema.Attribute {
	return attributes.Objects("Files from container images. They are fetched directly from the registry, so no engine is needed. Files that are executable in the image are executable in the layer. An ELF file for another architecture is an error.\n\n"+
		"  Credentials come from the Docker configuration (`docker login`, `DOCKER_CONFIG`) or that of Podman (`REGISTRY_AUTH_FILE`, `containers/auth.json`). Credential helpers and stores are programs and are not run. If a registry refuses access and a helper would be needed, the error says what to set instead.\n\n"+
		"  A tag is pinned to its digest at the first plan. It moves only when the image's name or `triggers` change.", map[string]schema.Attribute{
		"image":    attributes.NeededText("Name of the image, with a tag or a digest, such as `alpine:3.22` or `registry.example.com/team/tools@sha256:…`."),
		"files":    containerFilesAttribute(),
		"platform": containerPlatformAttribute(),
	}, listvalidator.SizeAtLeast(1))
}

func buildsAttribute() schema.Attribute {
	return attributes.Objects("Files from images that a container engine builds while Terraform plans, for code that must be compiled. This is the only input that needs an engine, Docker or Podman. With `offline` the engine is not used.\n\n"+
		"  The engine is found by `DOCKER_HOST`, the Docker context or its usual socket. Its log goes to Terraform's log (`TF_LOG_PROVIDER=INFO`). The image is never run, and is removed afterwards. For images in `FROM`, the engine gets the credentials that are written in the Docker configuration itself.\n\n"+
		"  A result is pinned. Nothing is built again while the files of the context and these arguments are unchanged, even if the images in `FROM` change. `triggers` build again.\n\n"+
		"  Another machine that has the lock takes the result from the provider's shared `cache`. With `trust_builds`, a machine without the lock does so too. Without a shared cache, the machine builds again. It can then apply the plan of the first machine only if its engine makes the same bytes.", map[string]schema.Attribute{
		"context":    attributes.NeededText("Path of the directory that is sent to the engine, relative to the root module. `.dockerignore` is respected. File permissions and times have no effect: ELF files and `#!` scripts are executable. A link is sent as the file or folder that it points to. `.git`, `__pycache__` and files that Terraform writes are never sent."),
		"dockerfile": attributes.SomeText("Path of the Dockerfile in the context. Default `Dockerfile`."),
		"target":     attributes.SomeText("The stage to build. Default: the last one."),
		"args":       attributes.TextMap("Build arguments. They are stored in the state and in the image's history, so they must not contain secrets.", mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1))),
		"files":      containerFilesAttribute(),
		"platform":   containerPlatformAttribute(),
	}, listvalidator.SizeAtLeast(1))
}

// containerFilesAttribute and containerPlatformAttribute are those of all
// inputs that take files out of images.
func containerFilesAttribute() schema.Attribute {
	files := attributes.TextMap("The files to take: absolute paths in the image, with the layer path of each: `{ \"/opt/bin/tool\" = \"bin/tool\", \"/usr/lib/*.so\" = \"lib/\" }`.\n\n"+
		"  A folder lands below its layer path with everything in it. `*` stays within a folder, `**` crosses folders. If a layer path ends in `/`, it is a folder and the file keeps its name. Links are followed within the image. A path that is not in the image is an error.", eachNamed()...)
	files.Optional, files.Required = false, true
	return files
}

// eachNamed are the checks of a map from what to take to where it lands.
func eachNamed() []validator.Map {
	return []validator.Map{
		mapvalidator.SizeAtLeast(1), mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1)),
		mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
	}
}

func containerPlatformAttribute() schema.Attribute {
	return attributes.Text("`linux/amd64` or `linux/arm64`. Default: that of `architectures`.", attributes.OneOf("linux/amd64", "linux/arm64"))
}
