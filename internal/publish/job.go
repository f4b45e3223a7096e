package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/backoff"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/upload"
)

// candidates is how many versions with the right metadata are compared by
// their bytes before a publish: each costs a request.
const candidates = 5

// lookPages bounds the listing before a publish, in pages of 50 versions: a
// version further back than that is published anew.
const lookPages = 4

// lookAttempts bounds the SDK's retries within one of several looks.
const lookAttempts = 3

// slowest is the upload, in bytes a second, that a call waits for.
const slowest = 64 << 10

// job is one run of Publish.
type job struct {
	request  Request
	session  *awsclient.Session
	api      *lambda.Client
	region   string
	stagings *upload.Stagings
	transfer transfer
	patience awsclient.Patience
	intend   func(above int64) error // notes that a publish begins

	options  []func(*lambda.Options) // of looks
	above    int64                   // the highest version number before the first call
	delivery *delivery               // what is being published
}

// run takes over a version that is there already, or makes one. It reports
// which.
func (j *job) run(ctx context.Context) (Version, bool, error) {
	listed, err := j.list(ctx, 0)
	if err != nil {
		return Version{}, false, fmt.Errorf("looking for the version before publishing it: %w", j.session.Explain(err))
	}
	if len(listed) > 0 {
		j.above = listed[0].Version
	}
	equal, err := j.match(ctx, listed)
	if err != nil {
		return Version{}, false, fmt.Errorf("comparing with published versions: %w", j.session.Explain(err))
	}
	if len(equal) > 0 {
		awsclient.Inform(ctx, "took over a layer version that was there", map[string]any{"arn": equal[len(equal)-1].ARN})
		return equal[len(equal)-1], true, nil
	}
	d, err := j.deliver(ctx)
	defer j.discard(ctx, d)
	if err != nil {
		return Version{}, false, err
	}
	if err := j.intend(j.above); err != nil {
		return Version{}, false, err
	}
	return j.send(ctx, d)
}

func (j *job) input(content *types.LayerVersionContentInput) *lambda.PublishLayerVersionInput {
	return &lambda.PublishLayerVersionInput{
		LayerName:               &j.request.LayerName,
		Description:             awsclient.Optional(j.request.Description),
		LicenseInfo:             awsclient.Optional(j.request.LicenseInfo),
		CompatibleRuntimes:      values[types.Runtime](j.request.Runtimes),
		CompatibleArchitectures: values[types.Architecture](j.request.Architectures),
		Content:                 content,
	}
}

// publish calls until the version is there, and never calls again before it
// has looked for what an unanswered call may have left. It reports true where
// another run made the same version meanwhile, and that one is taken.
func (j *job) publish(ctx context.Context, input *lambda.PublishLayerVersionInput) (Version, bool, error) {
	blind := 0
	for attempt := 1; ; attempt++ {
		out, err := j.call(ctx, input)
		if err == nil {
			return j.settle(ctx, described((*lambda.GetLayerVersionOutput)(out)), blind > 0)
		}
		result := awsclient.OutcomeOf(err)
		if awsclient.Expired(err) && j.session.Renew() {
			result = awsclient.NotYet
		}
		if result == awsclient.Unknown {
			blind++
			awsclient.Inform(ctx, "publishing got no answer: looking for the version", map[string]any{"layer": j.request.LayerName, "attempt": attempt, "above": j.above})
			equal, lookErr := j.recover(ctx)
			if len(equal) > 0 {
				v := equal[len(equal)-1]
				awsclient.Inform(ctx, "found the layer version that a call without an answer made", map[string]any{"arn": v.ARN})
				if len(equal) > 1 {
					v.Double = equal[0].ARN
				}
				return v, len(equal) > 1, nil
			}
			if lookErr != nil {
				return Version{}, false, &UncertainError{Above: j.above, cause: j.session.Explain(errors.Join(err, lookErr))}
			}
		}
		over := result == awsclient.Refused || attempt >= j.patience.Attempts || blind >= j.patience.Blind
		if over || backoff.Sleep(ctx, j.patience.Delay(attempt, err)) != nil || ctx.Err() != nil {
			cause := errors.Join(j.session.Explain(err), ctx.Err())
			if blind > 0 {
				return Version{}, false, &UncertainError{Above: j.above, cause: cause}
			}
			return Version{}, false, cause
		}
	}
}

