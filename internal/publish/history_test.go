package publish

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
)

// history is an account as its owner would keep a diary of it: what was done,
// and what must be there. It knows nothing of the code under test.
type history struct {
	*testing.T
	*rand.Rand
	aws     *lambdatest.AWS
	connect func(*lambdatest.AWS) *Publisher
	zips    [][]byte

	versions  []*diaryVersion
	functions map[string]*diaryFunction
	current   int64

	deleted, spared int
}

type diaryVersion struct {
	number  int64
	content int
	mine    bool
	created time.Time
	gone    bool
}

// diaryFunction has the number of the version of the layer that it uses, 0 for
// none, and those of its published versions.
type diaryFunction struct {
	latest    int64
	published map[int]int64
}

// TestInUseIsNeverDeleted plays random histories of a layer: its resource
// publishes, takes over and retires, others publish to the same layer, and
// functions come, change, publish versions, move aliases and go.
func TestInUseIsNeverDeleted(t *testing.T) {
	t.Parallel()
	connect := unconnected(t)
	var zips [][]byte
	for i := range 6 {
		zips = append(zips, zipOf(t, fmt.Sprint("content ", i)))
	}
	deleted, spared := 0, 0
	for seed := range uint64(1000) {
		synctest.Test(t, func(t *testing.T) {
			h := &history{
				T: t, Rand: rand.New(rand.NewPCG(7, seed)), aws: lambdatest.Unserved(), connect: connect, zips: zips,
				functions: map[string]*diaryFunction{},
			}
			for range 30 {
				h.step()
			}
			h.destroy()
			deleted += h.deleted
			spared += h.spared
		})
		if t.Failed() {
			t.Fatalf("in history %d", seed)
		}
	}
	if deleted < 1000 || spared < 1000 {
		t.Errorf("%d versions were deleted and %d spared: the histories say nothing", deleted, spared)
	}
	t.Logf("%d versions were deleted, %d were in use and stayed", deleted, spared)
}

func (h *history) step() {
	name := fmt.Sprintf("f-%d", h.IntN(5))
	f := h.functions[name]
	switch what := h.IntN(20); {
	case what < 4:
		h.publish()
	case what < 6:
		h.publishByOther()
	case what < 11:
		h.attach(name)
	case what < 13:
		if f != nil {
			f.published[h.aws.PublishFunction(home, name)] = f.latest
		}
	case what < 14:
		if f != nil && len(f.published) > 0 {
			h.must(h.aws.PointAlias(home, name, "live", h.IntN(len(f.published)+1)), "moving an alias")
		}
	case what < 15:
		if f != nil {
			h.must(h.aws.SetLayers(home, name), "detaching")
			f.latest = 0
		}
	case what < 16:
		if f != nil {
			h.must(h.aws.DeleteFunction(home, name), "deleting a function")
			delete(h.functions, name)
		}
	default:
		h.retire()
	}
	time.Sleep(time.Duration(h.IntN(20*24)) * time.Hour)
}

func (h *history) must(done bool, what string) {
	h.Helper()
	if !done {
		h.Fatalf("%s: it did not happen", what)
	}
}

// newest returns the version with the content among the newest five that are
// there: further back nobody looks.
func (h *history) newest(content int) *diaryVersion {
	seen := 0
	for _, v := range slices.Backward(h.versions) {
		if v.gone {
			continue
		}
		if seen++; seen > 5 {
			return nil
		}
		if v.content == content {
			return v
		}
	}
	return nil
}

// publish is an apply of the resource: a version with equal bytes is taken over
// and does not become its own.
func (h *history) publish() {
	content := h.IntN(len(h.zips))
	there := h.newest(content)
	v, adopted, err := h.connect(h.aws).Publish(h.Context(), request(h.zips[content]))
	if err != nil {
		h.Fatal(err)
	}
	h.current = v.Number
	if adopted != (there != nil) {
		h.Fatalf("version %d was taken over: %t, want %t", v.Number, adopted, there != nil)
	}
	if !adopted {
		h.versions = append(h.versions, &diaryVersion{number: v.Number, content: content, mine: true, created: time.Now()})
	}
}

