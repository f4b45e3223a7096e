// Package built has the argument package: a layerbuild_package that another resource
// publishes or puts, and its zip, which is made again where it is missing.
package built

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/attributes"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/values"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
)

// Package is the package argument: what a rebuild of its bytes needs, and
// nothing else, since a change of what is left out must be no difference.
type Package struct {
	Lock           types.String `tfsdk:"lock"`
	SourceCodeHash types.String `tfsdk:"source_code_hash"`
	Size           types.Int64  `tfsdk:"size"`
	Runtimes       types.List   `tfsdk:"runtimes"`
	Architectures  types.List   `tfsdk:"architectures"`
}

// Of returns the package argument; nil where there is none or it is unknown.
func Of(ctx context.Context, argument types.Object, diags *diag.Diagnostics) *Package {
	return values.As[Package](ctx, argument, diags)
}

// lock returns the recipe of the package, or nil where it has none.
func (b *Package) lock() (*layer.Lock, error) {
	if b.Lock.ValueString() == "" {
		return nil, nil
	}
	return layer.DecodeLock(b.Lock.ValueString())
}

// CheckLayer refuses the zip of a function's code. A lock that cannot be read
// is judged where the zip is made of it.
func (b *Package) CheckLayer() error {
	if b == nil || b.Lock.IsUnknown() {
		return nil
	}
	if lock, err := b.lock(); err == nil && lock != nil && lock.Kind == layer.KindFunction {
		return errFunctionZip()
	}
	return nil
}

func errFunctionZip() error {
	return &fault.Error{
		At: fault.At("package"), Summary: "The package is the code of a function",
		Detail: "It has kind = \"function\", so its files do not lie where a function looks into a layer. Drop kind from the package, or give filename and source_code_hash of it to aws_lambda_function.",
	}
}

// Parts returns the parts of the package and the keys of those that were asked
// for, as far as its lock can be read.
func (b *Package) Parts() (contents map[string]string, asked []string) {
	if b == nil {
		return nil, nil
	}
	lock, err := b.lock()
	if err != nil || lock == nil {
		return nil, nil
	}
	return lock.Contents(), lock.Asked()
}

// Zip returns the zip of the package and where it lies: the one on disk, wherever
// output_path has it, or the same bytes built from the lock where that is missing or
// was changed.
func (b *Package) Zip(ctx context.Context, builder *layer.Builder) (publish.Zip, string, error) {
	want, err := publish.ParseCodeSHA256(b.SourceCodeHash.ValueString())
	if err != nil {
		return publish.Zip{}, "", err
	}
	size, path := b.Size.ValueInt64(), layer.DefaultPath(want)
	if found, ok := builder.Find(ctx, want, size); ok {
		return publish.FileZip(found, want, size), found, nil
	}
	lock, err := b.lock()
	if err != nil {
		return publish.Zip{}, "", err
	}
	if lock == nil {
		return publish.Zip{}, "", fmt.Errorf("finding the zip %q: it is not there, and the package has no lock to rebuild it from", path)
	}
	if err := builder.Rebuild(ctx, lock, want, path); err != nil {
		return publish.Zip{}, "", fmt.Errorf("rebuilding the package's zip: %w", err)
	}
	return publish.FileZip(path, want, size), path, nil
}

// KnownByHash is the package of what was imported: its bytes are known by their
// hash alone, and it has no lock.
func KnownByHash(hash string, size int64, runtimes, architectures []string) types.Object {
	return types.ObjectValueMust(attributes.TypesOf(Attribute()).AttrTypes, map[string]attr.Value{
		"lock":             types.StringValue(""),
		"source_code_hash": types.StringValue(hash), "size": types.Int64Value(size),
		"runtimes": values.ListOrEmpty(runtimes), "architectures": values.ListOrEmpty(architectures),
	})
}

// Attribute returns the argument package, optional.
func Attribute() schema.SingleNestedAttribute {
	parts := func(description string) schema.Attribute {
		return schema.ListAttribute{MarkdownDescription: description, ElementType: types.StringType, Required: true}
	}
	return attributes.Object("The package to publish: `package = layerbuild_package.deps`.", map[string]schema.Attribute{
		"lock":             attributes.SecretText("The package's lock. Null in a configuration that Terraform generated for an import: write the package in its place before the layer changes."),
		"source_code_hash": schema.StringAttribute{MarkdownDescription: "SHA-256 of the zip in base64.", Required: true},
		"size":             schema.Int64Attribute{CustomType: attributes.WholeNumber{}, MarkdownDescription: "Size of the zip in bytes.", Required: true},
		"runtimes":         parts("Runtimes that the package is built for."),
		"architectures":    parts("Architectures that the package is built for."),
	})
}
