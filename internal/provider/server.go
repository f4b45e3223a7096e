package provider

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider/diagnostic"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// Serve serves a version of the provider to Terraform until it has no more use
// for it.
func Serve(version, address string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	return tf6server.Serve(address, func() tfprotov6.ProviderServer {
		return newServer(newProvider(version))
	}, options...)
}

// newServer returns the provider as Terraform speaks to it. Every text that it
// says to people goes through the secrets that the provider knows.
func newServer(p *layerbuild) tfprotov6.ProviderServer {
	inner := providerserver.NewProtocol6(p)()
	all, ok := inner.(wholeProtocol)
	if !ok {
		panic(fmt.Sprintf("the plugin framework serves %T, which lacks a part of the protocol", inner))
	}
	return &served{all, p.secrets}
}

// wholeProtocol is all that Terraform may ask a provider.
type wholeProtocol interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// served hands on what Terraform asks, and shows what it is answered.
type served struct {
	wholeProtocol
	secrets *secret.Keeper
}

// show makes diagnostics fit for people. Each names its argument: those of the
// plugin framework do not.
func (s *served) show(all []*tfprotov6.Diagnostic) {
	for _, d := range all {
		if p := argumentAt(d.Attribute); !strings.Contains(d.Summary, p.String()) {
			d.Detail = diagnostic.Named(p, d.Detail)
		}
		d.Summary, d.Detail = s.secrets.Show(d.Summary), s.secrets.Show(d.Detail)
	}
}

// argumentAt returns the path of an argument as far as it can be written: an
// element of a set has no index, and its value may be secret.
func argumentAt(at *tftypes.AttributePath) fault.Path {
	var p fault.Path
	if at == nil {
		return p
	}
	for _, step := range at.Steps() {
		switch step := step.(type) {
		case tftypes.AttributeName:
			p = p.At(string(step))
		case tftypes.ElementKeyInt:
			p = p.Index(int(step))
		case tftypes.ElementKeyString:
			p = p.Key(string(step))
		default:
			return p
		}
	}
	return p
}

// hide makes an error fit for people.
func (s *served) hide(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(s.secrets.Show(err.Error()))
}

// shown makes an answer fit for people: a pointer to a struct whose field Diagnostics
// they are, and the error beside it.
func (s *served) shown(resp any, err error) error {
	if answer := reflect.ValueOf(resp); !answer.IsNil() {
		all, _ := reflect.TypeAssert[[]*tfprotov6.Diagnostic](answer.Elem().FieldByName("Diagnostics"))
		s.show(all)
	}
	return s.hide(err)
}

func (s *served) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	resp, err := s.wholeProtocol.ValidateProviderConfig(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	resp, err := s.wholeProtocol.ConfigureProvider(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := s.wholeProtocol.ValidateResourceConfig(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	resp, err := s.wholeProtocol.UpgradeResourceState(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	resp, err := s.wholeProtocol.UpgradeResourceIdentity(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := s.wholeProtocol.ReadResource(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := s.wholeProtocol.PlanResourceChange(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.wholeProtocol.ApplyResourceChange(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := s.wholeProtocol.ImportResourceState(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	resp, err := s.wholeProtocol.MoveResourceState(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	resp, err := s.wholeProtocol.ValidateDataResourceConfig(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := s.wholeProtocol.ReadDataSource(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	resp, err := s.wholeProtocol.ValidateListResourceConfig(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) ValidateActionConfig(ctx context.Context, req *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	resp, err := s.wholeProtocol.ValidateActionConfig(ctx, req)
	return resp, s.shown(resp, err)
}

func (s *served) PlanAction(ctx context.Context, req *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	resp, err := s.wholeProtocol.PlanAction(ctx, req)
	return resp, s.shown(resp, err)
}

// CallFunction calls a function. Terraform ends the text of an error with a full
// stop of its own.
func (s *served) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	resp, err := s.wholeProtocol.CallFunction(ctx, req)
	if resp != nil && resp.Error != nil {
		resp.Error.Text = strings.TrimRight(s.secrets.Show(resp.Error.Text), ".")
	}
	return resp, s.hide(err)
}

// ListResource lists resources.
func (s *served) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	stream, err := s.wholeProtocol.ListResource(ctx, req)
	if stream == nil || stream.Results == nil {
		return stream, s.hide(err)
	}
	results := stream.Results
	stream.Results = func(yield func(tfprotov6.ListResourceResult) bool) {
		results(func(r tfprotov6.ListResourceResult) bool {
			s.show(r.Diagnostics)
			return yield(r)
		})
	}
	return stream, s.hide(err)
}

// InvokeAction runs an action.
func (s *served) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.wholeProtocol.InvokeAction(ctx, req)
	if stream == nil || stream.Events == nil {
		return stream, s.hide(err)
	}
	events := stream.Events
	stream.Events = func(yield func(tfprotov6.InvokeActionEvent) bool) {
		events(func(e tfprotov6.InvokeActionEvent) bool {
			switch kind := e.Type.(type) {
			case tfprotov6.ProgressInvokeActionEventType:
				kind.Message = s.secrets.Show(kind.Message)
				e.Type = kind
			case tfprotov6.CompletedInvokeActionEventType:
				s.show(kind.Diagnostics)
			}
			return yield(e)
		})
	}
	return stream, s.hide(err)
}
