package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// buildModel is one element of the argument builds of layerbuild_package.
type buildModel struct {
	Context    types.String `tfsdk:"context"`
	Dockerfile types.String `tfsdk:"dockerfile"`
	Target     types.String `tfsdk:"target"`
	Args       types.Map    `tfsdk:"args"`
	Files      types.Map    `tfsdk:"files"`
	Platform   types.String `tfsdk:"platform"`
}

func (b *buildModel) spec() layer.BuildSpec {
	s := layer.BuildSpec{
		Context:    b.Context.ValueString(),
		Dockerfile: b.Dockerfile.ValueString(),
		Target:     b.Target.ValueString(),
		Platform:   b.Platform.ValueString(),
	}
	s.Args = values.TextMap(b.Args)
	s.Files = values.TextMap(b.Files)
	return s
}

func buildsAttribute() schema.Attribute {
	return inputList("Files from images that a container engine builds while Terraform plans, for code that must be compiled. This is the only input that needs an engine, Docker or Podman. With `offline` the engine is not used.\n\n"+
		"  The engine is found by `DOCKER_HOST`, the Docker context or its usual socket. Its log goes to Terraform's log (`TF_LOG_PROVIDER=INFO`). The image is never run, and is removed afterwards. For images in `FROM`, the engine gets the credentials that are written in the Docker configuration itself.\n\n"+
		"  A result is pinned. Nothing is built again while the files of the context and these arguments are unchanged, even if the images in `FROM` change. `triggers` build again.\n\n"+
		"  Another machine that has the lock takes the result from the provider's shared `cache`. With `trust_builds`, a machine without the lock does so too. Without a shared cache, the machine builds again. It can then apply the plan of the first machine only if its engine makes the same bytes.", map[string]schema.Attribute{
		"context":    attributes.NeededText("Path of the directory that is sent to the engine, relative to the root module. `.dockerignore` is respected. File permissions and times have no effect: ELF files and `#!` scripts are executable. A link is sent as the file or folder that it points to. `.git`, `__pycache__` and files that Terraform writes are never sent."),
		"dockerfile": attributes.SomeText("Path of the Dockerfile in the context. Default `Dockerfile`."),
		"target":     attributes.SomeText("The stage to build. Default: the last one."),
		"args": schema.MapAttribute{
			MarkdownDescription: "Build arguments. They are stored in the state and in the image's history, so they must not contain secrets.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.Map{mapvalidator.NoNullValues(), mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1))},
		},
		"files":    containerFilesAttribute(),
		"platform": containerPlatformAttribute(),
	})
}

// containerFilesAttribute and containerPlatformAttribute are those of all
// inputs that take files out of images.
func containerFilesAttribute() schema.Attribute {
	return schema.MapAttribute{
		MarkdownDescription: "The files to take: absolute paths in the image, with the layer path of each: `{ \"/opt/bin/tool\" = \"bin/tool\", \"/usr/lib/*.so\" = \"lib/\" }`.\n\n" +
			"  A folder lands below its layer path with everything in it. `*` stays within a folder, `**` crosses folders. If a layer path ends in `/`, it is a folder and the file keeps its name. Links are followed within the image. A path that is not in the image is an error.",
		ElementType: types.StringType,
		Required:    true,
		Validators:  eachNamed(),
	}
}

// eachNamed are the checks of a map from what to take to where it lands.
func eachNamed() []validator.Map {
	return []validator.Map{
		mapvalidator.SizeAtLeast(1), mapvalidator.NoNullValues(), mapvalidator.KeysAre(stringvalidator.LengthAtLeast(1)),
		mapvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1)),
	}
}

func containerPlatformAttribute() schema.Attribute {
	return schema.StringAttribute{
		MarkdownDescription: "`linux/amd64` or `linux/arm64`. Default: that of `architectures`.",
		Optional:            true,
		Validators:          []validator.String{attributes.OneOf("linux/amd64", "linux/arm64")},
	}
}