// publishByOther makes a version that is not the resource's.
func (h *history) publishByOther() {
	content := h.IntN(len(h.zips))
	p := h.connect(h.aws)
	r := request(h.zips[content])
	s, err := p.client.Connect(h.Context(), home)
	if err != nil {
		h.Fatal(err)
	}
	out, err := s.Lambda(home).PublishLayerVersion(h.Context(), &lambda.PublishLayerVersionInput{
		LayerName: &r.LayerName, Description: &r.Description, LicenseInfo: &r.LicenseInfo,
		CompatibleRuntimes: values[types.Runtime](r.Runtimes), CompatibleArchitectures: values[types.Architecture](r.Architectures),
		Content: &types.LayerVersionContentInput{ZipFile: h.zips[content]},
	})
	if err != nil {
		h.Fatal(err)
	}
	h.versions = append(h.versions, &diaryVersion{number: out.Version, content: content, created: time.Now()})
}

// attach gives a function a version that is there; it is made if it must be.
func (h *history) attach(name string) {
	var there []*diaryVersion
	for _, v := range h.versions {
		if !v.gone {
			there = append(there, v)
		}
	}
	if len(there) == 0 {
		return
	}
	number := there[h.IntN(len(there))].number
	arn := fmt.Sprint(depsARN, ":", number)
	if h.functions[name] == nil {
		if err := h.aws.CreateFunction(home, name, 0, arn); err != nil {
			h.Fatal(err)
		}
		h.functions[name] = &diaryFunction{published: map[int]int64{}}
	}
	h.must(h.aws.SetLayers(home, name, arn), "attaching")
	h.functions[name].latest = number
}

func (h *history) used(number int64) bool {
	for _, f := range h.functions {
		if f.latest == number || slices.Contains(slices.Collect(maps.Values(f.published)), number) {
			return true
		}
	}
	return false
}

// retire applies a random policy, by a publisher that knows nothing of the
// past, as a new run has it.
func (h *history) retire() {
	policy := lifecycle.Policy{KeepLast: h.IntN(5), MaxAge: time.Duration(h.IntN(4)*20) * 24 * time.Hour, KeepInUse: h.IntN(10) > 0, WholeLayer: h.IntN(5) == 0}
	if h.current == 0 {
		return
	}
	now := time.Now()
	var considered []lifecycle.Version
	for _, v := range h.versions {
		if !v.gone && (v.mine || policy.WholeLayer) {
			considered = append(considered, lifecycle.Version{Number: v.number, Created: v.created})
		}
	}
	numbers := policy.Retiring(considered, h.current, now)
	got, err := h.connect(h.aws).Retire(h.Context(), batch(depsARN, policy.KeepInUse, numbers...))
	if err != nil {
		h.Fatal(err)
	}
	h.expect(got, policy.KeepInUse, func(v *diaryVersion) bool {
		if v.number == h.current || !v.mine && !policy.WholeLayer {
			return false
		}
		ahead := 1 // the current one
		for _, other := range considered {
			if other.Number > v.number && other.Number != h.current {
				ahead++
			}
		}
		return policy.KeepLast > 0 && ahead >= policy.KeepLast ||
			policy.MaxAge > 0 && !v.created.Add(policy.MaxAge).After(now)
	})
}

// destroy ends the resource: what it published goes, unless it is in use.
func (h *history) destroy() {
	var numbers []int64
	for _, v := range h.versions {
		if v.mine && !v.gone {
			numbers = append(numbers, v.number)
		}
	}
	got, err := h.connect(h.aws).Retire(h.Context(), last(batch(depsARN, true, numbers...)))
	if err != nil {
		h.Fatal(err)
	}
	h.expect(got, true, func(v *diaryVersion) bool { return v.mine })
}

// expect holds AWS against the diary, after the versions that are given up have
// gone.
func (h *history) expect(got Retired, keepInUse bool, givenUp func(*diaryVersion) bool) {
	h.Helper()
	var want, spared []int64
	for _, v := range h.versions {
		switch {
		case v.gone:
		case givenUp(v) && keepInUse && h.used(v.number):
			spared = append(spared, v.number)
			want = append(want, v.number)
		case givenUp(v):
			v.gone = true
			h.deleted++
		default:
			want = append(want, v.number)
		}
	}
	h.spared += len(spared)
	if left := live(h.aws); !slices.Equal(left, want) {
		h.Fatalf("versions %v are left, want %v; %+v", left, want, got)
	}
	if said := slices.Sorted(maps.Keys(got.InUse)); !slices.Equal(said, spared) {
		h.Fatalf("in use are said to be %v, want %v", said, spared)
	}
}
