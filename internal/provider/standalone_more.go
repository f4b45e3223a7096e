package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lint"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/datasources"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/sbom"
)

// Inspector looks into zips without Terraform. It is configured once for all of
// them.
type Inspector struct{ alone *alone }

// NewInspector returns one with settings as those of a provider block, as JSON has
// them.
func NewInspector(ctx context.Context, version string, settings map[string]any, log *slog.Logger) (*Inspector, error) {
	a, err := startAlone(ctx, version, settings, log, nil)
	if err != nil {
		return nil, err
	}
	return &Inspector{a}, nil
}

// Inspect looks into what is named: the path of a zip, its http or https address,
// or the ARN of a layer version, which is asked from AWS. digest is the SHA-256 in
// hexadecimal that a zip at an address must have, "" for any. Without a runtime in
// the question it is judged for those that the version declares, else for those
// that the zip can serve.
func (i *Inspector) Inspect(ctx context.Context, named, digest string, q layer.Question) (*layer.Inspection, error) {
	found, err := i.inspect(ctx, named, digest, q)
	if err != nil {
		return nil, errors.New(i.alone.provider.secrets.Show(err.Error()))
	}
	return found, nil
}

func (i *Inspector) inspect(ctx context.Context, named, digest string, q layer.Question) (*layer.Inspection, error) {
	tools := i.alone.provider.tools
	zip := layer.Zip{Path: named}
	var err error
	switch {
	case strings.HasPrefix(named, "arn:"):
		publisher, err := tools.Publisher()
		if err != nil {
			return nil, err
		}
		var v publish.Version
		if zip, v, err = datasources.ZipOfVersion(ctx, publisher, named); err != nil {
			return nil, err
		}
		if len(q.Runtimes) == 0 {
			q.Runtimes = v.Runtimes
		}
		if len(q.Architectures) == 0 {
			q.Architectures = v.Architectures
		}
	case strings.HasPrefix(named, "https://") || strings.HasPrefix(named, "http://"):
		zip = layer.Zip{URL: named, Name: shownAddress(named)}
		if digest != "" {
			if zip.SHA256, err = layer.ParseSHA256(digest); err != nil {
				return nil, fmt.Errorf("reading the digest %q: %w", digest, err)
			}
		}
	}
	q.Guess, q.Now = true, tools.Now()
	return tools.Builder.Inspect(ctx, zip, q)
}

// shownAddress is an address without what may be secret in it.
func shownAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the zip at the address"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// ZipBill returns what the zip at a path holds. lock is the text of its lock, "" for
// a zip without one.
func ZipBill(ctx context.Context, zip, lock string) (*sbom.Bill, error) {
	var read *layer.Lock
	if lock != "" {
		var err error
		if read, err = layer.DecodeLock(lock); err != nil {
			return nil, err
		}
	}
	return layer.BillOf(ctx, zip, read)
}

// LockBill builds the zip of a lock in a temporary folder, with a cache and the
// settings of the environment, and returns what it holds. Phases are logged.
func LockBill(ctx context.Context, version, cacheDir, lock string, log *slog.Logger) (bill *sbom.Bill, err error) {
	read, err := layer.DecodeLock(lock)
	if err != nil {
		return nil, err
	}
	p := newProvider(version)
	p.log = slog.New(shownLog{log.Handler(), p.secrets})
	m := &providerModel{}
	if cacheDir != "" {
		m.CacheDir = types.StringValue(cacheDir)
	}
	options, err := p.options(m)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "layerbuild-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	zip := filepath.Join(dir, "layer.zip")
	// What is wrong with the layer was told where it was locked.
	out := layer.Output{Path: zip, Size: fault.SeverityOff, Shadow: fault.SeverityOff, Scripts: fault.SeverityOff}
	if _, err := layer.NewBuilder(options).Build(ctx, read, out); err != nil {
		return nil, errors.New(p.secrets.Show(err.Error()))
	}
	return layer.BillOf(ctx, zip, read)
}

// Arguments returns what the provider, its resources, data sources and actions take,
// for the command that reads Terraform files.
func Arguments(ctx context.Context) (*lint.Schema, error) {
	server := providerserver.NewProtocol6(newProvider(""))()
	all, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("reading the schema of the provider: %w", err)
	}
	s := &lint.Schema{Provider: "layerbuild", Settings: objectOfBlock(all.Provider.Block), Resources: map[string]*lint.Object{}, Data: map[string]*lint.Object{}, Actions: map[string]*lint.Object{}}
	for name, schema := range all.ResourceSchemas {
		s.Resources[name] = objectOfBlock(schema.Block)
	}
	for name, schema := range all.DataSourceSchemas {
		s.Data[name] = objectOfBlock(schema.Block)
	}
	for name, schema := range all.ActionSchemas {
		s.Actions[name] = objectOfBlock(schema.Schema.Block)
	}
	return s, nil
}

func objectOfBlock(block *tfprotov6.SchemaBlock) *lint.Object {
	o := objectOf(block.Attributes)
	o.Blocks = map[string]*lint.Object{}
	for _, nested := range block.BlockTypes {
		o.Blocks[nested.TypeName] = objectOfBlock(nested.Block)
	}
	return o
}

// objectOf leaves out what only the provider sets: nobody writes it.
func objectOf(attributes []*tfprotov6.SchemaAttribute) *lint.Object {
	o := &lint.Object{Arguments: map[string]*lint.Object{}}
	for _, a := range attributes {
		if !a.Optional && !a.Required {
			continue
		}
		argument := &lint.Object{}
		if a.NestedType != nil {
			argument = objectOf(a.NestedType.Attributes)
			switch a.NestedType.Nesting {
			case tfprotov6.SchemaObjectNestingModeSingle:
				argument.Nesting = lint.Single
			case tfprotov6.SchemaObjectNestingModeMap:
				argument.Nesting = lint.Map
			default:
				argument.Nesting = lint.List
			}
		}
		o.Arguments[a.Name] = argument
	}
	return o
}
