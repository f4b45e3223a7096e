package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
)

// imageModel is one element of the argument images of layerbuild_package.
type imageModel struct {
	Image    types.String `tfsdk:"image"`
	Files    types.Map    `tfsdk:"files"`
	Platform types.String `tfsdk:"platform"`
}

func (i *imageModel) spec(ctx context.Context, diags *diag.Diagnostics) layer.ImageSpec {
	s := layer.ImageSpec{Image: i.Image.ValueString(), Platform: i.Platform.ValueString()}
	s.Files = textMap(ctx, i.Files, diags)
	return s
}

func imagesAttribute() schema.Attribute {
	return inputList("Files out of container images, straight from their registries: no engine is needed. Credentials come from the Docker configuration (`docker login`, `DOCKER_CONFIG`) or that of Podman (`REGISTRY_AUTH_FILE`, `containers/auth.json`). Credential helpers and stores are programs and are not run: where a registry refuses and one of them would know more, the error says what to write instead. "+
		"A tag is pinned to the digest that it has at the first plan, and moves only with the image's name or `triggers`. Files that are executable in the image are so in the layer; an ELF file for another architecture is an error.", map[string]schema.Attribute{
		"image":    neededText("Name of the image, with a tag or a digest, such as `alpine:3.22` or `registry.example.com/team/tools@sha256:…`."),
		"files":    containerFilesAttribute(),
		"platform": containerPlatformAttribute(),
	})
}