// call makes one attempt. A connection that is silent for too long counts as a
// lost answer.
func (j *job) call(ctx context.Context, input *lambda.PublishLayerVersionInput) (*lambda.PublishLayerVersionOutput, error) {
	upload := time.Duration(len(input.Content.ZipFile)/slowest) * time.Second
	ctx, cancel := context.WithTimeout(ctx, j.patience.Answer+upload)
	defer cancel()
	out, err := j.api.PublishLayerVersion(ctx, input, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })
	if err == nil && (aws.ToString(out.LayerVersionArn) == "" || out.Version == 0 || out.Content == nil || aws.ToString(out.Content.CodeSha256) == "") {
		return nil, awsclient.ErrIncomplete
	}
	return out, err
}

// recover looks, several times, for the versions that a call without an answer
// may have made, and returns what match does.
func (j *job) recover(ctx context.Context) ([]Version, error) {
	ctx, cancel := j.linger(ctx)
	defer cancel()
	var lookErr error
	for _, wait := range j.patience.Looks {
		if err := backoff.Sleep(ctx, wait); err != nil {
			break
		}
		var equal []Version
		if equal, lookErr = j.look(ctx, math.MaxInt64); len(equal) > 0 {
			return equal, nil
		}
	}
	return nil, lookErr
}

// look returns the versions with the request's bytes and metadata that came
// after the first look, below a number.
func (j *job) look(ctx context.Context, below int64) ([]Version, error) {
	look := *j
	look.options = []func(*lambda.Options){func(o *lambda.Options) { o.RetryMaxAttempts = min(lookAttempts, j.patience.Attempts) }}
	listed, err := look.list(ctx, j.above)
	if err != nil {
		return nil, err
	}
	return look.match(ctx, slices.DeleteFunc(listed, func(item types.LayerVersionsListItem) bool { return item.Version >= below }))
}

// linger returns a context that goes on for a while after the caller's is over:
// a version that was made must not be lost.
func (j *job) linger(over context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(over))
	stop := context.AfterFunc(over, func() { time.AfterFunc(j.patience.Grace, cancel) })
	return ctx, func() { stop(); cancel() }
}

// settle makes sure that AWS keeps the bytes that were sent, and that nobody
// made the same version before: an earlier call without an answer, or another
// run at the same time, which a gap in the numbers tells. Then the later one,
// which nobody knows yet, goes. All runs agree on that, and the one that made
// the first version never looks for a later one.
func (j *job) settle(ctx context.Context, v Version, repeated bool) (Version, bool, error) {
	awsclient.Inform(ctx, "published a layer version", map[string]any{"arn": v.ARN, "code_sha256": v.CodeSHA256, "bytes": v.CodeSize})
	if altered := j.delivery.altered(v); altered != nil {
		if err := j.remove(ctx, v); err != nil {
			return v, false, errors.Join(altered, j.session.Explain(err))
		}
		altered.Removed = true
		return Version{}, false, altered
	}
	if !repeated && v.Number == j.above+1 {
		return v, false, nil
	}
	lingering, cancel := j.linger(ctx)
	defer cancel()
	equal, err := j.look(lingering, v.Number)
	if err != nil || len(equal) == 0 {
		return v, false, nil // what was asked for, double or not
	}
	first := equal[len(equal)-1]
	awsclient.Inform(ctx, "another run published the same first: removing the later version", map[string]any{"arn": v.ARN, "first": first.ARN})
	if err := j.remove(ctx, v); err != nil {
		first.Double = v.ARN
	}
	return first, !repeated, nil
}

// list returns the layer's versions above a number, newest first. It reads no
// more pages than it takes to find candidates.
func (j *job) list(ctx context.Context, above int64) ([]types.LayerVersionsListItem, error) {
	var listed []types.LayerVersionsListItem
	alike := 0
	pages := lambda.NewListLayerVersionsPaginator(j.api, &lambda.ListLayerVersionsInput{LayerName: &j.request.LayerName})
	for read := 0; pages.HasMorePages() && read < lookPages; read++ {
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

// match returns which of the listed versions, newest first, have the request's
// bytes and metadata: the newest such version, and those before it up to one
// with other bytes. Of versions made at once, all runs take the last of these.
func (j *job) match(ctx context.Context, listed []types.LayerVersionsListItem) ([]Version, error) {
	var equal []Version
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
			return nil, err
		}
		v := described(out)
		same, err := j.holds(ctx, v)
		if err != nil {
			return nil, err
		}
		if same {
			equal = append(equal, v)
		} else if len(equal) > 0 {
			break
		}
	}
	return equal, nil
}

// remove deletes a version that this run has made, even if the caller's
// context is over.
func (j *job) remove(ctx context.Context, v Version) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.patience.Grace)
	defer cancel()
	_, err := j.api.DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: &j.request.LayerName, VersionNumber: &v.Number})
	return err
}
