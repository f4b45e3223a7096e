// Package functions works with the functions of an account in a region: it moves
// them for a roll-out, and finds which layer versions they have.
package functions

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

// invoking is how long a function may run: Lambda ends it after 15 minutes.
const invoking = 16 * time.Minute

// Region are the functions of the caller's account in one region, as a
// roll-out works with them.
type Region struct {
	session *awsclient.Session
	api     *lambda.Client
}

var _ rollout.Lambda = (*Region)(nil)

// Of returns the functions of a region.
func Of(s *awsclient.Session, region string) *Region {
	return &Region{session: s, api: s.Lambda(region)}
}

// Function returns a published version of a function, or its unpublished state where
// version is "". An absent one is rollout.ErrNoFunction.
func (f *Region) Function(ctx context.Context, name, version string) (rollout.Function, error) {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &name}
	if version != "" {
		in.Qualifier = &version
	}
	out, err := f.api.GetFunctionConfiguration(ctx, in)
	if err != nil {
		return rollout.Function{}, f.explain(err)
	}
	found := rollout.Function{
		Name: name, Runtime: string(out.Runtime), Architecture: string(types.ArchitectureX8664),
		Revision: aws.ToString(out.RevisionId), Reason: aws.ToString(out.LastUpdateStatusReason), CodeSHA256: aws.ToString(out.CodeSha256),
	}
	if len(out.Architectures) > 0 {
		found.Architecture = string(out.Architectures[0])
	}
	switch out.LastUpdateStatus {
	case types.LastUpdateStatusInProgress:
		found.Update = rollout.Pending
	case types.LastUpdateStatusFailed:
		found.Update = rollout.Failed
	}
	switch out.State {
	case types.StatePending:
		found.Update = rollout.Pending
	case types.StateFailed:
		found.Update, found.Reason = rollout.Failed, cmp.Or(aws.ToString(out.StateReason), found.Reason)
	}
	found.CodeSize, found.LayerSizes = out.CodeSize, map[string]int64{}
	for _, layer := range out.Layers {
		found.Layers = append(found.Layers, aws.ToString(layer.Arn))
		found.LayerSizes[aws.ToString(layer.Arn)] = layer.CodeSize
	}
	return found, nil
}

// SetLayers gives a function the layer versions in place of all that it has, if
// its revision is still the given one.
func (f *Region) SetLayers(ctx context.Context, name string, layers []string, revision string) error {
	if layers == nil {
		layers = []string{} // the SDK leaves out nil, which changes nothing
	}
	_, err := f.api.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Layers: layers, RevisionId: &revision,
	})
	return f.explain(err)
}

// Invoke calls a function, or its version or alias "name:qualifier", once. A call
// that Lambda refused for its rate is made again.
func (f *Region) Invoke(ctx context.Context, name string, payload []byte) (rollout.Answer, error) {
	ctx, stop := context.WithTimeout(ctx, invoking)
	defer stop()
	began := time.Now()
	out, err := f.api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: payload, LogType: types.LogTypeTail},
		func(o *lambda.Options) { o.Retryer = awsclient.OnceTaken() })
	if err != nil {
		return rollout.Answer{}, f.explain(err)
	}
	log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil {
		return rollout.Answer{}, fmt.Errorf("reading the log of the call: %w", err)
	}
	took, reported := durationIn(log)
	if !reported {
		took = time.Since(began)
	}
	return rollout.Answer{Payload: out.Payload, Fault: aws.ToString(out.FunctionError), Log: string(log), Duration: took}, nil
}

// reported is the line that Lambda writes at the end of a call, as text or as JSON
// (Lambda Developer Guide, "Working with Lambda function logs").
var reported = regexp.MustCompile(`(?m)^(?:REPORT RequestId:.*?\tDuration: ([0-9.]+) ms|\{.*"type":\s*"platform\.report".*?"durationMs":\s*([0-9.]+))`)

// durationIn reads how long the handler ran out of the end of a log.
func durationIn(log []byte) (time.Duration, bool) {
	match := reported.FindSubmatch(log)
	if match == nil {
		return 0, false
	}
	ms, err := strconv.ParseFloat(string(match[1])+string(match[2]), 64)
	return time.Duration(ms * float64(time.Millisecond)), err == nil
}

