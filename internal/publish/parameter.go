package publish

import (
	"context"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/parameter"
)

// Parameter is a parameter of the type String in the parameter store of AWS
// Systems Manager.
type Parameter = parameter.Parameter

// ParameterExistsError tells that there is a parameter of the name already,
// which was not to be overwritten.
type ParameterExistsError = parameter.ExistsError

// CheckParameterName returns a *LimitError when AWS would refuse the name of a
// parameter.
func CheckParameterName(name string) error { return parameter.CheckName(name) }

// PutParameter writes a parameter in a region; "" is the provider's own. One
// that is there is replaced if overwrite is set, and a *ParameterExistsError
// if not.
func (p *Publisher) PutParameter(ctx context.Context, region string, w Parameter, overwrite bool) error {
	return p.parameters.Put(ctx, region, w, overwrite)
}

// Parameter returns the value of a parameter in a region, and false where there
// is none. One that is encrypted is returned as AWS keeps it.
func (p *Publisher) Parameter(ctx context.Context, region, name string) (value string, found bool, err error) {
	return p.parameters.Get(ctx, region, name)
}

// DeleteParameter removes a parameter in a region. One that is gone already, or
// that this Publisher has written, is no error and is left alone.
func (p *Publisher) DeleteParameter(ctx context.Context, region, name string) error {
	return p.parameters.Delete(ctx, region, name)
}
