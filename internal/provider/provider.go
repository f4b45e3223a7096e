// Package provider is the provider block and what it registers: each resource, data
// source and function is a package below it. With those it is the only room that names
// Terraform. What is done with a layer, package layer knows; what is done with AWS,
// package publish.
package provider

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	actions "github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/layer"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/datasources"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/functions"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/objects"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/packages"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/rollouts"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/toolbox"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/versions"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

var (
	_ provider.ProviderWithFunctions     = (*layerbuild)(nil)
	_ provider.ProviderWithListResources = (*layerbuild)(nil)
	_ provider.ProviderWithActions       = (*layerbuild)(nil)
)

// defaultReleaseAge is how old a release must be before a range picks it.
const defaultReleaseAge = 24 * time.Hour

// New returns the provider, as a version of it.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return newProvider(version) }
}

func newProvider(version string) *layerbuild {
	return &layerbuild{version: version, getenv: os.Getenv, environ: os.Environ, now: time.Now, run: layer.CurrentRun(), secrets: &secret.Keeper{}}
}

type layerbuild struct {
	version string
	getenv  func(string) string
	environ func() []string
	now     func() time.Time
	run     layer.Run
	secrets *secret.Keeper
	// log gets the phases; nil is Terraform's log.
	log *slog.Logger
	// received is told of the bytes of files that arrive; it may be nil.
	received func(bytes int)
	// tools are there once it is configured.
	tools *toolbox.Tools
}

func (p *layerbuild) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "layerbuild"
	resp.Version = p.version
}

func (p *layerbuild) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	p.learn(ctx, req.Config)
	tools := &toolbox.Tools{Known: m.resolvable(), Now: p.now, ReleaseAge: defaultReleaseAge, Name: rand.Text()}
	resp.Diagnostics.Append(m.times(tools)...)
	options, err := p.options(&m)
	if err != nil {
		resp.Diagnostics.Append(diagnostic.Of("Unusable provider settings", err))
	}
	settings, diags := m.aws()
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	tools.Unknown = unknownAWS(req.Config.Raw)
	if !m.Region.IsUnknown() {
		tools.Region = cmp.Or(settings.Region, p.getenv("AWS_REGION"), p.getenv("AWS_DEFAULT_REGION"))
	}
	tools.CheckRegions = !settings.SkipRegionValidation
	settings.UserAgent, settings.UserAgentVersion = "terraform-provider-layerbuild", p.version
	settings.RegisterDir = options.CacheDir
	tools.Publisher = sync.OnceValues(func() (*publish.Publisher, error) {
		if len(tools.Unknown) > 0 {
			return nil, &diagnostic.UnknownSettings{Names: tools.Unknown}
		}
		// The settings live as long as the provider, not as one request.
		return publish.New(context.WithoutCancel(ctx), settings)
	})
	options.CodeArtifact = codeArtifact{tools.Publisher}
	if len(tools.Unknown) == 0 { // a cache that cannot be reached yet is not waited for
		resp.Diagnostics.Append(m.share(ctx, tools.Publisher, &options)...)
	}
	tools.Builder = layer.NewBuilder(options)
	p.tools = tools
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.ActionData = tools, tools, tools, tools
}

// options returns the settings of the pipeline: argument first, then the
// environment, then the default.
func (p *layerbuild) options(m *providerModel) (layer.Options, error) {
	o := layer.Options{UserAgent: "terraform-provider-layerbuild/" + p.version, Run: p.run, Getenv: p.getenv, Environ: p.environ}
	o.Logger, o.Secrets, o.Received = logger(p.secrets), p.secrets, p.received
	if p.log != nil {
		o.Logger = p.log
	}
	o.CacheKey = p.getenv("LAYERBUILD_CACHE_KEY")
	p.secrets.Learn("LAYERBUILD_CACHE_KEY", o.CacheKey)
	var err error
	if o.CacheDir, err = expandHome("cache_dir", cmp.Or(m.CacheDir.ValueString(), p.getenv("LAYERBUILD_CACHE_DIR"))); err != nil {
		return o, err
	}
	if o.CABundle, err = expandHome("custom_ca_bundle", m.CustomCABundle.ValueString()); err != nil {
		return o, err
	}
	if o.CacheDir == "" {
		o.CacheDir = defaultCacheDir()
	}
	o.Offline = m.Offline.ValueBool()
	if m.Offline.IsNull() {
		if text := p.getenv("LAYERBUILD_OFFLINE"); text != "" {
			offline, err := strconv.ParseBool(text)
			if err != nil {
				return o, fmt.Errorf("reading LAYERBUILD_OFFLINE: %q is neither true nor false", text)
			}
			o.Offline = offline
		}
	}
	return o, nil
}

// CacheDir returns the cache of the environment, else that of the user.
func CacheDir() string { return cmp.Or(os.Getenv("LAYERBUILD_CACHE_DIR"), defaultCacheDir()) }

// defaultCacheDir returns the cache of a user, or that of the root module where
// the environment names no home, as in some containers.
func defaultCacheDir() string {
	base, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(".layerbuild", "cache")
	}
	return filepath.Join(base, "layerbuild")
}

// expandHome replaces a leading ~ by the home directory.
func expandHome(attribute, path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && rest[0] != '/' && rest[0] != '\\' {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home directory for %s %q: %w", attribute, path, err)
	}
	return filepath.Join(home, rest), nil
}

func (p *layerbuild) Functions(context.Context) []func() function.Function {
	return []func() function.Function{functions.NewRuntime, functions.NewParseARN, functions.NewLayerPath, functions.NewNormalize}
}

func (p *layerbuild) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{packages.New, versions.New, objects.New, rollouts.New, rollouts.NewRetirement}
}

// ListResources returns what "terraform query" lists.
func (p *layerbuild) ListResources(context.Context) []func() query.ListResource {
	return []func() query.ListResource{versions.NewList}
}

func (p *layerbuild) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{datasources.NewLayer, datasources.NewVersions, datasources.NewInspection}
}

// Actions returns what runs apart from the life of a resource.
func (p *layerbuild) Actions(context.Context) []func() actions.Action {
	return []func() actions.Action{rollouts.NewInvoke}
}