// PublishVersion publishes the unpublished state of a function, if its code has still
// that digest; "" is any.
func (f *Region) PublishVersion(ctx context.Context, name, codeSHA256 string) (string, error) {
	in := &lambda.PublishVersionInput{FunctionName: &name}
	if codeSHA256 != "" {
		in.CodeSha256 = &codeSHA256
	}
	out, err := f.api.PublishVersion(ctx, in)
	if err == nil && aws.ToString(out.Version) == "" {
		err = awsclient.ErrIncomplete
	}
	if err != nil {
		return "", f.explain(err)
	}
	return *out.Version, nil
}

// Alias returns where an alias points. An absent one is rollout.ErrNoFunction.
func (f *Region) Alias(ctx context.Context, name, alias string) (rollout.Alias, error) {
	out, err := f.api.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: &alias})
	if err != nil {
		return rollout.Alias{}, f.explain(err)
	}
	return aliasOf(out.FunctionVersion, out.RevisionId, out.RoutingConfig), nil
}

// PointAlias moves an alias, if its revision is still that of the given one.
func (f *Region) PointAlias(ctx context.Context, name, alias string, to rollout.Alias) (rollout.Alias, error) {
	routing := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}
	if to.Next != "" {
		routing.AdditionalVersionWeights[to.Next] = float64(to.Weight) / 100
	}
	out, err := f.api.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &name, Name: &alias, FunctionVersion: &to.Version, RevisionId: &to.Revision, RoutingConfig: routing,
	})
	if err != nil {
		return rollout.Alias{}, f.explain(err)
	}
	return aliasOf(out.FunctionVersion, out.RevisionId, out.RoutingConfig), nil
}

func aliasOf(version, revision *string, routing *types.AliasRoutingConfiguration) rollout.Alias {
	at := rollout.Alias{Version: aws.ToString(version), Revision: aws.ToString(revision)}
	if routing == nil {
		return at
	}
	for _, next := range slices.Sorted(maps.Keys(routing.AdditionalVersionWeights)) {
		at.Next, at.Weight = next, int(100*routing.AdditionalVersionWeights[next]+0.5)
	}
	return at
}

// explain turns an error of the SDK into one that a roll-out acts on, with AWS's
// own words.
func (f *Region) explain(err error) error {
	if err == nil {
		return nil
	}
	said := f.session.ExplainAbsence(err)
	var changed *types.PreconditionFailedException
	var busy *types.ResourceConflictException
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("%w: %w", rollout.ErrNoFunction, said)
	case errors.As(err, &changed), errors.As(err, &busy):
		return fmt.Errorf("%w: %w", rollout.ErrChanged, said)
	case awsclient.OutcomeOf(err) == awsclient.Unknown:
		return fmt.Errorf("%w: %w", rollout.ErrLost, said)
	}
	return said
}

// FunctionsUsing returns the names of the functions of the region whose
// unpublished state has a version of the layer, sorted.
func (f *Region) FunctionsUsing(ctx context.Context, layerARN string) ([]string, error) {
	return f.list(ctx, func(function types.FunctionConfiguration) (bool, error) {
		return slices.ContainsFunc(function.Layers, func(l types.Layer) bool {
			of, _, ok := splitVersion(aws.ToString(l.Arn))
			return ok && of == layerARN
		}), nil
	})
}

// FunctionsTagged returns the names of the functions of the region that have all
// the tags, sorted. It costs a call for each function of the region.
func (f *Region) FunctionsTagged(ctx context.Context, tags map[string]string) ([]string, error) {
	return f.list(ctx, func(function types.FunctionConfiguration) (bool, error) {
		out, err := f.api.ListTags(ctx, &lambda.ListTagsInput{Resource: function.FunctionArn})
		if err != nil {
			return false, fmt.Errorf("reading the tags of function %q: %w", aws.ToString(function.FunctionName), f.session.Explain(err))
		}
		for key, value := range tags {
			if got, found := out.Tags[key]; !found || got != value {
				return false, nil
			}
		}
		return true, nil
	})
}

// list returns the sorted names of the functions that fit.
func (f *Region) list(ctx context.Context, fits func(types.FunctionConfiguration) (bool, error)) ([]string, error) {
	var names []string
	for function, err := range all(ctx, f.api, "") {
		if err != nil {
			return nil, fmt.Errorf("listing the functions: %w", f.session.Explain(err))
		}
		fit, err := fits(function)
		if err != nil {
			return nil, err
		}
		if fit {
			names = append(names, aws.ToString(function.FunctionName))
		}
	}
	slices.Sort(names)
	return names, nil
}
