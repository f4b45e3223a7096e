package packages

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
)

// imageModel is one element of the argument images of layerbuild_package.
type imageModel struct {
	Image    types.String `tfsdk:"image"`
	Files    types.Map    `tfsdk:"files"`
	Platform types.String `tfsdk:"platform"`
}

func (i *imageModel) spec() layer.ImageSpec {
	s := layer.ImageSpec{Image: i.Image.ValueString(), Platform: i.Platform.ValueString()}
	s.Files = values.TextMap(i.Files)
	return s
}

func imagesAttribute() schema.Attribute {
	return inputList("Files from container images. They are fetched directly from the registry, so no engine is needed. Files that are executable in the image are executable in the layer. An ELF file for another architecture is an error.\n\n"+
		"  Credentials come from the Docker configuration (`docker login`, `DOCKER_CONFIG`) or that of Podman (`REGISTRY_AUTH_FILE`, `containers/auth.json`). Credential helpers and stores are programs and are not run. If a registry refuses access and a helper would be needed, the error says what to set instead.\n\n"+
		"  A tag is pinned to its digest at the first plan. It moves only when the image's name or `triggers` change.", map[string]schema.Attribute{
		"image":    attributes.NeededText("Name of the image, with a tag or a digest, such as `alpine:3.22` or `registry.example.com/team/tools@sha256:…`."),
		"files":    containerFilesAttribute(),
		"platform": containerPlatformAttribute(),
	})
}
