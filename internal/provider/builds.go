package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
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

func (b *buildModel) spec(ctx context.Context, diags *diag.Diagnostics) layer.BuildSpec {
	s := layer.BuildSpec{
		Context:    b.Context.ValueString(),
		Dockerfile: b.Dockerfile.ValueString(),
		Target:     b.Target.ValueString(),
		Platform:   b.Platform.ValueString(),
	}
	s.Args = textMap(ctx, b.Args, diags)
	s.Files = textMap(ctx, b.Files, diags)
	return s
}

func buildsAttribute() schema.Attribute {
	return inputList("Files out of images that a container engine builds while Terraform plans, for what must be compiled: the only input that needs an engine, Docker or Podman. It is found by `DOCKER_HOST`, the Docker context, or its usual socket; its log goes to Terraform's (`TF_LOG_PROVIDER=INFO`). The image is never run, and removed afterwards. For images in `FROM` the engine is given the credentials of the Docker configuration, as far as they stand in it. With `offline` no engine is asked.\n\n"+
		"A result is pinned: while the files of the context, and all that is written here, are unchanged, nothing is built again, whatever became of the images in `FROM`; `triggers` build anew. Another machine that has the lock takes the result from the provider's shared cache, and one without it, too, where `trust_builds` is set there; else it builds again, and the plan of the first machine can be applied there only where the engine makes the same bytes.", map[string]schema.Attribute{
		"context":    neededText("Path of the directory that the engine is sent, relative to the root module. `.dockerignore` is honoured. Modes and times of the files do not count: ELF files and `#!` scripts are executable, links are sent as what they lead to. `.git`, `__pycache__` and what Terraform writes are never sent."),
		"dockerfile": someText("Path of the Dockerfile in the context. Default `Dockerfile`."),
		"target":     someText("The stage to build. Default: the last one."),
		"args": schema.MapAttribute{
			MarkdownDescription: "Build arguments. They are kept in the state, and in the image's history: they must hold no secret.",
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
		MarkdownDescription: "What to take: absolute paths in the image, with the layer path of each: `{ \"/opt/bin/tool\" = \"bin/tool\", \"/usr/lib/*.so\" = \"lib/\" }`. A folder lands below its layer path with all that is in it. `*` stays within a folder, `**` crosses folders. A layer path that ends in `/` is a folder, in which the name is kept. Links are followed within the image. What is not there is an error.",
		ElementType:         types.StringType,
		Required:            true,
		Validators:          eachNamed(),
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
		Validators:          []validator.String{oneOf("linux/amd64", "linux/arm64")},
	}
}
