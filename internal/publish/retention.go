package publish

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/publish/awsclient"
)

// Retired is what became of the versions of a Batch. Each number is in
// one of the four.
type Retired struct {
	// Deleted are gone, also if they were gone before.
	Deleted []int64
	// InUse have users, as Use.Describe names them.
	InUse map[int64][]string
	// Taken are pointed at by another resource, or may be: see
	// lifecycle.Register and Batch.Unseen.
	Taken []int64
	// Failed could not be deleted.
	Failed map[int64]error
}

// Batch is what Retire deletes.
type Batch struct {
	// LayerARN is the layer's, without a version.
	LayerARN string
	// Versions are those to go.
	Versions []lifecycle.Version
	// Holder names the resource that they belong to in the layer's register, ""
	// where it is not known; Current is the version that it points at.
	Holder  string
	Current lifecycle.Version
	// KeepInUse keeps what functions have.
	KeepInUse bool
	// Moved is set where the run has moved functions: a scan from before does not
	// tell what they have.
	Moved bool
	// Last is set at the end of the layer. Functions may have been deleted since the
	// scan, as in a run that destroys them and the layer: before a version stays, its
	// users are asked whether they still have it. One that stays for another resource
	// is bequeathed to it, unless the heir is unknown: that might delete the version.
	Last bool
	// Unseen is set where another resource may point at the versions, and nobody
	// here can know: all of them stay.
	Unseen bool
}

// Retire deletes versions of a layer, the oldest first. Those that another
// resource points at stay. With KeepInUse those stay too that a function, or a
// published version of one, had when the shared scan of the region looked: see
// Uses. An error means that it could not look, and that nothing was deleted.
//
// Nothing is published to the layer meanwhile, and nobody begins to point at its
// versions, so that none goes that another resource takes over.
func (p *Publisher) Retire(ctx context.Context, b Batch) (Retired, error) {
	result := Retired{InUse: map[int64][]string{}, Failed: map[int64]error{}}
	if len(b.Versions) == 0 {
		return result, nil
	}
	a, err := ParseARN(b.LayerARN + ":" + strconv.FormatInt(b.Versions[0].Number, 10))
	if err != nil {
		return result, err
	}
	var uses map[int64]*Use
	if b.KeepInUse {
		if uses, err = p.usesOf(ctx, a, b); err != nil {
			return result, err
		}
	}
	done, err := p.turn(ctx, a.Region+"/"+a.Name)
	if err != nil {
		return result, err
	}
	defer done()
	err = p.Register(ctx, b.LayerARN, func(r *lifecycle.Register) (bool, error) {
		p.deleteUnused(ctx, a, b, uses, r, &result)
		bequeathed := b.Last && !b.Unseen && len(result.Taken) > 0
		for _, v := range b.Versions {
			if bequeathed && slices.Contains(result.Taken, v.Number) {
				r.Bequeath(v)
			}
		}
		return bequeathed || len(result.Deleted) > 0, nil
	})
	return result, err
}

// usesOf returns who uses the versions of a batch, by a scan that is new enough.
func (p *Publisher) usesOf(ctx context.Context, a LayerVersionARN, b Batch) (map[int64]*Use, error) {
	var since time.Time
	began := time.Now()
	if b.Moved {
		since = began
	}
	uses, scanned, err := p.Uses(ctx, a.Region, b.LayerARN, since)
	if err == nil && b.Last && scanned.Before(began) {
		return p.askAgain(ctx, a, b.Versions, uses, began)
	}
	return uses, err
}

// Free reports whether no function uses a layer version any more that the named
// ones used: see Uses. One of them that still does is proof; only where all have
// left it are the functions of the region listed.
func (p *Publisher) Free(ctx context.Context, arn string, users []string) (bool, error) {
	api, _, a, err := p.of(ctx, arn)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(users, func(name string) bool { return stillHas(ctx, api, name, arn) }) {
		return false, nil
	}
	found, _, err := p.Uses(ctx, a.Region, a.LayerARN(), time.Time{})
	return err == nil && found[a.Number] == nil, err
}

// askAgain returns the uses of versions that are so still. One user that still has
// the version is proof. Where the users that are known by name have gone, and there
// were more, it takes a scan that began at since or later.
func (p *Publisher) askAgain(ctx context.Context, layer LayerVersionARN, versions []lifecycle.Version, uses map[int64]*Use, since time.Time) (map[int64]*Use, error) {
	api, _, _, err := p.of(ctx, layer.String())
	if err != nil {
		return nil, err
	}
	again := map[int64]*Use{}
	for _, v := range versions {
		u := uses[v.Number]
		if u == nil {
			continue
		}
		layer.Number = v.Number
		switch {
		case slices.ContainsFunc(u.Names, func(name string) bool { return stillHas(ctx, api, name, layer.String()) }):
			again[v.Number] = u
		case u.Count > len(u.Names):
			uses, _, err := p.Uses(ctx, layer.Region, layer.LayerARN(), since)
			return uses, err
		}
	}
	return again, nil
}

// stillHas reports whether a function, or a published version such as
// "resize:3", has the layer version. One that cannot be read has it.
func stillHas(ctx context.Context, api *lambda.Client, function, arn string) bool {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &function}
	if name, version, ok := strings.Cut(function, ":"); ok {
		in.FunctionName, in.Qualifier = &name, &version
	}
	out, err := api.GetFunctionConfiguration(ctx, in)
	if err != nil {
		_, gone := errors.AsType[*types.ResourceNotFoundException](err)
		return !gone
	}
	return slices.ContainsFunc(out.Layers, func(l types.Layer) bool { return aws.ToString(l.Arn) == arn })
}

// deleteUnused deletes the versions of a batch that nobody uses or points at.
func (p *Publisher) deleteUnused(ctx context.Context, a LayerVersionARN, b Batch, uses map[int64]*Use, r *lifecycle.Register, result *Retired) {
	versions := slices.SortedFunc(slices.Values(b.Versions), func(x, y lifecycle.Version) int { return cmp.Compare(x.Number, y.Number) })
	versions = slices.CompactFunc(versions, func(x, y lifecycle.Version) bool { return x.Number == y.Number })
	var refusal error // one that holds for every version
	for _, v := range versions {
		a.Number = v.Number
		switch {
		case r.Pointed(b.Holder, v, b.Current), b.Unseen:
			awsclient.Inform(ctx, "kept a layer version that another resource points at", map[string]any{"arn": a.String()})
			result.Taken = append(result.Taken, v.Number)
		case uses[v.Number] != nil:
			users := uses[v.Number].Describe()
			awsclient.Inform(ctx, "kept a layer version that is in use", map[string]any{"arn": a.String(), "functions": len(users)})
			result.InUse[v.Number] = users
		case refusal != nil:
			result.Failed[v.Number] = refusal
		default:
			if err := p.Delete(ctx, a.String()); err != nil {
				result.Failed[v.Number] = err
				refusal = forAll(err)
			} else {
				awsclient.Inform(ctx, "deleted a layer version", map[string]any{"arn": a.String()})
				result.Deleted = append(result.Deleted, v.Number)
				r.Drop(v)
			}
		}
	}
}

// forAll returns an error that the next deletion would meet as well, nil for
// one of a single version.
func forAll(err error) error {
	if _, ok := errors.AsType[*AccessDeniedError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*CredentialsError](err); ok {
		return err
	}
	return nil
}
