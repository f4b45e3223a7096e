package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/datasources"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
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
