package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// candidates is how many versions with the right metadata are compared by
// their bytes before a publish: each costs a request.
const candidates = 5

// lookAttempts bounds the SDK's retries within one of several looks.
const lookAttempts = 3

// job is one run of Publish.
type job struct {
	request  Request
	api      *lambda.Client
	s3       func() objects
	patience patience
	explain  func(error) error

	options []func(*lambda.Options) // of looks
	above   int64                   // the highest version number before the first call
}

// run takes over a version that is there already, or makes one. It reports
// which.
func (j *job) run(ctx context.Context) (Version, bool, error) {
	listed, err := j.list(ctx, 0)
	if err != nil {
		return Version{}, false, fmt.Errorf("looking for the version before publishing it: %w", j.explain(err))
	}
	if len(listed) > 0 {
		j.above = listed[0].Version
	}
	v, found, err := j.match(ctx, listed)
	if err != nil {
		return Version{}, false, fmt.Errorf("comparing with published versions: %w", j.explain(err))
	}
	if found {
		return v, true, nil
	}
	content, err := j.content(ctx)
	if err != nil {
		return Version{}, false, err
	}
	v, err = j.publish(ctx, j.input(content))
	return v, false, err
}

func (j *job) input(content *types.LayerVersionContentInput) *lambda.PublishLayerVersionInput {
	return &lambda.PublishLayerVersionInput{
		LayerName:               &j.request.LayerName,
		Description:             optional(j.request.Description),
		LicenseInfo:             optional(j.request.LicenseInfo),
		CompatibleRuntimes:      values[types.Runtime](j.request.Runtimes),
		CompatibleArchitectures: values[types.Architecture](j.request.Architectures),
		Content:                 content,
	}
}

// publish calls until the version is there, and never calls again before it
// has looked for what an unanswered call may have left.
func (j *job) publish(ctx context.Context, input *lambda.PublishLayerVersionInput) (Version, error) {
	blind := 0
	for attempt := 1; ; attempt++ {
		out, err := j.api.PublishLayerVersion(ctx, input, func(o *lambda.Options) { o.Retryer = once() })
		if err == nil {
			return j.settle(ctx, published(out), blind > 0)
		}
		result := outcomeOf(err)
		if result == refused {
			return Version{}, j.explain(err)
		}
		if result == unknown {
			blind++
			v, found, lookErr := j.recover(ctx)
			if found {
				return j.settle(ctx, v, blind > 1)
			}
			if lookErr != nil {
				return Version{}, &UncertainError{Above: j.above, cause: j.explain(errors.Join(err, lookErr))}
			}
		}
		over := attempt >= j.patience.attempts || blind >= j.patience.blind
		if over || sleep(ctx, j.patience.delay(attempt, err)) != nil || ctx.Err() != nil {
			if blind > 0 {
				return Version{}, &UncertainError{Above: j.above, cause: j.explain(err)}
			}
			return Version{}, errors.Join(j.explain(err), ctx.Err())
		}
	}
}

// recover looks, several times, for the version that a call without an answer
// may have made. It goes on for a while after the caller's context is over: a
// version that is found is not lost.
func (j *job) recover(ctx context.Context) (Version, bool, error) {
	look := *j
	look.options = []func(*lambda.Options){func(o *lambda.Options) { o.RetryMaxAttempts = min(lookAttempts, j.patience.attempts) }}
	over := ctx
	ctx, cancel := context.WithCancel(context.WithoutCancel(over))
	defer cancel()
	defer context.AfterFunc(over, func() { time.AfterFunc(j.patience.grace, cancel) })()
	var lookErr error
	for _, wait := range j.patience.looks {
		if err := sleep(ctx, wait); err != nil {
			break
		}
		var listed []types.LayerVersionsListItem
		if listed, lookErr = look.list(ctx, j.above); lookErr != nil {
			continue
		}
		var v Version
		var found bool
		if v, found, lookErr = look.match(ctx, listed); found {
			return v, true, nil
		}
	}
	return Version{}, false, lookErr
}

// settle makes sure that AWS keeps the bytes that were sent, and that an
// earlier call without an answer has not made the same version late: then the
// later one, which nobody knows yet, goes.
func (j *job) settle(ctx context.Context, v Version, repeated bool) (Version, error) {
	if want := j.request.Zip.SHA256.Base64(); v.CodeSHA256 != want {
		err := j.remove(ctx, v)
		return v, errors.Join(&AlteredError{ARN: v.ARN, Want: want, Got: v.CodeSHA256, Removed: err == nil}, j.explain(err))
	}
	if !repeated {
		return v, nil
	}
	listed, err := j.list(ctx, j.above)
	if err != nil {
		return v, fmt.Errorf("looking for a double of %s: %w", v.ARN, j.explain(err))
	}
	listed = slices.DeleteFunc(listed, func(item types.LayerVersionsListItem) bool { return item.Version >= v.Number })
	slices.Reverse(listed)
	first, found, err := j.match(ctx, listed)
	if err != nil {
		return v, fmt.Errorf("looking for a double of %s: %w", v.ARN, j.explain(err))
	}
	if !found {
		return v, nil
	}
	if err := j.remove(ctx, v); err != nil {
		return v, fmt.Errorf("removing %s, a double of %s that a lost answer left: %w", v.ARN, first.ARN, j.explain(err))
	}
	return first, nil
}

// list returns the layer's versions above a number, newest first. It reads as
// many pages as that takes.
func (j *job) list(ctx context.Context, above int64) ([]types.LayerVersionsListItem, error) {
	var listed []types.LayerVersionsListItem
	alike := 0
	pages := lambda.NewListLayerVersionsPaginator(j.api, &lambda.ListLayerVersionsInput{LayerName: &j.request.LayerName})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, j.options...)
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, item := range page.LayerVersions {
			if item.Version > above {
				listed = append(listed, item)
			}
			if j.request.sameMetadata(item) {
				alike++
			}
		}
		if alike >= candidates || len(page.LayerVersions) > 0 && page.LayerVersions[len(page.LayerVersions)-1].Version <= above {
			break
		}
	}
	slices.SortFunc(listed, func(a, b types.LayerVersionsListItem) int { return cmp.Compare(b.Version, a.Version) })
	return listed, nil
}

// match returns the first of the listed versions that has the request's bytes
// and metadata.
func (j *job) match(ctx context.Context, listed []types.LayerVersionsListItem) (Version, bool, error) {
	compared := 0
	for _, item := range listed {
		if compared == candidates {
			break
		}
		if !j.request.sameMetadata(item) {
			continue
		}
		compared++
		out, err := j.api.GetLayerVersion(ctx, &lambda.GetLayerVersionInput{LayerName: &j.request.LayerName, VersionNumber: &item.Version}, j.options...)
		if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			continue // deleted since it was listed
		}
		if err != nil {
			return Version{}, false, err
		}
		if v := described(out); v.CodeSHA256 == j.request.Zip.SHA256.Base64() {
			return v, true, nil
		}
	}
	return Version{}, false, nil
}

// remove deletes a version that this run has made, even if the caller's
// context is over.
func (j *job) remove(ctx context.Context, v Version) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.patience.grace)
	defer cancel()
	_, err := j.api.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: &j.request.LayerName, VersionNumber: &v.Number})
	return err
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
