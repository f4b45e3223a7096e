package packages

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// downloadModel is one element of the argument downloads of layerbuild_package.
type downloadModel struct {
	URL             types.String `tfsdk:"url"`
	SHA256          types.String `tfsdk:"sha256"`
	Architecture    types.String `tfsdk:"architecture"`
	Extract         types.Bool   `tfsdk:"extract"`
	StripComponents types.Int64  `tfsdk:"strip_components"`
	Files           types.Map    `tfsdk:"files"`
	Target          types.String `tfsdk:"target"`
}

func (d *downloadModel) spec() layer.DownloadSpec {
	s := layer.DownloadSpec{
		URL:          d.URL.ValueString(),
		SHA256:       d.SHA256.ValueString(),
		Architecture: d.Architecture.ValueString(),
		AsIs:         !d.Extract.IsNull() && !d.Extract.ValueBool(),
		Strip:        int(d.StripComponents.ValueInt64()),
		Target:       d.Target.ValueString(),
	}
	s.Files = values.TextMap(d.Files)
	return s
}

func downloadsAttribute() schema.Attribute {
	return inputList("Files from archives, or single files: programs, models, data. The formats are tar (plain, or compressed by gzip, xz, bzip2 or zstd), zip, and single files that are compressed in these ways. The format is detected from the content, not the name.\n\n"+
		"  ELF files and `#!` scripts under `bin/` and `extensions/` are executable, and so are files that are executable in the archive. An ELF file for another architecture is an error. Links are followed within the archive. Devices, pipes and links that lead out of the archive cannot be taken.", map[string]schema.Attribute{
		"url": attributes.NeededText("An address that begins with `https://`, `http://` or `file://`, or a path relative to the root module. The state stores it, so credentials, tokens and signed queries are refused. Users and passwords come from netrc."),
		"sha256": schema.StringAttribute{
			MarkdownDescription: "SHA-256 in hexadecimal. If it is unset, the first plan takes the current file, stores its digest in the lock and gives a warning. After that, the address is read again only when `triggers` change. A path without `sha256` is read at every plan, like `files`.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"architecture": schema.StringAttribute{
			MarkdownDescription: "Use this element only for this architecture. Layers for the other architecture leave it out. Default: both architectures.",
			Optional:            true,
			Validators:          []validator.String{attributes.OneOf(runtimes.Architectures()...)},
		},
		"extract": attributes.Flag("`false` takes an archive as one file, such as a `.jar` or `.zip` that is read at run time. Default `true`."),
		"strip_components": schema.Int64Attribute{
			CustomType:          attributes.WholeNumber{},
			MarkdownDescription: "How many leading components of the paths in the archive are dropped. Not allowed together with `files`. Default `0`.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(0)},
		},
		"files": schema.MapAttribute{
			MarkdownDescription: "The files to take: globs over the paths in the archive, with the layer path of each: `{ \"*/ffmpeg\" = \"bin/ffmpeg\" }`. Default: everything, below `target`.\n\n" +
				"  `*` stays within a folder, `**` crosses folders. A glob that matches a folder takes everything below it and keeps the paths inside it: `{ \"pkg\" = \"python/pkg\" }`. `pkg/**` matches each file on its own.\n\n" +
				"  If a layer path ends in `/`, it is a folder and the file keeps its name. A glob that matches nothing is an error.",
			ElementType: types.StringType,
			Optional:    true,
			Validators:  eachNamed(),
		},
		"target": attributes.SomeText("Layer path below which the files of an archive land. Not allowed together with `files`. A single file lands at this path, or inside it if the path ends in `/`. Default: the root of the layer."),
	})
}
