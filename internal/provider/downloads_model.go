package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
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

func (d *downloadModel) spec(ctx context.Context, diags *diag.Diagnostics) layer.DownloadSpec {
	s := layer.DownloadSpec{
		URL:          d.URL.ValueString(),
		SHA256:       d.SHA256.ValueString(),
		Architecture: d.Architecture.ValueString(),
		AsIs:         !d.Extract.IsNull() && !d.Extract.ValueBool(),
		Strip:        int(d.StripComponents.ValueInt64()),
		Target:       d.Target.ValueString(),
	}
	s.Files = textMap(ctx, d.Files, diags)
	return s
}

func downloadsAttribute() schema.Attribute {
	return inputList("Files from archives, or single files: programs, models, data. tar (bare or packed by gzip, xz, bzip2 or zstd), zip, and single files that are packed so; what a file is tells its content, not its name. "+
		"ELF files and `#!` scripts under `bin/` and `extensions/` are executable, and so is what the archive says is. An ELF file for another architecture is an error. Links are followed within the archive; devices, pipes and links that lead out of it cannot be taken.", map[string]schema.Attribute{
		"url": neededText("An address by `https://`, `http://` or `file://`, or a path relative to the root module. It is kept in the state: credentials, tokens and signed queries are refused; users and passwords come from netrc."),
		"sha256": schema.StringAttribute{
			MarkdownDescription: "SHA-256 in hexadecimal. Without it the first plan takes what is there, keeps its digest in the lock, and says so in a warning; only `triggers` make it look again. A path without it is read at every plan, as `files` are.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"architecture": schema.StringAttribute{
			MarkdownDescription: "The element counts only for this architecture, and is left out of layers for the other one. Default: for all.",
			Optional:            true,
			Validators:          []validator.String{oneOf(runtimes.Architectures()...)},
		},
		"extract": flagged("`false` takes an archive as a file, such as a `.jar` or `.zip` that is read at run time. Default `true`."),
		"strip_components": schema.Int64Attribute{
			CustomType:          wholeNumber{},
			MarkdownDescription: "How many leading components of the paths in the archive are dropped, without `files`. Default `0`.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.AtLeast(0)},
		},
		"files": schema.MapAttribute{
			MarkdownDescription: "What to take: globs over the paths in the archive, with the layer path of each: `{ \"*/ffmpeg\" = \"bin/ffmpeg\" }`. `*` stays within a folder, `**` crosses folders; a glob that matches a folder takes all below it, with its path there: `{ \"pkg\" = \"python/pkg\" }`, while `pkg/**` matches each file by itself. A layer path that ends in `/` is a folder, in which the name is kept. A glob that matches nothing is an error. Default: everything, below `target`.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          eachNamed(),
		},
		"target": someText("Layer path below which an archive lands, without `files`. A single file lands at it, or in it where it ends in `/`. Default: the root of the layer."),
	})
}
